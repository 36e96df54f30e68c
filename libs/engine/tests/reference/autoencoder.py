"""Writes the fixtures that the autoencoder is compared with, using diffusers on the same weights.

Usage: python autoencoder.py OUT_DIR

OUT_DIR is libs/engine/tests/fixtures. Made with torch 2.11.0 and diffusers 0.42.0 on a CPU, in f32; also needs safetensors.
The weights are random and small, and stored as bf16 (so both number types compute with the same ones).
"""
import json
import pathlib
import sys
from types import SimpleNamespace

import torch
from diffusers import AutoencoderKLFlux2
from diffusers.pipelines.flux2.pipeline_flux2_klein import Flux2KleinPipeline
from safetensors.torch import save_file

# Three levels, channels that change at every one, a decoder of other widths.
TINY = {"block_out_channels": (8, 12, 16), "decoder_block_out_channels": (8, 16, 16), "layers_per_block": 1,
        "latent_channels": 4, "norm_num_groups": 2, "down_block_types": ("DownEncoderBlock2D",) * 3,
        "up_block_types": ("UpDecoderBlock2D",) * 3}
# The shape of FLUX.2 klein's autoencoder (levels, blocks, latents, groups), but narrow.
KLEIN = {"block_out_channels": (32, 64, 96, 96)}
TILE = 32


def random_model():
    model = AutoencoderKLFlux2(**TINY).eval()
    for name, x in model.state_dict().items():
        if "norm" in name or name.startswith("bn.running"):
            x.copy_(x + 0.3 * torch.rand_like(x))
        if name.endswith(("conv2.weight", "to_out.0.weight")):
            x.mul_(0.2)  # branches smaller than what they are added to, as in trained networks
        if x.is_floating_point():
            x.copy_(x.bfloat16().float())
    return model


def to_tokens(model, pixels):
    """As the pipeline encodes its reference images."""
    stand_in = SimpleNamespace(vae=model, _patchify_latents=Flux2KleinPipeline._patchify_latents)
    return Flux2KleinPipeline._pack_latents(Flux2KleinPipeline._encode_vae_image(stand_in, pixels, generator=None))


def to_pixels(model, tokens, rows, columns):
    """As the pipeline ends."""
    latents = tokens.transpose(1, 2).reshape(len(tokens), -1, rows, columns)
    deviation = torch.sqrt(model.bn.running_var + model.config.batch_norm_eps).view(1, -1, 1, 1)
    latents = latents * deviation + model.bn.running_mean.view(1, -1, 1, 1)
    return model.decode(Flux2KleinPipeline._unpatchify_latents(latents)).sample


@torch.no_grad()
def main(out):
    torch.manual_seed(7)
    model = random_model()
    seen = {"pixels": torch.rand(2, 3, 24, 40) * 2 - 1, "noise": torch.randn(2, 4, 6, 10)}
    posterior = model.encode(seen["pixels"]).latent_dist
    seen |= {"mode": posterior.mode(), "sample": posterior.mean + posterior.std * seen["noise"]}
    seen["decoded"] = model.decode(seen["sample"]).sample
    seen["tokens"] = to_tokens(model, seen["pixels"])
    drawn = torch.randn_like(seen["tokens"])
    seen |= {"drawn": drawn, "pixels_of_tokens": to_pixels(model, drawn, 3, 5)}

    # The last tiles are two latent pixels wide and high, less than an overlap.
    model.enable_tiling()
    model.tile_sample_min_size, model.tile_latent_min_size = TILE, TILE // 4
    seen["large"] = torch.rand(1, 3, 56, 80) * 2 - 1
    seen["large_mode"] = model.encode(seen["large"]).latent_dist.mode()
    seen["large_decoded"] = model.decode(seen["large_mode"]).sample
    weights = {f"weights.{name}": x.bfloat16() for name, x in model.state_dict().items()}
    save_file({name: x.contiguous() for name, x in (seen | weights).items()}, out / "autoencoder.safetensors")

    klein = AutoencoderKLFlux2(**KLEIN).state_dict()
    names = {"tiny": TINY, "klein": {"config": KLEIN, "weights": {name: list(x.shape) for name, x in klein.items()}}}
    (out / "autoencoder.json").write_text(json.dumps(names, indent=0))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
