//! Independent readers agree with what is written: Pillow, as most of the world's scripts have it, ExifTool, which knows every
//! place for metadata, and pypdf.

#![allow(clippy::unwrap_used)]

mod exiftool;
mod peers;
mod pillow;
mod sheets;
mod turned;

use cavendish_imaging::image::{Rgb, RgbImage};
use cavendish_imaging::{Format, Marking, Metadata, OutputProfile, Target, encode};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A subject before white.
fn picture() -> RgbImage {
    RgbImage::from_fn(173, 91, |x, y| {
        let subject = (60..120).contains(&x) && (20..70).contains(&y);
        if subject { Rgb([x as u8, 30, y as u8]) } else { Rgb([255; 3]) }
    })
}

fn metadata() -> Metadata {
    Metadata {
        marking: Some(Marking::TrainedAlgorithmicMedia),
        dpi: Some(300),
        bleed_mm: Some(1.0),
        model: Some("nano".into()),
        seed: Some(u64::MAX),
        job: Some("a-job".into()),
        ..Metadata::default()
    }
}

/// The picture as a file of this format and these colours, in `folder`.
fn written(folder: &Path, format: Format, profile: OutputProfile) -> (PathBuf, Vec<u8>) {
    let name = format!("{:?}.{}", profile.colour(), format.extension());
    let bytes = encode(&picture(), &Target { profile, ..Target::of(format) }, &metadata()).unwrap().bytes;
    std::fs::write(folder.join(&name), &bytes).unwrap();
    (folder.join(name), bytes)
}

/// What a script in this folder says of files, in their order.
fn told(script: &str, files: &[PathBuf]) -> Vec<Value> {
    let Ok(python) = std::env::var("CAVENDISH_TEST_PYTHON") else {
        panic!("CAVENDISH_TEST_PYTHON is not set: run the tests with `cargo xtask test`");
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers").join(script);
    let output = Command::new(python).arg(script).args(files).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
