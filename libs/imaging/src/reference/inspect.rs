//! What a picture is worth as a reference: large enough, sharp, whole, and of one subject.

use crate::cutout::Cutout;
use crate::cutout::mask::Mask;
use crate::error::ImageError;
use crate::resize::{resize_plane, resize_rgb};
use cavendish_specs::PixelBox;
use image::RgbImage;
use serde::{Deserialize, Serialize};

/// Sides in pixels of a subject below which it is left out, and below which it is doubtful.
const SIDES: [u32; 2] = [64, 224];
/// Sharpness likewise.
const SHARPNESS: [f32; 2] = [0.22, 0.45];
/// Longer side in pixels at which sharpness is measured: blur that is smaller than a pixel of it does no harm.
const LOOK: u32 = 512;
/// Variance of the Laplacian that the rounding to 8 bits alone leaves behind.
const GRAIN: f32 = 0.05;
/// Standard deviation of lightness, in levels, of a subject that has nothing on it to be sharp or blurred.
const FLAT: f32 = 1.5;
/// How much of a part's own side must lie at an edge of the picture for the part to be cropped by it.
const CONTACT: f32 = 0.06;
/// A second part with at least this share of the largest one's area is another subject.
const COMPARABLE: f32 = 0.3;
/// Confidence in a cut-out below which it is doubtful.
const SURE: f32 = 0.5;

/// What is wrong with a reference.
#[derive(Debug, Clone, PartialEq)]
pub enum Flaw {
    /// Nothing stands out.
    NothingFound,
    /// Fewer pixels than are needed.
    TooSmall {
        /// Longer side of the subject, pixels.
        side: u32,
    },
    /// Out of focus, moved or enlarged.
    Blurred {
        /// 0 (nothing but blur) to 1.
        sharpness: f32,
    },
    /// The subject runs into edges of the picture.
    Cropped {
        /// Which ones.
        edges: Vec<&'static str>,
    },
    /// More than one part of comparable size.
    SeveralSubjects {
        /// How many.
        count: usize,
    },
    /// The cut-out is not sure.
    DoubtfulCutout {
        /// Why, for a person.
        doubt: String,
    },
}

impl Flaw {
    /// For programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NothingFound => "nothing_found",
            Self::TooSmall { .. } => "too_small",
            Self::Blurred { .. } => "blurred",
            Self::Cropped { .. } => "cropped",
            Self::SeveralSubjects { .. } => "several_subjects",
            Self::DoubtfulCutout { .. } => "doubtful_cutout",
        }
    }

    /// For a person.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::NothingFound => "no subject stands out in the picture".into(),
            Self::TooSmall { side } => {
                format!("the subject is {side} pixels long, {} or more are wanted", SIDES[1])
            }
            Self::Blurred { sharpness } => {
                format!("the subject is blurred: sharpness {sharpness:.2}, {:.2} or more is wanted", SHARPNESS[1])
            }
            Self::Cropped { edges } => format!("the subject is cropped by the picture's {} edge", edges.join(", ")),
            Self::SeveralSubjects { count } => format!("there are {count} subjects of comparable size, one is wanted"),
            Self::DoubtfulCutout { doubt } => format!("the cut-out is doubtful: {doubt}"),
        }
    }

    /// Whether the picture is of no use, not merely doubtful.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::NothingFound => true,
            Self::TooSmall { side } => *side < SIDES[0],
            Self::Blurred { sharpness } => *sharpness < SHARPNESS[0],
            _ => false,
        }
    }
}

/// What was measured of a reference.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Longer side of the subject in pixels of the picture as it came.
    pub side: u32,
    /// How much of the variance of the Laplacian a light blur takes away, 0..1; None where there is no detail at all.
    pub sharpness: Option<f32>,
    /// Parts of comparable size.
    pub subjects: usize,
    /// Share of the picture that is subject, 0..1.
    pub share: f32,
}

/// Looks at a subject that was cut out of `image`, which is the picture reduced from a longer side of `original` pixels.
///
/// # Errors
/// [`crate::Reason::Codec`] when the picture cannot be resized.
pub fn inspect(image: &RgbImage, cut: &Cutout, original: u32) -> Result<(Measures, Vec<Flaw>), ImageError> {
    let (w, h) = image.dimensions();
    let solid = Mask::new(w as usize, h as usize, cut.rgba.pixels().map(|p| p.0[3] >= 128).collect());
    let area = solid.area();
    let share = area as f32 / solid.on.len().max(1) as f32;
    let scale = original as f32 / w.max(h).max(1) as f32;
    let side = (cut.bbox.width.max(cut.bbox.height) as f32 * scale).round() as u32;
    let areas = solid.areas();
    let largest = areas.first().copied().unwrap_or(0);
    let subjects = areas.iter().filter(|area| **area as f32 >= COMPARABLE * largest as f32).count();
    let measures = Measures { side, sharpness: sharpness(image, Some(&solid), cut.bbox)?, subjects, share };
    if area < 16 {
        return Ok((measures, vec![Flaw::NothingFound]));
    }
    let mut flaws = common(&measures);
    let edges = cropped(&solid, cut.bbox);
    if subjects > 1 {
        flaws.push(Flaw::SeveralSubjects { count: subjects });
    }
    // What a network doubts is told in any case; of others, only what cropping does not explain.
    let doubted = cut.measures.is_some() && !cut.doubts.is_empty();
    if doubted || (cut.confidence < SURE && edges.is_empty()) {
        let doubt = cut.uncertain.clone().unwrap_or_else(|| "the outline is not clear".into());
        flaws.push(Flaw::DoubtfulCutout { doubt });
    }
    if !edges.is_empty() {
        flaws.push(Flaw::Cropped { edges });
    }
    Ok((measures, flaws))
}

