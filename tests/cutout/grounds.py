"""What things stand and lie on: studio sweeps, wood, cloth, stone, and photographs."""

import functools

import numpy as np
from PIL import Image
from scipy import ndimage

# Photographs that are put out of focus behind a table.
BEHIND = (
    "BytheWater",
    "ColdRipple",
    "ColorfulCups",
    "DarkestHour",
    "EveningGlow",
    "FallenLeaf",
    "Grey",
    "OneStandsOut",
    "Path",
    "summer_1am",
    "china.jpg",
    "flower.jpg",
    "brick.png",
)
# Photographs that things stand in: a ground in front, and nothing that stands out.
STOOD_IN = ("BytheWater", "ColdRipple", "Path")
# Photographs that things lie on.
LAIN_ON = ("OneStandsOut", "brick.png", "grass.png", "gravel.png")
GREY = {"brick.png": (0.72, 0.45, 0.36), "grass.png": (0.5, 0.66, 0.3), "gravel.png": (0.66, 0.63, 0.6)}


@functools.lru_cache(maxsize=None)
def photograph(folders, name):
    """A photograph of the wallpapers or, where its name has an ending, of the other folder. Grey ones get a colour."""
    if "." in name:
        image = Image.open(folders[1] / name)
    else:
        files = (folders[0] / name / "contents/images").glob("*.jpg")
        image = Image.open(max(files, key=lambda file: int(file.stem.split("x")[0])))
        image.draft("RGB", (1440, 900))
    image.thumbnail((1440, 900))
    pixels = np.asarray(image.convert("RGB"), np.float32) / 255
    if name in GREY:
        pixels = np.clip(pixels * np.asarray(GREY[name], np.float32) * 1.5, 0, 1)
    return pixels


def crop(rng, pixels, size, least=0.45):
    """A random piece of a picture, brought to a size."""
    height, width = pixels.shape[:2]
    most = min(width / size[0], height / size[1])
    scale = most * rng.uniform(least, 1)
    w, h = size[0] * scale, size[1] * scale
    x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
    image = Image.fromarray((pixels * 255).astype(np.uint8))
    piece = image.resize(size, Image.Resampling.LANCZOS, box=(x, y, x + w, y + h))
    return np.asarray(piece, np.float32) / 255


def clouds(rng, size, scale, octaves=4, stretch=1.0):
    """Fractal noise round 0, about -1..1; `stretch` draws it out from left to right."""
    total, weight = np.zeros((size[1], size[0])), 1.0
    for octave in range(octaves):
        step = max(scale / 2**octave, 1)
        grid = rng.normal(size=(int(size[1] / step) + 3, int(size[0] / (step * stretch)) + 3))
        plane = Image.fromarray(grid.astype(np.float32)).resize((size[0] + 8, size[1] + 8), Image.Resampling.BICUBIC)
        total += weight * np.asarray(plane)[4 : 4 + size[1], 4 : 4 + size[0]]
        weight *= 0.5
    return (total / 1.6).astype(np.float32)


def paper(rng, size, colour=None):
    """One colour with light falling off from somewhere."""
    colour = pale(rng) if colour is None else np.asarray(colour)
    y, x = np.mgrid[: size[1], : size[0]] / np.array([size[1], size[0]])[:, None, None]
    cx, cy = rng.uniform(0.1, 0.9), rng.uniform(0.0, 0.7)
    light = 1.03 - rng.uniform(0.08, 0.3) * ((x - cx) ** 2 + (y - cy) ** 2)
    return np.clip(colour * light[..., None], 0, 1).astype(np.float32)


def sweep(rng, size, colour=None):
    """A studio: a floor that bends into a wall, softly."""
    plane = paper(rng, size, colour)
    y = np.arange(size[1])[:, None] / size[1]
    bend, soft = rng.uniform(0.5, 0.75), rng.uniform(0.02, 0.12)
    floor = 1 / (1 + np.exp(-(y - bend) / soft))
    return np.clip(plane * (1 + rng.uniform(-0.12, 0.1) * floor[..., None]), 0, 1)


