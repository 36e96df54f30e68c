//! Names for what is not read here.

/// A name for what is not read here, so that the sender knows what was sent.
pub(super) fn guess(bytes: &[u8]) -> &'static str {
    let head = &bytes[..bytes.len().min(512)];
    let brand = bytes.get(4..8).unwrap_or_default();
    let has = |needle: &[u8]| head.windows(needle.len()).any(|w| w.eq_ignore_ascii_case(needle));
    match head {
        _ if brand == b"ftyp" => "an MP4 container",
        [0xff, 0x0a, ..] => "JPEG XL",
        _ if head.starts_with(b"%PDF") => "PDF",
        _ if head.starts_with(b"8BPS") => "Photoshop",
        _ if head.starts_with(b"PK") => "a ZIP archive",
        _ if has(b"<svg") => "SVG",
        _ if has(b"<html") || has(b"<!doctype") => "HTML",
        _ if std::str::from_utf8(head).is_ok() => "text",
        _ => "unknown content",
    }
}
