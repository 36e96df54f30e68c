//! Pictures row by row at 16 bits: no second picture is held.

use image::{DynamicImage, RgbImage, RgbaImage};
use moxcms::{ColorProfile, DataColorSpace, Layout, Transform16BitExecutor, TransformOptions};

use super::fits;
use crate::decode::raw::{Channels, Raw};

/// Light of the darkest that is taken for black: half of what the eye calls white.
const MOST_BLACK: f64 = 0.184;

/// How words become bytes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rounding {
    /// To the nearest: the picture came in bytes.
    Nearest,
    /// With an ordered dither: it came in words.
    Dithered,
}

/// Bayer's order of 8 by 8, 0..=63.
const ORDER: [[u8; 8]; 8] = {
    let mut order = [[0; 8]; 8];
    let mut y = 0;
    while y < 8 {
        let mut x = 0;
        while x < 8 {
            let (mut bit, mut value) = (0, 0);
            while bit < 3 {
                let (bx, by) = ((x >> bit & 1) as u8, (y >> bit & 1) as u8);
                value |= ((bx ^ by) << 1 | by) << (2 * (2 - bit));
                bit += 1;
            }
            order[y][x] = value;
            x += 1;
        }
        y += 1;
    }
    order
};

impl Rounding {
    pub(super) fn of(image: &DynamicImage) -> Self {
        let is_wide = image.color().bits_per_pixel() / u16::from(image.color().channel_count()) > 8;
        if is_wide { Self::Dithered } else { Self::Nearest }
    }

    /// The byte for a word at a place; words that stand for a byte exactly become that everywhere.
    pub(super) fn round(self, word: u16, x: u32, y: u32) -> u8 {
        let word = u32::from(word);
        let rest = match self {
            Self::Nearest => 128,
            // (order + ½) / 64 of a step of 257.
            Self::Dithered => ((2 * u32::from(ORDER[(y % 8) as usize][(x % 8) as usize]) + 1) * 257) >> 7,
        };
        ((word + rest) / 257) as u8
    }
}

/// The picture in bytes, its colours as they are.
pub(crate) fn eight_bit(image: &DynamicImage) -> DynamicImage {
    match (Rounding::of(image), image.color().has_alpha()) {
        (Rounding::Nearest, true) => DynamicImage::ImageRgba8(image.to_rgba8()),
        (Rounding::Nearest, false) => DynamicImage::ImageRgb8(image.to_rgb8()),
        (rounding, _) => assemble(image, |y, from, alpha, to| {
            let channels = if alpha { 4 } else { 3 };
            for (x, (pixel, to)) in from.chunks_exact(4).zip(to.chunks_exact_mut(channels)).enumerate() {
                to.iter_mut().zip(pixel).for_each(|(to, word)| *to = rounding.round(*word, x as u32, y));
            }
        }),
    }
}

/// A row in words, four to a pixel: red, green, blue and alpha, or the inks.
pub(super) fn words(image: &DynamicImage, y: u32) -> Vec<u16> {
    let width = image.width() as usize;
    let wide = |v: u8| u16::from(v) * 257;
    macro_rules! row {
        ($image:expr, $channels:expr, $pixel:expr) => {
            $image.as_raw()[y as usize * width * $channels..][..width * $channels]
                .chunks_exact($channels)
                .flat_map($pixel)
                .collect()
        };
    }
    const FULL: u16 = u16::MAX;
    match image {
        DynamicImage::ImageLuma8(i) => row!(i, 1, |p| [wide(p[0]), wide(p[0]), wide(p[0]), FULL]),
        DynamicImage::ImageLumaA8(i) => row!(i, 2, |p| [wide(p[0]), wide(p[0]), wide(p[0]), wide(p[1])]),
        DynamicImage::ImageRgb8(i) => row!(i, 3, |p| [wide(p[0]), wide(p[1]), wide(p[2]), FULL]),
        DynamicImage::ImageRgba8(i) => row!(i, 4, |p| [wide(p[0]), wide(p[1]), wide(p[2]), wide(p[3])]),
        DynamicImage::ImageLuma16(i) => row!(i, 1, |p| [p[0], p[0], p[0], FULL]),
        DynamicImage::ImageLumaA16(i) => row!(i, 2, |p| [p[0], p[0], p[0], p[1]]),
        DynamicImage::ImageRgb16(i) => row!(i, 3, |p| [p[0], p[1], p[2], FULL]),
        DynamicImage::ImageRgba16(i) => row!(i, 4, |p| [p[0], p[1], p[2], p[3]]),
        // No decoder here gives floats.
        _ => vec![0; width * 4],
    }
}