def wood(rng, size):
    """Planks with grain along them."""
    base = np.array(
        [(0.70, 0.50, 0.32), (0.50, 0.33, 0.20), (0.32, 0.21, 0.15), (0.80, 0.68, 0.52), (0.62, 0.58, 0.53)][
            rng.integers(5)
        ]
    )
    plane, wide = np.zeros((size[1], size[0], 3), np.float32), int(rng.uniform(60, 170))
    for top in range(0, size[1], wide):
        rows = min(wide, size[1] - top)
        warp = clouds(rng, (size[0], rows), 90, 3, 6) * 5
        grain = np.sin((np.arange(rows)[:, None] / rng.uniform(2.5, 6) + warp) + rng.uniform(0, 6)) * 0.045
        grain = grain + clouds(rng, (size[0], rows), 3, 2, 22) * 0.05 + clouds(rng, (size[0], rows), 60, 2, 4) * 0.04
        plank = base * rng.uniform(0.88, 1.1) * (1 + grain[..., None])
        seam = np.minimum(np.arange(rows), 3)[:, None, None] / 3
        plane[top : top + rows] = plank * (0.45 + 0.55 * seam)
    return np.clip(plane, 0, 1)


def cloth(rng, size):
    """A weave with soft folds."""
    base, pitch = pale(rng) if rng.random() < 0.6 else rng.uniform(0.1, 0.7, 3), rng.uniform(2.2, 4)
    y, x = np.mgrid[: size[1], : size[0]]
    weave = 0.05 * np.sin(2 * np.pi * x / pitch) * np.sin(2 * np.pi * y / pitch)
    angle = rng.uniform(0, np.pi)
    along = x * np.cos(angle) + y * np.sin(angle)
    folds = 0.11 * np.sin(along / rng.uniform(30, 70) + clouds(rng, size, 200, 2) * 1.6)
    threads = clouds(rng, size, 3, 2, 8) * 0.02
    return np.clip(base * (1 + (weave + folds + threads))[..., None], 0, 1).astype(np.float32)


def stone(rng, size):
    """Marble or concrete."""
    base = np.array([(0.9, 0.89, 0.87), (0.62, 0.61, 0.6), (0.25, 0.26, 0.28), (0.78, 0.72, 0.66)][rng.integers(4)])
    plane = 1 + 0.05 * clouds(rng, size, 120, 5)
    if rng.random() < 0.6:
        vein = np.abs(clouds(rng, size, 160, 4) + 0.3 * clouds(rng, size, 40, 3))
        plane = plane - rng.uniform(0.12, 0.3) * np.exp(-((vein / 0.07) ** 2))
    else:
        plane = plane + rng.normal(0, 0.03, plane.shape)
    return np.clip(base * plane[..., None], 0, 1).astype(np.float32)


def surface(rng, size, folders):
    """Something busy to lie on."""
    if rng.random() < 0.4:
        return crop(rng, photograph(folders, LAIN_ON[rng.integers(len(LAIN_ON))]), size)
    return (wood, cloth, stone)[rng.integers(3)](rng, size)


def view(rng, size, folders):
    """A photograph that things stand in."""
    return crop(rng, photograph(folders, STOOD_IN[rng.integers(len(STOOD_IN))]), size, least=0.8)


def table(rng, size, folders):
    """A table or floor that runs off to a horizon, a photograph out of focus behind it. Also where the horizon is."""
    horizon = int(size[1] * rng.uniform(0.42, 0.66))
    back = crop(rng, photograph(folders, BEHIND[rng.integers(len(BEHIND))]), size)
    back = ndimage.gaussian_filter(back, (blur := rng.uniform(3, 9), blur, 0))
    flat = (wood, wood, cloth, stone)[rng.integers(4)](rng, (size[0] * 2, size[0] * 2))
    y = np.arange(horizon, size[1])[:, None] + 0.5
    depth = (size[1] - horizon) / (y - horizon + 0.18 * size[1]) * 1.18
    x = (np.arange(size[0])[None] - size[0] / 2) * depth + size[0]
    rows = np.broadcast_to((2.2 - depth) / 2.2 * size[0] * 1.7 % flat.shape[0], x.shape)
    front = np.stack([ndimage.map_coordinates(flat[..., c], [rows, x], order=1, mode="mirror") for c in range(3)], 2)
    far = np.clip((y - horizon) / (0.3 * size[1]), 0, 1)[..., None]
    soft = ndimage.gaussian_filter(front, (1.6, 2.5, 0))
    scene = back * 0.95
    scene[horizon:] = soft * (1 - far) + front * far
    edge = ndimage.gaussian_filter(scene, (1.5, 0, 0))
    scene[horizon - 4 : horizon + 4] = edge[horizon - 4 : horizon + 4]
    return np.clip(scene, 0, 1).astype(np.float32), horizon


def pale(rng):
    """A colour as studios use for paper."""
    return 1 - rng.uniform(0.03, 0.3) * rng.uniform(0.2, 1, 3)
