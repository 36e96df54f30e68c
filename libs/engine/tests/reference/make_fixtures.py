"""Writes the fixtures that the engine is compared with, using PyTorch and diffusers on the same weights and noise.

Usage: python make_fixtures.py MODEL_DIR UPSCALER_DIR MINILM_DIR OUT_DIR

MODEL_DIR is models/nano, UPSCALER_DIR is models/upscaler-x4, MINILM_DIR holds the unpacked all-MiniLM-L6-v2 (`cargo xtask setup` lays it out in
.cache/models/minilm), OUT_DIR is libs/engine/tests/fixtures. Made with torch 2.11.0, diffusers 0.42.0 and
transformers 5.x on a CPU, in f32; also needs safetensors.
"""
import json
import pathlib
import sys

import torch
import torch.nn.functional as F
from diffusers import Flux2Transformer2DModel
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer

GRID, PATCH, STEPS, GUIDANCE, SHIFT, TOKENS = 8, 8, 12, 3.0, 1.6, 16
PROMPTS = [
    "",
    "hamburger on a sky blue background",
    "Crème brûlée, 漢字 & émigré's T-Rex!",
    "a very long prompt that has to be cut because nobody ever trained this model on more than sixteen tokens",
]


# The shape of FLUX.2 klein 4B (blocks, head size, axes, no guidance input), but narrow.
KLEIN = {"num_layers": 5, "num_single_layers": 20, "attention_head_dim": 128, "num_attention_heads": 2,
         "joint_attention_dim": 96, "axes_dims_rope": (32, 32, 32, 32), "guidance_embeds": False}


def text_states(minilm):
    """Token states of the last layer, 16 tokens, pad states zero: (prompts, tokens, channels)."""
    tokenizer, encoder = AutoTokenizer.from_pretrained(minilm), AutoModel.from_pretrained(minilm).eval()
    batch = tokenizer(PROMPTS, padding="max_length", truncation=True, max_length=TOKENS, return_tensors="pt")
    return encoder(**batch).last_hidden_state * batch["attention_mask"][..., None]


def positions():
    image, text = torch.zeros(GRID * GRID, 4), torch.zeros(TOKENS, 4)
    image[:, 1] = torch.arange(GRID).repeat_interleave(GRID)
    image[:, 2] = torch.arange(GRID).repeat(GRID)
    text[:, 3] = torch.arange(TOKENS)
    return {"img_ids": image, "txt_ids": text}


def forward(model, latents, text, time):
    """One forward with what every block gave."""
    seen = {}

    def double(index):
        def hook(_module, _inputs, output):
            seen[f"double.{index}.text"], seen[f"double.{index}.image"] = output
        return hook

    def single(index):
        def hook(_module, _inputs, output):
            seen[f"single.{index}"] = output
        return hook

    hooks = [b.register_forward_hook(double(i)) for i, b in enumerate(model.transformer_blocks)]
    hooks += [b.register_forward_hook(single(i)) for i, b in enumerate(model.single_transformer_blocks)]
    seen["velocity"] = model(hidden_states=latents, encoder_hidden_states=text, timestep=time.repeat(len(latents)),
                             return_dict=False, **positions())[0]
    for hook in hooks:
        hook.remove()
    return seen


def sample(model, noise, text, empty):
    """12 Euler steps with guidance, as the model card says."""
    x, s = noise, torch.linspace(1, 0, STEPS + 1, dtype=torch.float64)
    t = SHIFT * s / (1 + (SHIFT - 1) * s)
    both = torch.cat([text, empty])
    for i in range(STEPS):
        v = model(hidden_states=torch.cat([x, x]), encoder_hidden_states=both, timestep=t[i].float().repeat(2),
                  return_dict=False, **positions())[0]
        v = v[1:] + GUIDANCE * (v[:1] - v[1:])
        x = x + (t[i + 1] - t[i]).item() * v
    return x


def decode(codec, latents):
    """Pixels in about -1..1: (batch, 3, height, width)."""
    patches = (latents * codec["scale"]) @ codec["basis"].T + codec["mean"]
    side = GRID * PATCH
    return patches.reshape(-1, GRID, GRID, 3, PATCH, PATCH).permute(0, 3, 1, 4, 2, 5).reshape(-1, 3, side, side)


def upscale(weights, x):
    """SRVGGNetCompact, four times as large: (1, 3, height, width) in 0..1."""
    y = x
    for i in range(35):
        weight = weights[f"body.{i}.weight"].float()
        convolution = weight.dim() == 4
        y = F.conv2d(y, weight, weights[f"body.{i}.bias"], padding=1) if convolution else F.prelu(y, weight)
    return F.pixel_shuffle(y, 4) + F.interpolate(x, scale_factor=4, mode="nearest")


@torch.no_grad()
def main(model_dir, upscaler_dir, minilm, out):
    model = Flux2Transformer2DModel.from_pretrained(model_dir / "transformer", torch_dtype=torch.float32).eval()
    codec = load_file(model_dir / "codec.safetensors")
    text = text_states(minilm)
    save_file({f"prompt.{i}": states.contiguous() for i, states in enumerate(text)}, out / "text.safetensors")

    torch.manual_seed(3)
    noise, time = torch.randn(1, GRID * GRID, 128), torch.tensor([0.7])
    blocks = forward(model, noise, text[1:2], time)
    blocks |= {"latents": noise, "time": time}
    save_file({name: x.contiguous() for name, x in blocks.items()}, out / "blocks.safetensors")

    latents = sample(model, noise, text[1:2], text[:1])
    sampled = {"noise": noise, "latents": latents, "pixels": decode(codec, latents)}
    save_file({name: x.contiguous() for name, x in sampled.items()}, out / "sample.safetensors")

    small = ((decode(codec, latents)[:, :, 20:44, 8:40].contiguous() + 1) / 2).clamp(0, 1)
    large = upscale(load_file(upscaler_dir / "model.safetensors"), small)
    save_file({"small": small, "large": large}, out / "upscale.safetensors")

    klein = Flux2Transformer2DModel(**KLEIN).state_dict()
    names = {"config": KLEIN, "weights": {name: list(x.shape) for name, x in klein.items()}}
    (out / "klein.json").write_text(json.dumps(names, indent=0))


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:5]))
