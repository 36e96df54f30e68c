//! The subjects in a picture, told apart by its matte: connected parts, specks joined to what they belong to.

use cavendish_specs::PixelBox;
use image::{RgbImage, Rgba, RgbaImage};

use crate::cutout::mask::Mask;
use crate::error::{ImageError, Reason};

/// Parts smaller than this share of the largest one are specks: joined to a near part, or dropped.
const SPECK: f32 = 0.04;
/// How near a speck has to be, as a share of the longer side.
const NEAR: f32 = 0.04;
/// A part is two that touch when its columns thin out to this share of the thinner side's thickest.
const WAIST: f32 = 0.6;
/// Regions that are told, at most: the largest.
const MOST: usize = 12;

/// A part of a picture that is one subject, as far as its matte says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Where it is.
    pub bounds: PixelBox,
    /// How many pixels it has.
    pub area: usize,
    /// Their indices in the picture.
    members: Vec<usize>,
}

/// The regions of a matte (255 is all subject), the largest first. Where there are fewer than `wanted`, those with a
/// waist are taken to be two subjects that touch.
///
/// # Errors
/// [`Reason::Invalid`] when the matte has not one byte for every pixel.
pub fn regions(alpha: &[u8], width: u32, height: u32, wanted: usize) -> Result<Vec<Region>, ImageError> {
    let (w, h) = (width as usize, height as usize);
    if w == 0 || h == 0 || alpha.len() != w * h {
        return Err(Reason::Invalid(format!("a matte of {} bytes for {width}×{height}", alpha.len())).into());
    }
    let mask = Mask::new(w, h, alpha.iter().map(|a| *a >= 128).collect());
    let mut parts: Vec<Region> = mask.connected().into_iter().filter_map(|members| Region::of(members, w)).collect();
    largest_first(&mut parts);
    let least = parts.first().map_or(0, |part| (part.area as f32 * SPECK) as usize);
    let (mut found, specks): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| part.area >= least.max(1));
    for speck in specks {
        let reach = (width.max(height) as f32 * NEAR) as u32;
        let near = found.iter_mut().map(|part| (apart(&part.bounds, &speck.bounds), part));
        if let Some((_, part)) = near.filter(|(apart, _)| *apart <= reach).min_by_key(|(apart, _)| *apart) {
            part.join(&speck, w);
        }
    }
    while found.len() < wanted {
        let Some((at, halves)) = found.iter().enumerate().find_map(|(at, part)| Some((at, part.halves(w)?))) else {
            break;
        };
        found.remove(at);
        found.extend(halves);
        largest_first(&mut found);
    }
    found.truncate(MOST);
    Ok(found)
}

fn largest_first(regions: &mut [Region]) {
    regions.sort_by_key(|region| (std::cmp::Reverse(region.area), region.bounds.x, region.bounds.y));
}

impl Region {
    fn of(members: Vec<usize>, width: usize) -> Option<Self> {
        let xs = || members.iter().map(|i| i % width);
        let (left, right) = (xs().min()?, xs().max()?);
        let (top, bottom) = (members.iter().min()? / width, members.iter().max()? / width);
        let bounds = PixelBox {
            x: left as u32,
            y: top as u32,
            width: (right - left + 1) as u32,
            height: (bottom - top + 1) as u32,
        };
        Some(Self { bounds, area: members.len(), members })
    }

    fn join(&mut self, other: &Self, width: usize) {
        let mut members = std::mem::take(&mut self.members);
        members.extend(&other.members);
        if let Some(joined) = Self::of(members, width) {
            *self = joined;
        }
    }

