"""Things placed on a ground, with their shadows, their common light and the camera's noise."""

import numpy as np
from PIL import Image
from scipy import ndimage

from drawing import Thing

# How much a rendered thing may be enlarged.
MOST_SCALE = 1.35


class Scene:
    """A ground, and what was placed on it. `horizon` is a row, or None where the ground is seen from above."""

    def __init__(self, ground, horizon):
        self.ground, self.horizon = ground.astype(np.float32), horizon
        self.size = ground.shape[1], ground.shape[0]
        self.things = Thing(self.size)

    def place(self, rng, thing, share, across, front):
        """Places a thing that takes a share of the frame; `across` and `front` say where, 0..1."""
        width, height = self.size
        scale = min(share * width / thing.size[0], share * height / thing.size[1], MOST_SCALE)
        thing = thing.scaled(scale)
        if self.horizon is None:
            thing = thing.turned(rng.uniform(-25, 25)).cropped()
            top = (height - thing.size[1]) * (0.5 + rng.uniform(-0.3, 0.3))
        else:
            foot = self.horizon + (height * 0.97 - self.horizon) * (0.35 + 0.65 * front)
            top = max(foot - thing.size[1], 4)
        left = np.clip(width * across - thing.size[0] / 2, 4, max(4, width - thing.size[0] - 4))
        placed = Thing(self.size)
        placed.over(thing, (int(left), int(top)))
        self.shade(rng, placed)
        self.light(rng, placed)
        self.things.over(placed)

    def shade(self, rng, placed):
        """Darkens the ground, and what stands behind, where the thing keeps light off it."""
        dark = self.lying(rng, placed.alpha) if self.horizon is None else self.standing(rng, placed.alpha)
        keep = (1 - np.clip(dark, 0, 0.85))[..., None]
        self.ground *= keep
        # On things behind, the shadow is weaker: they are not flat on the ground.
        self.things.colour *= 1 - (1 - keep) * 0.35

    def lying(self, rng, alpha):
        """The shadow of a thing that lies."""
        reach, strength = rng.uniform(3, 12), rng.uniform(0.25, 0.55)
        near = ndimage.gaussian_filter(ndimage.shift(alpha, (1.5, 1), order=1), 2)
        far = ndimage.gaussian_filter(
            ndimage.shift(alpha, (reach, reach * rng.uniform(0.3, 0.8)), order=1), reach * 0.7
        )
        return 0.25 * near + strength * far

    def standing(self, rng, alpha):
        """The shadow of a thing that stands: cast aside along the ground, and dark where it touches it."""
        foot = np.flatnonzero((alpha > 0.3).any(1))[-1]
        squash, lean, strength = rng.uniform(0.12, 0.3), rng.uniform(-1.6, 1.6), rng.uniform(0.2, 0.5)
        # From a pixel of the shadow to that of the thing which casts it.
        matrix = np.array([[1 / squash, 0], [lean / squash, 1]])
        base = np.array([foot - 1, 0])
        cast = ndimage.affine_transform(alpha, matrix, base - matrix @ np.array([foot - 1, 0]), order=1)
        rows = np.arange(alpha.shape[0])[:, None]
        away = np.clip((foot - rows) / max(1, foot * squash), 0, 1)
        cast = ndimage.gaussian_filter(cast, 2) * (1 - away) + ndimage.gaussian_filter(cast, 9) * away
        touching = alpha * np.clip(1 - (foot - rows) / (0.05 * alpha.shape[0]), 0, 1)
        touching = ndimage.gaussian_filter(ndimage.shift(touching, (2, 0), order=1), (2.5, 5))
        return strength * cast + 0.55 * touching

    def light(self, rng, placed):
        """Gives the thing a part of the ground's tint, and its own exposure."""
        mean = self.ground.reshape(-1, 3).mean(0)
        tint = 1 + rng.uniform(0.05, 0.2) * (mean / max(mean.mean(), 0.05) - 1)
        placed.colour = np.minimum(
            placed.colour * (tint * rng.uniform(0.86, 1.06)).astype(np.float32), placed.alpha[..., None]
        )

    def save(self, rng, picture, alpha):
        """Writes the photograph and its alpha. What is blended is the alpha as written, in 255 steps."""
        exact = np.round(self.things.alpha * 255) / 255
        colour = self.things.straight() * exact[..., None]
        mixed = colour + self.ground * (1 - exact[..., None])
        mixed = mixed + rng.normal(0, rng.uniform(0.0, 0.012), mixed.shape)
        pixels = np.clip(np.round(mixed * 255), 0, 255).astype(np.uint8)
        coarse = rng.random() < 0.5
        Image.fromarray(pixels).save(picture, quality=int(rng.integers(82, 97)), subsampling=2 if coarse else 0)
        Image.fromarray(np.round(exact * 255).astype(np.uint8)).save(alpha)
