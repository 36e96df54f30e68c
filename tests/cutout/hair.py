"""Foregrounds with hair: strands half a pixel wide on animals, pompoms, hair pieces, feathers, plumes of grass."""

import numpy as np
from scipy import ndimage

from drawing import Stencil, Thing, curve
from objects import FURRED, pick
from straps import metal

SIZE = (320, 320)
# Strands are laid dark to light, this many shades.
SHADES = 5


def strands(thing, paths, shades, colour, thick):
    """Lays strands in their shades, the dark ones first."""
    order = np.digitize(shades, np.quantile(shades, np.linspace(0, 1, SHADES + 1)[1:-1]))
    for step in range(SHADES):
        stencil = Stencil(thing.size)
        for path in (paths[at] for at in np.flatnonzero(order == step)):
            stencil.strand(path, thick, 0.25)
        if (order == step).any():
            thing.lay(stencil.coverage(), np.clip(np.asarray(colour) * shades[order == step].mean(), 0, 1))


def animal(rng, objects):
    """An animal with a coat of hair on its outline."""
    room = 26
    bare = pick(rng, objects, FURRED)
    thing = Thing((bare.size[0] + 2 * room, bare.size[1] + 2 * room))
    thing.over(bare, (room, room))
    solid = thing.alpha > 0.6
    depth = ndimage.distance_transform_edt(solid)
    down, across = np.gradient(ndimage.gaussian_filter(solid.astype(float), 5))
    # The colour of hair is that of the skin it grows from, carried outwards.
    inner = depth > 4
    nearest = ndimage.distance_transform_edt(~inner, return_distances=False, return_indices=True)
    colour = ndimage.gaussian_filter(thing.straight()[tuple(nearest)], (2, 2, 0))
    rows, columns = np.nonzero(solid & (depth < rng.uniform(6, 14)))
    count, length = int(len(rows) * rng.uniform(0.45, 0.8)), rng.uniform(9, 19)
    droop, paths = rng.uniform(0.1, 0.5), []
    for at in rng.integers(len(rows), size=count):
        root = np.array([columns[at], rows[at]], float)
        out = -np.array([across[rows[at], columns[at]], down[rows[at], columns[at]]])
        out = out / (np.linalg.norm(out) + 1e-6) + rng.normal(0, 0.35, 2) + (0, droop)
        reach = length * rng.uniform(0.4, 1.25) * out / np.linalg.norm(out)
        paths.append(curve([root, root + reach * 0.6, root + reach + (rng.normal(0, 2), droop * length * 0.35)], 7))
    strands(thing, paths, rng.uniform(0.78, 1.16, count), colour, 0.9)
    return thing.cropped()


def pompom(rng, _):
    """A ball of wool or faux fur, on a ring at times."""
    thing, colour, middle = Thing(SIZE), rng.uniform(0.15, 0.95, 3), np.array([160, 180])
    radius, count, limp = rng.uniform(78, 96), int(rng.integers(2600, 4200)), rng.uniform(0, 24)
    if rng.random() < 0.5:
        loop = Stencil(SIZE)
        loop.line(curve([(150, 110), (110, 0), (210, 0), (170, 110)], 40), 3.5)
        thing.lay_round(loop, metal(rng), 2, 0.7)
    core = Stencil(SIZE)
    core.ellipse(middle, (radius * 0.78, radius * 0.78))
    thing.lay(core.coverage(), colour * 0.5)
    away = rng.normal(size=(count, 3))
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    away = away[np.argsort(away[:, 2])]
    lit = 0.75 + 0.4 * (away @ np.array([-0.45, -0.6, 0.66])) + rng.uniform(-0.15, 0.15, count)
    paths = []
    for direction in away[:, :2]:
        tip = middle + direction * radius * rng.uniform(0.85, 1.22) + (rng.normal(0, 5), limp * rng.random())
        paths.append(curve([middle + direction * radius * 0.45, middle + direction * radius * 0.9, tip], 7))
    strands(thing, paths, lit, colour, 1.0)
    return thing


