//! Mixtures of colour Gaussians.

/// Components per model, as in Rother, Kolmogorov and Blake, "GrabCut" (2004).
const COMPONENTS: usize = 5;

type Colour = [f32; 3];

#[derive(Debug, Clone, Copy, Default)]
struct Component {
    mean: Colour,
    /// Inverse covariance: xx, xy, xz, yy, yz, zz.
    inverse: [f32; 6],
    /// Logarithm of weight over the square root of the determinant.
    log_scale: f32,
}

/// A mixture of Gaussians over colours.
#[derive(Debug, Clone)]
pub(super) struct Gmm {
    components: Vec<Component>,
}

impl Gmm {
    /// Fits a mixture to colours: k-means first, then two rounds of hard reassignment. None without colours.
    pub(super) fn fit(colours: &[Colour]) -> Option<Self> {
        let step = (colours.len() / 10_000).max(1);
        let colours: Vec<Colour> = colours.iter().step_by(step).copied().collect();
        let mut labels = k_means(&colours)?;
        let mut model = Self::estimate(&colours, &labels);
        for _ in 0..2 {
            labels = colours.iter().map(|c| model.nearest(*c)).collect();
            model = Self::estimate(&colours, &labels);
        }
        Some(model)
    }

    /// Negative log-likelihood of a colour, up to a constant that all mixtures share.
    pub(super) fn cost(&self, colour: Colour) -> f32 {
        let logs: [f32; COMPONENTS] =
            std::array::from_fn(|i| self.components.get(i).map_or(f32::NEG_INFINITY, |c| c.log_density(colour)));
        let most = logs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        -(most + logs.iter().map(|l| (l - most).exp()).sum::<f32>().ln())
    }

    fn nearest(&self, colour: Colour) -> usize {
        let density = |i: &usize| self.components[*i].log_density(colour);
        (0..self.components.len()).max_by(|a, b| density(a).total_cmp(&density(b))).unwrap_or(0)
    }

    fn estimate(colours: &[Colour], labels: &[usize]) -> Self {
        let mut sums = [(0.0f64, [0.0f64; 3], [0.0f64; 6]); COMPONENTS];
        for (c, &label) in colours.iter().zip(labels) {
            let [x, y, z] = c.map(f64::from);
            let (count, first, second) = &mut sums[label];
            *count += 1.0;
            first.iter_mut().zip([x, y, z]).for_each(|(s, v)| *s += v);
            second.iter_mut().zip([x * x, x * y, x * z, y * y, y * z, z * z]).for_each(|(s, v)| *s += v);
        }
        let all = colours.len() as f64;
        let components = sums.iter().filter(|s| s.0 > 0.0).map(|s| Component::new(s.0, s.1, s.2, all)).collect();
        Self { components }
    }
}

impl Component {
    fn new(count: f64, first: [f64; 3], second: [f64; 6], all: f64) -> Self {
        let [mx, my, mz] = first.map(|v| v / count);
        // Sensor noise: without it a flat colour would have no volume.
        let floor = 4.0;
        let [xx, xy, xz, yy, yz, zz] = second.map(|v| v / count);
        let (xx, yy, zz) = (xx - mx * mx + floor, yy - my * my + floor, zz - mz * mz + floor);
        let (xy, xz, yz) = (xy - mx * my, xz - mx * mz, yz - my * mz);
        let (a, b, c) = (yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy);
        let det = (xx * a + xy * b + xz * c).max(1e-6);
        let (d, e, f) = (xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy);
        Self {
            mean: [mx as f32, my as f32, mz as f32],
            inverse: [a, b, c, d, e, f].map(|v| (v / det) as f32),
            log_scale: ((count / all).ln() - 0.5 * det.ln()) as f32,
        }
    }

    fn log_density(&self, colour: Colour) -> f32 {
        let [x, y, z]: Colour = std::array::from_fn(|i| colour[i] - self.mean[i]);
        let [xx, xy, xz, yy, yz, zz] = self.inverse;
        let square = xx * x * x + yy * y * y + zz * z * z + 2.0 * (xy * x * y + xz * x * z + yz * y * z);
        self.log_scale - 0.5 * square
    }
}

fn squared(a: Colour, b: Colour) -> f32 {
    (0..3).map(|i| (a[i] - b[i]) * (a[i] - b[i])).sum()
}

/// Labels from k-means, seeded with colours that are far from each other, so that no randomness is needed.
fn k_means(colours: &[Colour]) -> Option<Vec<usize>> {
    let n = colours.len() as f32;
    let mut mean = [0.0; 3];
    colours.iter().for_each(|c| (0..3).for_each(|i| mean[i] += c[i] / n));
    let mut centres = vec![*colours.iter().min_by(|a, b| squared(**a, mean).total_cmp(&squared(**b, mean)))?];
    let mut nearest: Vec<f32> = colours.iter().map(|c| squared(*c, centres[0])).collect();
    while centres.len() < COMPONENTS {
        // Not the farthest, which is an outlier, but one at the 98th percentile.
        let mut order: Vec<usize> = (0..colours.len()).collect();
        let at = (colours.len() - 1) * 98 / 100;
        let far = *order.select_nth_unstable_by(at, |a, b| nearest[*a].total_cmp(&nearest[*b])).1;
        centres.push(colours[far]);
        nearest.iter_mut().zip(colours).for_each(|(d, c)| *d = d.min(squared(*c, colours[far])));
    }
    let mut labels = vec![0; colours.len()];
    for _ in 0..8 {
        let mut sums = [([0.0f64; 3], 0.0f64); COMPONENTS];
        for (label, c) in labels.iter_mut().zip(colours) {
            let of = |i: &usize| squared(*c, centres[*i]);
            *label = (0..COMPONENTS).min_by(|a, b| of(a).total_cmp(&of(b))).unwrap_or(0);
            (0..3).for_each(|i| sums[*label].0[i] += f64::from(c[i]));
            sums[*label].1 += 1.0;
        }
        for (centre, (sum, count)) in centres.iter_mut().zip(&sums) {
            if *count > 0.0 {
                *centre = sum.map(|v| (v / count) as f32);
            }
        }
    }
    Some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_seen_are_likelier_than_colours_unseen() {
        let seen: Vec<Colour> = (0..3000)
            .map(|i| {
                let wiggle = (i * 37 % 11) as f32;
                if i % 3 == 0 { [200.0 + wiggle, 40.0, 30.0 + wiggle] } else { [240.0, 240.0 - wiggle, 235.0] }
            })
            .collect();
        let model = Gmm::fit(&seen).unwrap();
        assert!(model.cost([204.0, 41.0, 33.0]) + 5.0 < model.cost([60.0, 120.0, 60.0]));
        assert!(model.cost([240.0, 236.0, 235.0]) + 5.0 < model.cost([120.0, 120.0, 120.0]));
        assert!(Gmm::fit(&[]).is_none());
        assert!(Gmm::fit(&[[1.0; 3]]).unwrap().cost([1.0; 3]).is_finite());
    }
}
