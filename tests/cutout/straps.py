"""Foregrounds with straps, chains and wires that are a few pixels thin."""

import numpy as np

from drawing import Stencil, Thing, curve, turning

SIZE = (320, 320)


def bag(rng):
    """A handbag under a strap of leather or a chain."""
    thing, colour = Thing(SIZE), leather(rng)
    left, right = 70 + rng.uniform(-20, 20), 250 + rng.uniform(-20, 20)
    top, bottom, lean = 165 + rng.uniform(-20, 25), 300, rng.uniform(0, 16)
    peak = rng.uniform(-44, 40)
    strap = curve(
        [(left + lean + 6, top + 12), (left + 25, peak), (right - 25, peak), (right - lean - 6, top + 12)], 80
    )
    hang(rng, thing, strap, colour)
    body = Stencil(SIZE)
    body.polygon(
        [
            (left + lean, top),
            (right - lean, top),
            (right, bottom - 10),
            (right - 8, bottom),
            (left + 8, bottom),
            (left, bottom - 10),
        ]
    )
    thing.lay_round(body, colour, 16)
    flap, low = Stencil(SIZE), top + rng.uniform(45, 80)
    middle = (left + right) / 2
    flap.polygon(
        np.concatenate(
            [
                [(left + lean - 2, top - 3), (right - lean + 2, top - 3)],
                curve([(right - 4, low - 12), (middle, low + 26), (left + 4, low - 12)]),
            ]
        )
    )
    thing.lay_round(flap, colour * rng.uniform(0.85, 1.1), 9)
    buckle = Stencil(SIZE)
    buckle.box([middle - 9, low - 10, middle + 9, low + 12], 3)
    thing.lay_round(buckle, metal(rng), 4, 0.8)
    return thing


def hang(rng, thing, strap, colour):
    """Lays a strap along a curve, or a chain."""
    stencil = Stencil(SIZE)
    if rng.random() < 0.4:
        links(stencil, strap, rng.uniform(4.0, 6.0), 1.4)
        return thing.lay_round(stencil, metal(rng), 1.2, 0.6)
    stencil.line(strap, rng.uniform(2.2, 6.0))
    return thing.lay_round(stencil, colour * 0.9, 2)


def links(stencil, path, pitch, wire):
    """Links of a chain along a curve, seen flat and from their edge in turns."""
    way = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    for number, at in enumerate(np.arange(pitch / 2, way[-1], pitch)):
        centre = np.array([np.interp(at, way, path[:, axis]) for axis in (0, 1)])
        ahead = np.array([np.interp(at + 1, way, path[:, axis]) for axis in (0, 1)]) - centre
        angle = np.arctan2(ahead[1], ahead[0])
        cos, sin = np.cos(angle), np.sin(angle)
        flat = turning(20) * (pitch * 0.72, pitch * (0.46 if number % 2 else 0.12))
        stencil.line(flat @ np.array([[cos, sin], [-sin, cos]]) + centre, wire)


def necklace(rng):
    """A chain or a row of beads with a pendant; it lies."""
    thing = Thing(SIZE, standing=False)
    depth, width = rng.uniform(210, 345), rng.uniform(90, 130)
    path = curve([(160 - width, 12), (160 - width * 0.9, depth), (160 + width * 0.9, depth), (160 + width, 12)], 120)
    stencil, beads = Stencil(SIZE), rng.random() < 0.4
    if beads:
        radius = rng.uniform(3.5, 7)
        way = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
        for at in np.arange(0, way[-1], radius * 2.15):
            stencil.ellipse([np.interp(at, way, path[:, axis]) for axis in (0, 1)], (radius, radius))
        thing.lay_round(stencil, rng.uniform(0.3, 1.0, 3), radius, 0.7)
    else:
        links(stencil, path, rng.uniform(4, 7), 1.3)
        thing.lay_round(stencil, metal(rng), 1.2, 0.7)
    low, drop = path[:, 1].max(), Stencil(SIZE)
    radius = rng.uniform(8, 17)
    drop.polygon(turning(rng.integers(4, 40)) * (radius, radius * 1.25) + (160, low + radius))
    thing.lay_round(drop, rng.uniform(0.1, 0.9, 3), radius * 0.6, 0.9)
    return thing


