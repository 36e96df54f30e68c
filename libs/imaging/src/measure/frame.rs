//! Whether a picture has a frame: a ring of one colour all round that ends on all four sides in a straight edge. A plain
//! backdrop is no frame, because what stands before it is not as straight and not as wide.

use cavendish_specs::Frame;
use image::RgbImage;

/// How far a frame's own pixels may be from its colour, levels; codecs smear a strong edge that much.
const SAME: u8 = 20;
/// How far the picture must be from the frame's colour where it begins, levels.
const STEP: u8 = 36;
/// Share of a line that has to be of the frame's colour for the line to belong to it.
const UNIFORM: f32 = 0.95;
/// Share of the picture's first line that has to differ from the frame.
const EDGE: f32 = 0.9;
/// Pixels that are looked at along a line, at most.
const SAMPLES: u32 = 600;

/// One side of a picture: lines along it, counted inwards from 0.
struct Side<'a> {
    image: &'a RgbImage,
    /// 0 top, 1 bottom, 2 left, 3 right.
    which: usize,
}

/// The frame of a picture; None when it has none. Frames wider than a quarter of the shorter side are not looked for.
pub(super) fn frame(image: &RgbImage) -> Option<Frame> {
    let (w, h) = image.dimensions();
    let shorter = w.min(h);
    if shorter < 16 {
        return None;
    }
    let colour = image.get_pixel(0, 0).0;
    let sides = [0, 1, 2, 3].map(|which| Side { image, which });
    let mut widths = [0; 4];
    for (side, width) in sides.iter().zip(&mut widths) {
        *width = side.uniform_lines(colour, shorter / 4)?;
    }
    // Codecs smear an edge over a block, scaling over a pixel or two.
    let smear = (shorter / 50).clamp(2, 10);
    let ends = |side: &Side<'_>, from: u32, trim: [u32; 2]| {
        (from..=from + smear).any(|line| side.share(line, trim, |pixel| differs(pixel, colour, STEP)) >= EDGE)
    };
    let [top, bottom, left, right] = widths;
    let across = [left + smear, right + smear];
    let down = [top + smear, bottom + smear];
    let framed = sides.iter().zip(widths).all(|(side, from)| {
        let trim = if side.which < 2 { across } else { down };
        ends(side, from, trim)
    });
    let width = widths.into_iter().min()?;
    framed.then_some(Frame { width, colour })
}

fn differs(pixel: [u8; 3], colour: [u8; 3], by: u8) -> bool {
    pixel.iter().zip(colour).any(|(a, b)| a.abs_diff(b) > by)
}

impl Side<'_> {
    /// Length of its lines, pixels.
    fn length(&self) -> u32 {
        if self.which < 2 { self.image.width() } else { self.image.height() }
    }

    fn pixel(&self, line: u32, along: u32) -> [u8; 3] {
        let (right, bottom) = (self.image.width() - 1, self.image.height() - 1);
        let (x, y) = match self.which {
            0 => (along, line),
            1 => (along, bottom - line),
            2 => (line, along),
            _ => (right - line, along),
        };
        self.image.get_pixel(x, y).0
    }

    /// How many lines from the edge inwards are of one colour; None when the first is not, or more than `most` are.
    fn uniform_lines(&self, colour: [u8; 3], most: u32) -> Option<u32> {
        let uniform = |line: u32| self.share(line, [0, 0], |pixel| !differs(pixel, colour, SAME)) >= UNIFORM;
        let lines = (0..=most).take_while(|line| uniform(*line)).count() as u32;
        (1..=most).contains(&lines).then_some(lines)
    }

    /// Share of a line's pixels that are as wanted, its first and last `trim` pixels left out.
    fn share(&self, line: u32, trim: [u32; 2], wanted: impl Fn([u8; 3]) -> bool) -> f32 {
        let end = self.length().saturating_sub(trim[1]);
        let step = (self.length() / SAMPLES).max(1) as usize;
        let (mut hits, mut all) = (0_u32, 0_u32);
        for along in (trim[0]..end).step_by(step) {
            hits += u32::from(wanted(self.pixel(line, along)));
            all += 1;
        }
        hits as f32 / all.max(1) as f32
    }
}
