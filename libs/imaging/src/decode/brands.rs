//! Which of the formats in an ISO base media file a file is (ISO/IEC 14496-12, 4.3, and 23008-12).

/// The brands of a file, the major one first; none where it is no such file.
pub(super) fn brands(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_one = bytes.get(4..8) == Some(b"ftyp");
    let size = bytes.first_chunk().map_or(0, |size| u32::from_be_bytes(*size) as usize);
    let end = if is_one { size.clamp(12, 4096).min(bytes.len()) } else { 0 };
    let major = bytes.get(8..12.min(end)).unwrap_or_default();
    // The version lies between the major brand and those that it is compatible with.
    let others = bytes.get(16..end).unwrap_or_default();
    major.chunks_exact(4).chain(others.chunks_exact(4))
}

/// What the pictures of a file of no telling brand are coded with.
pub(super) fn has_item(bytes: &[u8], kind: &[u8; 4]) -> bool {
    const HEAD: usize = 64 << 10;
    let head = &bytes[..bytes.len().min(HEAD)];
    head.windows(4).any(|name| name == kind)
}
