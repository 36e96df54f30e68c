"""Foregrounds that the ground is seen through: rings, handles, wicker, links."""

import numpy as np

from drawing import Stencil, Thing, barrel, curve, turning
from straps import cloth, folds, metal

SIZE = (320, 320)


def ring(rng):
    """A ring with a stone, turned a little; it lies."""
    thing, middle = Thing(SIZE, standing=False), np.array([160, 190])
    radii = np.array([92, rng.uniform(66, 96)])
    band = Stencil(SIZE)
    band.line(turning(160) * radii + middle, rng.uniform(10, 26))
    thing.lay_round(band, metal(rng), 8, 0.9)
    stone, reach = Stencil(SIZE), rng.uniform(22, 38)
    sides = int(rng.integers(5, 9))
    top = middle - (0, radii[1] + reach * 0.4)
    corners = turning(sides + 1, np.pi / sides, 2 * np.pi + np.pi / sides)[:-1] * reach + top
    stone.polygon(corners)
    colour = rng.uniform(0.1, 0.95, 3)
    thing.lay_round(stone, colour, reach * 0.5, 0.9)
    for start, end in zip(corners, np.roll(corners, 1, 0)):
        facet = Stencil(SIZE)
        facet.polygon([top, start, end])
        thing.lay(facet.coverage() * 0.5, np.clip(colour * rng.uniform(0.5, 1.9), 0, 1))
    return thing


def mug(rng):
    """A mug with an open handle."""
    thing, colour = Thing(SIZE), cloth(rng)
    left, right, top, bottom = 60, 218 + rng.uniform(-20, 10), 70 + rng.uniform(-20, 40), 298
    handle, reach = Stencil(SIZE), rng.uniform(56, 88)
    height = bottom - top
    handle.line(
        curve(
            [
                (right - 6, top + height * 0.18),
                (right + reach * 1.3, top + height * 0.1),
                (right + reach, bottom - height * 0.15),
                (right - 8, bottom - height * 0.22),
            ],
            50,
        ),
        rng.uniform(11, 20),
    )
    thing.lay_round(handle, colour, 7, 0.4)
    body = Stencil(SIZE)
    middle, tilt = (left + right) / 2, rng.uniform(10, 18)
    taper = rng.uniform(0, 18)
    half = (right - left) / 2
    low = turning(60, 0, np.pi) * (half - taper, tilt) + (middle, bottom - tilt)
    body.polygon(np.concatenate([[(left, top), (right, top)], low]))
    body.ellipse((middle, top), (half, tilt))
    thing.lay(body.coverage(), barrel(body.coverage(), colour))
    mouth, drink = Stencil(SIZE), Stencil(SIZE)
    mouth.ellipse((middle, top), (half - 6, tilt - 4))
    drink.ellipse((middle, top + 4), (half - 12, tilt - 7))
    thing.lay(mouth.coverage(), colour * 0.55)
    thing.lay(drink.coverage(), np.array([0.24, 0.14, 0.08]))
    return thing


def basket(rng):
    """A basket of wicker, light through it, under a bow."""
    thing, cane = Thing(SIZE), np.array([0.76, 0.58, 0.36]) * rng.uniform(0.6, 1.15)
    top, bottom, half, foot = rng.uniform(130, 160), 296, 128, rng.uniform(84, 108)
    bow = Stencil(SIZE)
    bow.line(curve([(160 - half + 12, top), (70, -42), (250, -42), (160 + half - 12, top)], 80), rng.uniform(6, 10))
    thing.lay_round(bow, cane * 0.85, 4, 0.15)
    rows, posts, gap = int(rng.integers(6, 10)), int(rng.integers(9, 15)), rng.uniform(0.5, 0.78)
    uprights, canes = Stencil(SIZE), Stencil(SIZE)
    for at in np.linspace(-1, 1, posts):
        uprights.line([(160 + at * (half - 4), top), (160 + at * (foot - 4), bottom)], 4)
    thing.lay_round(uprights, cane * 0.7, 2, 0.1)
    pitch = (bottom - top) / rows
    for row in range(rows + 1):
        y, t = top + row * pitch, np.linspace(-1, 1, 120)
        wide = half + (foot - half) * row / rows
        wave = 2.2 * np.sin(t * posts * np.pi / 2 + row * np.pi)
        thick = pitch * gap if 0 < row < rows else pitch * 0.8
        canes.line(np.stack([160 + t * wide, y + wave + 5 * (1 - t * t)], 1), thick)
    thing.lay_round(canes, cane, pitch * 0.3, 0.15)
    return thing


def glasses(rng):
    """Spectacles without lenses; they lie."""
    thing, radius = Thing(SIZE, standing=False), rng.uniform(46, 60)
    frame, width, squash = Stencil(SIZE), rng.uniform(3, 11), rng.uniform(0.75, 1.0)
    for side in (-1, 1):
        power = rng.choice([1.0, 0.75])
        shape = np.sign(turning(100)) * np.abs(turning(100)) ** power
        frame.line(shape * (radius, radius * squash) + (160 + side * (radius + 12), 190), width)
        hinge = (160 + side * (2 * radius + 10), 175)
        frame.line(
            curve([hinge, (hinge[0] + side * 6, 110), (160 + side * radius * 1.5, 60), (160 + side * radius, 48)]),
            width * 0.8,
        )
    frame.line(curve([(160 - 14, 182), (160, 166), (160 + 14, 182)]), width * 0.9)
    thing.lay_round(frame, cloth(rng) if rng.random() < 0.6 else metal(rng), width * 0.5, 0.6)
    return thing


def stool(rng):
    """A seat on four legs with rungs."""
    thing, wood = Thing(SIZE), np.array([0.66, 0.44, 0.26]) * rng.uniform(0.4, 1.35)
    spread, top = rng.uniform(70, 105), rng.uniform(50, 110)
    legs, width = Stencil(SIZE), rng.uniform(7, 13)
    for at, lean in ((-0.45, -0.62), (0.45, 0.62)):
        legs.line([(160 + at * spread, top), (160 + lean * spread, 276)], width * 0.85)
    thing.lay_round(legs, wood * 0.75, width / 2, 0.1)
    front = Stencil(SIZE)
    for side in (-1, 1):
        front.line([(160 + side * spread * 0.8, top), (160 + side * spread * 1.1, 300)], width)
    for height in rng.uniform(0.35, 0.8, 2):
        y = top + (295 - top) * height
        reach = spread * (0.8 + 0.3 * height)
        front.line([(160 - reach, y), (160 + reach, y)], width * 0.6)
    thing.lay_round(front, wood, width / 2, 0.15)
    seat = Stencil(SIZE)
    seat.ellipse((160, top), (spread + 14, rng.uniform(16, 26)))
    thing.lay_round(seat, folds(rng, wood, (320, 320)), 9, 0.2)
    return thing


def loops(rng):
    """Rings of wood or plastic that hang in each other; they lie."""
    thing, count = Thing(SIZE, standing=False), int(rng.integers(3, 6))
    for number in range(count):
        link = Stencil(SIZE)
        radius = rng.uniform(36, 52)
        middle = np.array([58 + 204 * number / (count - 1), 160 + rng.uniform(-34, 34)])
        link.line(turning(120) * (radius, radius * rng.uniform(0.8, 1)) + middle, rng.uniform(7, 13))
        thing.lay_round(link, cloth(rng), 6, 0.5)
    return thing


ALL = (ring, mug, basket, glasses, stool, loops)
