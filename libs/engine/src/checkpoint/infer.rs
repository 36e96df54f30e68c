//! The configuration of a transformer whose checkpoint comes without one, from its shapes.

use crate::error::{EngineError, ErrorKind, Result};
use crate::flux2::Flux2Config;
use crate::weights::Files;
use std::collections::BTreeSet;

/// `files` under diffusers' names. What no shape tells (the base of the rotations, the epsilon, how the position axes
/// share a head) is taken as in all published FLUX.2 models.
///
/// # Errors
/// [`ErrorKind::Weights`] naming the tensor that is needed and not there.
pub(super) fn flux2_config(files: &Files) -> Result<Flux2Config> {
    let matrix = |name: &str| {
        let shape = files.get(name).map(|stored| stored.shape()).unwrap_or_default();
        let wrong = || EngineError::new(ErrorKind::Weights, format!("{}: no matrix {name}", files.label()));
        <[i64; 2]>::try_from(shape).map_err(|_| wrong())
    };
    let [dim, in_channels] = matrix("x_embedder.weight")?;
    let [_, joint_attention_dim] = matrix("context_embedder.weight")?;
    let [_, timestep_guidance_channels] = matrix("time_guidance_embed.timestep_embedder.linear_1.weight")?;
    let [prediction, _] = matrix("proj_out.weight")?;
    let (num_layers, num_single_layers) =
        (blocks(files, "transformer_blocks."), blocks(files, "single_transformer_blocks."));
    let (norm, mlp) = match num_layers {
        0 => ("single_transformer_blocks.0.attn.norm_q.weight", None),
        _ => ("transformer_blocks.0.attn.norm_q.weight", Some(matrix("transformer_blocks.0.ff.linear_in.weight")?[0])),
    };
    let head = files.get(norm).map(|stored| stored.count() as i64).filter(|head| *head > 0 && dim % head == 0);
    let Some(attention_head_dim) = head else {
        let what = format!("{}: {norm} does not tell the size of a head", files.label());
        return Err(EngineError::new(ErrorKind::Weights, what));
    };
    let mlp = match mlp {
        Some(both) => both / 2, // gate and value
        None => (matrix("single_transformer_blocks.0.attn.to_qkv_mlp_proj.weight")?[0] - 3 * dim) / 2,
    };
    let config = Flux2Config {
        in_channels,
        out_channels: (prediction != in_channels).then_some(prediction),
        num_layers,
        num_single_layers,
        attention_head_dim,
        num_attention_heads: dim / attention_head_dim,
        joint_attention_dim,
        timestep_guidance_channels,
        mlp_ratio: mlp as f64 / dim as f64,
        axes_dims_rope: [attention_head_dim / 4; 4],
        guidance_embeds: files.get("time_guidance_embed.guidance_embedder.linear_1.weight").is_some(),
        ..Flux2Config::default()
    };
    config.check().map_err(|what| EngineError::new(ErrorKind::Weights, format!("{}: {what}", files.label())))?;
    Ok(config)
}

/// How many blocks of a stack have names. Counted, so that a stray high number makes no thousands of blocks.
fn blocks(files: &Files, stack: &str) -> usize {
    let index = |name: &String| name.strip_prefix(stack)?.split('.').next()?.parse::<usize>().ok();
    files.iter().filter_map(|(name, _)| index(name)).collect::<BTreeSet<_>>().len()
}
