use super::{told, written};
use cavendish_imaging::{Colour, Format, OutputProfile, measure};
use serde_json::json;

#[test]
fn pypdf_reads_sheets_as_they_are_meant() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = [OutputProfile::srgb(), OutputProfile::coated()];
    let files = profiles.clone().map(|profile| written(folder.path(), Format::Pdf, profile));
    let read = told("sheets.py", &files.clone().map(|(path, _)| path));
    for ((profile, (_, bytes)), theirs) in profiles.iter().zip(&files).zip(read) {
        let (ours, press) = (measure(bytes).unwrap(), profile.colour() == Colour::Cmyk);
        let inks: usize = if press { 4 } else { 3 };
        assert_eq!((&theirs["pages"], &theirs["size"]), (&json!(1), &json!([173, 91])));
        assert_eq!((ours.width, ours.height, ours.dpi), (173, 91, Some(300)));
        assert_eq!((&theirs["inks"], &theirs["samples"]), (&json!(inks), &json!(173 * 91 * inks)));
        assert_eq!(theirs["profile"], profile.icc().len());
        assert_eq!(theirs["corner"], json!(vec![if press { 0 } else { 255 }; inks]));
        assert_eq!(theirs["intent"], if press { json!(["/GTS_PDFX"]) } else { json!([]) });
        assert_eq!(
            (&theirs["marked"], ours.digital_source_type.as_deref()),
            (&json!(true), Some("trainedAlgorithmicMedia"))
        );
        let side = |name: &str, at: usize| theirs[name][at].as_f64().unwrap();
        assert!((side("media", 2) - 173.0 / 300.0 * 72.0).abs() < 0.01, "{theirs}");
        assert!((side("trim", 0) - 72.0 / 25.4).abs() < 0.01, "{theirs}");
        assert!((side("media", 3) - side("trim", 3) - 72.0 / 25.4).abs() < 0.01, "{theirs}");
        assert!(ours.bleed_mm.is_some_and(|bleed| (bleed - 1.0).abs() < 0.01), "{ours:?}");
    }
}
