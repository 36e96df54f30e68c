//! The colours of the surroundings near each pixel.

use super::spread::Spread;

type Colour = [f32; 3];

/// From this negative log-likelihood on, a colour is strange to its surroundings: 2.4 standard deviations.
pub(super) const STRANGE: f32 = 3.0;

/// Mean and covariance of the colours of the surroundings, in a window round every pixel.
pub(super) struct Nearby {
    /// Weight, then sums of r, g, b, rr, rg, rb, gg, gb, bb.
    moments: Spread<10>,
}

impl Nearby {
    /// `surely_not` says which pixels surely belong to the surroundings; the window is a Gaussian of `sigma` pixels.
    pub(super) fn of(colours: &[Colour], size: (usize, usize), surely_not: &[bool], sigma: f32) -> Self {
        let moments = |i: usize| match (surely_not[i], colours[i]) {
            (true, [r, g, b]) => [1.0, r, g, b, r * r, r * g, r * b, g * g, g * b, b * b],
            (false, _) => [0.0; 10],
        };
        Self { moments: Spread::of(size, sigma, moments) }
    }

    /// Half the squared Mahalanobis distance of a colour from the surroundings near a pixel; large where there are none.
    pub(super) fn strangeness(&self, i: usize, colour: Colour) -> f32 {
        let sums = self.moments.at(i);
        if sums[0] < 1e-3 {
            return STRANGE;
        }
        let m = sums.map(|sum| sum / sums[0]);
        let d = [colour[0] - m[1], colour[1] - m[2], colour[2] - m[3]];
        // Texture that the window happens not to hold.
        let floor = 40.0;
        let (rr, gg, bb) = (m[4] - m[1] * m[1] + floor, m[7] - m[2] * m[2] + floor, m[9] - m[3] * m[3] + floor);
        let (rg, rb, gb) = (m[5] - m[1] * m[2], m[6] - m[1] * m[3], m[8] - m[2] * m[3]);
        let (a, b, c) = (gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg);
        let det = (rr * a + rg * b + rb * c).max(1.0);
        let (e, f, h) = (rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg);
        let square = a * d[0] * d[0]
            + e * d[1] * d[1]
            + h * d[2] * d[2]
            + 2.0 * (b * d[0] * d[1] + c * d[0] * d[2] + f * d[1] * d[2]);
        (0.5 * square / det).max(0.0)
    }
}
