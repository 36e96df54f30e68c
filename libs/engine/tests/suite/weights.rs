//! Weights that do not fit are refused with everything that is wrong with them.

use crate::folders::{fresh, json, zeros};
use cavendish_engine::{ErrorKind, PatchCodec, Weights};
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

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

/// A file with one tensor `x` of 0, 1, 2, …; its header as long as it happens to be, so that numbers lie at odd places.
fn counting(name: &str, dtype: &str, padding: usize, bytes: &[u8], shape: &[usize]) -> PathBuf {
    let header = json!({ "x": { "dtype": dtype, "shape": shape, "data_offsets": [0, bytes.len()] } }).to_string();
    let header = header + &" ".repeat(padding);
    let path = path(name);
    std::fs::write(&path, [&(header.len() as u64).to_le_bytes(), header.as_bytes(), bytes].concat()).unwrap();
    path
}

#[test]
fn every_number_type_arrives_as_the_one_asked_for() {
    let numbers = 0..6_u8;
    let stored: [(&str, Vec<u8>); 7] = [
        ("F64", numbers.clone().flat_map(|n| f64::from(n).to_le_bytes()).collect()),
        ("F32", numbers.clone().flat_map(|n| f32::from(n).to_le_bytes()).collect()),
        ("F16", [0, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500_u16].iter().flat_map(|n| n.to_le_bytes()).collect()),
        ("BF16", [0, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0_u16].iter().flat_map(|n| n.to_le_bytes()).collect()),
        ("I64", numbers.clone().flat_map(|n| i64::from(n).to_le_bytes()).collect()),
        ("I32", numbers.clone().flat_map(|n| i32::from(n).to_le_bytes()).collect()),
        ("U8", numbers.collect()),
    ];
    for (dtype, bytes) in &stored {
        for (padding, kind) in [(0, Kind::Float), (1, Kind::Float), (2, Kind::BFloat16), (3, Kind::Half)] {
            let file = counting(&format!("{dtype}-{padding}.safetensors"), dtype, padding, bytes, &[2, 3]);
            let weights = Weights::open(&file, Device::Cpu, kind).unwrap();
            let x = weights.root().tensor("x", &[2, 3]);
            weights.finish().unwrap();
            assert_eq!(x.kind(), kind);
            assert!(x.equal(&Tensor::arange(6, (kind, Device::Cpu)).view([2, 3])), "{dtype}, {padding} bytes off");
        }
    }
}

#[test]
fn stacked_weights_lie_in_one_tensor_and_go_by_their_own_names() {
    let bytes: Vec<u8> = (0..6_u8).flat_map(|n| f32::from(n).to_le_bytes()).collect();
    let dir = fresh("stacked");
    let view = |shape: &[usize], bytes| TensorView::new(Dtype::F32, shape.to_vec(), bytes).unwrap();
    let views = [("in.k", view(&[2, 2], &bytes[8..])), ("in.q", view(&[1, 2], &bytes[..8]))];
    serialize_to_file(views, None, &dir.join("model.safetensors")).unwrap();
    let weights = Weights::open_dir(&dir, Device::Cpu, Kind::Float).unwrap();
    let both = weights.root().sub("in").matrix(&[("q", 1), ("k", 2)], 2);
    let named = weights.finish().unwrap();
    assert!(both.equal(&Tensor::arange(6, (Kind::Float, Device::Cpu)).view([3, 2])));
    assert_eq!(named.get("in.k").unwrap().size(), [2, 2]);
    let _ = named.get("in.k").unwrap().shallow_clone().fill_(7.0);
    assert_eq!(both.double_value(&[0, 1]), 1.0);
    assert_eq!(both.double_value(&[2, 1]), 7.0);
}

/// Two shards and an index, changed by `change`; the error of opening and taking both tensors.
fn sharded(name: &str, change: impl FnOnce(&mut Value, &Path)) -> Result<(), String> {
    let dir = fresh(name);
    zeros(&dir.join("one.safetensors"), [("a", [2_i64].as_slice())]);
    zeros(&dir.join("two.safetensors"), [("b", [3_i64].as_slice())]);
    let mut index =
        json!({ "metadata": { "total_size": 10 }, "weight_map": { "a": "one.safetensors", "b": "two.safetensors" }});
    change(&mut index["weight_map"], &dir);
    json(&dir.join("diffusion_pytorch_model.safetensors.index.json"), &index);
    let weights = Weights::open_dir(&dir, Device::Cpu, Kind::Float).map_err(|e| e.to_string())?;
    let _ = (weights.root().tensor("a", &[2]), weights.root().tensor("b", &[3]));
    weights.finish().map(drop).map_err(|e| e.to_string())
}

#[test]
fn an_index_decides_which_file_holds_what() {
    sharded("shards", |_, _| ()).unwrap();
    // The same name in two files: the index says which one counts. A file it does not name is not read.
    sharded("shards-twice", |_, dir| {
        zeros(&dir.join("two.safetensors"), [("a", [9_i64].as_slice()), ("b", &[3])]);
        std::fs::write(dir.join("old.safetensors"), "nothing to read").unwrap();
    })
    .unwrap();
}

#[test]
fn an_index_and_its_files_must_agree() {
    let error = sharded("shard-missing", |map, _| map["b"] = json!("three.safetensors")).unwrap_err();
    assert!(error.contains("index.json: three.safetensors is missing"), "{error}");
    let error = sharded("shard-outside", |map, _| map["b"] = json!("../two.safetensors")).unwrap_err();
    assert!(error.contains("is not a file of the folder"), "{error}");
    let error = sharded("name-missing", |map, _| map["c"] = json!("two.safetensors")).unwrap_err();
    assert!(error.contains("c is not in two.safetensors"), "{error}");
    let stray =
        |_: &mut Value, dir: &Path| zeros(&dir.join("two.safetensors"), [("b", [3_i64].as_slice()), ("d", &[1])]);
    let error = sharded("name-unknown", stray).unwrap_err();
    assert!(error.contains("two.safetensors holds d, which the index does not name"), "{error}");
}
