//! An independent reader agrees with what is written: Pillow, as most of the world's scripts have it.

#![allow(clippy::unwrap_used)]

use cavendish_imaging::image::{Rgb, RgbImage};
use cavendish_imaging::{Format, Marking, Metadata, Quality, encode, measure};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

/// What Pillow says of files, in their order.
fn pillow(files: &[std::path::PathBuf]) -> Vec<Value> {
    let Ok(python) = std::env::var("CAVENDISH_TEST_PYTHON") else {
        panic!("CAVENDISH_TEST_PYTHON is not set: run the tests with `cargo xtask test`");
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pillow.py");
    let output = Command::new(python).arg(script).args(files).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn pillow_reads_what_is_written() {
    let image = RgbImage::from_fn(173, 91, |x, y| {
        let subject = (60..120).contains(&x) && (20..70).contains(&y);
        if subject { Rgb([x as u8, 30, y as u8]) } else { Rgb([255; 3]) }
    });
    let metadata = Metadata { marking: Some(Marking::TrainedAlgorithmicMedia), dpi: Some(300), ..Metadata::default() };
    let folder = tempfile::tempdir().unwrap();
    let written: Vec<_> = [Format::Jpeg, Format::Png, Format::Webp, Format::Tiff]
        .into_iter()
        .map(|format| {
            let bytes = encode(&image, format, None, Quality::default(), &metadata).unwrap().bytes;
            let path = folder.path().join(format!("asset.{}", format.extension()));
            std::fs::write(&path, &bytes).unwrap();
            (path, measure(&bytes).unwrap())
        })
        .collect();
    let paths: Vec<_> = written.iter().map(|(path, _)| path.clone()).collect();
    let read = pillow(&paths);
    assert_eq!(read.len(), written.len());
    for ((path, ours), theirs) in written.iter().zip(read) {
        let name = ours.format.mime().trim_start_matches("image/").to_uppercase();
        assert_eq!(theirs["format"], name, "{}", path.display());
        assert_eq!(theirs["size"], json!([ours.width, ours.height]), "{name}");
        assert_eq!((&theirs["mode"], ours.bit_depth, ours.has_alpha), (&json!("RGB"), 8, false), "{name}");
        assert_eq!(theirs["marked"], true, "{name}");
        assert_eq!(theirs["dpi"], json!(ours.dpi), "{name}");
        assert_eq!(ours.dpi, (ours.format != Format::Webp).then_some(300), "{name}");
        let tagged = theirs["profile"].as_str().is_some_and(|name| name.contains("sRGB")) || theirs["srgb"] == 0;
        assert!(tagged, "{name}: {theirs}");
        let corner: Vec<u64> = serde_json::from_value(theirs["corner"].clone()).unwrap();
        assert!(
            corner.iter().all(|level| 255 - level <= u64::from(ours.border.largest_deviation)),
            "{name}: {corner:?}"
        );
    }
}
