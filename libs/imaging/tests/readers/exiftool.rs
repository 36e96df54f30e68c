use super::written;
use cavendish_imaging::{Format, OutputProfile};
use serde_json::Value;
use std::process::Command;

#[test]
fn exiftool_finds_the_marking_and_what_made_the_file_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let formats = [Format::Jpeg, Format::Png, Format::Webp, Format::Avif, Format::Tiff, Format::Pdf];
    for format in formats {
        let (path, _) = written(folder.path(), format, OutputProfile::srgb());
        let output = Command::new("exiftool").args(["-json", "-n"]).arg(&path).output();
        let output = output.expect("exiftool is missing: run the tests with `cargo xtask test`");
        let told: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let told = &told[0];
        assert_eq!(told["MIMEType"], format.mime(), "{told}");
        let source = told["DigitalSourceType"].as_str().unwrap_or_default();
        assert!(source.ends_with("/trainedAlgorithmicMedia"), "{format:?}: {told}");
        assert_eq!(told["Model"], "nano", "{format:?}: {told}");
        assert_eq!(told["Job"], "a-job", "{format:?}");
        assert!(told.get("Warning").is_none() && told.get("Error").is_none(), "{format:?}: {told}");
    }
}
