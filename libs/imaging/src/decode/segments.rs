//! The segments of a JPEG (ITU-T T.81, annex B), with whatever lies between them passed over, as
//! libjpeg does.

/// A segment with a length.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment<'a> {
    /// The second byte of its marker.
    pub(super) kind: u8,
    /// What follows its length; shorter than that where the file ends.
    pub(super) data: &'a [u8],
    /// Whether it is all there.
    pub(super) is_whole: bool,
}

/// The start of a scan.
pub(super) const SCAN: u8 = 0xda;
/// The end of the picture.
pub(super) const END: u8 = 0xd9;

/// The segments, up to and with the first start of a scan or end of the picture.
pub(super) fn of(bytes: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    let mut at = Some(2);
    std::iter::from_fn(move || {
        let (segment, next) = following(bytes, at?)?;
        at = (segment.kind != SCAN && segment.kind != END).then_some(next);
        Some(segment)
    })
}

/// The first segment from a place on, and the place behind it.
pub(super) fn following(bytes: &[u8], mut at: usize) -> Option<(Segment<'_>, usize)> {
    let kind = loop {
        let marker = at + bytes.get(at..)?.iter().position(|&byte| byte == 0xff)?;
        let kind = marker + bytes[marker..].iter().position(|&byte| byte != 0xff)?;
        at = kind + 1;
        // Stuffing and what stands alone: no segments.
        if !matches!(bytes[kind], 0 | 1 | 0xd0..=0xd8) {
            break bytes[kind];
        }
    };
    if kind == END {
        return Some((Segment { kind, data: &[], is_whole: true }, at));
    }
    let length = usize::from(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?)).max(2);
    let data = &bytes[at + 2..(at + length).min(bytes.len())];
    Some((Segment { kind, data, is_whole: data.len() + 2 == length }, at + length))
}