/// A picture of bytes whose rows are made of the words of another's: `row(y, words, alpha, bytes)`.
pub(super) fn assemble(image: &DynamicImage, mut row: impl FnMut(u32, &[u16], bool, &mut [u8])) -> DynamicImage {
    let (width, height, alpha) = (image.width(), image.height(), image.color().has_alpha());
    let length = width as usize * if alpha { 4 } else { 3 };
    let mut out = vec![0; length * height as usize];
    for (y, to) in (0..height).zip(out.chunks_exact_mut(length.max(1))) {
        row(y, &words(image, y), alpha, to);
    }
    match alpha {
        true => DynamicImage::ImageRgba8(RgbaImage::from_raw(width, height, out).unwrap_or_default()),
        false => DynamicImage::ImageRgb8(RgbImage::from_raw(width, height, out).unwrap_or_default()),
    }
}

/// The picture through a profile to sRGB; None where that does not fit its channels.
pub(super) fn through(raw: &Raw, profile: &ColorProfile) -> Option<DynamicImage> {
    let image = &raw.image;
    if !fits(profile, raw.channels, image.color().has_color()) {
        return None;
    }
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions { prefer_fixed_point: false, ..TransformOptions::default() };
    let is_grey = profile.color_space == DataColorSpace::Gray;
    let from = if is_grey { Layout::Gray } else { Layout::Rgba };
    let inks = raw.channels != Channels::Colours;
    let to = if inks || is_grey { Layout::Rgb } else { Layout::Rgba };
    let transform = profile.create_transform_16bit(from, &srgb, to, options).ok()?;
    let rounding = Rounding::of(image);
    let black = if inks { black_made_black(&*transform) } else { None };
    let width = image.width() as usize;
    let channels = if to == Layout::Rgba { 4 } else { 3 };
    let mut made = vec![0u16; width * channels];
    let mut failed = false;
    let out = assemble_of(image, inks, |y, words, alpha, bytes| {
        let source = sources(words, raw.channels, is_grey);
        failed |= transform.transform(&source, &mut made).is_err();
        if let Some(black) = &black {
            made.iter_mut().for_each(|v| *v = black[usize::from(*v)]);
        }
        let step = if alpha { 4 } else { 3 };
        let pixels = bytes.chunks_exact_mut(step).zip(made.chunks_exact(channels)).zip(words.chunks_exact(4));
        for (x, ((to, made), word)) in pixels.enumerate() {
            to.iter_mut().zip(&made[..3]).for_each(|(to, v)| *to = rounding.round(*v, x as u32, y));
            if alpha {
                to[3] = rounding.round(word[3], x as u32, y);
            }
        }
    });
    (!failed).then_some(out)
}

/// Compensation of the black point, which is what every viewer does for prints: the darkest that the press can print becomes
/// black, white stays, and light in between is stretched evenly. For every word of sRGB another.
fn black_made_black(transform: &Transform16BitExecutor) -> Option<Vec<u16>> {
    let mut darkest = [0; 3];
    transform.transform(&[u16::MAX; 4], &mut darkest).ok()?;
    let light = |word: u16| {
        let v = f64::from(word) / 65_535.0;
        if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    let black = 0.2126 * light(darkest[0]) + 0.7152 * light(darkest[1]) + 0.0722 * light(darkest[2]);
    let black = black.min(MOST_BLACK);
    let encoded = |light: f64| if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
    let stretched = |word| encoded(((light(word) - black) / (1.0 - black)).max(0.0));
    Some((0..=u16::MAX).map(|word| (stretched(word) * 65_535.0).round() as u16).collect())
}

/// What goes into the transform.
fn sources(words: &[u16], channels: Channels, is_grey: bool) -> Vec<u16> {
    match channels {
        Channels::InksInverted => words.iter().map(|ink| u16::MAX - ink).collect(),
        _ if is_grey => words.iter().step_by(4).copied().collect(),
        _ => words.to_vec(),
    }
}

/// As [`assemble`]; of inks, the fourth channel is no alpha.
fn assemble_of(image: &DynamicImage, inks: bool, mut row: impl FnMut(u32, &[u16], bool, &mut [u8])) -> DynamicImage {
    if !inks {
        return assemble(image, row);
    }
    let (width, height) = (image.width(), image.height());
    let mut out = RgbImage::new(width, height);
    for (y, to) in (0..height).zip(out.chunks_exact_mut((width as usize * 3).max(1))) {
        row(y, &words(image, y), false, to);
    }
    DynamicImage::ImageRgb8(out)
}

/// Inks by the usual formula, for when no profile leads anywhere.
pub(super) fn by_formula(raw: &Raw) -> DynamicImage {
    assemble_of(&raw.image, true, |_, words, _, to| {
        let inks = sources(words, raw.channels, false);
        for (to, ink) in to.chunks_exact_mut(3).zip(inks.chunks_exact(4)) {
            let paper = |ink: u16, black: u16| u32::from(u16::MAX - ink) * u32::from(u16::MAX - black) / 65_535 / 257;
            (0..3).for_each(|channel| to[channel] = paper(ink[channel], ink[3]) as u8);
        }
    })
}
