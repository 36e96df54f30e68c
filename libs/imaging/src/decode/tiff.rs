//! What a TIFF says beside its pixels; `image` (0.25.10) tells nothing of it.

use std::io::Cursor;
use tiff::decoder::Decoder;
use tiff::tags::Tag;

/// The XMP packet's tag (XMP specification, part 3).
const XMP: Tag = Tag::Unknown(700);

/// The profile and the XMP packet.
pub(crate) fn beside(bytes: &[u8]) -> (Option<Vec<u8>>, Option<String>) {
    let Ok(mut decoder) = Decoder::new(Cursor::new(bytes)) else { return (None, None) };
    let profile = decoder.get_tag_u8_vec(Tag::IccProfile).ok();
    let packet = decoder.get_tag_u8_vec(XMP).ok();
    (profile, packet.map(|packet| String::from_utf8_lossy(&packet).into_owned()))
}
