//! Regions that some looks at a picture saw and others did not: what they are is decided for each as a whole.

use super::mask::Mask;

/// How clearly a region must be seen, on average over it by the look that sees each pixel best, for that to count at all, and
/// to count fully. Parts that some looks saw clearly are likelier missed by the others than made up.
const CLEAR: std::ops::Range<f32> = 0.8..0.9;
/// What such a region's best look counts for, between the mean of all (0) and it alone (1).
const BEST: f32 = 0.8;
/// The share of a region that a look must have seen to have seen it whole, and how many such looks make it subject whatever its
/// colours are: a thing of glass looks like the backdrop.
const WHOLE: f32 = 0.8;
const WITNESSES: usize = 2;
/// The least size of such a region, as a share of what all looks saw. Shadows and holes are smaller.
const LARGE: f32 = 0.2;
/// Smaller regions are edges, pixels.
const LEAST: usize = 20;

/// What is disputed, pixel by pixel.
pub(super) struct Disputes {
    /// How far the look that sees most here is to be believed, 0..=1, above the mean of all.
    pub(super) lift: Vec<f32>,
    /// What is subject although it may look like the backdrop.
    pub(super) witnessed: Vec<bool>,
}

impl Disputes {
    /// Of looks at a picture that is `width` pixels wide; `least` and `most` of them at every pixel.
    pub(super) fn of(width: usize, looks: &[Vec<f32>], least: &[f32], most: &[f32]) -> Self {
        let height = most.len() / width;
        let clear = |seen: f32| ((seen - CLEAR.start) / (CLEAR.end - CLEAR.start)).clamp(0.0, 1.0);
        let agreed = least.iter().filter(|seen| **seen > 0.5).count() as f32;
        let mut found = Self {
            lift: most.iter().map(|seen| 0.5 * ((seen - 0.5) / 0.3).clamp(0.0, 1.0)).collect(),
            witnessed: vec![false; most.len()],
        };
        let disputed = least.iter().zip(most).map(|(least, most)| *most > 0.5 && *least <= 0.5).collect();
        for region in Mask::new(width, height, disputed).connected() {
            if region.len() < LEAST {
                continue;
            }
            let share = |of: &dyn Fn(usize) -> f32| region.iter().map(|i| of(*i)).sum::<f32>() / region.len() as f32;
            let lift = BEST * clear(share(&|i| most[i]));
            let whole = |seen: &&Vec<f32>| share(&|i| f32::from(u8::from(seen[i] > 0.5))) > WHOLE;
            let witnessed = region.len() as f32 > LARGE * agreed && looks.iter().filter(whole).count() >= WITNESSES;
            for i in region {
                (found.lift[i], found.witnessed[i]) = (lift, witnessed);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of looks that see a lid, and more or less of the glass below it.
    fn disputed(looks: [[f32; 2]; 3]) -> Disputes {
        let look = |[lid, glass]: [f32; 2]| [vec![lid; 40], vec![glass; 40], vec![0.0; 40]].concat();
        let looks = looks.map(look);
        let over = |pick: fn(f32, f32) -> f32| {
            (0..120).map(|i| looks.iter().map(|look| look[i]).reduce(pick).unwrap()).collect::<Vec<f32>>()
        };
        Disputes::of(10, &looks, &over(f32::min), &over(f32::max))
    }

    #[test]
    fn two_looks_that_saw_a_region_whole_are_witnesses_and_one_is_none() {
        let two = disputed([[1.0, 0.0], [1.0, 0.95], [1.0, 0.9]]);
        assert!(!two.witnessed[0] && two.witnessed[60] && !two.witnessed[100]);
        assert!((two.lift[60] - BEST).abs() < 1e-3);
        let one = disputed([[1.0, 0.0], [1.0, 0.95], [1.0, 0.1]]);
        assert!(!one.witnessed.iter().any(|is| *is));
        assert!((one.lift[60] - BEST).abs() < 1e-3, "seen clearly by one");
        assert_eq!(disputed([[1.0, 0.0], [1.0, 0.7], [1.0, 0.6]]).lift[60], 0.0, "seen dimly");
    }
}
