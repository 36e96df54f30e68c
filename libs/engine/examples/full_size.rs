//! Writes a FLUX.2 klein 4B checkpoint of random bf16 weights in full size, for trying what needs the size:
//! `cargo run -p cavendish-engine --example full_size -- DIR [--text-encoder] [--vae] [--load]`
//!
//! 7.8 GB for the transformer, 8.0 GB more with `--text-encoder` (Qwen3-4B), 0.2 GB with `--vae`; written in shards
//! through a buffer. `--load` loads the transformer afterwards and says how long that took and the most memory the process had.

use anyhow::{Context, Result};
use cavendish_engine::checkpoint::Role;
use cavendish_engine::checkpoint::names::{AutoencoderShape, Names, Qwen3Shape, Shapes};
use cavendish_engine::flux2::{Flux2Config, Flux2Transformer2DModel};
use cavendish_engine::{Checkpoint, DeviceChoice};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;
use tch::Kind;

/// Bytes of weights in a file.
const SHARD: u64 = 2_000_000_000;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let dir = args.next().context("usage: full_size DIR [--text-encoder] [--vae] [--load]")?;
    let (dir, flags): (&Path, Vec<String>) = (dir.as_ref(), args.collect());
    let has = |flag: &str| flags.iter().any(|given| given == flag);

    let klein = klein();
    let mut index = json!({ "_class_name": "Flux2KleinPipeline", "is_distilled": true });
    index["transformer"] = json!(["diffusers", "Flux2Transformer2DModel"]);
    write(
        &dir.join("transformer"),
        "diffusion_pytorch_model",
        serde_json::to_value(&klein)?,
        &Names::of_transformer(&klein),
    )?;
    if has("--text-encoder") {
        index["text_encoder"] = json!(["transformers", "Qwen3ForCausalLM"]);
        let config = qwen3();
        let shape: Qwen3Shape = serde_json::from_value(config.clone())?;
        write(&dir.join("text_encoder"), "model", config, &shape.names())?;
    }
    if has("--vae") {
        index["vae"] = json!(["diffusers", "AutoencoderKLFlux2"]);
        let config = json!({ "_class_name": "AutoencoderKLFlux2" });
        write(&dir.join("vae"), "diffusion_pytorch_model", config, &AutoencoderShape::default().names())?;
    }
    fs::write(dir.join("model_index.json"), serde_json::to_vec_pretty(&index)?)?;
    if has("--load") { load(dir) } else { Ok(()) }
}

/// FLUX.2 klein 4B (its `transformer/config.json`).
fn klein() -> Flux2Config {
    Flux2Config {
        num_layers: 5,
        num_single_layers: 20,
        num_attention_heads: 24,
        joint_attention_dim: 7680,
        guidance_embeds: false,
        ..Flux2Config::default()
    }
}

/// Qwen3-4B (its `config.json`).
fn qwen3() -> Value {
    json!({
        "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": 2560, "intermediate_size": 9728,
        "num_hidden_layers": 36, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
        "vocab_size": 151_936, "tie_word_embeddings": true, "attention_bias": false, "hidden_act": "silu",
        "max_position_embeddings": 40960, "rms_norm_eps": 1e-6, "rope_theta": 1_000_000.0
    })
}

/// A component's folder: configuration, shards, index.
fn write(dir: &Path, stem: &str, config: Value, names: &Names) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    fs::write(dir.join("config.json"), serde_json::to_vec_pretty(&config)?)?;
    let shards = split(&names.required);
    let mut places = BTreeMap::new();
    for (n, shard) in shards.iter().enumerate() {
        let file = format!("{stem}-{:05}-of-{:05}.safetensors", n + 1, shards.len());
        places.extend(shard.iter().map(|(name, _)| (*name, file.clone())));
        write_shard(&dir.join(&file), shard, n as u64)?;
        println!("{}/{file}", dir.display());
    }
    let total: u64 = names.required.values().map(|shape| bytes(shape)).sum();
    let index = json!({ "metadata": { "total_size": total }, "weight_map": places });
    Ok(fs::write(dir.join(format!("{stem}.safetensors.index.json")), serde_json::to_vec_pretty(&index)?)?)
}

fn bytes(shape: &[i64]) -> u64 {
    2 * shape.iter().product::<i64>() as u64
}

/// In the order of the names, no file larger than a shard.
fn split(shapes: &Shapes) -> Vec<Vec<(&String, &Vec<i64>)>> {
    let (mut shards, mut filled) = (vec![Vec::new()], 0);
    for (name, shape) in shapes {
        if filled > 0 && filled + bytes(shape) > SHARD {
            shards.push(Vec::new());
            filled = 0;
        }
        filled += bytes(shape);
        if let Some(shard) = shards.last_mut() {
            shard.push((name, shape));
        }
    }
    shards
}

/// A safetensors file: the length of its header, the header, the tensors' bytes.
fn write_shard(path: &Path, tensors: &[(&String, &Vec<i64>)], seed: u64) -> Result<()> {
    let mut from = 0;
    let mut header = serde_json::Map::new();
    for (name, shape) in tensors {
        let to = from + bytes(shape);
        header.insert((*name).clone(), json!({ "dtype": "BF16", "shape": shape, "data_offsets": [from, to] }));
        from = to;
    }
    let mut header = serde_json::to_vec(&header)?;
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(&header)?;
    fill(&mut file, from / 2, seed)?;
    Ok(file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?)
}

/// Uniform numbers with a deviation of about 0.02, as networks begin with (xorshift64*, Vigna 2016).
fn fill(file: &mut impl Write, count: u64, seed: u64) -> Result<()> {
    let mut state = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for _ in 0..count {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let unit = (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40) as f32 / (1 << 24) as f32;
        let number = (unit - 0.5) * 0.07;
        file.write_all(&((number.to_bits() >> 16) as u16).to_le_bytes())?;
    }
    Ok(())
}

fn load(dir: &Path) -> Result<()> {
    let checkpoint = Checkpoint::open(dir)?;
    let start = Instant::now();
    let weights = checkpoint.weights(Role::Transformer, DeviceChoice::Auto.resolve()?, Kind::BFloat16)?;
    let model = Flux2Transformer2DModel::new(&weights.root(), checkpoint.transformer_config()?);
    weights.finish()?;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM is not told here");
    println!("loaded {} blocks in {:.1?}, {peak}", model.config().num_single_layers, start.elapsed());
    Ok(())
}
