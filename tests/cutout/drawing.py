"""Foregrounds drawn at four times their size and reduced, so that their alpha is exact, and shaded as if round."""

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

SCALE = 4
# From where the light comes: left, above, in front.
LIGHT = np.array([-0.45, -0.65, 0.62])


class Stencil:
    """What a layer covers. Coordinates are those of the reduced picture."""

    def __init__(self, size):
        self.image = Image.new("L", (size[0] * SCALE, size[1] * SCALE))
        self.pen = ImageDraw.Draw(self.image)

    def line(self, points, width, fill=255):
        """A line with round joints and ends."""
        points = np.asarray(points, float) * SCALE
        thick = max(1, round(width * SCALE))
        self.pen.line([tuple(point) for point in points], fill=fill, width=thick, joint="curve")
        if thick > 2:
            for x, y in (points[0], points[-1]):
                self.pen.ellipse([x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2], fill=fill)

    def strand(self, points, thick, thin):
        """A line that tapers from one width to the other."""
        points = np.asarray(points, float) * SCALE
        widths = np.linspace(thick, thin, len(points) - 1) * SCALE
        for start, end, width in zip(points[:-1], points[1:], widths):
            self.pen.line([tuple(start), tuple(end)], fill=255, width=max(1, round(width)))

    def polygon(self, points, fill=255):
        self.pen.polygon([tuple(point) for point in np.asarray(points, float) * SCALE], fill=fill)

    def ellipse(self, centre, radii, fill=255):
        (x, y), (rx, ry) = np.multiply(centre, SCALE), np.multiply(radii, SCALE)
        self.pen.ellipse([x - rx, y - ry, x + rx, y + ry], fill=fill)

    def box(self, corners, radius=0, fill=255):
        self.pen.rounded_rectangle([float(v) * SCALE for v in corners], radius * SCALE, fill=fill)

    def coverage(self):
        """Share of each pixel that is covered, 0..1."""
        return np.asarray(self.image.reduce(SCALE), np.float32) / 255


class Thing:
    """A foreground: colour times alpha, and alpha."""

    def __init__(self, size, standing=True):
        self.colour = np.zeros((size[1], size[0], 3), np.float32)
        self.alpha = np.zeros((size[1], size[0]), np.float32)
        # Whether it stands on its lower edge, or can only lie.
        self.standing = standing

    @classmethod
    def of(cls, image, standing=True):
        """From a picture with alpha."""
        pixels = np.asarray(image.convert("RGBA"), np.float32) / 255
        thing = cls(image.size, standing)
        thing.alpha = pixels[..., 3].copy()
        thing.colour = pixels[..., :3] * thing.alpha[..., None]
        return thing

    @property
    def size(self):
        return self.alpha.shape[1], self.alpha.shape[0]

    def lay(self, coverage, colour, opacity=1.0):
        """Lays a colour (one, or one for each pixel) over what is there."""
        alpha = np.asarray(coverage * opacity, np.float32)
        self.colour += (np.asarray(colour, np.float32) - self.colour) * alpha[..., None]
        self.colour = np.clip(self.colour, 0, 1)
        self.alpha += (1 - self.alpha) * alpha

    def lay_round(self, stencil, colour, depth, gloss=0.25):
        """Lays a stencil shaded as if its edges, `depth` pixels wide, were rounded off."""
        coverage = stencil.coverage()
        self.lay(coverage, rounded(coverage, colour, depth, gloss))

    def over(self, other, at=(0, 0)):
        """Lays another thing over this one."""
        x, y = at
        (width, height), (w, h) = self.size, other.size
        left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
        if left >= right or top >= bottom:
            return
        here = np.s_[top:bottom, left:right]
        there = np.s_[top - y : bottom - y, left - x : right - x]
        keep = 1 - other.alpha[there]
        self.colour[here] = other.colour[there] + keep[..., None] * self.colour[here]
        self.alpha[here] = other.alpha[there] + keep * self.alpha[here]

    def changed(self, change):
        """The thing with a function done to every plane, as a picture."""
        planes = [change(Image.fromarray(plane)) for plane in (*np.moveaxis(self.colour, 2, 0), self.alpha)]
        *colour, alpha = (np.clip(np.asarray(plane, np.float32), 0, 1) for plane in planes)
        thing = Thing(planes[0].size, self.standing)
        thing.alpha, thing.colour = alpha, np.minimum(np.stack(colour, 2), alpha[..., None])
        return thing

    def scaled(self, scale):
        size = [max(1, round(side * scale)) for side in self.size]
        return self.changed(lambda plane: plane.resize(size, Image.Resampling.LANCZOS))

    def turned(self, degrees):
        return self.changed(lambda plane: plane.rotate(degrees, Image.Resampling.BICUBIC, expand=True))

    def mirrored(self):
        return self.changed(lambda plane: plane.transpose(Image.Transpose.FLIP_LEFT_RIGHT))

    def cropped(self):
        """Without the empty room round it."""
        rows, columns = (np.flatnonzero((self.alpha > 0.01).any(axis)) for axis in (1, 0))
        box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
        return self.changed(lambda plane: plane.crop(box))

    def straight(self):
        """Its colours without alpha."""
        return self.colour / np.maximum(self.alpha, 1 / 512)[..., None]


def rounded(coverage, colour, depth, gloss=0.25):
    """The colour of each pixel of a shape whose edges are rounded off, lit from above and the left."""
    height = ndimage.gaussian_filter(coverage, max(0.6, 0.55 * depth)) * max(depth, 1) * 1.3
    dy, dx = np.gradient(height)
    normal = np.stack([-dx, -dy, np.ones_like(dx)], 2)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    return lit(colour, normal, gloss)


def barrel(coverage, colour, gloss=0.3):
    """The colour of each pixel of an upright thing that is round from left to right."""
    across = np.zeros_like(coverage)
    for row, covered in enumerate(coverage > 0.3):
        if covered.any():
            left, right = np.flatnonzero(covered)[[0, -1]]
            across[row] = np.clip((np.arange(len(covered)) - (left + right) / 2) / ((right - left) / 2 + 1), -1, 1)
    return lit(colour, np.stack([across, np.zeros_like(across), np.sqrt(1 - across**2)], 2), gloss)


def lit(colour, normal, gloss):
    """A colour in the light that its surface faces."""
    light = LIGHT / np.linalg.norm(LIGHT)
    half = light + np.array([0, 0, 1])
    shine = np.clip(normal @ (half / np.linalg.norm(half)), 0, 1) ** 40
    shade = 0.42 + 0.85 * np.clip(normal @ light, 0, 1)
    return np.clip(np.asarray(colour, np.float32) * shade[..., None] + gloss * shine[..., None], 0, 1)


def curve(points, count=40):
    """A Bézier curve of any degree, as points."""
    t = np.linspace(0, 1, count)[:, None]
    points = [np.broadcast_to(np.asarray(point, float), (count, 2)) for point in points]
    while len(points) > 1:
        points = [start * (1 - t) + end * t for start, end in zip(points[:-1], points[1:])]
    return points[0]


def turning(count, start=0.0, end=2 * np.pi):
    """Cosines and sines round a circle."""
    angle = np.linspace(start, end, count)
    return np.stack([np.cos(angle), np.sin(angle)], 1)
