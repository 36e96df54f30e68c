//! The names of the original FLUX.2 checkpoints (Black Forest Labs) as diffusers' names.
//!
//! The correspondence is that of diffusers 0.42.0, `loaders/single_file_utils.py`,
//! `convert_flux2_transformer_checkpoint_to_diffusers` (Apache-2.0). What is copied and cut there is a matter of names and
//! row ranges here.

use crate::weights::Rows;

/// Before all names of a single-file checkpoint, in some of them.
pub(crate) const PREFIX: &str = "model.diffusion_model.";

const OUTSIDE: [(&str, &str); 10] = [
    ("img_in", "x_embedder"),
    ("txt_in", "context_embedder"),
    ("time_in.in_layer", "time_guidance_embed.timestep_embedder.linear_1"),
    ("time_in.out_layer", "time_guidance_embed.timestep_embedder.linear_2"),
    ("guidance_in.in_layer", "time_guidance_embed.guidance_embedder.linear_1"),
    ("guidance_in.out_layer", "time_guidance_embed.guidance_embedder.linear_2"),
    ("double_stream_modulation_img.lin", "double_stream_modulation_img.linear"),
    ("double_stream_modulation_txt.lin", "double_stream_modulation_txt.linear"),
    ("single_stream_modulation.lin", "single_stream_modulation.linear"),
    ("final_layer.linear", "proj_out"),
];

/// The original keeps shift and scale of the last norm in the other order.
const LAST_NORM: (&str, &str) = ("final_layer.adaLN_modulation.1", "norm_out.linear");

const DOUBLE: [(&str, &str); 10] = [
    ("img_attn.norm.query_norm", "attn.norm_q"),
    ("img_attn.norm.key_norm", "attn.norm_k"),
    ("img_attn.proj", "attn.to_out.0"),
    ("img_mlp.0", "ff.linear_in"),
    ("img_mlp.2", "ff.linear_out"),
    ("txt_attn.norm.query_norm", "attn.norm_added_q"),
    ("txt_attn.norm.key_norm", "attn.norm_added_k"),
    ("txt_attn.proj", "attn.to_add_out"),
    ("txt_mlp.0", "ff_context.linear_in"),
    ("txt_mlp.2", "ff_context.linear_out"),
];

/// One projection in the original, three in diffusers.
const DOUBLE_QKV: [(&str, [&str; 3]); 2] = [
    ("img_attn.qkv", ["attn.to_q", "attn.to_k", "attn.to_v"]),
    ("txt_attn.qkv", ["attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"]),
];

const SINGLE: [(&str, &str); 4] = [
    ("linear1", "attn.to_qkv_mlp_proj"),
    ("linear2", "attn.to_out"),
    ("norm.query_norm", "attn.norm_q"),
    ("norm.key_norm", "attn.norm_k"),
];

/// The diffusers names of an original name, with the rows that each gets. A name that is none of the original's is
/// given back as it is.
pub(crate) fn renamed(name: &str) -> Vec<(String, Rows)> {
    let bare = name.strip_prefix(PREFIX).unwrap_or(name);
    translate(bare).unwrap_or_else(|| vec![(bare.to_owned(), Rows::All)])
}

/// Whether a name is one of the original's.
pub(super) fn is_original(name: &str) -> bool {
    translate(name.strip_prefix(PREFIX).unwrap_or(name)).is_some()
}

fn translate(name: &str) -> Option<Vec<(String, Rows)>> {
    let (module, parameter) = name.rsplit_once('.')?;
    let parameter = if parameter == "scale" { "weight" } else { parameter };
    let one = |new: String, rows| vec![(format!("{new}.{parameter}"), rows)];
    let find = |table: &[(&str, &'static str)], module: &str| {
        table.iter().find(|(old, _)| *old == module).map(|(_, new)| *new)
    };
    if module == LAST_NORM.0 {
        return Some(one(LAST_NORM.1.to_owned(), Rows::SwappedHalves));
    }
    if let Some(new) = find(&OUTSIDE, module) {
        return Some(one(new.to_owned(), Rows::All));
    }
    let (stack, rest) = module.split_once('.')?;
    let (block, inner) = rest.split_once('.')?;
    if stack == "single_blocks" {
        return find(&SINGLE, inner).map(|new| one(format!("single_transformer_blocks.{block}.{new}"), Rows::All));
    }
    if stack != "double_blocks" {
        return None;
    }
    let place = |new: &str| format!("transformer_blocks.{block}.{new}");
    if let Some((_, three)) = DOUBLE_QKV.iter().find(|(old, _)| *old == inner) {
        let part = |(index, new): (usize, &&str)| one(place(new), Rows::Part { index, of: 3 });
        return Some(three.iter().enumerate().flat_map(part).collect());
    }
    find(&DOUBLE, inner).map(|new| one(place(new), Rows::All))
}
