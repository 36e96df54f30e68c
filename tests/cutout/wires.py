"""Foregrounds of nets, lace, spokes and bars: more ground than thing inside their outline."""

import numpy as np

from drawing import Stencil, Thing, curve, turning
from objects import pick
from straps import cloth, metal

SIZE = (320, 320)
FRUIT = ["1f34a", "1f34b", "1f34e", "1f34f", "1f350", "1f351", "1f345", "1f96d"]


def net_bag(rng, objects):
    """Fruit in a bag of string."""
    thing, string, width = Thing(SIZE), cloth(rng), rng.uniform(1.3, 2.4)
    handles, belly = Stencil(SIZE), rng.uniform(92, 112)
    for lean in (-14, 14):
        handles.line(curve([(160 - 55, 132), (120 + lean, -34), (200 + lean, -34), (160 + 55, 132)], 60), width * 1.6)
    thing.lay_round(handles, string, 2, 0.05)
    for row, count in ((2, 2), (1, 3), (0, 2)):
        for number in range(count):
            fruit = pick(rng, objects, FRUIT).turned(rng.uniform(-40, 40)).cropped()
            fruit = fruit.scaled(84 / max(fruit.size))
            x = 160 + (number - (count - 1) / 2) * 66 + rng.uniform(-5, 5)
            thing.over(
                fruit, (round(x - fruit.size[0] / 2), round(252 - row * 52 - fruit.size[1] / 2 + rng.uniform(-4, 4)))
            )
    mesh, pitch = Stencil(SIZE), rng.uniform(0.26, 0.4)
    for way in (-1, 1):
        for start in np.arange(-4, 4, pitch):
            t = np.linspace(0, 1, 30)
            across = start + way * t * 1.5
            inside = np.abs(across) < 1.45
            spread = 58 + (belly - 58) * np.sin(np.minimum(t * 2, 1) * np.pi / 2)
            spread *= np.sqrt(1 - 0.97 * (np.maximum(t - 0.6, 0) / 0.4) ** 2)
            points = np.stack([160 + spread * np.sin(across), 128 + 172 * t], 1)[inside]
            if len(points) > 2:
                mesh.line(points, width)
    mesh.line(np.stack([np.linspace(102, 218, 20), 128 + 5 * np.sin(np.linspace(0, np.pi, 20))], 1), width * 2)
    thing.lay_round(mesh, string, 1.5, 0.05)
    return thing


def lace(rng, _):
    """A round doily of rings, spokes and scallops; it lies."""
    thing, middle, width = Thing(SIZE, standing=False), np.array([160, 160]), rng.uniform(1.5, 2.6)
    stencil, petals = Stencil(SIZE), int(rng.integers(10, 20))
    stencil.ellipse(middle, (rng.uniform(10, 24),) * 2)
    radii = np.linspace(40, 128, rng.integers(3, 6))
    for radius in radii:
        stencil.line(turning(120) * radius + middle, width * rng.uniform(1, 1.8))
    for direction in turning(petals + 1)[:-1]:
        stencil.line([middle, middle + direction * 130], width)
        side = np.array([-direction[1], direction[0]])
        reach = 150 * np.sin(np.pi / petals)
        outer = curve(
            [
                middle + direction * 126 - side * reach,
                middle + direction * 168,
                middle + direction * 126 + side * reach,
            ],
            16,
        )
        stencil.line(outer, width * 1.4)
        for radius in radii[1:]:
            stencil.ellipse(middle + direction * (radius - 11), (radius * 0.09, radius * 0.09))
    thing.lay_round(
        stencil, np.array([0.95, 0.93, 0.88]) * rng.uniform(0.9, 1.05) if rng.random() < 0.6 else cloth(rng), 1.6, 0.05
    )
    return thing


