//! What pages show of files that browsers do not: sheets for a press.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cavendish_imaging::{Format, Metadata, Target, encode, look, resize_rgb};
use std::path::Path;

/// Longest side, pixels.
const SIDE: u32 = 640;

/// A small JPEG of the file as a data URL, where it is a TIFF or a PDF; None for what browsers show, and for what cannot be read.
pub(crate) fn of(path: &Path) -> Option<String> {
    let extension = path.extension()?.to_str()?;
    if ![Format::Tiff, Format::Pdf].map(Format::extension).contains(&extension) {
        return None;
    }
    let shown = look(&std::fs::read(path).ok()?).ok()?.shown;
    let scale = (SIDE as f32 / shown.width().max(shown.height()) as f32).min(1.0);
    let side = |pixels: u32| ((pixels as f32 * scale).round() as u32).max(1);
    let small = resize_rgb(&shown, side(shown.width()), side(shown.height())).ok()?;
    let file = encode(&small, &Target::of(Format::Jpeg), &Metadata::default()).ok()?;
    Some(format!("data:{};base64,{}", file.mime, STANDARD.encode(file.bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cavendish_imaging::image::{Rgb, RgbImage};

    #[test]
    fn sheets_for_a_press_are_shown_and_pictures_show_themselves() {
        let folder = tempfile::tempdir().unwrap();
        let shown = |format: Format| {
            let image = RgbImage::from_pixel(900, 700, Rgb([200, 60, 50]));
            let path = folder.path().join(format!("file.{}", format.extension()));
            std::fs::write(&path, encode(&image, &Target::of(format), &Metadata::default()).unwrap().bytes).unwrap();
            of(&path)
        };
        for format in [Format::Tiff, Format::Pdf] {
            assert!(shown(format).is_some_and(|url| url.starts_with("data:image/jpeg;base64,")), "{format:?}");
        }
        assert_eq!((shown(Format::Avif), of(&folder.path().join("none.pdf"))), (None, None));
    }
}
