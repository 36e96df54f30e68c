use super::{told, written};
use cavendish_imaging::{Colour, Format, OutputProfile, measure};
use serde_json::json;

#[test]
fn pillow_reads_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let screens = [Format::Jpeg, Format::Png, Format::Webp, Format::Tiff, Format::Avif];
    let wanted =
        screens.iter().flat_map(|&format| [(format, OutputProfile::srgb()), (format, OutputProfile::display_p3())]);
    let wanted: Vec<_> = wanted.chain([(Format::Tiff, OutputProfile::coated())]).collect();
    let files: Vec<_> =
        wanted.iter().map(|(format, profile)| written(folder.path(), *format, profile.clone())).collect();
    let read = told("pillow.py", &files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>());
    assert_eq!(read.len(), wanted.len());
    for (((format, profile), (_, bytes)), theirs) in wanted.iter().zip(&files).zip(read) {
        let (ours, colour) = (measure(bytes).unwrap(), profile.colour());
        let name = format!("{colour:?} {}", format.mime());
        assert_eq!(theirs["format"], format.mime().trim_start_matches("image/").to_uppercase(), "{name}");
        assert_eq!(theirs["size"], json!([ours.width, ours.height]), "{name}");
        let mode = if colour == Colour::Cmyk { "CMYK" } else { "RGB" };
        assert_eq!((&theirs["mode"], ours.bit_depth, ours.has_alpha), (&json!(mode), 8, false), "{name}");
        assert_eq!(theirs["marked"], true, "{name}");
        assert_eq!(theirs["dpi"], json!(ours.dpi), "{name}");
        let holds_dpi = !matches!(format, Format::Webp | Format::Avif);
        assert_eq!(ours.dpi, holds_dpi.then_some(300), "{name}");
        let profile = theirs["profile"].as_str().unwrap_or_default();
        let tagged = match colour {
            // It says its colours in CICP, which Pillow does not tell.
            _ if *format == Format::Avif => profile.is_empty(),
            Colour::Srgb => profile.contains("sRGB") || theirs["srgb"] == 0,
            Colour::DisplayP3 => profile.contains("P3"),
            Colour::Cmyk => profile.contains("ISO 12647-2"),
        };
        assert!(tagged, "{name}: {theirs}");
        let corner: Vec<u64> = serde_json::from_value(theirs["corner"].clone()).unwrap();
        let paper = if colour == Colour::Cmyk { 0 } else { 255 };
        assert!(corner.iter().all(|&level| level.abs_diff(paper) <= 1), "{name}: {corner:?}");
    }
}
