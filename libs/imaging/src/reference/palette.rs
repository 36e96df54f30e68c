//! The colours that a subject is made of: k-means in Oklab over a histogram, the same for the same pixels.

use super::colour::{Oklab, colour_name, distance2, oklab, srgb};
use serde::{Deserialize, Serialize};

/// Colours of a palette, at most.
const COLOURS: usize = 5;
/// Turns of k-means, at most.
const TURNS: usize = 24;
/// Colours that are nearer than this to each other are one, squared distance in Oklab.
const ALIKE: f32 = 0.05 * 0.05;
/// Shares below this are not worth a place.
const LEAST_SHARE: f32 = 0.01;

/// One colour of a palette.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Swatch {
    /// `#rrggbb`.
    pub hex: String,
    /// What people call it.
    pub name: String,
    /// How much of the subject has about this colour, 0..1.
    pub share: f32,
}

/// A histogram's bin: its mean colour and how many pixels fell into it.
#[derive(Clone, Copy)]
struct Bin {
    colour: Oklab,
    weight: f32,
}

/// The colours of some pixels, the commonest first, at most five.
pub fn palette(pixels: impl Iterator<Item = [u8; 3]>) -> Vec<Swatch> {
    let bins = histogram(pixels);
    let total: f32 = bins.iter().map(|bin| bin.weight).sum();
    let mut clusters = merge(k_means(&bins));
    clusters.retain(|cluster| cluster.weight >= LEAST_SHARE * total);
    clusters.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let swatch = |cluster: &Bin| {
        let rgb = srgb(cluster.colour);
        let hex = format!("#{:02x}{:02x}{:02x}", rgb[0], rgb[1], rgb[2]);
        Swatch { hex, name: colour_name(rgb).into(), share: (cluster.weight / total * 1e3).round() / 1e3 }
    };
    clusters.iter().map(swatch).collect()
}

/// 32 levels of every channel, each bin with the mean of what fell into it.
fn histogram(pixels: impl Iterator<Item = [u8; 3]>) -> Vec<Bin> {
    let mut sums = vec![[0u64; 4]; 1 << 15];
    for [r, g, b] in pixels {
        let bin = usize::from(r >> 3) << 10 | usize::from(g >> 3) << 5 | usize::from(b >> 3);
        let sum = &mut sums[bin];
        for (sum, value) in sum.iter_mut().zip([u64::from(r), u64::from(g), u64::from(b), 1]) {
            *sum += value;
        }
    }
    let bin = |[r, g, b, count]: &[u64; 4]| {
        let mean = |sum: &u64| ((sum + count / 2) / count) as u8;
        Bin { colour: oklab([mean(r), mean(g), mean(b)]), weight: *count as f32 }
    };
    sums.iter().filter(|sum| sum[3] > 0).map(bin).collect()
}

/// Starts from the heaviest bin and, again and again, the one that weighs most times how far it is from all others.
fn k_means(bins: &[Bin]) -> Vec<Bin> {
    let Some(first) = bins.iter().max_by(|a, b| a.weight.total_cmp(&b.weight)) else { return vec![] };
    let mut centres = vec![first.colour];
    while centres.len() < COLOURS {
        let far = |bin: &Bin| bin.weight * nearest(&centres, bin.colour).1;
        let Some(next) = bins.iter().max_by(|a, b| far(a).total_cmp(&far(b))).filter(|bin| far(bin) > 0.0) else {
            break;
        };
        centres.push(next.colour);
    }
    let mut clusters = vec![];
    for _ in 0..TURNS {
        clusters = assign(bins, &centres);
        let moved: Vec<Oklab> = clusters.iter().map(|cluster| cluster.colour).collect();
        let still = moved.iter().zip(&centres).all(|(a, b)| distance2(*a, *b) < 1e-8);
        centres = moved;
        if still {
            break;
        }
    }
    clusters
}

fn nearest(centres: &[Oklab], colour: Oklab) -> (usize, f32) {
    let far = centres.iter().enumerate().map(|(at, centre)| (at, distance2(*centre, colour)));
    far.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0))
}

/// The mean of what is nearest to each centre; a centre with nothing stays where it is.
fn assign(bins: &[Bin], centres: &[Oklab]) -> Vec<Bin> {
    let mut sums = vec![([0.0_f64; 3], 0.0_f64); centres.len()];
    for bin in bins {
        let (sum, weight) = &mut sums[nearest(centres, bin.colour).0];
        sum.iter_mut().zip(bin.colour).for_each(|(sum, v)| *sum += f64::from(v * bin.weight));
        *weight += f64::from(bin.weight);
    }
    let mean = |((sum, weight), centre): ((_, f64), &Oklab)| match weight > 0.0 {
        true => Bin { colour: <[f64; 3]>::map(sum, |v| (v / weight) as f32), weight: weight as f32 },
        false => Bin { colour: *centre, weight: 0.0 },
    };
    sums.into_iter().zip(centres).map(mean).collect()
}

/// Colours that nobody tells apart become one.
fn merge(clusters: Vec<Bin>) -> Vec<Bin> {
    let mut apart: Vec<Bin> = vec![];
    for cluster in clusters.into_iter().filter(|cluster| cluster.weight > 0.0) {
        match apart.iter_mut().find(|other| distance2(other.colour, cluster.colour) < ALIKE) {
            Some(other) => {
                let share = cluster.weight / (cluster.weight + other.weight);
                other.colour = std::array::from_fn(|k| other.colour[k] + (cluster.colour[k] - other.colour[k]) * share);
                other.weight += cluster.weight;
            }
            None => apart.push(cluster),
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_of_the_colours_and_the_order_of_pixels_does_not_matter() {
        let pixels: Vec<[u8; 3]> = (0..1_000u32)
            .map(|n| match n % 10 {
                0..=5 => [200, 30 + (n % 3) as u8, 35],
                6..=8 => [250, 250, 248],
                _ => [20, 40, 160],
            })
            .collect();
        let swatches = palette(pixels.iter().copied());
        let told: Vec<_> = swatches.iter().map(|s| (s.name.as_str(), s.share)).collect();
        assert_eq!(told, [("red", 0.6), ("white", 0.3), ("blue", 0.1)], "{swatches:?}");
        assert_eq!(palette(pixels.iter().rev().copied()), swatches);
    }

    #[test]
    fn one_colour_is_one_swatch_and_nothing_is_none() {
        let one = palette(std::iter::repeat_n([1, 2, 3], 50));
        assert_eq!((one.len(), one[0].hex.as_str(), one[0].share), (1, "#010203", 1.0));
        assert!(palette(std::iter::empty()).is_empty());
    }
}