    /// Its left and its right, if it has a waist between them.
    fn halves(&self, width: usize) -> Option<[Self; 2]> {
        let left = self.bounds.x as usize;
        let mut columns = vec![0_usize; self.bounds.width as usize];
        self.members.iter().for_each(|i| columns[i % width - left] += 1);
        let rim = columns.len() / 6;
        let inner = rim.max(1)..columns.len().saturating_sub(rim.max(1));
        let waist = inner.min_by_key(|x| (columns[*x], x.abs_diff(columns.len() / 2)))?;
        let thick = |range: &[usize]| range.iter().copied().max().unwrap_or_default();
        let thinner = thick(&columns[..waist]).min(thick(&columns[waist + 1..]));
        if columns[waist] as f32 > WAIST * thinner as f32 {
            return None;
        }
        let (a, b) = self.members.iter().partition(|i| *i % width - left < waist);
        Some([Self::of(a, width)?, Self::of(b, width)?])
    }

    /// The region alone, cropped to itself, under its matte.
    pub fn cut(&self, image: &RgbImage, alpha: &[u8]) -> RgbaImage {
        let PixelBox { x, y, width, height } = self.bounds;
        let mut cut = RgbaImage::new(width, height);
        for &i in &self.members {
            let (px, py) = ((i % image.width() as usize) as u32, (i / image.width() as usize) as u32);
            let [r, g, b] = image.get_pixel(px, py).0;
            cut.put_pixel(px - x, py - y, Rgba([r, g, b, alpha[i]]));
        }
        cut
    }
}

/// Pixels between two boxes, the larger of across and down; 0 where they meet.
fn apart(a: &PixelBox, b: &PixelBox) -> u32 {
    let gap = |a: u32, a_length: u32, b: u32, b_length: u32| {
        b.saturating_sub(a + a_length).max(a.saturating_sub(b + b_length))
    };
    gap(a.x, a.width, b.x, b.width).max(gap(a.y, a.height, b.y, b.height))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matte(rows: &[&str]) -> (Vec<u8>, u32, u32) {
        let alpha = rows.iter().flat_map(|row| row.bytes()).map(|byte| if byte == b'#' { 255 } else { 0 }).collect();
        (alpha, rows[0].len() as u32, rows.len() as u32)
    }

    fn found(rows: &[&str], wanted: usize) -> Vec<(u32, u32, usize)> {
        let (alpha, width, height) = matte(rows);
        let regions = regions(&alpha, width, height, wanted).unwrap();
        regions.into_iter().map(|region| (region.bounds.x, region.bounds.width, region.area)).collect()
    }

    #[test]
    fn parts_are_told_apart_the_largest_first() {
        assert_eq!(found(&["##...###", "##...###"], 1), [(5, 3, 6), (0, 2, 4)]);
        assert_eq!(found(&["........"], 2), []);
        assert!(regions(&[0; 3], 2, 2, 1).is_err());
    }

    #[test]
    fn a_speck_belongs_to_what_is_near_and_a_far_one_to_nothing() {
        let mut rows = vec![format!("{}{}", "#".repeat(10), ".".repeat(40)); 10];
        rows[0].replace_range(11..12, "#");
        rows[9].replace_range(49..50, "#");
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        assert_eq!(found(&rows, 1), [(0, 12, 101)]);
    }

    #[test]
    fn two_that_touch_are_parted_at_their_waist_when_two_are_wanted() {
        let touching = ["####.####", "####.####", "#########", "####.####"];
        assert_eq!(found(&touching, 1), [(0, 9, 33)]);
        assert_eq!(found(&touching, 2), [(4, 5, 17), (0, 4, 16)]);
        assert_eq!(found(&["######", "######"], 2), [(0, 6, 12)], "one without a waist stays one");
    }

    #[test]
    fn a_region_is_cut_out_alone() {
        let (alpha, width, height) = matte(&["#..#", "#..#"]);
        let image = RgbImage::from_fn(width, height, |x, _| image::Rgb([x as u8; 3]));
        let cut = regions(&alpha, width, height, 2).unwrap()[1].cut(&image, &alpha);
        assert_eq!((cut.dimensions(), cut.get_pixel(0, 1).0), ((1, 2), [3, 3, 3, 255]));
    }
}
