//! The upscalers compute what PyTorch computes, whatever the factor and the tiles. `tests/reference/make_fixtures.py` and
//! `tests/reference/upscaler.py` made the fixtures.

use crate::support::{Fixture, nano, relative_error, upscaler_x4};
use cavendish_engine::{ErrorKind, Upscaler};
use cavendish_renderer::Pixels;
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

const TOLERANCE: f64 = 1e-4;

fn compact() -> Upscaler {
    Upscaler::load(&upscaler_x4(), Device::Cpu).unwrap()
}

/// Small and random.
fn rrdb() -> Upscaler {
    Upscaler::load(&rrdb_dir(), Device::Cpu).unwrap()
}

fn rrdb_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rrdb")
}

#[track_caller]
fn assert_close(what: &str, ours: &Tensor, reference: &Tensor) {
    let error = relative_error(ours, reference);
    println!("{what}: relative error {error:.1e}");
    assert!(error <= TOLERANCE, "{what}: relative error {error:e}");
}

/// Noise over a slope, (1, 3, height, width) in 0..=1.
fn picture(height: i64, width: i64) -> Tensor {
    tch::manual_seed(5);
    let slope = Tensor::linspace(0.0, 0.6, width, (Kind::Float, Device::Cpu));
    Tensor::rand([1, 3, height, width], (Kind::Float, Device::Cpu)) * 0.4 + slope
}

#[test]
fn both_networks_are_the_references() {
    let fixture = Fixture::open("upscale.safetensors");
    assert_close("compact", &compact().enlarge(&fixture.tensor("small"), 4).unwrap(), &fixture.tensor("large"));
    let fixture = Fixture::open("rrdb/values.safetensors");
    assert_close("rrdb", &rrdb().enlarge(&fixture.tensor("small"), 4).unwrap(), &fixture.tensor("large"));
}

/// Factors that are no power of four are reduced; those above four take two passes, the first no larger than it must be.
#[test]
fn every_factor_is_made_of_passes_and_a_reduction() {
    let fixture = Fixture::open("upscale.safetensors");
    let (upscaler, small) = (compact(), fixture.tensor("small")); // (1, 3, 24, 32)
    let reduced = |large: &Tensor, height: i64, width: i64| {
        large.internal_upsample_bicubic2d_aa([height, width], false, None, None)
    };
    let enlarged = |x: &Tensor, factor: u32| upscaler.enlarge(x, factor).unwrap();
    assert_close("2", &enlarged(&small, 2), &reduced(&fixture.tensor("large"), 48, 64));
    assert_close("3", &enlarged(&small, 3), &reduced(&fixture.tensor("large"), 72, 96));
    assert_close("5", &enlarged(&small, 5), &reduced(&enlarged(&enlarged(&small, 2), 4), 120, 160));
    assert_close("8", &enlarged(&small, 8), &enlarged(&enlarged(&small, 2), 4));
    assert_close("16", &enlarged(&small, 16), &enlarged(&enlarged(&small, 4), 4));
    for factor in 1..=16 {
        assert_eq!(enlarged(&small, factor).size(), [1, 3, 24 * i64::from(factor), 32 * i64::from(factor)]);
    }
    for factor in [0, 17] {
        assert!(!Upscaler::supports(factor));
        assert_eq!(upscaler.enlarge(&small, factor).unwrap_err().kind(), ErrorKind::Invalid);
    }
}

/// The compact network's tiles see as far as it does: cut into many, an image is what it is in one.
#[test]
fn tiles_of_the_compact_network_change_nothing() {
    let picture = picture(67, 110);
    let tiled = compact().with_memory(0);
    for factor in [2, 3, 4, 5] {
        let (whole, tiled) = (compact().enlarge(&picture, factor).unwrap(), tiled.enlarge(&picture, factor).unwrap());
        assert_close(&format!("tiles, {factor} times"), &tiled, &whole);
    }
}

/// RRDBNet's cannot see all; what is left is small, and nowhere larger than the seam hides.
#[test]
fn tiles_of_rrdb_net_leave_no_step() {
    let picture = picture(20, 150);
    let (whole, tiled) = (rrdb().enlarge(&picture, 4).unwrap(), rrdb().with_memory(0).enlarge(&picture, 4).unwrap());
    let off = &tiled - &whole; // (1, 3, 80, 600)
    let most = off.abs().max().double_value(&[]) / whole.abs().max().double_value(&[]);
    let step = (off.slice(3, 1, None, 1) - off.slice(3, None, -1, 1)).abs().max().double_value(&[]);
    println!("tiles: off by {most:.1e}, from pixel to pixel {step:.1e}");
    assert!(most > 0.0, "the picture was cut");
    assert!(most < 1e-3 && step < 1e-3, "off by {most}, from pixel to pixel {step}");
}

/// Bytes painted tile by tile are those of the whole tensor.
#[test]
fn painting_is_enlarging() {
    let fixture = Fixture::open("upscale.safetensors");
    let small = fixture.tensor("small");
    let image = compact().paint(&small, 4).unwrap();
    let bytes = (fixture.tensor("large").clamp(0.0, 1.0) * 255.0).round().squeeze_dim(0).permute([1, 2, 0]);
    let reference = Vec::<f32>::try_from(bytes.contiguous().flatten(0, -1)).unwrap();
    assert_eq!((image.width, image.height), (128, 96));
    assert!(image.rgb.iter().zip(&reference).all(|(ours, theirs)| (f32::from(*ours) - theirs).abs() <= 1.0));
    let tiled = compact().with_memory(0).upscale(&image, 3).unwrap();
    let whole = compact().upscale(&image, 3).unwrap();
    assert!(tiled.rgb.iter().zip(&whole.rgb).all(|(tiled, whole)| tiled.abs_diff(*whole) <= 1));
    assert_eq!(compact().upscale(&image, 1).unwrap(), image);
    assert!(compact().upscale(&Pixels { width: 3, height: 3, rgb: vec![0; 26] }, 4).is_err());
}

#[test]
fn weights_of_neither_network_are_refused() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-upscaler");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::copy(nano().join("codec.safetensors"), dir.join("model.safetensors")).unwrap();
    let error = Upscaler::load(&dir, Device::Cpu).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Weights);
    assert!(error.to_string().contains("unused: basis"), "{error}");
}
