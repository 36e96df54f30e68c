//! What may be the shadow under a subject rather than the subject.

use super::mask::Mask;
use super::spread::Spread;

/// A part this much darker than the subject next to it may be shadow.
const DARKER: f32 = 0.45;
/// How far into a mask a shadow may reach, as a share of the subject's size.
const DEEP: f32 = 0.1;

/// The share of a dark region that must lie outside of the mask for the region to run across the outline.
const ACROSS: f32 = 0.15;

/// The dark regions that run across a mask's outline: a shadow does not end where the subject does. A dark sole does, and
/// a shadow within the subject, say of a cup on its saucer, has lit subject round it; neither is among them.
/// `inside` and `outside` are the distances from the outline, `size` the subject's longer side.
pub(super) fn dim(colours: &[[f32; 3]], mask: &Mask, inside: &[f32], outside: &[f32], size: f32) -> Mask {
    let light: Vec<f32> = colours.iter().map(|[r, g, b]| 0.299 * r + 0.587 * g + 0.114 * b).collect();
    let lit =
        Spread::of((mask.width, mask.height), 0.1 * size, |i| if mask.on[i] { [light[i], 1.0] } else { [0.0; 2] });
    let reach = DEEP * size;
    let dark = |i: usize| {
        inside[i].max(outside[i]) <= reach && {
            let [sum, weight] = lit.at(i);
            light[i] * weight < DARKER * sum
        }
    };
    let dark = Mask::new(mask.width, mask.height, (0..mask.on.len()).map(dark).collect());
    let mut across = dark.clone();
    across.keep_parts(|part| {
        let out = part.iter().filter(|i| !mask.on[**i]).count() as f32 / part.len() as f32;
        (ACROSS..1.0).contains(&out)
    });
    across
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_runs_across_the_outline_may_be_shadow() {
        let side = 60;
        let on = |x: usize, y: usize| (10..50).contains(&x) && (10..50).contains(&y);
        let mask = Mask::new(side, side, (0..side * side).map(|i| on(i % side, i / side)).collect());
        let colours: Vec<[f32; 3]> = (0..side * side)
            .map(|i| {
                let (x, y) = (i % side, i / side);
                let dark =
                    (47..53).contains(&y) || y < 13 && on(x, y) || ((13..16).contains(&x) && (20..30).contains(&y));
                if dark { [20.0; 3] } else { [160.0; 3] }
            })
            .collect();
        let found = dim(&colours, &mask, &mask.distance_to(false), &mask.distance_to(true), 40.0);
        assert!(found.on[48 * side + 30], "the foot, in the same shadow as the floor");
        assert!(!found.on[11 * side + 30], "a dark top that ends with the subject");
        assert!(!found.on[25 * side + 14], "a dark spot within");
        assert!(!found.on[30 * side + 30], "the lit body");
    }
}
