//! The networks that see, as they are shipped.

use crate::support::cached;
use cavendish_engine::Weights;
use cavendish_engine::vision::{EngineVision, SubjectEncoder, U2Net, U2NetSize};
use cavendish_renderer::{Pixels, Vision, contract};
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

fn shipped_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/vision")
}

fn shipped() -> EngineVision {
    EngineVision::start(&shipped_dir()).unwrap()
}

#[tokio::test]
async fn the_engine_sees_as_the_contract_says() {
    contract::vision_suite(&shipped()).await;
}

/// A ball over a gradient, as `reference/u2net.py` draws it: red, green and blue of the pixel at (x, y).
fn drawn(x: i64, y: i64) -> [i64; 3] {
    match (x - 150).pow(2) + (y - 170).pow(2) < 80 * 80 {
        true => [200 - y / 8, 40 + x / 8, 30 + y / 16],
        false => [60 + x / 4, 90 + y / 4, 140 - x / 8],
    }
}

/// How far the network in `file` is from what ONNX Runtime sees in the drawn picture.
fn off_reference(file: &Path, size: U2NetSize, fixture: &str) -> f64 {
    let side = 320;
    let planes: Vec<f32> = (0..3 * side * side)
        .map(|i| drawn(i % side, i / side % side)[(i / (side * side)) as usize] as f32 / 255.0)
        .collect();
    let weights = Weights::open(file, Device::Cpu, Kind::Float).unwrap();
    assert_eq!(U2Net::size_of(&weights), Some(size));
    let network = U2Net::new(&weights.root(), size);
    drop(weights.finish().unwrap());
    let picture = Tensor::from_slice(&planes).view([1, 3, side, side]);
    let seen = tch::no_grad(|| network.forward(&picture));
    let fixture: serde_json::Value = serde_json::from_str(fixture).unwrap();
    let step = fixture["step"].as_i64().unwrap();
    let (mut off, mut most) = (0.0f64, 0.0f64);
    for (row, values) in (0..).zip(fixture["seen"].as_array().unwrap()) {
        for (column, expected) in (0..).zip(values.as_array().unwrap()) {
            let expected = expected.as_f64().unwrap();
            off = off.max((seen.double_value(&[0, 0, row * step, column * step]) - expected).abs());
            most = most.max(expected);
        }
    }
    assert!(most > 0.9, "the fixture shows something");
    println!("{size:?}: off by {off:.1e}");
    off
}

#[test]
fn the_network_that_cuts_out_sees_what_onnx_runtime_sees() {
    let file = shipped_dir().join("u2netp.safetensors");
    let off = off_reference(&file, U2NetSize::Small, include_str!("../fixtures/u2netp.json"));
    assert!(off < 1e-3, "off by {off}");
}

/// Planes of a ball of many colours over grey, and its alpha, as `reference/efficientnet.py` draws it.
fn subject(side: i64) -> Tensor {
    let value = |plane: i64, x: i64, y: i64| match (x - 100).pow(2) + (y - 120).pow(2) < 90 * 90 {
        true => [200 - y / 2, 40 + x / 2, 30 + x * y / 256, 255][plane as usize] as f32 / 255.0,
        false => 0.5 - 0.5 * (plane / 3) as f32,
    };
    let at = |i: i64| (i / (side * side), i % side, i / side % side);
    let planes: Vec<f32> = (0..4 * side * side)
        .map(at)
        .map(|(plane, x, y)| if plane < 3 { value(plane, x, y) * 2.0 - 1.0 } else { value(plane, x, y) })
        .collect();
    Tensor::from_slice(&planes).view([1, 4, side, side])
}

#[test]
fn the_encoder_places_a_subject_where_onnx_runtime_and_numpy_place_it() {
    let weights = Weights::open(&shipped_dir().join("encoder.safetensors"), Device::Cpu, Kind::Float).unwrap();
    let network = SubjectEncoder::new(&weights.root());
    drop(weights.finish().unwrap());
    let one = subject(SubjectEncoder::SIDE);
    let both = tch::no_grad(|| network.forward(&Tensor::cat(&[one.flip([3]), one], 0)));
    let seen = Vec::<f32>::try_from(both.get(1)).unwrap();
    let fixture: serde_json::Value = serde_json::from_str(include_str!("../fixtures/encoder.json")).unwrap();
    let expected: Vec<f64> = serde_json::from_value(fixture["embedding"].clone()).unwrap();
    assert_eq!((seen.len(), expected.len()), (SubjectEncoder::DIMENSIONS as usize, seen.len()));
    let off = seen.iter().zip(&expected).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
    assert!(off < 1e-3, "off by {off}");
}

#[tokio::test]
#[ignore = "needs the large network: cargo xtask setup --large"]
async fn the_large_network_sees_what_onnx_runtime_sees_in_the_folder_that_setup_makes() {
    let dir = cached("models/vision-large", "vision.toml", "cargo xtask setup --large");
    let off = off_reference(&dir.join("u2net.safetensors"), U2NetSize::Large, include_str!("../fixtures/u2net.json"));
    assert!(off < 1e-3, "off by {off}");
    contract::vision_suite(&EngineVision::start(&dir).unwrap()).await;
}

#[tokio::test]
async fn a_large_picture_is_seen_at_its_own_size() {
    let (width, height) = (700_u32, 500_u32);
    let inside = |x: u32, y: u32| (i64::from(x) - 350).pow(2) + (i64::from(y) - 250).pow(2) < 150 * 150;
    let pixel = |index: u32| if inside(index % width, index / width) { [180, 40, 60] } else { [90, 140, 200] };
    let rgb: Vec<u8> = (0..width * height).flat_map(pixel).collect();
    let matte = shipped().matte(Pixels { width, height, rgb }).await.unwrap();
    let truth = |index: usize| if inside(index as u32 % width, index as u32 / width) { 255.0 } else { 0.0 };
    let off: f64 = matte.alpha.iter().enumerate().map(|(index, alpha)| (f64::from(*alpha) - truth(index)).abs()).sum();
    let mean = off / matte.alpha.len() as f64 / 255.0;
    assert!(mean < 0.02, "alpha is off by {mean} on average");
}

#[test]
fn a_folder_without_networks_is_told_by_name() {
    let error = EngineVision::start(Path::new("nowhere")).err().unwrap().to_string();
    assert!(error.contains("vision.toml"), "{error}");
}
