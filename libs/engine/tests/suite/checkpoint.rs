//! Checkpoints as they are published. `tests/reference/checkpoint.py` made the fixtures with diffusers' own converter.

use crate::folders::{fresh, json, zeros};
use crate::support::{fixture, nano};
use cavendish_engine::checkpoint::names::{AutoencoderShape, Names, Qwen3Shape, Shapes};
use cavendish_engine::checkpoint::{CheckpointKind, Report, Role};
use cavendish_engine::flux2::{Flux2Config, Flux2Transformer2DModel};
use cavendish_engine::{Checkpoint, Weights};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

fn reference() -> Value {
    serde_json::from_str(include_str!("../fixtures/checkpoint_names.json")).unwrap()
}

fn part<T: serde::de::DeserializeOwned>(of: &str) -> T {
    serde_json::from_value(reference()[of].clone()).unwrap()
}

fn parameters(shapes: &Shapes) -> i64 {
    shapes.values().map(|shape| shape.iter().product::<i64>()).sum()
}

#[test]
fn original_names_are_what_diffusers_makes_of_them() {
    let checkpoint = Checkpoint::open(&fixture("single_file.safetensors")).unwrap();
    assert_eq!(checkpoint.kind(), CheckpointKind::SingleFile);
    let ours = checkpoint.weights(Role::Transformer, Device::Cpu, Kind::Float).unwrap();
    let theirs = Weights::open(&fixture("single_file_converted.safetensors"), Device::Cpu, Kind::Float).unwrap();
    let config = checkpoint.transformer_config().unwrap();
    for weights in [&ours, &theirs] {
        let _ = Flux2Transformer2DModel::new(&weights.root(), config.clone());
    }
    let (ours, theirs) = (ours.finish().unwrap(), theirs.finish().unwrap());
    assert!(ours.names().eq(theirs.names()) && ours.names().count() > 40);
    for name in ours.names() {
        assert!(ours.get(name).unwrap().equal(theirs.get(name).unwrap()), "{name}");
    }
}

#[test]
fn a_missing_configuration_is_read_off_the_shapes() {
    for file in ["single_file.safetensors", "single_file_converted.safetensors"] {
        let checkpoint = Checkpoint::open(&fixture(file)).unwrap();
        assert_eq!(checkpoint.transformer_config().unwrap(), part::<Flux2Config>("small"), "{file}");
        let report = checkpoint.inspect();
        assert!(report.matches() && report.components[0].config_inferred, "{:?}", report.problems);
    }
}

#[test]
fn names_and_shapes_are_the_references() {
    let qwen3: Qwen3Shape = part("qwen3");
    let names = qwen3.names();
    let all: Shapes = names.required.into_iter().chain(names.optional).collect();
    assert_eq!(all, part::<Shapes>("qwen3_names"));
    let names = part::<AutoencoderShape>("autoencoder").names();
    let all: Shapes = names.required.into_iter().chain(names.optional).collect();
    assert_eq!(all, part::<Shapes>("autoencoder_names"));
    // In full size the sums must do.
    assert_eq!(parameters(&part::<Qwen3Shape>("qwen3_4b").names().required), part::<i64>("qwen3_4b_parameters"));
    assert_eq!(parameters(&Names::of_transformer(&part("klein")).required), part::<i64>("klein_parameters"));
    // The count of training batches is one more, and optional.
    assert_eq!(parameters(&AutoencoderShape::default().names().required) + 1, part::<i64>("autoencoder_parameters"));
}

/// A small pipeline that fits together: texts of 3 × 64 channels, tokens of 16.
fn pipeline(name: &str) -> PathBuf {
    let dir = fresh(name);
    let class = |library: &str, class: &str| json!([library, class]);
    let index = json!({
        "_class_name": "Flux2KleinPipeline", "_diffusers_version": "0.42.0", "is_distilled": true,
        "transformer": class("diffusers", "Flux2Transformer2DModel"), "vae": class("diffusers", "AutoencoderKLFlux2"),
        "text_encoder": class("transformers", "Qwen3ForCausalLM"), "tokenizer": class("transformers", "Qwen2TokenizerFast"),
        "scheduler": class("diffusers", "FlowMatchEulerDiscreteScheduler"),
    });
    json(&dir.join("model_index.json"), &index);
    json(&dir.join("scheduler/scheduler_config.json"), &json!({ "shift": 3.0 }));
    json(&dir.join("tokenizer/tokenizer.json"), &json!({}));
    let mut transformer = reference()["small"].clone();
    (transformer["joint_attention_dim"], transformer["in_channels"]) = (json!(192), json!(16));
    let config: Flux2Config = serde_json::from_value(transformer.clone()).unwrap();
    component(&dir.join("transformer"), &transformer, &Names::of_transformer(&config));
    component(&dir.join("text_encoder"), &reference()["qwen3"], &part::<Qwen3Shape>("qwen3").names());
    component(&dir.join("vae"), &reference()["autoencoder"], &part::<AutoencoderShape>("autoencoder").names());
    dir
}

