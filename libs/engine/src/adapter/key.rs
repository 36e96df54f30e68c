use crate::checkpoint::original;
use crate::weights::Rows;
use tch::Tensor;

/// What trainers put before the names of modules.
const PREFIXES: [&str; 4] = ["base_model.model.", "model.diffusion_model.", "diffusion_model.", "transformer."];

/// How the parts of an adapter are called: peft and diffusers, peft with the adapter's name, kohya and older diffusers.
const SUFFIXES: [(&str, Role); 7] = [
    (".lora_A.weight", Role::Down),
    (".lora_B.weight", Role::Up),
    (".lora_A.default.weight", Role::Down),
    (".lora_B.default.weight", Role::Up),
    (".lora_down.weight", Role::Down),
    (".lora_up.weight", Role::Up),
    (".alpha", Role::Alpha),
];

/// A part of an adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A: (rank, in).
    Down,
    /// B: (out, rank).
    Up,
    /// The scale times the rank.
    Alpha,
}

/// A name of an adapter file, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key<'a> {
    pub(super) module: &'a str,
    pub(super) role: Role,
}

impl<'a> Key<'a> {
    pub(super) fn parse(name: &'a str) -> Option<Self> {
        let (module, role) = SUFFIXES.iter().find_map(|(suffix, role)| Some((name.strip_suffix(suffix)?, *role)))?;
        let strip = |module: &'a str, prefix: &&str| module.strip_prefix(*prefix).unwrap_or(module);
        Some(Self { module: PREFIXES.iter().fold(module, strip), role })
    }
}

/// The weights that a module's adapter changes, and which rows of B belong to each: several where the original network
/// has one projection for what diffusers keeps apart.
pub(super) fn targets(module: &str) -> Vec<(String, Rows)> {
    original::renamed(&format!("{module}.weight"))
}

impl Rows {
    /// These rows of a matrix.
    pub(super) fn of(self, matrix: &Tensor) -> Tensor {
        match self {
            Self::All => matrix.shallow_clone(),
            Self::Part { index, of } => matrix.tensor_split(of as i64, 0).swap_remove(index),
            Self::SwappedHalves => {
                let mut halves = matrix.tensor_split(2, 0);
                halves.reverse();
                Tensor::cat(&halves, 0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_trainers_are_understood() {
        for (name, role) in [
            ("transformer.blocks.0.attn.to_q.lora_A.weight", Role::Down),
            ("base_model.model.blocks.0.attn.to_q.lora_B.weight", Role::Up),
            ("base_model.model.transformer.blocks.0.attn.to_q.lora_B.default.weight", Role::Up),
            ("diffusion_model.blocks.0.attn.to_q.lora_down.weight", Role::Down),
            ("blocks.0.attn.to_q.alpha", Role::Alpha),
        ] {
            assert_eq!(Key::parse(name), Some(Key { module: "blocks.0.attn.to_q", role }), "{name}");
        }
        for name in ["transformer.blocks.0.attn.to_q.dora_scale", "blocks.0.attn.to_q.lora_A.bias", "lora_A"] {
            assert_eq!(Key::parse(name), None, "{name}");
        }
    }

    #[test]
    fn an_original_projection_is_three_of_ours() {
        let names: Vec<_> = targets("double_blocks.3.txt_attn.qkv").into_iter().map(|(name, _)| name).collect();
        let ours = ["add_q_proj", "add_k_proj", "add_v_proj"];
        assert_eq!(names, ours.map(|name| format!("transformer_blocks.3.attn.{name}.weight")));
        assert_eq!(targets("proj_out"), [("proj_out.weight".to_owned(), Rows::All)]);
    }
}
