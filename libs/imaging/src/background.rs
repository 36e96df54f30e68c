//! A model of a plain backdrop: each channel a quadratic over the picture, which follows falloff and vignettes.

use image::RgbImage;

/// The backdrop of a picture, as far as it is plain.
#[derive(Debug, Clone)]
pub(crate) struct PlainBackground {
    /// Per channel: 1, x, y, x², y², xy, with x and y in −1..1.
    coefficients: [[f32; 6]; 3],
    /// Typical distance of a border pixel from the model, levels.
    pub(crate) noise: f32,
    /// Share of the border that lies near the model, 0..1.
    pub(crate) inliers: f32,
}

type Sample = ([f32; 6], [f32; 3]);

/// Distance within which a border pixel counts as backdrop, levels.
const NEAR: f32 = 14.0;

fn terms(x: f32, y: f32) -> [f32; 6] {
    [1.0, x, y, x * x, y * y, x * y]
}

/// The middle of pixel `i` of `n`, which span −1..1.
pub(crate) fn place(i: u32, n: u32) -> f32 {
    (i as f32 + 0.5) / n as f32 * 2.0 - 1.0
}

impl PlainBackground {
    /// Fits the model to the border of a picture, then to all that looks like its continuation.
    pub(crate) fn fit(image: &RgbImage) -> Self {
        let (w, h) = image.dimensions();
        let ring = (w.min(h) / 24).max(2).min(w.min(h));
        let on_ring = |x: u32, y: u32| x < ring || y < ring || x + ring >= w || y + ring >= h;
        let border = samples(image, on_ring);
        let mut model = Self { coefficients: [[0.0; 6]; 3], noise: 0.0, inliers: 1.0 };
        for channel in 0..3 {
            model.coefficients[channel][0] = median(border.iter().map(|s| s.1[channel]).collect());
        }
        model.improve(&border, 8);
        let everything = samples(image, |_, _| true);
        for _ in 0..2 {
            let near: Vec<Sample> =
                everything.iter().filter(|s| distance(model.value(&s.0), s.1) < NEAR).copied().collect();
            // Too little support in the middle would let the parabola swing there.
            if near.len() * 5 > everything.len() {
                model.improve(&near, 2);
            }
        }
        let mut off: Vec<f32> = border.iter().map(|s| distance(model.value(&s.0), s.1)).collect();
        model.inliers = off.iter().filter(|d| **d < NEAR).count() as f32 / off.len().max(1) as f32;
        off.retain(|d| *d < NEAR);
        model.noise = if off.is_empty() { NEAR } else { median(off) };
        model
    }

    /// Whether the border is one smooth colour.
    pub(crate) fn is_plain(&self) -> bool {
        self.inliers > 0.86 && self.noise < 7.0
    }

    /// The backdrop's colour at a pixel of a `w` × `h` picture.
    pub(crate) fn at(&self, x: u32, y: u32, w: u32, h: u32) -> [f32; 3] {
        self.value(&terms(place(x, w), place(y, h)))
    }

    /// The backdrop along the row at `y`, which the picture spans from −1 to 1 and which goes on beyond it; see [`leveled`].
    pub(crate) fn along(&self, y: f32) -> Row {
        Row(self.coefficients.map(|[c, x1, y1, x2, y2, xy]| [c + y1 * y + y2 * y * y, x1 + xy * y, x2]))
    }

    fn value(&self, terms: &[f32; 6]) -> [f32; 3] {
        self.coefficients.map(|c| c.iter().zip(terms).map(|(c, t)| c * t).sum::<f32>().clamp(0.0, 255.0))
    }

