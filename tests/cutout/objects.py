"""Rendered objects with alpha, and what can be made of them: porcelain, black lacquer."""

import functools
from pathlib import Path

import numpy as np
from PIL import Image

from drawing import Thing

# What shops and people photograph; names of files without their ending.
PRODUCTS = """
1f32d 1f32e 1f335 1f344 1f345 1f346 1f348 1f349 1f34a 1f34b 1f34c 1f34d 1f34e 1f34f 1f350 1f351 1f353 1f354 1f355
1f357 1f35e 1f35f 1f366 1f36a 1f36b 1f370 1f37f 1f381 1f382 1f383 1f392 1f3a4 1f3a9 1f3ae 1f3b1 1f3b2 1f3b8 1f3bb
1f3c0 1f3c8 1f3d0 1f451 1f452 1f455 1f456 1f457 1f45b 1f45d 1f45e 1f45f 1f460 1f462 1f484 1f4a1 1f4ba 1f4bb 1f4bc
1f4e6 1f4f7 1f4fa 1f4fb 1f50b 1f514 1f528 1f52c 1f5a8-fe0f 1f5b1-fe0f 1f6f9 1f6fc 1f941 1f94a 1f94f 1f950 1f951 1f954
1f955 1f956 1f95a 1f95d 1f965 1f966 1f96a 1f96b 1f96d 1f97e 1f97f 1f9c1 1f9c3 1f9e2 1f9e4 1f9e5 1f9e6 1f9ef 1f9f0
1f9f2 1f9f3 1f9f4 1f9f5 1f9f6 1f9f8 1f9fb 1f9fd 1fa70 1fa71 1fa74 1fa79 1fa96 1fa97 1fa98 1faa3 1fab4 1f426 1f40c
1f422 1f427 1f697 1f69a 1f680 1f6f5 1f3cd-fe0f 1f9ee 1f58c-fe0f 1f5bc-fe0f
""".split()
# Through which the ground is seen.
HOLED = """
1f369 1f3a8 1f3c6 1f3fa 1f45c 1f48d 1f4bf 1f4c0 1f511 1f512 1f517 1f587-fe0f 1f5dd-fe0f 1f5d1-fe0f 1f6b2 1f6d2 1f6de
1f6df 1f6f4 1f968 1f96f 1f9bd 1f9bc 1f9fa 1f9f0 1f9f7 1fa91 1fa9a 1fa9c 1fad6 2615 2696-fe0f 26d3-fe0f 2702-fe0f 1f3ba
1f4ef 1f4d0 1f6f7 1fa9d 26f8-fe0f 1f4e3 2b55 1f9a9 1fabf
""".split()
# To which hair is given.
FURRED = """
1f400 1f407 1f408 1f40f 1f411 1f412 1f415 1f429 1f42a 1f42d 1f42f 1f430 1f434 1f435 1f436 1f439 1f43a 1f43b 1f43c
1f43f-fe0f 1f981 1f98a 1f98c 1f98d 1f994 1f999 1f99d 1f9a3 1f9a5 1f9a6 1f9a8 1f9ab 1f9ac 1f424 1f9f8
""".split()
# Shapes that look well when they are all white or all black.
PLAIN_SHAPES = """
1f3a9 1f392 1f3ae 1f3b8 1f455 1f456 1f45b 1f45e 1f45f 1f460 1f462 1f4a1 1f4ba 1f4bc 1f4e6 1f4f7 1f4fb 1f514 1f528
1f52c 1f5a8-fe0f 1f5b1-fe0f 1f941 1f94a 1f97e 1f97f 1f9e2 1f9e4 1f9e5 1f9f0 1f9f3 1f9f4 1f9f8 1f9fb 1fa96 1faa3 1fad6
1f3fa 1f3c6 1f426 1f407 1f418 1f427 1f40c 1f350 1f34e 1f381 1f451 1f452 1fab4 2615 1f697 1f9f6 1f9e6 1f6f5 1fa91
""".split()


@functools.lru_cache(maxsize=512)
def picture(folder, name):
    return Image.open(Path(folder) / f"{name}.webp").convert("RGBA")


def pick(rng, folder, names):
    """An object, perhaps mirrored."""
    thing = Thing.of(picture(str(folder), names[rng.integers(len(names))]))
    return (thing.mirrored() if rng.random() < 0.5 else thing).cropped()


def recoloured(thing, low, high, tint):
    """The object in one material: its brightness within `low..high`, and a tint."""
    grey = thing.straight() @ np.array([0.30, 0.59, 0.11], np.float32)
    solid = grey[thing.alpha > 0.5]
    dark, light = np.quantile(solid, [0.02, 0.98])
    shade = low + np.clip((grey - dark) / max(light - dark, 0.05), 0, 1) * (high - low)
    thing.colour = np.clip(shade[..., None] * np.asarray(tint, np.float32), 0, 1) * thing.alpha[..., None]
    return thing


def porcelain(rng, folder):
    """A white object."""
    tint = 1 + rng.uniform(-0.025, 0.025, 3)
    return recoloured(pick(rng, folder, PLAIN_SHAPES), rng.uniform(0.72, 0.84), rng.uniform(0.97, 1.0), tint)


def lacquer(rng, folder):
    """A black object."""
    tint = 1 + rng.uniform(-0.12, 0.12, 3)
    return recoloured(pick(rng, folder, PLAIN_SHAPES), rng.uniform(0.02, 0.05), rng.uniform(0.2, 0.34), tint)
