//! Files are signed so that we, and the C2PA project's own library, read the same in them, and notice every change.

#![allow(clippy::unwrap_used)]

use cavendish_imaging::image::{Rgb, RgbImage};
use cavendish_imaging::{Format, Limits, Marking, Metadata, Target, decode, encode};
use cavendish_provenance::{Credentials, Origin, ProvenanceConfig, Signer, Standing};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const FORMATS: [Format; 5] = [Format::Jpeg, Format::Png, Format::Webp, Format::Tiff, Format::Avif];
const ORIGIN: Origin<'static> = Origin {
    title: "meta-story",
    marking: Some(Marking::CompositeWithTrainedAlgorithmicMedia),
    model: Some("nano-v0"),
    seed: Some(u64::MAX),
    prompt_hash: Some("00ff"),
    job: Some("a-job"),
};

fn signer(folder: &Path) -> Signer {
    let local_certificate = Some(folder.join("own/signer.pem"));
    ProvenanceConfig { local_certificate, ..ProvenanceConfig::default() }.signer().unwrap().unwrap()
}

fn file(format: Format) -> Vec<u8> {
    let image = RgbImage::from_fn(160, 120, |x, y| Rgb([x as u8, y as u8, (x * y % 251) as u8]));
    encode(&image, &Target::of(format), &Metadata::default()).unwrap().bytes
}

#[test]
fn a_signed_file_tells_where_it_comes_from_and_shows_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let signer = signer(folder.path());
    for format in FORMATS {
        let plain = file(format);
        assert_eq!(Credentials::of(&plain, format, None), None, "{format:?}");
        let signed = signer.sign(&plain, format, ORIGIN).unwrap();
        assert!(signed.len() <= plain.len() + signer.reserve(), "{format:?}: {} more", signed.len() - plain.len());
        let told = Credentials::of(&signed, format, Some(signer.chain())).unwrap();
        assert_eq!((told.standing, &told.faults), (Standing::Trusted, &vec![]), "{format:?}");
        assert_eq!(told.source.as_deref(), Some("compositeWithTrainedAlgorithmicMedia"));
        assert_eq!((told.job.as_deref(), told.signer.is_some()), (Some("a-job"), true));
        assert!(told.generator.unwrap().starts_with("Cavendish "));
        let pixels = |bytes: &[u8]| decode(bytes, &Limits::default()).unwrap().to_rgb();
        assert!(pixels(&signed) == pixels(&plain), "{format:?}");
        let elsewhere = Credentials::of(&signed, format, None).unwrap();
        assert_eq!(elsewhere.standing, Standing::Valid, "{:?}", elsewhere.faults);
    }
}

#[test]
fn a_changed_byte_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let signer = signer(folder.path());
    for format in FORMATS {
        let mut signed = signer.sign(&file(format), format, ORIGIN).unwrap();
        // Among the pixels: manifests are at the beginning or at the end.
        let at = signed.len() / 2;
        signed[at] ^= 1;
        let told = Credentials::of(&signed, format, Some(signer.chain())).unwrap();
        assert_eq!(told.standing, Standing::Invalid, "{format:?}");
        assert!(told.faults.iter().any(|fault| fault.contains("ash.mismatch")), "{format:?}: {:?}", told.faults);
    }
}

#[test]
fn the_reference_library_agrees() {
    let Ok(python) = std::env::var("CAVENDISH_TEST_PYTHON") else {
        panic!("CAVENDISH_TEST_PYTHON is not set: run the tests with `cargo xtask test`");
    };
    let folder = tempfile::tempdir().unwrap();
    let signer = signer(folder.path());
    let write = |format: Format| -> PathBuf {
        let path = folder.path().join(format!("asset.{}", format.extension()));
        std::fs::write(&path, signer.sign(&file(format), format, ORIGIN).unwrap()).unwrap();
        path
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/credentials.py");
    let output = Command::new(python).arg(script).args(FORMATS.map(write)).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let read: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read.len(), FORMATS.len());
    for told in read {
        assert_eq!(told["state"], "Valid", "{told}");
        assert_eq!(told["faults"], json!(["signingCredential.untrusted"]), "{told}");
        assert_eq!((&told["title"], &told["generator"]), (&json!("meta-story"), &json!("Cavendish")));
        assert!(told["source"].as_str().unwrap().ends_with("/compositeWithTrainedAlgorithmicMedia"), "{told}");
    }
}

#[test]
fn a_local_certificate_is_made_once_and_only_its_owner_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = signer(folder.path());
    assert_eq!(signer(folder.path()).chain(), first.chain());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path().join("own/signer.pem")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let missing = ProvenanceConfig { certificate: Some(folder.path().join("none.pem")), ..ProvenanceConfig::default() };
    assert!(missing.signer().unwrap_err().to_string().contains("none.pem"), "an own certificate is never made up");
}