    /// Reweighted least squares: what lies far from the model counts little.
    fn improve(&mut self, samples: &[Sample], rounds: usize) {
        for _ in 0..rounds {
            let mut normal = [[0.0f64; 6]; 6];
            let mut right = [[0.0f64; 6]; 3];
            for (t, colour) in samples {
                let d = distance(self.value(t), *colour) / 10.0;
                let weight = f64::from(1.0 / (1.0 + d * d).powi(2));
                for i in 0..6 {
                    let wt = weight * f64::from(t[i]);
                    (0..6).for_each(|j| normal[i][j] += wt * f64::from(t[j]));
                    (0..3).for_each(|c| right[c][i] += wt * f64::from(colour[c]));
                }
            }
            // A little ridge on all but the constant keeps the solution tame where the border says nothing.
            let ridge = normal[0][0] * 1e-3 + 1e-6;
            (1..6).for_each(|i| normal[i][i] += ridge);
            for (coefficients, right) in self.coefficients.iter_mut().zip(&right) {
                if let Some(solution) = solve(normal, *right) {
                    *coefficients = solution.map(|v| v as f32);
                }
            }
        }
    }
}

/// The backdrop along a row.
pub(crate) struct Row([[f32; 3]; 3]);

impl Row {
    /// Its colour at `x`, which the picture spans from −1 to 1.
    pub(crate) fn at(&self, x: f32) -> [f32; 3] {
        self.0.map(|[c, x1, x2]| (c + (x1 + x2 * x) * x).clamp(0.0, 255.0))
    }
}

/// Where the model is asked for a place beyond the picture, −1..1 within it: towards the picture's edge it levels off, since a
/// parabola would run away outside.
pub(crate) fn leveled(place: f32) -> f32 {
    const LEVEL: f32 = 0.65;
    let over = (place.abs() - LEVEL).max(0.0) / (1.0 - LEVEL);
    place.signum() * (place.abs().min(LEVEL) + (1.0 - LEVEL) * over.tanh())
}

fn samples(image: &RgbImage, wanted: impl Fn(u32, u32) -> bool) -> Vec<Sample> {
    let (w, h) = image.dimensions();
    let step = (w.max(h) / 160).max(1);
    let mut out = Vec::new();
    for y in (0..h).step_by(step as usize) {
        for x in (0..w).step_by(step as usize).filter(|&x| wanted(x, y)) {
            out.push((terms(place(x, w), place(y, h)), image.get_pixel(x, y).0.map(f32::from)));
        }
    }
    out
}

pub(crate) fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
}

pub(crate) fn median(mut values: Vec<f32>) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

/// Gaussian elimination with pivoting; None when the system is singular.
fn solve(mut a: [[f64; 6]; 6], mut b: [f64; 6]) -> Option<[f64; 6]> {
    for column in 0..6 {
        let pivot = (column..6).max_by(|&i, &j| a[i][column].abs().total_cmp(&a[j][column].abs()))?;
        if a[pivot][column].abs() < 1e-12 {
            return None;
        }
        a.swap(column, pivot);
        b.swap(column, pivot);
        for row in column + 1..6 {
            let factor = a[row][column] / a[column][column];
            let above = a[column];
            (column..6).for_each(|k| a[row][k] -= factor * above[k]);
            b[row] -= factor * b[column];
        }
    }
    let mut x = [0.0; 6];
    for row in (0..6).rev() {
        let known: f64 = (row + 1..6).map(|k| a[row][k] * x[k]).sum();
        x[row] = (b[row] - known) / a[row][row];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_a_vignette_under_a_subject() {
        let image = RgbImage::from_fn(120, 90, |x, y| {
            let (u, v) = (place(x, 120), place(y, 90));
            if (30..90).contains(&x) && (20..70).contains(&y) {
                return image::Rgb([200, 30, 30]);
            }
            let light = 1.0 - 0.2 * (u * u + v * v) / 2.0;
            image::Rgb([(90.0 * light) as u8, (150.0 * light) as u8, (160.0 * light) as u8])
        });
        let model = PlainBackground::fit(&image);
        assert!(model.is_plain(), "{model:?}");
        assert!(distance(model.at(60, 45, 120, 90), [90.0, 150.0, 160.0]) < 9.0, "{:?}", model.at(60, 45, 120, 90));
        assert!(distance(model.at(0, 0, 120, 90), [72.0, 120.0, 128.0]) < 4.0);
    }

    #[test]
    fn noise_is_not_plain() {
        let image =
            RgbImage::from_fn(90, 90, |x, y| image::Rgb([((x * 97 + y * 57) % 251) as u8, (x % 7 * 30) as u8, 90]));
        assert!(!PlainBackground::fit(&image).is_plain());
    }
}
