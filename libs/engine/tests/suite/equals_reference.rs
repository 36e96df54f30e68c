//! The engine computes what PyTorch and diffusers compute. `tests/reference/make_fixtures.py` made the fixtures;
//! an error is `max |ours − reference| / max |reference|`.

use crate::support::{Fixture, count, minilm, nano, pipeline, relative_error, upscaler_x4};
use cavendish_engine::flux2::{Flux2Config, Flux2Transformer2DModel, Rotary, Site, TokenLayout, TransformerInput};
use cavendish_engine::minilm::PromptEncoder;
use cavendish_engine::{PatchCodec, Upscaler, Weights};
use cavendish_renderer::Pixels;
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use std::collections::BTreeMap;
use std::path::Path;
use tch::{Device, Kind, Tensor};

const TOLERANCE: f64 = 1e-4;
const GRID: TokenLayout = TokenLayout { text: 16, rows: 8, columns: 8 };

#[track_caller]
fn assert_close(what: &str, ours: &Tensor, reference: &Tensor) {
    let error = relative_error(ours, reference);
    println!("{what}: relative error {error:.1e}");
    assert!(error <= TOLERANCE, "{what}: relative error {error:e}");
}

/// In the order of `PROMPTS` in the script: the empty one, a plain one, one with accents and other scripts, one too long.
#[test]
fn text_states() {
    let prompts = [
        "",
        "hamburger on a sky blue background",
        "Crème brûlée, 漢字 & émigré's T-Rex!",
        "a very long prompt that has to be cut because nobody ever trained this model on more than sixteen tokens",
    ];
    let fixture = Fixture::open("text.safetensors");
    let encoder = PromptEncoder::load(&minilm(), 16, Device::Cpu, Kind::Float).unwrap();
    for (n, prompt) in prompts.into_iter().enumerate() {
        let reference = fixture.tensor(&format!("prompt.{n}")).unsqueeze(0);
        assert_close(prompt, &encoder.encode(prompt).unwrap(), &reference);
        assert_close("out of the cache", &encoder.encode(prompt).unwrap(), &reference);
    }
    let endless = format!("{} ", prompts[3]).repeat(1000); // 100 kB
    assert_close("cut", &encoder.encode(&endless).unwrap(), &encoder.encode(prompts[3]).unwrap());
}

#[test]
fn every_block_and_the_whole_forward() {
    let fixture = Fixture::open("blocks.safetensors");
    let text = Fixture::open("text.safetensors").tensor("prompt.1").unsqueeze(0);
    let model = Flux2Transformer2DModel::load(&nano().join("transformer"), Device::Cpu, Kind::Float).unwrap();
    let rotary = Rotary::new(model.config(), GRID, Device::Cpu);
    let (latents, time) = (fixture.tensor("latents"), fixture.tensor("time"));
    let input = TransformerInput { latents: &latents, text: &text, timestep: &time, guidance: None, rotary: &rotary };
    let mut sites = 0;
    let velocity = model
        .forward_observed(input, &mut |site, stream| {
            sites += 1;
            let name = match site {
                Site::DoubleImage(n) => format!("double.{n}.image"),
                Site::DoubleText(n) => format!("double.{n}.text"),
                Site::Single(n) => format!("single.{n}"),
            };
            assert_close(&name, stream, &fixture.tensor(&name));
        })
        .unwrap();
    assert_eq!(sites, 2 + 6);
    assert_close("velocity", &velocity, &fixture.tensor("velocity"));
}

#[test]
fn the_whole_sampling_to_pixels() {
    let fixture = Fixture::open("sample.safetensors");
    for images in [1, 3] {
        let pipeline = pipeline().with_forward_images(count(images));
        let size = pipeline.manifest().native_sizes[0];
        let latents = pipeline.latents("hamburger on a sky blue background", &fixture.tensor("noise"), size).unwrap();
        assert_close("latents", &latents, &fixture.tensor("latents"));
        assert_close("pixels", &pipeline.codec().decode(&latents, 8, 8), &fixture.tensor("pixels"));
    }
}

#[test]
fn the_codec_undoes_itself() {
    let codec = PatchCodec::load(&nano().join("codec.safetensors"), Device::Cpu).unwrap();
    let latents = Fixture::open("sample.safetensors").tensor("latents");
    assert_close("latents", &codec.encode(&codec.decode(&latents, 8, 8)).unwrap(), &latents);
    assert!(codec.encode(&Tensor::zeros([1, 3, 60, 64], (Kind::Float, Device::Cpu))).is_err());
}

#[test]
fn the_upscaler() {
    let fixture = Fixture::open("upscale.safetensors");
    let upscaler = Upscaler::load(&upscaler_x4(), Device::Cpu).unwrap();
    assert_close("enlarged", &upscaler.enlarge(&fixture.tensor("small"), 4).unwrap(), &fixture.tensor("large"));
    assert!(upscaler.enlarge(&fixture.tensor("small"), 3).is_err());
}

/// An image wider than a tile: its seam cannot be seen. What lies within reach of neither border nor seam decides.
#[test]
fn tiles_leave_no_seams() {
    let upscaler = Upscaler::load(&upscaler_x4(), Device::Cpu).unwrap();
    let (width, height) = (300, 8);
    let rgb: Vec<u8> = (0..width * height * 3).map(|n| (n * 7919 % 251) as u8).collect();
    let cut = |from: u32, to: u32| {
        let row = |y: u32| &rgb[((y * width + from) * 3) as usize..((y * width + to) * 3) as usize];
        Pixels { width: to - from, height, rgb: (0..height).flat_map(row).copied().collect() }
    };
    let whole = upscaler.upscale(&cut(0, width), 4).unwrap();
    let around_the_seam = upscaler.upscale(&cut(216, 296), 4).unwrap();
    assert_eq!((whole.width, whole.height), (4 * width, 4 * height));
    for (x, y) in (240 * 4..272 * 4).flat_map(|x| (0..4 * height).map(move |y| (x, y))) {
        let pixel = |image: &Pixels, x: u32| image.rgb[((y * image.width + x) * 3) as usize];
        assert!(pixel(&whole, x).abs_diff(pixel(&around_the_seam, x - 4 * 216)) <= 1, "at {x}, {y}");
    }
    assert!(upscaler.upscale(&Pixels { width: 3, height: 3, rgb: vec![0; 26] }, 4).is_err());
}

/// diffusers' names and shapes for klein's configuration (narrow) are the ones this network asks for: none missing, none unused.
#[test]
fn klein_has_the_same_names_and_shapes() {
    #[derive(serde::Deserialize)]
    struct Klein {
        config: Flux2Config,
        weights: BTreeMap<String, Vec<usize>>,
    }
    let klein: Klein = serde_json::from_str(include_str!("../fixtures/klein.json")).unwrap();
    assert!(klein.weights.len() > 150);
    let zeros = vec![0; 2 * klein.weights.values().map(|shape| shape.iter().product::<usize>()).max().unwrap()];
    let views = klein.weights.iter().map(|(name, shape)| {
        let bytes = &zeros[..2 * shape.iter().product::<usize>()];
        (name.clone(), TensorView::new(Dtype::BF16, shape.clone(), bytes).unwrap())
    });
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("klein.safetensors");
    serialize_to_file(views, None, &path).unwrap();
    let weights = Weights::open(&path, Device::Cpu, Kind::BFloat16).unwrap();
    let model = Flux2Transformer2DModel::new(&weights.root(), klein.config);
    weights.finish().unwrap();
    assert_eq!(model.config().dim(), 256);
}
