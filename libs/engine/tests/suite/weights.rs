//! Weights that do not fit are refused with everything that is wrong with them.

use cavendish_engine::{ErrorKind, PatchCodec, Weights};
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// A codec file of 2 × 2 patches with two channels, or what is left of it.
fn codec(name: &str, tensors: &[(&str, &[usize], Dtype)]) -> PathBuf {
    let zeros = [0; 256];
    let views = tensors.iter().map(|(name, shape, dtype)| {
        let bytes = shape.iter().product::<usize>() * dtype.bitsize() / 8;
        (*name, TensorView::new(*dtype, shape.to_vec(), &zeros[..bytes]).unwrap())
    });
    let path = path(name);
    serialize_to_file(views, None, &path).unwrap();
    path
}

#[test]
fn what_fits_is_taken() {
    let path = codec(
        "fits.safetensors",
        &[("mean", &[12], Dtype::F32), ("basis", &[12, 2], Dtype::BF16), ("scale", &[2], Dtype::F32)],
    );
    let codec = PatchCodec::load(&path, Device::Cpu).unwrap();
    assert_eq!((codec.patch(), codec.channels()), (2, 2));
}

#[test]
fn everything_that_is_wrong_is_listed() {
    let tensors: [(&str, &[usize], Dtype); 4] = [
        ("basis", &[12, 2], Dtype::F32),
        ("mean", &[3], Dtype::F32),
        ("stray.weight", &[1], Dtype::F32),
        ("second.stray", &[1], Dtype::F32),
    ];
    let error = PatchCodec::load(&codec("wrong.safetensors", &tensors), Device::Cpu).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Weights);
    let text = error.to_string();
    for part in ["missing: scale", "unused: second.stray, stray.weight", "refused: mean is [3], not [12]"] {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

#[test]
fn number_types_that_cannot_be_computed_with_are_refused() {
    let path = codec(
        "fp8.safetensors",
        &[("mean", &[12], Dtype::F32), ("basis", &[12, 2], Dtype::F8_E4M3), ("scale", &[2], Dtype::F32)],
    );
    let error = PatchCodec::load(&path, Device::Cpu).unwrap_err();
    assert!(error.to_string().contains("basis is stored as F8_E4M3"), "{error}");
}

#[test]
fn files_that_are_none_are_errors() {
    let good = codec("good.safetensors", &[("mean", &[12], Dtype::F32)]);
    let bytes = std::fs::read(good).unwrap();
    for (name, content) in [
        ("truncated.safetensors", &bytes[..bytes.len() - 7]),
        ("short.safetensors", &bytes[..5]),
        ("text.safetensors", b"these are not the weights you are looking for".as_slice()),
        ("empty.safetensors", b"".as_slice()),
    ] {
        std::fs::write(path(name), content).unwrap();
        let error = Weights::open(&path(name), Device::Cpu, Kind::Float).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Weights, "{name}");
    }
    assert!(Weights::open(&path("absent.safetensors"), Device::Cpu, Kind::Float).is_err());
}
