//! Adapters against peft. `tests/reference/lora.py` made the network, the adapter and what the two give.

use crate::folders::{fresh, json};
use crate::support::{Fixture, fixture, relative_error};
use cavendish_engine::flux2::{Flux2Config, Flux2Transformer2DModel, Grid, Rotary, TokenLayout, TransformerInput};
use cavendish_engine::{Adapter, ErrorKind, NamedWeights, Weights, Worn};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

struct Small {
    model: Flux2Transformer2DModel,
    weights: NamedWeights,
}

impl Small {
    fn load(kind: Kind) -> Self {
        let config = Flux2Config {
            in_channels: 8,
            num_layers: 1,
            num_single_layers: 2,
            attention_head_dim: 16,
            num_attention_heads: 2,
            joint_attention_dim: 24,
            timestep_guidance_channels: 16,
            axes_dims_rope: [4; 4],
            guidance_embeds: false,
            ..Flux2Config::default()
        };
        let weights = Weights::open(&fixture("lora.safetensors"), Device::Cpu, kind).unwrap();
        for inputs in ["latents", "text", "plain", "adapted", "loaded", "weak"] {
            weights.skip(inputs);
        }
        let model = Flux2Transformer2DModel::new(&weights.root(), config);
        Self { model, weights: weights.finish().unwrap() }
    }

    fn forward(&self) -> Tensor {
        let fixture = Fixture::open("lora.safetensors");
        let layout = TokenLayout { text: 4, image: Grid { rows: 2, columns: 3 }, references: Vec::new() };
        let rotary = Rotary::new(self.model.config(), layout, Device::Cpu);
        let (latents, text) = (fixture.tensor("latents"), fixture.tensor("text"));
        let conditioning = self.model.condition(&Tensor::from_slice(&[0.7_f32]).to_kind(latents.kind()), None);
        let (latents, text, conditioning, rotary) = (&latents, &text, &conditioning, &rotary);
        let input = TransformerInput { latents, text, conditioning, rotary, references: None };
        self.model.forward(input).unwrap()
    }

    fn bits(&self) -> Vec<Tensor> {
        self.weights.names().map(|name| self.weights.get(name).unwrap().copy()).collect()
    }
}

fn adapter(path: &Path) -> Adapter {
    Adapter::read(path, Device::Cpu).unwrap()
}

fn worn(adapter: &Adapter, strength: f64) -> [Worn<'_>; 1] {
    [Worn { adapter, strength }]
}

#[track_caller]
fn assert_gives(small: &Small, name: &str) {
    let error = relative_error(&small.forward(), &Fixture::open("lora.safetensors").tensor(name));
    println!("{name}: relative error {error:.1e}");
    assert!(error <= 1e-4, "{name}: relative error {error:e}");
}

#[test]
fn adapters_do_what_peft_does() {
    let mut small = Small::load(Kind::Float);
    let adapter = adapter(&fixture("lora_adapter.safetensors"));
    assert_gives(&small, "plain");
    small.weights.wear(&worn(&adapter, 1.0)).unwrap();
    assert_gives(&small, "adapted");
    assert_gives(&small, "loaded");
    small.weights.wear(&worn(&adapter, 0.25)).unwrap();
    assert_gives(&small, "weak");
}

#[test]
fn taken_off_it_leaves_no_trace() {
    for kind in [Kind::Float, Kind::BFloat16] {
        let mut small = Small::load(kind);
        let before = small.bits();
        let adapter = adapter(&fixture("lora_adapter.safetensors"));
        let both = [Worn { adapter: &adapter, strength: 1.0 }, Worn { adapter: &adapter, strength: -0.3 }];
        small.weights.wear(&both).unwrap();
        let with_both = small.bits();
        small.weights.wear(&worn(&adapter, 0.7)).unwrap();
        assert!(before.iter().zip(small.bits()).any(|(before, after)| !before.equal(&after)));
        small.weights.wear(&both).unwrap();
        assert!(with_both.iter().zip(small.bits()).all(|(before, after)| before.equal(&after)), "history counts");
        small.weights.bare().unwrap();
        assert!(before.iter().zip(small.bits()).all(|(before, after)| before.equal(&after)), "{kind:?}");
    }
}