/// Looks at a picture that counts as a whole.
///
/// # Errors
/// As [`inspect`].
pub fn inspect_whole(image: &RgbImage, original: u32) -> Result<(Measures, Vec<Flaw>), ImageError> {
    let whole = PixelBox { x: 0, y: 0, width: image.width(), height: image.height() };
    let measures = Measures { side: original, sharpness: sharpness(image, None, whole)?, subjects: 1, share: 1.0 };
    let flaws = common(&measures);
    Ok((measures, flaws))
}

fn common(measures: &Measures) -> Vec<Flaw> {
    let mut flaws = vec![];
    if measures.side < SIDES[1] {
        flaws.push(Flaw::TooSmall { side: measures.side });
    }
    if let Some(sharpness) = measures.sharpness.filter(|sharpness| *sharpness < SHARPNESS[1]) {
        flaws.push(Flaw::Blurred { sharpness });
    }
    flaws
}

/// The edges of the picture along which a good part of the subject lies.
fn cropped(solid: &Mask, bbox: PixelBox) -> Vec<&'static str> {
    let (w, h) = (solid.width, solid.height);
    let row = |y: usize| solid.on[y * w..][..w].iter().filter(|on| **on).count();
    let column = |x: usize| (0..h).filter(|y| solid.on[y * w + x]).count();
    let (across, down) = (CONTACT * bbox.width as f32, CONTACT * bbox.height as f32);
    let contacts = [
        ("top", row(0) as f32 > across),
        ("right", column(w - 1) as f32 > down),
        ("bottom", row(h - 1) as f32 > across),
        ("left", column(0) as f32 > down),
    ];
    contacts.into_iter().filter(|(_, touches)| *touches).map(|(edge, _)| edge).collect()
}

/// Variance of the Laplacian on the subject and its outline, before and after a light blur: what is sharp loses most of
/// it, what is blurred already hardly any, whatever the contrast.
fn sharpness(image: &RgbImage, solid: Option<&Mask>, bbox: PixelBox) -> Result<Option<f32>, ImageError> {
    let pad = 6;
    let (x, y) = (bbox.x.saturating_sub(pad), bbox.y.saturating_sub(pad));
    let (right, bottom) = (bbox.x + bbox.width + pad, bbox.y + bbox.height + pad);
    let (width, height) = (right.min(image.width()) - x, bottom.min(image.height()) - y);
    let part = crate::resize::crop(image, x, y, width, height)?;
    let scale = (LOOK as f32 / width.max(height) as f32).min(1.0);
    let [w, h] = [width, height].map(|side| ((side as f32 * scale).round() as u32).max(3));
    let small = resize_rgb(&part, w, h)?;
    let mut luma: Vec<f32> = small.pixels().map(|p| luma(p.0)).collect();
    let near = match solid {
        None => vec![true; luma.len()],
        Some(solid) => near_subject(solid, (x, y, width, height), (w, h)),
    };
    let (w, h) = (w as usize, h as usize);
    let contrast = deviation(&luma, &near);
    // The grain of 8 bits is as sharp as anything: a first blur takes it away.
    crate::blur::gaussian(&mut luma, w, h, 0.8);
    let before = laplacian_variance(&luma, &near, w, h);
    crate::blur::gaussian(&mut luma, w, h, 1.2);
    let after = laplacian_variance(&luma, &near, w, h);
    Ok(match (before > GRAIN, contrast > FLAT) {
        (true, _) => Some(((1.0 - after / before) * 1e3).round() / 1e3),
        (false, true) => Some(0.0),
        (false, false) => None,
    })
}

/// Standard deviation of the lightness on the subject and round it.
fn deviation(plane: &[f32], near: &[bool]) -> f32 {
    let (mut sum, mut squares, mut count) = (0.0_f64, 0.0_f64, 0u32);
    for (value, _) in plane.iter().zip(near).filter(|(_, near)| **near) {
        sum += f64::from(*value);
        squares += f64::from(*value).powi(2);
        count += 1;
    }
    let count = f64::from(count.max(1));
    (squares / count - (sum / count).powi(2)).max(0.0).sqrt() as f32
}

fn luma([r, g, b]: [u8; 3]) -> f32 {
    0.2126 * f32::from(r) + 0.7152 * f32::from(g) + 0.0722 * f32::from(b)
}

/// The subject with a few pixels round it, within a part of the picture and at the size that is looked at.
fn near_subject(solid: &Mask, part: (u32, u32, u32, u32), size: (u32, u32)) -> Vec<bool> {
    let (x, y, width, height) = part;
    let rows = (y..y + height).flat_map(|y| &solid.on[y as usize * solid.width + x as usize..][..width as usize]);
    let plane: Vec<f32> = rows.map(|on| f32::from(u8::from(*on))).collect();
    let mut plane = resize_plane(&plane, (width, height), size);
    crate::blur::gaussian(&mut plane, size.0 as usize, size.1 as usize, 2.0);
    plane.iter().map(|v| *v > 0.05).collect()
}

fn laplacian_variance(plane: &[f32], near: &[bool], width: usize, height: usize) -> f32 {
    let (mut sum, mut squares, mut count) = (0.0_f64, 0.0_f64, 0u32);
    for y in 1..height.saturating_sub(1) {
        for x in 1..width - 1 {
            let i = y * width + x;
            if !near[i] {
                continue;
            }
            let around = plane[i - 1] + plane[i + 1] + plane[i - width] + plane[i + width];
            let value = f64::from(around - 4.0 * plane[i]);
            sum += value;
            squares += value * value;
            count += 1;
        }
    }
    let count = f64::from(count.max(1));
    (squares / count - (sum / count).powi(2)) as f32
}
