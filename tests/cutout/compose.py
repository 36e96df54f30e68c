"""Makes the pictures that `cargo xtask bench cutout` cuts out: composites whose alpha is known exactly.

The same seed gives the same pictures. Writes `NAME.jpg`, `NAME.alpha.png` and `set.json` to a folder.
"""

import argparse
import json
import os
import zlib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

import glass
import grounds
import hair
import holes
import objects
import straps
import wires
from progress import counted
from scene import Scene

SIZES = ((512, 512), (512, 416), (512, 384), (416, 512), (448, 448))
CLASSES = ("plain", "busy", "straps", "holes", "fur", "glass", "white_on_white", "dark_on_dark", "several")


def thing_of(rng, kind, rendered):
    """A foreground for a class."""
    if kind == "straps":
        if rng.random() < 0.5:
            return straps.ALL[rng.integers(len(straps.ALL))](rng)
        return wires.ALL[rng.integers(len(wires.ALL))](rng, rendered)
    if kind == "holes":
        return (
            holes.ALL[rng.integers(len(holes.ALL))](rng)
            if rng.random() < 0.45
            else objects.pick(rng, rendered, objects.HOLED)
        )
    if kind == "fur":
        return hair.ALL[rng.integers(len(hair.ALL))](rng, rendered)
    if kind == "glass":
        return glass.vessel(rng)
    if kind == "white_on_white":
        return objects.porcelain(rng, rendered)
    if kind == "dark_on_dark":
        return objects.lacquer(rng, rendered)
    return objects.pick(rng, rendered, objects.PRODUCTS)


def ground_of(rng, kind, size, photographs, standing):
    """A ground for a class, and where its horizon is; None where it is seen from above."""
    if kind in ("white_on_white", "dark_on_dark"):
        colour = (
            rng.uniform(0.88, 1.0) * (1 - rng.uniform(0, 0.03, 3))
            if kind == "white_on_white"
            else rng.uniform(0.04, 0.16) * rng.uniform(0.8, 1.1, 3)
        )
        make = grounds.sweep if standing else grounds.paper
        return make(rng, size, colour), (0.55 * size[1] if standing else None)
    plain = {"plain": 1.0, "busy": 0.0}.get(kind, 0.45)
    if rng.random() < plain:
        colour = rng.uniform(0.1, 0.9, 3) if rng.random() < 0.25 else None
        make = grounds.sweep if standing else grounds.paper
        return make(rng, size, colour), (0.55 * size[1] if standing else None)
    if not standing:
        return grounds.surface(rng, size, photographs), None
    if rng.random() < 0.8:
        return grounds.table(rng, size, photographs)
    return grounds.view(rng, size, photographs), 0.55 * size[1]


def arrange(rng, scene, kind, first, rendered):
    """Places one thing, or several beside and before each other."""
    if kind != "several":
        return scene.place(rng, first, rng.uniform(0.5, 0.86), rng.uniform(0.38, 0.62), front=rng.uniform(0.3, 0.95))
    count = int(rng.integers(2, 5))
    share = (0.52, 0.42, 0.36)[count - 2]
    spots = (np.arange(count) + 0.5) / count + rng.uniform(-0.05, 0.05, count)
    fronts = np.sort(rng.uniform(0.25, 0.95, count))
    for spot, front in zip(rng.permutation(spots), fronts):
        thing = objects.pick(rng, rendered, objects.PRODUCTS)
        scene.place(rng, thing, share * rng.uniform(0.85, 1.15), spot, front=front)


def make(job):
    """One picture; what is written down of it."""
    kind, number, seed, rendered, photographs, out = job
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode()), number])
    size = SIZES[rng.integers(len(SIZES))]
    first = thing_of(rng, kind, rendered).cropped()
    standing = first.standing and rng.random() < 0.85
    ground, horizon = ground_of(rng, kind, size, photographs, standing)
    scene = Scene(ground, horizon)
    arrange(rng, scene, kind, first, rendered)
    name = f"{kind}-{number:03}"
    scene.save(rng, out / f"{name}.jpg", out / f"{name}.alpha.png")
    return {"name": name, "class": kind, "picture": f"{name}.jpg", "alpha": f"{name}.alpha.png"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=Path, required=True, help="folder of rendered objects")
    parser.add_argument("--wallpapers", type=Path, required=True, help="folder of photographs, as Plasma ships them")
    parser.add_argument("--grounds", type=Path, required=True, help="folder of further photographs and textures")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=45, help="pictures in each class")
    parser.add_argument("--seed", type=int, default=20)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    sources = args.objects, (args.wallpapers, args.grounds)
    jobs = [(kind, number, args.seed, *sources, args.out) for kind in CLASSES for number in range(args.count)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        rows = list(counted("composing", pool.map(make, jobs, chunksize=4), len(jobs)))
    (args.out / "set.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