def hairpiece(rng, _):
    """A lock of hair bound at its top; it lies."""
    thing = Thing(SIZE, standing=False)
    shade = np.array(
        [
            (0.16, 0.10, 0.07),
            (0.42, 0.26, 0.15),
            (0.80, 0.62, 0.38),
            (0.07, 0.06, 0.06),
            (0.62, 0.27, 0.13),
            (0.72, 0.71, 0.70),
        ][rng.integers(6)]
    )
    count, wave, sway = int(rng.integers(700, 1200)), rng.uniform(0, 26), rng.uniform(-45, 45)
    paths, spread, phase = [], rng.uniform(36, 62), rng.uniform(0, 6)
    for _ in range(count):
        side, loose = rng.uniform(-1, 1), rng.normal(0, 5 if rng.random() < 0.9 else 22)
        t = np.linspace(0, 1, 16)
        x = (
            160
            + side * (13 + (spread - 13) * np.sin(t * np.pi * 0.62))
            + sway * t**2
            + wave * np.sin(t * 7 + phase) * t
            + loose * t**1.5
        )
        paths.append(np.stack([x, 34 + t * (rng.uniform(205, 268))], 1))
    strands(thing, paths, rng.uniform(0.6, 1.5, count), shade, 1.0)
    band = Stencil(SIZE)
    band.box([143, 20, 177, 46], 5)
    thing.lay_round(band, rng.uniform(0.1, 0.9, 3), 7, 0.3)
    return thing


def feather(rng, _):
    """A feather: barbs on both sides of a quill; it lies."""
    thing, colour = Thing(SIZE, standing=False), rng.uniform(0.2, 1.0, 3)
    quill = curve(
        [(160 + rng.uniform(-30, 30), 308), (160 + rng.uniform(-70, 70), 170), (160 + rng.uniform(-30, 30), 14)], 200
    )
    width, down, paths = rng.uniform(32, 54), rng.uniform(0.55, 0.8), []
    for at in rng.uniform(0.0, 0.82, 1500):
        # `at` runs from the tip downwards; near the quill's end the barbs are loose down.
        root = quill[int((1 - at) * 199)]
        full = np.sin(np.pi * np.clip((at + 0.05) / 0.92, 0, 1)) ** 0.6
        side, fluff = rng.choice([-1, 1]), rng.normal(0, 0.06 + (0.5 if at > down else 0))
        reach = width * full * rng.uniform(0.8, 1.08) * np.array([side, -0.75 + fluff])
        paths.append(curve([root, root + reach * (0.55, 0.35), root + reach], 8))
    strands(thing, paths, rng.uniform(0.75, 1.15, len(paths)), colour, 0.8)
    stem = Stencil(SIZE)
    stem.strand(quill[::6], 3.2, 0.8)
    thing.lay_round(stem, np.array([0.9, 0.86, 0.76]), 1.5, 0.2)
    return thing.turned(rng.uniform(-50, 50)).cropped()


def grass(rng, _):
    """Plumes of dry grass on thin stalks; they lie."""
    thing, colour = Thing(SIZE, standing=False), np.array([0.86, 0.74, 0.56]) * rng.uniform(0.7, 1.1)
    foot, stalks, paths = np.array([160, 308]), Stencil(SIZE), []
    for _ in range(rng.integers(3, 7)):
        tip = np.array([rng.uniform(50, 270), rng.uniform(16, 70)])
        stalk = curve([foot + (rng.uniform(-6, 6), 0), (160 + (tip[0] - 160) * 0.2, 180), tip], 100)
        stalks.strand(stalk[::5], 2.2, 0.8)
        for at in rng.uniform(0.42, 1.0, 420):
            root = stalk[int(at * 99)]
            full = np.sin(np.pi * np.clip((at - 0.38) / 0.66, 0, 1)) ** 0.7
            reach = np.array([rng.normal(0, 13), -rng.uniform(6, 22)]) * (0.3 + full)
            paths.append(curve([root, root + reach * (0.5, 0.8), root + reach + (0, 6)], 7))
    thing.lay_round(stalks, colour * 0.75, 1.2, 0.05)
    strands(thing, paths, rng.uniform(0.75, 1.2, len(paths)), colour, 0.7)
    return thing


ALL = (animal, animal, animal, pompom, hairpiece, feather, grass)
