"""Writes a small transformer checkpoint under the original names, the same as diffusers converts it, and the names and
shapes that diffusers and transformers give the components of FLUX.2 klein.

Usage: python checkpoint.py OUT_DIR      (OUT_DIR is libs/engine/tests/fixtures)

Made with torch 2.11.0, diffusers 0.42.0, transformers 5.24.0 and safetensors.
"""
import json
import pathlib
import sys

import torch
from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel
from diffusers.loaders.single_file_utils import convert_flux2_transformer_checkpoint_to_diffusers
from safetensors.torch import save_file
from transformers import Qwen3Config, Qwen3ForCausalLM

PREFIX = "model.diffusion_model."
SMALL = {"in_channels": 8, "num_layers": 2, "num_single_layers": 3, "attention_head_dim": 16, "num_attention_heads": 2,
         "joint_attention_dim": 24, "timestep_guidance_channels": 16, "axes_dims_rope": (4, 4, 4, 4),
         "guidance_embeds": True}
KLEIN = {"num_layers": 5, "num_single_layers": 20, "attention_head_dim": 128, "num_attention_heads": 24,
         "joint_attention_dim": 7680, "guidance_embeds": False}
QWEN3 = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 50, "tie_word_embeddings": True}
QWEN3_4B = {"hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36, "num_attention_heads": 32,
            "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936, "tie_word_embeddings": True}
AUTOENCODER = {"block_out_channels": (8, 16, 16, 24), "decoder_block_out_channels": (4, 8, 16, 16),
               "layers_per_block": 1, "norm_num_groups": 4, "latent_channels": 4}


def original(config):
    """Random weights under the original names: what diffusers' converter takes apart."""
    dim = config["attention_head_dim"] * config["num_attention_heads"]
    head, mlp, channels = config["attention_head_dim"], 3 * dim, config["in_channels"]
    shapes = {"img_in.weight": (dim, channels), "txt_in.weight": (dim, config["joint_attention_dim"]),
              "double_stream_modulation_img.lin.weight": (6 * dim, dim),
              "double_stream_modulation_txt.lin.weight": (6 * dim, dim),
              "single_stream_modulation.lin.weight": (3 * dim, dim),
              "final_layer.adaLN_modulation.1.weight": (2 * dim, dim), "final_layer.linear.weight": (channels, dim)}
    for embedder in ("time_in", "guidance_in"):
        shapes[f"{embedder}.in_layer.weight"] = (dim, config["timestep_guidance_channels"])
        shapes[f"{embedder}.out_layer.weight"] = (dim, dim)
    for n in range(config["num_layers"]):
        for stream in ("img", "txt"):
            block = f"double_blocks.{n}.{stream}"
            shapes[f"{block}_attn.norm.query_norm.scale"] = shapes[f"{block}_attn.norm.key_norm.scale"] = (head,)
            shapes[f"{block}_attn.qkv.weight"], shapes[f"{block}_attn.proj.weight"] = (3 * dim, dim), (dim, dim)
            shapes[f"{block}_mlp.0.weight"], shapes[f"{block}_mlp.2.weight"] = (2 * mlp, dim), (dim, mlp)
    for n in range(config["num_single_layers"]):
        block = f"single_blocks.{n}"
        shapes[f"{block}.norm.query_norm.scale"] = shapes[f"{block}.norm.key_norm.scale"] = (head,)
        shapes[f"{block}.linear1.weight"] = (3 * dim + 2 * mlp, dim)
        shapes[f"{block}.linear2.weight"] = (dim, dim + mlp)
    return {name: torch.randn(shape).to(torch.bfloat16) for name, shape in shapes.items()}


def shapes(make):
    with torch.device("meta"):
        return {name: list(tensor.shape) for name, tensor in make().state_dict().items()}


def untied(shapes):
    return {name: shape for name, shape in shapes.items() if name != "lm_head.weight"}


def main(out):
    torch.manual_seed(3)
    weights = original(SMALL)
    save_file({PREFIX + name: weight for name, weight in weights.items()}, out / "single_file.safetensors")
    converted = convert_flux2_transformer_checkpoint_to_diffusers(dict(weights))
    Flux2Transformer2DModel(**SMALL).load_state_dict(converted)  # strict: these are all its names
    save_file({name: weight.contiguous() for name, weight in converted.items()},
              out / "single_file_converted.safetensors")
    count = lambda shapes: sum(torch.Size(shape).numel() for shape in shapes.values())
    names = {
        "small": SMALL, "klein": KLEIN, "qwen3": QWEN3, "qwen3_4b": QWEN3_4B, "autoencoder": AUTOENCODER,
        "qwen3_names": shapes(lambda: Qwen3ForCausalLM(Qwen3Config(**QWEN3))),
        "autoencoder_names": shapes(lambda: AutoencoderKLFlux2(**AUTOENCODER)),
        "klein_parameters": count(shapes(lambda: Flux2Transformer2DModel(**KLEIN))),
        "qwen3_4b_parameters": count(untied(shapes(lambda: Qwen3ForCausalLM(Qwen3Config(**QWEN3_4B))))),
        "autoencoder_parameters": count(shapes(AutoencoderKLFlux2)),
    }
    (out / "checkpoint_names.json").write_text(json.dumps(names, indent=0) + "\n")
    print({name: value for name, value in names.items() if name.endswith("parameters")})


main(pathlib.Path(sys.argv[1]))
