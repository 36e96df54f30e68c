"""Writes a small random FLUX.2 transformer, an adapter for it as diffusers saves it, and what the two compute together.

Usage: python lora.py OUT_DIR      (OUT_DIR is libs/engine/tests/fixtures)

Made with torch 2.11.0, diffusers 0.42.0, peft 0.21.2 and safetensors on a CPU, in f32.
"""
import pathlib
import shutil
import sys
import tempfile

import torch
from diffusers import Flux2Transformer2DModel
from peft import LoraConfig
from safetensors.torch import save_file

CONFIG = {"in_channels": 8, "num_layers": 1, "num_single_layers": 2, "attention_head_dim": 16, "num_attention_heads": 2,
          "joint_attention_dim": 24, "timestep_guidance_channels": 16, "axes_dims_rope": (4, 4, 4, 4),
          "guidance_embeds": False}
# Projections that the engine fuses, ones it does not, both kinds of blocks, and layers outside of blocks.
TARGETS = ["to_q", "to_v", "add_k_proj", "to_out.0", "to_qkv_mlp_proj", "single_transformer_blocks.1.attn.to_out",
           "ff.linear_in", "ff_context.linear_out", "x_embedder", "proj_out"]
ROWS, COLUMNS, TEXT = 2, 3, 4


def positions():
    image, text = torch.zeros(ROWS * COLUMNS, 4), torch.zeros(TEXT, 4)
    image[:, 1] = torch.arange(ROWS).repeat_interleave(COLUMNS)
    image[:, 2] = torch.arange(COLUMNS).repeat(ROWS)
    text[:, 3] = torch.arange(TEXT)
    return {"img_ids": image, "txt_ids": text}


def main(out):
    torch.manual_seed(7)
    model = Flux2Transformer2DModel(**CONFIG).eval()
    weights = {name: weight.clone() for name, weight in model.state_dict().items()}
    latents, text = torch.randn(2, ROWS * COLUMNS, 8), torch.randn(2, TEXT, 24)
    inputs = {"hidden_states": latents, "encoder_hidden_states": text, "timestep": torch.tensor([0.7]), **positions()}
    forward = lambda: model(**inputs, return_dict=False)[0]
    fixture = {"latents": latents, "text": text, "plain": forward()}

    # Rank 4 with alpha 6, and one layer with an alpha of its own: the scales are 1.5 and 0.5.
    model.add_adapter(LoraConfig(r=4, lora_alpha=6, alpha_pattern={"x_embedder": 2}, target_modules=TARGETS,
                                 init_lora_weights=False))
    fixture["adapted"] = forward()
    with tempfile.TemporaryDirectory() as folder:
        model.save_lora_adapter(folder)
        shutil.copy(pathlib.Path(folder) / "pytorch_lora_weights.safetensors", out / "lora_adapter.safetensors")
        again = Flux2Transformer2DModel(**CONFIG).eval()
        again.load_state_dict(weights)
        again.load_lora_adapter(folder, prefix=None, weight_name="pytorch_lora_weights.safetensors")
        fixture["loaded"] = again(**inputs, return_dict=False)[0]
    model.set_adapters("default", 0.25)
    fixture["weak"] = forward()
    save_file({name: tensor.contiguous() for name, tensor in (weights | fixture).items()}, out / "lora.safetensors")
    for name in ("adapted", "loaded", "weak"):
        print(name, (fixture[name] - fixture["plain"]).abs().max().item(), "from plain")


with torch.no_grad():
    main(pathlib.Path(sys.argv[1]))
