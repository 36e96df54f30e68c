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

/// Whether the file ends within one of its outermost boxes (ISO/IEC 14496-12, 4.2).
pub(super) fn breaks_off(bytes: &[u8]) -> bool {
    let mut at = 0usize;
    while at < bytes.len() {
        let Some(size) = bytes.get(at..).and_then(|rest| rest.first_chunk()).map(|size| u32::from_be_bytes(*size))
        else {
            return true;
        };
        let size = match size {
            // To the end of the file.
            0 => return false,
            1 => match bytes.get(at + 8..).and_then(|rest| rest.first_chunk()) {
                Some(size) => u64::from_be_bytes(*size),
                None => return true,
            },
            size => size.into(),
        };
        at = at.saturating_add(usize::try_from(size.max(8)).unwrap_or(usize::MAX));
    }
    at > bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brands_are_read_and_files_that_break_off_told() {
        let file = b"\0\0\0\x18ftypmif1\0\0\0\0avifmiaf\0\0\0\x09mdatx";
        assert_eq!(brands(file).collect::<Vec<_>>(), [b"mif1", b"avif", b"miaf"]);
        assert!(!breaks_off(file) && breaks_off(&file[..file.len() - 1]) && breaks_off(&file[..26]));
        assert_eq!(brands(b"\0\0\0\x18moovmif1").count(), 0);
    }
}