def earphones(rng):
    """Two buds, two wires that meet, a plug; they lie."""
    thing, colour = Thing(SIZE, standing=False), np.full(3, rng.choice([0.1, 0.93])) * rng.uniform(0.9, 1.05, 3)
    wires, join = Stencil(SIZE), np.array([160 + rng.uniform(-30, 30), 165 + rng.uniform(-15, 25)])
    width, buds = (
        rng.uniform(1.8, 3.2),
        [np.array([70, 40]) + rng.uniform(-15, 25, 2), np.array([245, 45]) + rng.uniform(-25, 15, 2)],
    )
    for bud in buds:
        wires.line(curve([bud, bud + rng.uniform(-50, 50, 2) + (0, 90), join + rng.uniform(-70, 70, 2), join]), width)
    plug = np.array([rng.uniform(80, 250), 292])
    wires.line(
        curve([join, join + rng.uniform(-140, 140, 2), (plug[0] + rng.uniform(-160, 160), 240), plug], 60), width * 1.2
    )
    thing.lay_round(wires, colour, 1.5, 0.2)
    ends = Stencil(SIZE)
    for bud in buds:
        ends.ellipse(bud, (11, 13))
        ends.line([bud, bud + (0, 26)], 7)
    ends.line([plug, plug - (0, 22)], 8)
    ends.ellipse(join, (4, 7))
    thing.lay_round(ends, colour, 6, 0.4)
    tip = Stencil(SIZE)
    tip.line([plug, plug + (0, 15)], 4)
    thing.lay_round(tip, metal(rng), 2, 0.8)
    return thing


def top(rng):
    """A top on thin straps; it lies."""
    thing, colour = Thing(SIZE, standing=False), cloth(rng)
    shoulder, chest = rng.uniform(44, 62), rng.uniform(66, 84)
    straps, width = Stencil(SIZE), rng.uniform(2.0, 5.0)
    for side in (-1, 1):
        out = rng.uniform(0, 6)
        straps.line(
            curve(
                [(160 + side * shoulder, 112), (160 + side * (shoulder - 4), 50), (160 + side * (shoulder + out), 14)]
            ),
            width,
        )
        straps.line(
            curve(
                [
                    (160 + side * (chest - 8), 128),
                    (160 + side * (shoulder + 18), 60),
                    (160 + side * (shoulder + out), 14),
                ]
            ),
            width,
        )
    thing.lay_round(straps, colour * 0.85, 2, 0.05)
    body = Stencil(SIZE)
    hem = rng.uniform(-12, 22)
    half = np.concatenate(
        [
            curve([(0, 138), (shoulder * 0.5, 130), (shoulder, 108)], 15),
            curve([(shoulder, 108), (chest - 6, 120), (chest, 142)], 10),
            curve([(chest, 142), (chest - 18, 210), (chest + hem, 300)], 20),
        ]
    )
    body.polygon(np.concatenate([half + (160, 0), half[::-1] * (-1, 1) + (160, 0)]))
    cover = body.coverage()
    thing.lay_round(body, folds(rng, colour, cover.shape), 10, 0.04)
    return thing


def folds(rng, colour, shape):
    """A colour with soft folds from top to bottom."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    wave = sum(
        rng.uniform(0.03, 0.07) * np.sin(x / rng.uniform(6, 16) + y / rng.uniform(40, 90) + rng.uniform(0, 6))
        for _ in range(3)
    )
    return np.clip(np.asarray(colour) * (1 + wave[..., None]), 0, 1)


def leather(rng):
    return np.array([rng.uniform(0.1, 0.75), rng.uniform(0.08, 0.5), rng.uniform(0.08, 0.45)])


def cloth(rng):
    return rng.uniform(0.15, 0.95, 3)


def metal(rng):
    return np.array([(0.95, 0.78, 0.42), (0.82, 0.83, 0.86), (0.93, 0.68, 0.58)][rng.integers(3)])


ALL = (bag, bag, necklace, earphones, top)
