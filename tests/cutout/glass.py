"""Vessels of glass: clear in the middle and denser at their walls, with gleams, drinks, lids and labels."""

import numpy as np

from drawing import Stencil, Thing, barrel, curve

SIZE = (320, 320)
MIDDLE = 160


def bottle():
    return np.concatenate(
        [[(20, 22), (20, 84)], curve([(20, 84), (22, 112), (56, 118), (60, 150)], 20), [(60, 292), (54, 302)]]
    )


def wine():
    bowl = curve([(46, 30), (70, 96), (62, 150), (6, 166)], 30)
    return np.concatenate([bowl, [(5, 176), (5, 278)], curve([(6, 280), (14, 292), (52, 296), (54, 302)], 12)])


def tumbler():
    return np.array([(72, 70), (60, 290), (54, 302)])


def vase():
    return np.concatenate(
        [
            curve([(34, 22), (20, 70), (36, 110), (86, 160)], 25),
            curve([(86, 160), (104, 240), (70, 290), (44, 302)], 25),
        ]
    )


def jar():
    return np.concatenate([[(58, 62), (58, 74)], curve([(60, 76), (82, 82), (82, 100)], 10), [(82, 284), (72, 302)]])


def flask():
    return np.concatenate(
        [[(22, 22), (20, 110)], curve([(20, 112), (30, 150), (70, 200), (98, 270)], 25), [(100, 290), (90, 302)]]
    )


SHAPES = (bottle, wine, tumbler, vase, jar, flask)


def vessel(rng, _=None):
    """A vessel of one of the shapes: clear, coloured or frosted, empty or filled."""
    shape = SHAPES[rng.integers(len(SHAPES))]
    profile = shape() * (rng.uniform(0.85, 1.1), 1)
    thing, radius, across, inside = Thing(SIZE), *measured(profile)
    kind = rng.choice(["clear", "coloured", "coloured", "frosted"])
    tint = np.array([0.80, 0.88, 0.90]) if kind == "clear" else rng.uniform(0.1, 0.9, 3)
    body, wall = {"clear": (0.10, 0.62), "coloured": (rng.uniform(0.35, 0.72), 0.95), "frosted": (0.72, 0.9)}[kind]
    shade = 1 - 0.45 * across**4
    if shape is not bottle or rng.random() < 0.4:
        filled(rng, thing, inside, across, profile)
    thing.lay(inside * (body + (wall - body) * across**5), np.clip(tint * shade[..., None], 0, 1))
    gleams(rng, thing, inside, across, radius)
    if shape in (bottle, jar, flask):
        closed(rng, thing, profile, radius)
    return thing


def measured(profile):
    """Radius by row, how far each pixel is from the axis (0..1), and what the vessel covers."""
    rows = np.arange(SIZE[1]) + 0.5
    radius = np.interp(rows, profile[:, 1], profile[:, 0], left=0, right=0)
    away = np.abs(np.arange(SIZE[0]) + 0.5 - MIDDLE)
    across = np.clip(away[None] / np.maximum(radius, 1)[:, None], 0, 1)
    stencil = Stencil(SIZE)
    half = profile + (MIDDLE, 0)
    stencil.polygon(np.concatenate([half, (profile * (-1, 1) + (MIDDLE, 0))[::-1]]))
    return radius, across, stencil.coverage()


def filled(rng, thing, inside, across, profile):
    """A drink inside the walls, up to a level."""
    top, bottom = profile[0, 1], profile[-1, 1]
    level = top + (bottom - top) * rng.uniform(0.15, 0.6)
    wine_like = profile[:, 0].min() < 8
    floor = 166 if wine_like else bottom - 8
    level = min(level, floor - 30)
    rows = np.arange(SIZE[1])[:, None] + 0.5
    within = np.clip(rows - level, 0, 1) * np.clip(floor - rows, 0, 1) * np.clip((0.95 - across) * 14, 0, 1)
    colour = np.array(
        [
            (0.45, 0.03, 0.08),
            (0.95, 0.62, 0.12),
            (0.35, 0.17, 0.06),
            (0.96, 0.83, 0.5),
            (0.93, 0.93, 0.9),
            (0.2, 0.55, 0.8),
            (0.95, 0.5, 0.45),
        ][rng.integers(7)]
    )
    shade = 1.05 - 0.4 * across[..., None] ** 3 - 0.15 * (rows[..., None] - level) / SIZE[1]
    thing.lay(inside * within, np.clip(colour * shade, 0, 1), rng.uniform(0.6, 0.95))
    surface = np.exp(-(((rows - level - 1.5) / 1.6) ** 2)) * np.clip((0.95 - across) * 14, 0, 1)
    thing.lay(inside * surface, np.clip(colour * 1.3 + 0.1, 0, 1), 0.7)


def gleams(rng, thing, inside, across, radius):
    """Upright gleams on both sides, and a bright rim."""
    side = np.sign(np.arange(SIZE[0]) + 0.5 - MIDDLE)[None] * across
    rows = np.arange(SIZE[1])[:, None]
    fade = np.clip(np.minimum(rows - 40, 285 - rows) / 40, 0, 1)
    for at, width, strength in ((-0.66, 0.07, rng.uniform(0.4, 0.75)), (0.74, 0.04, rng.uniform(0.25, 0.5))):
        wide = np.maximum(width, 1.5 / np.maximum(radius, 1))[:, None]
        thing.lay(inside * np.exp(-(((side - at) / wide) ** 2)) * fade, np.ones(3), strength)
    rim = int(np.argmax(radius > 0))
    edge = Stencil(SIZE)
    edge.line([(MIDDLE - radius[rim] + 1, rim + 1), (MIDDLE + radius[rim] - 1, rim + 1)], 2.4)
    thing.lay(edge.coverage(), np.full(3, 0.95), 0.6)


def closed(rng, thing, profile, radius):
    """A stopper or lid, and a label."""
    top, mouth = profile[0, 1], profile[0, 0]
    lid = Stencil(SIZE)
    lid.box([MIDDLE - mouth - 4, top - 16, MIDDLE + mouth + 4, top + 12], 4)
    thing.lay(lid.coverage(), barrel(lid.coverage(), rng.uniform(0.1, 0.9, 3)))
    if rng.random() < 0.55:
        low, high = rng.uniform(196, 215), rng.uniform(240, 275)
        half = radius[int(low) : int(high)].min() * rng.uniform(0.7, 0.98)
        label = Stencil(SIZE)
        label.box([MIDDLE - half, low, MIDDLE + half, high], 3)
        across = np.abs(np.arange(SIZE[0]) + 0.5 - MIDDLE) / half
        paper = np.array([0.94, 0.92, 0.86]) if rng.random() < 0.6 else rng.uniform(0.1, 0.9, 3)
        thing.lay(
            label.coverage(),
            np.broadcast_to(paper * (1 - 0.3 * np.minimum(across, 1)[:, None] ** 3), (SIZE[1], SIZE[0], 3)),
        )
        print_lines(rng, thing, low, high, half)


def print_lines(rng, thing, low, high, half):
    """Something like lettering on a label."""
    ink = Stencil(SIZE)
    for y in np.arange(low + 9, high - 5, 9):
        reach = half * rng.uniform(0.2, 0.75)
        ink.line([(MIDDLE - reach, y), (MIDDLE + reach, y)], rng.uniform(1.2, 3.5))
    thing.lay(ink.coverage(), rng.uniform(0, 0.3, 3))


ALL = (vessel,)
