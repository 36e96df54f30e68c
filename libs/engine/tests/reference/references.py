"""Writes tests/fixtures/references.safetensors: a small FLUX.2 transformer of random weights, and what diffusers makes of
references with it, beside the image in every step and as kept keys and values.

Usage: python references.py OUT_DIR        (OUT_DIR is libs/engine/tests/fixtures)

Made with torch 2.11.0 and diffusers 0.42.0 on a CPU, in f32.
"""
import json
import pathlib
import sys

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, Flux2Transformer2DModel
from diffusers.models.transformers.transformer_flux2 import Flux2KVAttnProcessor, Flux2KVParallelSelfAttnProcessor
from diffusers.pipelines.flux2.pipeline_flux2_klein_kv import Flux2KleinKVPipeline, compute_empirical_mu
from safetensors.torch import save_file

CONFIG = {"patch_size": 1, "in_channels": 16, "num_layers": 2, "num_single_layers": 3, "attention_head_dim": 16,
          "num_attention_heads": 2, "joint_attention_dim": 24, "timestep_guidance_channels": 32, "mlp_ratio": 3.0,
          "axes_dims_rope": (4, 4, 4, 4), "guidance_embeds": False}
TEXT, IMAGE, REFERENCES = 5, (4, 6), [(4, 4), (2, 6)]


def ids():
    grid = lambda rows, columns: torch.zeros(1, CONFIG["in_channels"], rows, columns)
    text = Flux2KleinKVPipeline._prepare_text_ids(torch.zeros(1, TEXT, 1))
    image = Flux2KleinKVPipeline._prepare_latent_ids(grid(*IMAGE))
    references = Flux2KleinKVPipeline._prepare_image_ids([grid(*size) for size in REFERENCES])
    return text, image, references


@torch.no_grad()
def main(out):
    torch.manual_seed(5)
    model = Flux2Transformer2DModel(**CONFIG).eval()
    for parameter in model.parameters():  # the default leaves gates and outputs too small to tell mistakes by
        parameter.copy_(torch.randn_like(parameter) * (0.3 if parameter.dim() == 1 else 1.0 / parameter.shape[1] ** 0.5))
        if parameter.dim() == 1:
            parameter.add_(1.0)
    weights = {f"model.{name}": x.clone() for name, x in model.state_dict().items()}

    text_ids, image_ids, reference_ids = ids()
    latents = torch.randn(2, IMAGE[0] * IMAGE[1], CONFIG["in_channels"])
    references = torch.randn(1, sum(rows * columns for rows, columns in REFERENCES), CONFIG["in_channels"])
    text = torch.randn(2, TEXT, CONFIG["joint_attention_dim"])
    seen = {"latents": latents, "references": references, "text": text}
    both = references.repeat(2, 1, 1)
    common = {"encoder_hidden_states": text, "txt_ids": text_ids, "return_dict": False}
    time = lambda t: torch.full((2,), t)
    image_tokens = latents.shape[1]

    seen["plain"] = model(hidden_states=latents, timestep=time(0.7), img_ids=image_ids, **common)[0]
    seen["beside"] = model(hidden_states=torch.cat([latents, both], 1), timestep=time(0.7),
                           img_ids=torch.cat([image_ids, reference_ids], 1), **common)[0][:, :image_tokens]

    for block in model.transformer_blocks:
        block.attn.set_processor(Flux2KVAttnProcessor())
    for block in model.single_transformer_blocks:
        block.attn.set_processor(Flux2KVParallelSelfAttnProcessor())
    seen["extracting"], cache = model(hidden_states=torch.cat([both, latents], 1), timestep=time(0.7),
                                      img_ids=torch.cat([reference_ids, image_ids], 1), kv_cache_mode="extract",
                                      num_ref_tokens=references.shape[1], **common)
    seen["kept"] = model(hidden_states=latents, timestep=time(0.4), img_ids=image_ids, kv_cache=cache,
                         kv_cache_mode="cached", **common)[0]
    layers = cache.double_block_caches + cache.single_block_caches
    for n, layer in enumerate(layers):  # (batch, heads, tokens, head_dim), as ours
        seen[f"kv.{n}.k"], seen[f"kv.{n}.v"] = layer.k_ref[:1].transpose(1, 2), layer.v_ref[:1].transpose(1, 2)
    save_file({name: x.contiguous() for name, x in (weights | seen).items()}, out / "references.safetensors")

    schedules = []
    for steps, tokens in [(4, 1024), (4, 4096), (8, 256), (50, 4096), (4, 16384), (1, 64)]:
        scheduler = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)
        sigmas = torch.linspace(1.0, 1 / steps, steps).tolist()
        scheduler.set_timesteps(steps, sigmas=sigmas, mu=compute_empirical_mu(tokens, steps))
        schedules.append({"steps": steps, "tokens": tokens, "times": (scheduler.timesteps / 1000).tolist() + [0.0]})
    config = {name: list(x) if isinstance(x, tuple) else x for name, x in CONFIG.items()}
    (out / "references.json").write_text(json.dumps({"config": config, "schedules": schedules}, indent=0))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
