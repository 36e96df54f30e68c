//! `cavendish verify` as a process: what is in a file is told, and what is not.

use crate::common::CAVENDISH;
use cavendish_imaging::image::{Rgb, RgbImage};
use cavendish_imaging::{Format, Marking, Metadata, Target, encode};
use cavendish_provenance::{Key, Origin, ProvenanceConfig, Watermark};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// The exit code, and what `--json` says of these files.
fn verify(folder: &Path, files: &[&str], key: Option<&str>) -> (Option<i32>, Value) {
    let mut command = Command::new(CAVENDISH);
    command.arg("verify").args(files).arg("--json").current_dir(folder).stdin(Stdio::null());
    command.env_remove("CAVENDISH_STACK").env_remove("CAVENDISH_CONFIG");
    command.envs(key.map(|key| ("CAVENDISH_PROVENANCE__WATERMARK_KEY", key)));
    let output = command.output().unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
}

/// A grained picture, marked with this key and saved without a packet; and the same unmarked with one.
fn write(folder: &Path, key: &Key) {
    let mut picture =
        RgbImage::from_fn(900, 700, |x, y| Rgb([0, 1, 2].map(|c| ((x * (7 + c) + y * 13) % 97 + 70) as u8)));
    let save = |picture: &RgbImage, name: &str, metadata: &Metadata| {
        let file = encode(picture, &Target::of(Format::Jpeg), metadata).unwrap();
        fs::write(folder.join(name), file.bytes).unwrap();
    };
    let job = Metadata { marking: Some(Marking::Composite), job: Some("a-job".into()), ..Metadata::default() };
    save(&picture, "packet.jpg", &job);
    save(&picture, "bare.jpg", &Metadata::default());
    Watermark::new(key).embed(&mut picture, 0x0123_4567_89ab_cdef).unwrap();
    save(&picture, "marked.jpg", &Metadata::default());
}

#[test]
fn either_mark_is_told_and_a_file_without_is_not_marked() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &Key::default());
    let (code, told) = verify(folder.path(), &["packet.jpg", "marked.jpg"], None);
    assert_eq!(code, Some(0));
    assert_eq!((&told[0]["xmp"]["marking"], &told[0]["xmp"]["job"]), (&"composite".into(), &"a-job".into()));
    assert_eq!((&told[0]["watermark"]["found"], &told[1]["watermark"]["found"]), (&false.into(), &true.into()));
    assert_eq!(told[1]["watermark"]["payload"], "0123456789abcdef");
    let (code, told) = verify(folder.path(), &["marked.jpg", "bare.jpg"], None);
    assert_eq!((code, &told[1]["marked"]), (Some(1), &false.into()));
    assert_eq!(verify(folder.path(), &["gone.jpg"], None).0, Some(1));
    let (code, told) = verify(folder.path(), &["gone.jpg", "marked.jpg"], None);
    assert_eq!((code, &told[0]["marked"]), (Some(1), &true.into()), "one that is gone keeps nothing from the others");
}

#[test]
fn a_signed_file_is_trusted_where_its_certificate_is_and_a_changed_one_is_told() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &Key::default());
    let certificate = folder.path().join("signer.pem");
    let config = ProvenanceConfig { local_certificate: Some(certificate.clone()), ..ProvenanceConfig::default() };
    let signer = config.signer().unwrap().unwrap();
    let (marking, job) = (Some(Marking::Composite), Some("a-job"));
    let origin = Origin { title: "t", marking, model: None, seed: None, prompt_hash: None, job };
    let plain = fs::read(folder.path().join("bare.jpg")).unwrap();
    let mut signed = signer.sign(&plain, Format::Jpeg, origin).unwrap();
    fs::write(folder.path().join("signed.jpg"), &signed).unwrap();
    let at = signed.len() - 50;
    signed[at] ^= 1;
    fs::write(folder.path().join("changed.jpg"), &signed).unwrap();
    let told = |file: &str, certificate: Option<&Path>| {
        let mut command = Command::new(CAVENDISH);
        command.args(["verify", file, "--json"]).current_dir(folder.path()).stdin(Stdio::null());
        command.env_remove("CAVENDISH_STACK").env_remove("CAVENDISH_CONFIG");
        command.envs(certificate.map(|path| ("CAVENDISH_PROVENANCE__CERTIFICATE", path)));
        let output = command.output().unwrap();
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), told[0]["credentials"]["standing"].as_str().map(str::to_owned))
    };
    assert_eq!(told("signed.jpg", Some(&certificate)), (Some(0), Some("trusted".into())));
    assert_eq!(told("signed.jpg", None), (Some(0), Some("valid".into())));
    assert_eq!(told("changed.jpg", Some(&certificate)), (Some(1), Some("invalid".into())));
    assert_eq!(told("bare.jpg", None), (Some(1), None));
}

#[test]
fn a_mark_is_found_by_who_has_its_key() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &Key::new("ours"));
    assert_eq!(verify(folder.path(), &["marked.jpg"], Some("ours")).0, Some(0));
    assert_eq!(verify(folder.path(), &["marked.jpg"], None).0, Some(1));
}
