"""Writes the fixtures that RRDBNet is compared with, using a plain PyTorch definition on the same random weights.

Usage: python upscaler.py OUT_DIR

OUT_DIR is libs/engine/tests/fixtures. Made with torch 2.11.0 on a CPU, in f32; also needs safetensors. The definition follows
the paper (ESRGAN, arXiv 1809.00219) and the names of BasicSR 1.4's rrdbnet_arch.py.
"""
import pathlib
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

BLOCKS, WIDTH, GROWTH = 2, 12, 6


def shapes():
    """Names without ending to (channels out, channels in)."""
    names = {"conv_first": (WIDTH, 3)}
    for block in range(BLOCKS):
        for dense in (1, 2, 3):
            for n in range(5):
                names[f"body.{block}.rdb{dense}.conv{n + 1}"] = (WIDTH if n == 4 else GROWTH, WIDTH + n * GROWTH)
    return names | {name: (WIDTH, WIDTH) for name in ("conv_body", "conv_up1", "conv_up2", "conv_hr")} | {"conv_last": (3, WIDTH)}


def random_weights():
    weights = {}
    for name, (channels_out, channels_in) in shapes().items():
        bound = (channels_in * 9) ** -0.5
        weights[f"{name}.weight"] = ((torch.rand(channels_out, channels_in, 3, 3) * 2 - 1) * bound * 1.7).half()
        weights[f"{name}.bias"] = (torch.rand(channels_out) * 2 - 1) * bound
    return weights


def forward(weights, x):
    def conv(name, x):
        return F.conv2d(x, weights[f"{name}.weight"].float(), weights[f"{name}.bias"], padding=1)

    def dense(name, x):
        seen = [x]
        for n in range(1, 5):
            seen.append(F.leaky_relu(conv(f"{name}.conv{n}", torch.cat(seen, 1)), 0.2))
        return x + 0.2 * conv(f"{name}.conv5", torch.cat(seen, 1))

    first = conv("conv_first", x)
    y = first
    for block in range(BLOCKS):
        inner = y
        for n in (1, 2, 3):
            inner = dense(f"body.{block}.rdb{n}", inner)
        y = y + 0.2 * inner
    y = first + conv("conv_body", y)
    for up in ("conv_up1", "conv_up2"):
        y = F.leaky_relu(conv(up, F.interpolate(y, scale_factor=2, mode="nearest")), 0.2)
    return conv("conv_last", F.leaky_relu(conv("conv_hr", y), 0.2))


@torch.no_grad()
def main(out):
    torch.manual_seed(11)
    weights = random_weights()
    small = torch.rand(1, 3, 14, 11)
    (out / "rrdb").mkdir(exist_ok=True)
    save_file(weights, out / "rrdb/model.safetensors")
    save_file({"small": small, "large": forward(weights, small)}, out / "rrdb/values.safetensors")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
