"""What a matte is worth beside the true one. Both are planes of 0..255."""

import numpy as np
from scipy import ndimage

# Of the Gaussian whose derivative finds gradients, as in the benchmark of alphamatting.com.
SIGMA = 1.4


def measures(found, truth):
    """Intersection over union at half opacity; sums of the absolute error and of the gradient's squared error, in
    thousands of pixels; the absolute error as a share of the picture."""
    solid, true = found >= 128, truth >= 128
    union = np.count_nonzero(solid | true)
    found, truth = found.astype(np.float64) / 255, truth.astype(np.float64) / 255
    error = np.abs(found - truth)
    return {
        "iou": np.count_nonzero(solid & true) / union if union else 1.0,
        "sad": float(error.sum() / 1000),
        "sad_share": float(error.mean()),
        "grad": float(((steepness(found) - steepness(truth)) ** 2).sum() / 1000),
    }


def steepness(plane):
    """The gradient's length everywhere, by derivatives of a Gaussian of unit energy."""
    reach = int(np.ceil(SIGMA * np.sqrt(-2 * np.log(np.sqrt(2 * np.pi) * SIGMA * 0.01))))
    at = np.arange(-reach, reach + 1)
    bell = np.exp(-(at**2) / (2 * SIGMA**2)) / (SIGMA * np.sqrt(2 * np.pi))
    slope = -at * bell / SIGMA**2
    energy = np.sqrt((np.outer(bell, slope) ** 2).sum())
    across = ndimage.correlate1d(ndimage.correlate1d(plane, slope, 1, mode="nearest"), bell, 0, mode="nearest")
    down = ndimage.correlate1d(ndimage.correlate1d(plane, slope, 0, mode="nearest"), bell, 1, mode="nearest")
    return np.hypot(across, down) / energy
