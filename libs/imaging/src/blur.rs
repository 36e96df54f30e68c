//! Blurs of float planes: three box passes come within a few percent of a Gaussian at any radius.

/// Blurs a `width` × `height` plane with a Gaussian of about `sigma` pixels. Edges are replicated.
/// The support is finite: nothing moves farther than three box radii, about 2.6 sigma.
pub(crate) fn gaussian(plane: &mut Vec<f32>, width: usize, height: usize, sigma: f32) {
    gaussian_of::<1>(plane, width, height, [sigma; 2]);
}

/// As [`gaussian`], of a plane with `N` values for each pixel, side by side, and with a sigma for each axis.
pub(crate) fn gaussian_of<const N: usize>(plane: &mut Vec<f32>, width: usize, height: usize, sigma: [f32; 2]) {
    let mut scratch = vec![0.0; plane.len()];
    for radius in radii(sigma[0]) {
        rows::<N>(plane, &mut scratch, width, radius);
        std::mem::swap(plane, &mut scratch);
    }
    for radius in radii(sigma[1]) {
        columns(plane, &mut scratch, width * N, height, radius);
        std::mem::swap(plane, &mut scratch);
    }
}

/// The radii of three box passes whose variances add up to that of the Gaussian.
fn radii(sigma: f32) -> impl Iterator<Item = usize> {
    let ideal = (12.0 * sigma * sigma / 3.0 + 1.0).sqrt();
    let small = ((ideal - 1.0) / 2.0).floor().max(0.0);
    let width = 2.0 * small + 1.0;
    let smalls = ((12.0 * sigma * sigma - 3.0 * width * width - 12.0 * width - 9.0) / (-4.0 * width - 4.0)).round();
    (0..3).map(move |i| small as usize + usize::from(i as f32 >= smalls)).filter(|&r| r > 0)
}

/// One box pass along the rows.
fn rows<const N: usize>(from: &[f32], to: &mut [f32], width: usize, radius: usize) {
    let scale = 1.0 / (2 * radius + 1) as f32;
    let last = width - 1;
    let (from, to) = (from.as_chunks::<N>().0, to.as_chunks_mut::<N>().0);
    for (from, to) in from.chunks_exact(width).zip(to.chunks_exact_mut(width)) {
        let mut sum = from[0].map(|v| v * (radius + 1) as f32);
        for i in 1..=radius {
            (0..N).for_each(|k| sum[k] += from[i.min(last)][k]);
        }
        for x in 0..width {
            to[x] = sum.map(|v| v * scale);
            let (enter, leave) = (from[(x + radius + 1).min(last)], from[x.saturating_sub(radius)]);
            (0..N).for_each(|k| sum[k] += enter[k] - leave[k]);
        }
    }
}

/// One box pass along the columns of `width` floats, a whole row of running sums at a time.
fn columns(from: &[f32], to: &mut [f32], width: usize, height: usize, radius: usize) {
    let scale = 1.0 / (2 * radius + 1) as f32;
    let last = height - 1;
    let row = |y: usize| &from[y.min(last) * width..][..width];
    let mut sums: Vec<f32> = row(0).iter().map(|v| v * (radius + 1) as f32).collect();
    for y in 1..=radius {
        sums.iter_mut().zip(row(y)).for_each(|(sum, v)| *sum += v);
    }
    for y in 0..height {
        let (enter, leave) = (row(y + radius + 1), row(y.saturating_sub(radius)));
        for (((to, sum), enter), leave) in to[y * width..][..width].iter_mut().zip(&mut sums).zip(enter).zip(leave) {
            *to = *sum * scale;
            *sum += enter - leave;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blur_keeps_the_sum_and_spreads_by_sigma() {
        let (w, h) = (81, 61);
        for sigma in [0.6f32, 1.5, 4.0] {
            let mut plane = vec![0.0; w * h];
            plane[30 * w + 40] = 1.0;
            gaussian(&mut plane, w, h, sigma);
            let sum: f32 = plane.iter().sum();
            let spread: f32 = plane.iter().enumerate().map(|(i, v)| v * ((i % w) as f32 - 40.0).powi(2)).sum();
            assert!((sum - 1.0).abs() < 1e-3, "sum {sum}");
            assert!((spread.sqrt() - sigma).abs() < 0.25 * sigma + 0.15, "sigma {sigma} became {}", spread.sqrt());
        }
    }

    #[test]
    fn values_side_by_side_are_blurred_as_they_are_alone() {
        let (w, h) = (23, 17);
        let value = |i: usize, k: usize| ((i * 31 + k * 57) % 97) as f32;
        let mut both: Vec<f32> = (0..w * h).flat_map(|i| [value(i, 0), value(i, 1)]).collect();
        gaussian_of::<2>(&mut both, w, h, [2.0, 3.5]);
        for k in 0..2 {
            let mut alone: Vec<f32> = (0..w * h).map(|i| value(i, k)).collect();
            gaussian_of::<1>(&mut alone, w, h, [2.0, 3.5]);
            assert!(alone.iter().zip(both.iter().skip(k).step_by(2)).all(|(a, b)| (a - b).abs() < 1e-3));
        }
    }

    #[test]
    fn a_flat_plane_stays_flat_at_its_edges() {
        let mut plane = vec![0.7f32; 50 * 3];
        gaussian(&mut plane, 50, 3, 6.0);
        assert!(plane.iter().all(|v| (v - 0.7).abs() < 1e-4));
    }
}