def racket(rng, _):
    """Strings in a frame on a grip; it lies."""
    thing, middle, radii = Thing(SIZE, standing=False), np.array([160, 112]), np.array([rng.uniform(66, 80), 96])
    strings, pitch = Stencil(SIZE), rng.uniform(8, 13)
    for axis in (0, 1):
        for offset in np.arange(-radii[axis] + pitch, radii[axis], pitch):
            reach = radii[1 - axis] * np.sqrt(1 - (offset / radii[axis]) ** 2)
            ends = np.array([[offset, -reach], [offset, reach]])
            strings.line((ends if axis == 0 else ends[:, ::-1]) + middle, 1.1)
    thing.lay(strings.coverage(), np.full(3, rng.uniform(0.7, 0.98)))
    frame, colour = Stencil(SIZE), cloth(rng)
    frame.line(turning(120) * radii + middle, rng.uniform(6, 9))
    for side in (-1, 1):
        frame.line(curve([(160 + side * radii[0] * 0.55, 186), (160 + side * 18, 215), (160 + side * 5, 240)]), 5)
    thing.lay_round(frame, colour, 4, 0.5)
    grip = Stencil(SIZE)
    grip.line([(160, 238), (160, 306)], 15)
    thing.lay_round(grip, np.full(3, rng.uniform(0.05, 0.3)), 6, 0.1)
    return thing.turned(rng.uniform(-60, 60)).cropped()


def cage(rng, objects):
    """A bird behind bars."""
    thing, wire, width = Thing(SIZE), metal(rng) * rng.uniform(0.5, 1), rng.uniform(1.6, 2.8)
    half, shoulder = rng.uniform(82, 104), rng.uniform(95, 130)
    bird = pick(rng, objects, ["1f426", "1f99c", "1f424", "1f425"])
    bird = bird.scaled(88 / bird.size[1])
    bars, back = Stencil(SIZE), Stencil(SIZE)
    for at in np.linspace(-1, 1, rng.integers(9, 15)):
        path = np.concatenate(
            [curve([(160, 34), (160 + at * half, 36), (160 + at * half, shoulder)]), [(160 + at * half, 292)]]
        )
        bars.line(path, width)
        back.line(path * (0.97, 1) + (160 * 0.03 + 3, -3), width * 0.8)
    thing.lay_round(back, wire * 0.6, 1.5, 0.2)
    thing.over(bird, (round(160 - bird.size[0] / 2), 288 - bird.size[1]))
    for height in (shoulder, (shoulder + 292) / 2):
        bars.line(
            np.stack([np.linspace(-half, half, 30) + 160, height + 6 * np.sin(np.linspace(0, np.pi, 30))], 1),
            width * 1.2,
        )
    bars.line(turning(40) * 12 + (160, 20), width)
    thing.lay_round(bars, wire, 1.6, 0.6)
    base = Stencil(SIZE)
    base.box([160 - half - 6, 286, 160 + half + 6, 304], 6)
    thing.lay_round(base, wire * 0.9, 6, 0.4)
    return thing


def wheel(rng, _):
    """A tyre, a rim and spokes."""
    thing, middle = Thing(SIZE), np.array([160, 160])
    spokes, count = Stencil(SIZE), int(rng.integers(9, 18))
    for number, (out, hub) in enumerate(zip(turning(2 * count + 1)[:-1], np.roll(turning(2 * count + 1)[:-1], 3, 0))):
        spokes.line([middle + 13 * (hub if number % 2 else np.roll(hub, 1) * (1, -1)), middle + 126 * out], 1.2)
    thing.lay(spokes.coverage(), np.full(3, rng.uniform(0.55, 0.85)))
    for radius, width, colour in ((128, 6, metal(rng)), (138, rng.uniform(10, 17), np.full(3, rng.uniform(0.07, 0.2)))):
        ring = Stencil(SIZE)
        ring.line(turning(160) * radius + middle, width)
        thing.lay_round(ring, colour, width / 2, 0.4)
    hub = Stencil(SIZE)
    hub.ellipse(middle, (15, 15))
    thing.lay_round(hub, metal(rng), 8, 0.7)
    return thing


ALL = (net_bag, lace, racket, cage, wheel)
