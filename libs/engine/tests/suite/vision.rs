//! The networks that see, as they are shipped.

use cavendish_engine::vision::EngineVision;
use cavendish_renderer::{Pixels, Vision, contract};
use std::path::Path;

fn shipped() -> EngineVision {
    EngineVision::start(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/vision")).unwrap()
}

#[tokio::test]
async fn the_engine_sees_as_the_contract_says() {
    contract::vision_suite(&shipped()).await;
}

#[tokio::test]
async fn mattes_follow_the_edges_of_large_pictures() {
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
