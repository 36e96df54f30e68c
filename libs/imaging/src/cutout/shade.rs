//! What may be the shadow under a subject rather than the subject.

use super::mask::Mask;
use crate::blur::gaussian;

/// A part this much darker than the subject next to it may be shadow.
const DARKER: f32 = 0.45;
/// How far into a mask a shadow may reach, as a share of the subject's size.
const DEEP: f32 = 0.1;

/// The dark parts of a mask that reach its outline. A shadow within the subject, say of a cup on its saucer, has lit
/// subject round it and is not among them. `inside` is the distance from the outline, `size` the subject's longer side.
pub(super) fn dim(colours: &[[f32; 3]], mask: &Mask, inside: &[f32], size: f32) -> Mask {
    let light: Vec<f32> = colours.iter().map(|[r, g, b]| 0.299 * r + 0.587 * g + 0.114 * b).collect();
    let mut weight = mask.plane();
    let mut sum: Vec<f32> = light.iter().zip(&weight).map(|(l, w)| l * w).collect();
    gaussian(&mut sum, mask.width, mask.height, 0.1 * size);
    gaussian(&mut weight, mask.width, mask.height, 0.1 * size);
    let dark = |i: usize| mask.on[i] && inside[i] <= DEEP * size && light[i] * weight[i] < DARKER * sum[i];
    let mut out = Mask::new(mask.width, mask.height, vec![false; mask.on.len()]);
    let mut edge: Vec<usize> = (0..mask.on.len()).filter(|&i| inside[i] <= 1.5 && dark(i)).collect();
    edge.iter().for_each(|&i| out.on[i] = true);
    while let Some(i) = edge.pop() {
        let (x, y) = (i % mask.width, i / mask.width);
        let mut visit = |j: usize| {
            if !out.on[j] && dark(j) {
                out.on[j] = true;
                edge.push(j);
            }
        };
        if x > 0 {
            visit(i - 1);
        }
        if x + 1 < mask.width {
            visit(i + 1);
        }
        if y > 0 {
            visit(i - mask.width);
        }
        if y + 1 < mask.height {
            visit(i + mask.width);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dark_fringe_may_be_shadow_and_a_dark_middle_not() {
        let side = 60;
        let on = |x: usize, y: usize| (10..50).contains(&x) && (10..50).contains(&y);
        let mask = Mask::new(side, side, (0..side * side).map(|i| on(i % side, i / side)).collect());
        let colours: Vec<[f32; 3]> = (0..side * side)
            .map(|i| {
                let (x, y) = (i % side, i / side);
                let dark = y >= 47 || ((13..16).contains(&x) && (20..30).contains(&y));
                if dark { [20.0; 3] } else { [160.0; 3] }
            })
            .collect();
        let found = dim(&colours, &mask, &mask.distance_to(false), 40.0);
        assert!(found.on[48 * side + 30], "the foot");
        assert!(!found.on[25 * side + 14], "a dark spot within");
        assert!(!found.on[30 * side + 30], "the lit body");
    }
}
