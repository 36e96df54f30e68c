//! The autoencoder computes what diffusers computes. `tests/reference/autoencoder.py` made the fixtures.

use crate::support::{Fixture, assert_equal_names, relative_error};
use cavendish_engine::autoencoder::{AutoencoderConfig, AutoencoderKlFlux2};
use cavendish_engine::{ErrorKind, Weights};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use tch::{Device, Kind, Tensor};

#[derive(Deserialize)]
struct Facts {
    tiny: AutoencoderConfig,
    klein: Klein,
}

#[derive(Deserialize)]
struct Klein {
    config: AutoencoderConfig,
    weights: BTreeMap<String, Vec<usize>>,
}

fn facts() -> Facts {
    serde_json::from_str(include_str!("../fixtures/autoencoder.json")).unwrap()
}

fn tiny(kind: Kind) -> AutoencoderKlFlux2 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/autoencoder.safetensors");
    let weights = Weights::open(&path, Device::Cpu, kind).unwrap();
    AutoencoderKlFlux2::new(&weights.root().sub("weights"), facts().tiny)
}

/// f32 and bf16 with the error each may have.
const KINDS: [(Kind, f64); 2] = [(Kind::Float, 1e-4), (Kind::BFloat16, 2e-2)];

#[track_caller]
fn assert_close(what: &str, kind: Kind, most: f64, ours: &Tensor, reference: &Tensor) {
    assert_eq!(ours.kind(), kind);
    let error = relative_error(&ours.to_kind(Kind::Float), reference);
    println!("{what} in {kind:?}: relative error {error:.1e}");
    assert!(error <= most, "{what} in {kind:?}: relative error {error:e}");
}

#[test]
fn encodes_and_decodes_as_the_reference() {
    let fixture = Fixture::open("autoencoder.safetensors");
    let of = |name: &str| fixture.tensor(name);
    for (kind, most) in KINDS {
        let model = tiny(kind);
        let posterior = model.encode(&of("pixels")).unwrap();
        assert_close("mode", kind, most, posterior.mode(), &of("mode"));
        let sample = posterior.sample(&of("noise").to_kind(kind));
        assert_close("sample", kind, most, &sample, &of("sample"));
        assert_close("decoded", kind, most, &model.decode(&of("sample")).unwrap(), &of("decoded"));
    }
}

#[test]
fn tokens_are_the_pipelines() {
    let fixture = Fixture::open("autoencoder.safetensors");
    for (kind, most) in KINDS {
        let model = tiny(kind);
        let tokens = model.encode_tokens(&fixture.tensor("pixels")).unwrap();
        assert_close("tokens", kind, most, &tokens, &fixture.tensor("tokens"));
        let pixels = model.decode_tokens(&fixture.tensor("drawn"), 3, 5).unwrap();
        assert_close("pixels of tokens", kind, most, &pixels, &fixture.tensor("pixels_of_tokens"));
    }
}

/// Equal to diffusers' tiling, unlike the whole picture, and like it where nothing is cut.
#[test]
fn tiles_are_the_references() {
    let fixture = Fixture::open("autoencoder.safetensors");
    let (large, mode, decoded) =
        (fixture.tensor("large"), fixture.tensor("large_mode"), fixture.tensor("large_decoded"));
    for (kind, most) in KINDS {
        let model = tiny(kind).with_tile(32);
        assert_close("mode of tiles", kind, most, model.encode(&large).unwrap().mode(), &mode);
        assert_close("decoded tiles", kind, most, &model.decode(&mode).unwrap(), &decoded);
    }
    let whole = tiny(Kind::Float).with_tile(95); // 80 in whole steps of 16
    assert!(relative_error(&whole.decode(&mode).unwrap(), &decoded) > 1e-3, "the comparison above sees tiles");
    let default = tiny(Kind::Float);
    assert_eq!(relative_error(&whole.decode(&mode).unwrap(), &default.decode(&mode).unwrap()), 0.0);
}

#[test]
fn a_batch_changes_nothing() {
    let fixture = Fixture::open("autoencoder.safetensors");
    let model = tiny(Kind::Float);
    let tokens = model.encode_tokens(&fixture.tensor("pixels")).unwrap();
    let pixels = model.decode_tokens(&fixture.tensor("drawn"), 3, 5).unwrap();
    for n in 0..2 {
        let alone = model.encode_tokens(&fixture.tensor("pixels").narrow(0, n, 1)).unwrap();
        assert_close("tokens alone", Kind::Float, 1e-4, &alone, &tokens.narrow(0, n, 1));
        let alone = model.decode_tokens(&fixture.tensor("drawn").narrow(0, n, 1), 3, 5).unwrap();
        assert_close("pixels alone", Kind::Float, 1e-4, &alone, &pixels.narrow(0, n, 1));
    }
}

#[test]
fn maps_of_other_shapes_are_refused() {
    let model = tiny(Kind::Float);
    let zeros = |shape: &[i64]| Tensor::zeros(shape, (Kind::Float, Device::Cpu));
    let refused = |result: Result<Tensor, cavendish_engine::EngineError>| {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Invalid);
    };
    for shape in [[1, 3, 22, 40], [1, 4, 24, 40], [1, 3, 0, 40]] {
        refused(model.encode(&zeros(&shape)).map(|posterior| posterior.mode().shallow_clone()));
    }
    refused(model.encode_tokens(&zeros(&[1, 3, 20, 40]))); // latent pixels, but no whole patches
    refused(model.decode(&zeros(&[1, 3, 6, 10])));
    refused(model.decode_tokens(&zeros(&[1, 15, 16]), 4, 5));
    refused(model.decode_tokens(&zeros(&[1, 15, 12]), 3, 5));
}

/// None missing, none unused.
#[test]
fn kleins_names_and_shapes_are_the_references() {
    let Klein { config, weights } = facts().klein;
    assert!(weights.len() > 200);
    assert_equal_names("autoencoder-klein.safetensors", &weights, |vars| {
        let model = AutoencoderKlFlux2::new(vars, config);
        assert_eq!((model.config().scale(), model.config().token_channels()), (8, 128));
    });
}

#[test]
fn configurations_that_cannot_be_built_are_refused() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("autoencoder-config.json");
    for (text, part) in [
        (r#"{"block_out_channels": [30, 64]}"#, "do not fall into 32 groups"),
        (r#"{"block_out_channels": []}"#, "0 levels"),
        (r#"{"decoder_block_out_channels": [32, 32]}"#, "4 levels of the encoder, 2 of the decoder"),
        (r#"{"act_fn": "relu"}"#, "act_fn is relu"),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = AutoencoderConfig::read(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Model);
        assert!(error.to_string().contains(part), "{error}");
    }
}
