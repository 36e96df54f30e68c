//! The colours of the surroundings near each pixel.

type Colour = [f32; 3];

/// From this negative log-likelihood on, a colour is strange to its surroundings: 2.4 standard deviations.
pub(super) const STRANGE: f32 = 3.0;

/// Mean and covariance of the colours of the surroundings, in a window round every pixel.
pub(super) struct Nearby {
    /// Weight, then sums of r, g, b, rr, rg, rb, gg, gb, bb.
    moments: [Vec<f32>; 10],
}

impl Nearby {
    /// `weight` is 1 where a pixel surely belongs to the surroundings; the window is a Gaussian of `sigma` pixels.
    pub(super) fn of(colours: &[Colour], (width, height): (usize, usize), weight: &[f32], sigma: f32) -> Self {
        let term = |k: usize, [r, g, b]: Colour| match k {
            0 => 1.0,
            1 => r,
            2 => g,
            3 => b,
            4 => r * r,
            5 => r * g,
            6 => r * b,
            7 => g * g,
            8 => g * b,
            _ => b * b,
        };
        let moments = std::array::from_fn(|k| {
            let mut plane: Vec<f32> = colours.iter().zip(weight).map(|(c, w)| w * term(k, *c)).collect();
            crate::blur::gaussian(&mut plane, width, height, sigma);
            plane
        });
        Self { moments }
    }

    /// Half the squared Mahalanobis distance of a colour from the surroundings near a pixel; large where there are none.
    pub(super) fn strangeness(&self, i: usize, colour: Colour) -> f32 {
        let weight = self.moments[0][i];
        if weight < 1e-3 {
            return STRANGE;
        }
        let m: [f32; 10] = std::array::from_fn(|k| self.moments[k][i] / weight);
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