#[test]
fn kept_it_cannot_be_taken_off() {
    let mut small = Small::load(Kind::Float);
    small.weights.wear(&worn(&adapter(&fixture("lora_adapter.safetensors")), 1.0)).unwrap();
    small.weights.keep();
    small.weights.bare().unwrap();
    assert_gives(&small, "adapted");
}

/// The fixture's adapter once more, its names changed, under the given folder's name.
fn renamed(name: &str, rename: impl Fn(&str) -> Option<String>) -> PathBuf {
    let bytes = std::fs::read(fixture("lora_adapter.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let tensors = tensors.tensors();
    let views = tensors.iter().filter_map(|(old, view)| {
        Some((rename(old)?, TensorView::new(view.dtype(), view.shape().to_vec(), view.data()).unwrap()))
    });
    let dir = fresh(name);
    serialize_to_file(views, None, &dir.join("adapter_model.safetensors")).unwrap();
    dir
}

#[test]
fn a_peft_folder_says_its_scale_beside_the_weights() {
    let old_style = |name: &str| {
        let name = name.replace("lora_A", "lora_down").replace("lora_B", "lora_up");
        Some(format!("base_model.model.{name}"))
    };
    let dir = renamed("peft", old_style);
    let config = serde_json::json!({ "r": 4, "lora_alpha": 6, "alpha_pattern": { "x_embedder": 2 }, "bias": "none" });
    json(&dir.join("adapter_config.json"), &config);
    let mut small = Small::load(Kind::Float);
    small.weights.wear(&worn(&adapter(&dir), 1.0)).unwrap();
    assert_gives(&small, "adapted");
}

#[test]
fn what_does_not_fit_is_listed_and_changes_nothing() {
    let elsewhere = |name: &str| Some(name.replace("x_embedder", "y_embedder").replace("blocks.1", "blocks.7"));
    let mut small = Small::load(Kind::Float);
    let before = small.bits();
    let error = small.weights.wear(&worn(&adapter(&renamed("elsewhere", elsewhere)), 1.0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Weights);
    for part in ["no y_embedder.weight", "no single_transformer_blocks.7.attn.to_out.weight"] {
        assert!(error.to_string().contains(part), "{part:?} is not in {error}");
    }
    assert!(before.iter().zip(small.bits()).all(|(before, after)| before.equal(&after)));
    let error =
        Adapter::read(&renamed("half", |name| (!name.contains("proj_out.lora_B")).then(|| name.into())), Device::Cpu);
    assert!(error.unwrap_err().to_string().contains("adapter of proj_out: one of its two matrices is missing"));
    let stray = renamed("stray", |name| Some(name.replace("proj_out.lora_B.weight", "proj_out.dora_scale")));
    assert!(Adapter::read(&stray, Device::Cpu).unwrap_err().to_string().contains("proj_out.dora_scale"));
}

/// An adapter for the original network's fused projection goes to the three of diffusers', with `alpha` in the file.
#[test]
fn original_names_are_translated() {
    let dir = fresh("original");
    let bytes = |numbers: &[f32]| numbers.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let down = bytes(&[0.5; 32]);
    let up = bytes(&(0..96).map(|n| n as f32).collect::<Vec<_>>());
    let alpha = bytes(&[3.0]);
    let view = |shape: &[usize], bytes| TensorView::new(Dtype::F32, shape.to_vec(), bytes).unwrap();
    let module = "diffusion_model.double_blocks.0.img_attn.qkv";
    let views = [
        (format!("{module}.lora_A.weight"), view(&[1, 32], &down)),
        (format!("{module}.lora_B.weight"), view(&[96, 1], &up)),
        (format!("{module}.alpha"), view(&[], &alpha)),
    ];
    serialize_to_file(views, None, &dir.join("adapter_model.safetensors")).unwrap();
    let mut small = Small::load(Kind::Float);
    let value = "transformer_blocks.0.attn.to_v.weight";
    let before = small.weights.get(value).unwrap().copy();
    small.weights.wear(&worn(&adapter(&dir), 2.0)).unwrap();
    let rows = Tensor::arange_start(64, 96, (Kind::Float, Device::Cpu)).unsqueeze(1);
    let expected = before + rows * (0.5 * 3.0 * 2.0); // down · alpha / rank · strength
    assert!(relative_error(small.weights.get(value).unwrap(), &expected) < 1e-6);
}
