//! The engine computes what PyTorch and diffusers compute. `tests/reference/make_fixtures.py` made the fixtures;
//! an error is `max |ours − reference| / max |reference|`.

use crate::support::{Fixture, assert_close, assert_equal_names, batch, count, minilm, nano, pipeline};
use cavendish_engine::flux2::{
    Flux2Config, Flux2Transformer2DModel, Grid, Rotary, Site, TokenLayout, TransformerInput,
};
use cavendish_engine::minilm::PromptEncoder;
use cavendish_engine::{Image, PatchCodec};
use std::collections::BTreeMap;
use tch::{Device, Kind, Tensor};

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
    let layout = TokenLayout { text: 16, image: Grid { rows: 8, columns: 8 }, references: Vec::new() };
    let rotary = Rotary::new(model.config(), layout, Device::Cpu);
    let (latents, time) = (fixture.tensor("latents"), fixture.tensor("time"));
    let conditioning = model.condition(&time, None);
    let (conditioning, references) = (&conditioning, None);
    let input = TransformerInput { latents: &latents, text: &text, conditioning, rotary: &rotary, references };
    let mut sites = 0;
    let velocity = model
        .forward_observed(input, &mut |site, stream| {
            sites += 1;
            let name = match site {
                Site::DoubleImage(n) => format!("double.{n}.image"),
                Site::DoubleText(n) => format!("double.{n}.text"),
                Site::Single(n) => format!("single.{n}"),
            };
            let reference = fixture.tensor(&name);
            // After the last block only the image's tokens are left.
            let all = reference.size()[1];
            let kept = stream.size()[1];
            assert_close(&name, stream, &reference.narrow(1, all - kept, kept));
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
        let image = Image { prompt: "hamburger on a sky blue background".into(), ..Image::default() };
        let batch = batch(&pipeline, vec![image]);
        let latents = pipeline.latents(&batch, &fixture.tensor("noise")).unwrap();
        assert_close("latents", &latents, &fixture.tensor("latents"));
        assert_close("pixels", &pipeline.decode(&latents, batch.frame.native).unwrap(), &fixture.tensor("pixels"));
    }
}

#[test]
fn the_codec_undoes_itself() {
    let codec = PatchCodec::load(&nano().join("codec.safetensors"), Device::Cpu).unwrap();
    let latents = Fixture::open("sample.safetensors").tensor("latents");
    assert_close("latents", &codec.encode(&codec.decode(&latents, 8, 8)).unwrap(), &latents);
    assert!(codec.encode(&Tensor::zeros([1, 3, 60, 64], (Kind::Float, Device::Cpu))).is_err());
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
    assert_equal_names("klein.safetensors", &klein.weights, |vars| {
        assert_eq!(Flux2Transformer2DModel::new(vars, klein.config).config().dim(), 256);
    });
}