fn component(dir: &Path, config: &Value, names: &Names) {
    json(&dir.join("config.json"), config);
    let shapes = names.required.iter().map(|(name, shape)| (name.as_str(), shape.as_slice()));
    zeros(&dir.join("model.safetensors"), shapes);
}

fn inspect(dir: &Path) -> Report {
    Checkpoint::open(dir).unwrap().inspect()
}

#[test]
fn a_good_pipeline_is_described() {
    let dir = pipeline("good");
    let report = inspect(&dir);
    assert!(report.matches() && report.is_complete(), "{:?}", report.problems);
    assert_eq!((report.kind, report.title.as_str()), (CheckpointKind::Diffusers, "Flux2KleinPipeline"));
    assert_eq!(report.components.len(), 5);
    let text = report.components.iter().find(|part| part.role == Role::TextEncoder).unwrap();
    assert_eq!(text.parameters, parameters(&part::<Qwen3Shape>("qwen3").names().required) as u64);
    assert_eq!(text.dtypes.keys().collect::<Vec<_>>(), ["BF16"]);
    assert!(text.bytes > 2 * text.parameters);
    let [bf16, f32] = report.memory[..] else { panic!("{:?}", report.memory) };
    assert_eq!(f32.text_encoder_kept, 2 * bf16.text_encoder_kept);
    assert!(bf16.text_encoder_freed < bf16.text_encoder_kept);
    assert!(bf16.text_encoder_kept > 2 * report.components.iter().map(|part| part.parameters).sum::<u64>());
    let checkpoint = Checkpoint::open(&dir).unwrap();
    assert!(checkpoint.file(Role::Tokenizer, "tokenizer.json").is_ok());
    assert!(checkpoint.file(Role::Tokenizer, "vocab.json").is_err());
    let single = Checkpoint::open(&dir.join("transformer")).err().unwrap().to_string();
    assert!(single.contains("the class (none) is not known"), "{single}");
}

#[test]
fn every_fault_is_named_with_its_file() {
    let dir = pipeline("bad");
    let shapes: Shapes = part::<Qwen3Shape>("qwen3").names().required;
    let mut broken = shapes.clone();
    broken.remove("model.norm.weight");
    broken.insert("model.layers.0.mlp.up_proj.weight".into(), vec![3, 5]);
    broken.insert("stray".into(), vec![1]);
    let broken = broken.iter().map(|(name, shape)| (name.as_str(), shape.as_slice()));
    zeros(&dir.join("text_encoder/model.safetensors"), broken);
    std::fs::remove_file(dir.join("tokenizer/tokenizer.json")).unwrap();
    std::fs::write(dir.join("vae/config.json"), "{").unwrap();
    json(&dir.join("transformer/config.json"), &reference()["klein"]);

    let report = inspect(&dir);
    let told: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    for part in [
        "text_encoder: model.norm.weight is missing",
        "text_encoder/model.safetensors: stray is not part of this network",
        "text_encoder/model.safetensors: model.layers.0.mlp.up_proj.weight is [3, 5], not [96, 64]",
        "tokenizer/tokenizer.json is missing",
        "vae/config.json: EOF",
        "transformer/model.safetensors: x_embedder.weight is [32, 16], not [3072, 128]",
        "the transformer takes texts of 7680 channels, three layers of the text encoder have 192",
    ] {
        assert!(told.iter().any(|problem| problem.contains(part)), "{part:?} is not in {told:#?}");
    }
    assert_eq!(report.components.iter().filter(|part| part.matches).count(), 1, "only the scheduler is whole");
}

#[test]
fn what_is_no_checkpoint_says_so() {
    let dir = fresh("none");
    let why = |path: &Path| Checkpoint::open(path).err().unwrap().to_string();
    assert!(why(&dir).contains("no model_index.json"));
    assert!(why(&dir.join("absent")).contains("no such file"));
    std::fs::write(dir.join("weights.bin"), "pickle").unwrap();
    assert!(why(&dir.join("weights.bin")).contains("only .safetensors"));
    let stray = dir.join("stray.safetensors");
    zeros(&stray, [("something.else", [2_i64].as_slice())]);
    let report = inspect(&stray);
    assert!(report.problems[0].to_string().contains("no matrix x_embedder.weight"), "{:?}", report.problems);
}

/// A klein with a `model.toml` beside: what the pipeline loads is what is looked at.
#[test]
fn our_own_folder_of_published_parts_fits_as_well() {
    let report = inspect(&fixture("klein"));
    assert_eq!(report.kind, CheckpointKind::Cavendish);
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    let roles: Vec<_> = report.components.iter().map(|component| component.role).collect();
    assert_eq!(roles, [Role::Transformer, Role::Vae, Role::TextEncoder]);
}

#[test]
fn our_own_folder_is_a_checkpoint_too() {
    let report = inspect(&nano());
    assert!(report.matches(), "{:?}", report.problems);
    assert_eq!((report.kind, report.title.as_str()), (CheckpointKind::Cavendish, "nano-v0"));
    let roles: Vec<_> = report.components.iter().map(|part| part.role).collect();
    assert_eq!(roles, [Role::Transformer, Role::Codec, Role::Upscaler]);
    assert_eq!(report.components[2].parameters, 621_424);
}
