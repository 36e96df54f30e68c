//! Shaping and fitting: the largest size at which a text fits its room, and where every glyph of it goes.

use crate::breaking::{Breaker, tidy};
use crate::fonts::{Fonts, USUAL_FAMILY};
use crate::template::{Align, Place};
use cavendish_specs::PixelBox;
use cosmic_text::{
    Attrs, Buffer, CacheKey, CacheKeyFlags, Family, FontSystem, LayoutGlyph, Metrics, Shaping, SwashCache,
    SwashContent, SwashImage, Weight, Wrap,
};
use icu_locale::Locale;
use std::ops::Range;
use unicode_bidi::{Direction, get_base_direction};

/// Size at which text is measured: outlines are not hinted, so that widths grow in step with the size.
const UNIT: f32 = 100.0;
/// Sizes are tried down to this difference, as a share.
const FINE: f32 = 0.01;
/// How much larger type must become for words to be hyphenated.
const WORTH_HYPHENS: f32 = 1.25;
/// Line feed as a share of ascent and descent, at least: scripts with high or deep marks need more than Latin.
const OPEN: f32 = 0.84;
/// Line feed as a share of the em, at least.
const LEADING: f32 = 1.12;
/// Sides and top of a tag beyond its text, in ems; and how high capitals are.
pub(crate) const TAG_PAD: [f32; 2] = [0.75, 0.5];
const CAPITALS: f32 = 0.72;

/// How a text is to be set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style<'a> {
    /// A family that is there.
    pub(crate) family: &'a str,
    pub(crate) weight: u16,
    /// Least and greatest em, in pixels.
    pub(crate) size: [f32; 2],
    pub(crate) lines: usize,
    pub(crate) align: Align,
    pub(crate) place: Place,
    pub(crate) tag: bool,
}

/// A glyph's picture and its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Glyph {
    key: CacheKey,
    /// In pixels of the canvas.
    pub(crate) frame: PixelBox,
    /// Whether it brings its own colours.
    pub(crate) coloured: bool,
}

/// A text that fits its room.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) glyphs: Vec<Glyph>,
    pub(crate) size: f32,
    pub(crate) lines: usize,
    /// The box of everything that is painted, the tag included.
    pub(crate) bounds: PixelBox,
    /// The box of its tag.
    pub(crate) tag: Option<PixelBox>,
}

/// Sets texts of one locale.
pub(crate) struct Setter {
    system: FontSystem,
    pictures: SwashCache,
    locale: Locale,
    /// Where a text does not say by itself.
    rtl: bool,
}

/// One line as it was shaped.
struct Line {
    glyphs: Vec<LayoutGlyph>,
    width: f32,
    ascent: f32,
    descent: f32,
}

impl Setter {
    pub(crate) fn new(fonts: &Fonts, locale: &Locale, rtl: bool) -> Self {
        Self { system: fonts.system(locale), pictures: SwashCache::new(), locale: locale.clone(), rtl }
    }

    /// The largest setting of `text` within `room`; None where it does not fit at its least size.
    pub(crate) fn fit(&mut self, text: &str, style: &Style<'_>, room: PixelBox) -> Option<Block> {
        let (text, soft) = tidy(text);
        let rtl = match get_base_direction(&*text) {
            Direction::Rtl => true,
            Direction::Ltr => false,
            Direction::Mixed => self.rtl,
        };
        let measure = self.measure(&text, style);
        let hyphen = self.shape("-", style, UNIT).first().map_or(0.0, |line| line.width);
        let sought = Sought { style, room, measure: &measure, hyphen };
        let plain = sought.largest(&Breaker::new(&text, &soft, &self.locale, false));
        let broken = sought.largest(&Breaker::new(&text, &soft, &self.locale, true));
        let found = match (plain, broken) {
            (Some(plain), Some(broken)) if broken.0 < plain.0 * WORTH_HYPHENS => Some(plain),
            (plain, broken) => broken.or(plain),
        };
        let (mut size, lines) = found?;
        // Marks may be higher and letters wider than their lines say: what counts is what is painted.
        while size >= style.size[0] * (1.0 - FINE) {
            if let Some(block) = self.set(&lines, rtl, style, size, room) {
                return Some(block);
            }
            size *= 1.0 - 3.0 * FINE;
        }
        None
    }

    /// The widths that the parts of `text` have in one line, at the size of [`UNIT`].
    fn measure(&mut self, text: &str, style: &Style<'_>) -> Measure {
        let mut upto = vec![0.0; text.len() + 1];
        let lines = self.shape(&text.replace('\n', " "), style, UNIT);
        let tall = lines.iter().map(|line| line.ascent + line.descent).fold(0.0, f32::max) / UNIT;
        for glyph in lines.iter().flat_map(|line| &line.glyphs) {
            if let Some(width) = upto.get_mut(glyph.start + 1) {
                *width += glyph.w;
            }
        }
        let mut sum = 0.0;
        for width in &mut upto {
            sum += *width;
            *width = sum;
        }
        Measure { upto, leading: (tall * OPEN).max(LEADING) }
    }

    fn shape(&mut self, text: &str, style: &Style<'_>, size: f32) -> Vec<Line> {
        let attrs = Attrs::new()
            .family(Family::Name(style.family))
            .weight(Weight(style.weight))
            .cache_key_flags(CacheKeyFlags::DISABLE_HINTING);
        let mut buffer = Buffer::new_empty(Metrics::new(size, size));
        buffer.set_wrap(Wrap::None);
        buffer.set_text(text, &attrs, Shaping::Advanced, None);
        let mut lines = vec![];
        for at in 0..buffer.lines.len() {
            for line in buffer.line_layout(&mut self.system, at).unwrap_or_default() {
                let glyphs = line.glyphs.clone();
                let left = glyphs.iter().map(|glyph| glyph.x).fold(f32::INFINITY, f32::min);
                let glyphs = glyphs.into_iter().map(|glyph| LayoutGlyph { x: glyph.x - left, ..glyph }).collect();
                lines.push(Line { glyphs, width: line.w, ascent: line.max_ascent, descent: line.max_descent });
            }
        }
        lines
    }

    /// Sets `lines` at `size`; None where what is painted leaves the room.
    fn set(&mut self, lines: &[String], rtl: bool, style: &Style<'_>, size: f32, room: PixelBox) -> Option<Block> {
        // Each line is a paragraph of its own to the shaper; the mark keeps the direction of the whole.
        let mark = if rtl { '\u{200f}' } else { '\u{200e}' };
        let text: Vec<_> = lines.iter().map(|line| format!("{mark}{line}")).collect();
        let shaped = self.shape(&text.join("\n"), style, size);
        let tall = shaped.iter().map(|line| line.ascent + line.descent).fold(0.0, f32::max);
        let leading = (tall * OPEN).max(size * LEADING).round();
        let widest = shaped.iter().map(|line| line.width).fold(0.0, f32::max);
        let mut glyphs = vec![];
        for (at, line) in shaped.iter().enumerate() {
            let left = (widest - line.width) * across(style.align, rtl);
            let baseline = leading * at as f32;
            glyphs.extend(line.glyphs.iter().filter_map(|glyph| self.glyph(glyph, [left, baseline])));
        }
        let ink = around(glyphs.iter().map(|(frame, ..)| frame))?;
        let last_baseline = leading * (shaped.len() - 1) as f32;
        let frame = if style.tag { tag_around(ink, size, last_baseline) } else { ink };
        let shift = placed(&frame, style, rtl, room)?;
        let moved = |frame: Frame| PixelBox {
            x: (frame.x.start + shift[0]) as u32,
            y: (frame.y.start + shift[1]) as u32,
            width: (frame.x.end - frame.x.start) as u32,
            height: (frame.y.end - frame.y.start) as u32,
        };
        let bounds = moved(frame);
        let glyphs = glyphs.into_iter().map(|(frame, key, coloured)| Glyph { key, frame: moved(frame), coloured });
        Some(Block { glyphs: glyphs.collect(), size, lines: lines.len(), bounds, tag: style.tag.then_some(bounds) })
    }

    /// What is painted of a glyph, relative to the block; None where nothing is.
    fn glyph(&mut self, glyph: &LayoutGlyph, origin: [f32; 2]) -> Option<(Frame, CacheKey, bool)> {
        let physical = glyph.physical((origin[0], origin[1]), 1.0);
        let image = self.pictures.get_image(&mut self.system, physical.cache_key).as_ref()?;
        let place = image.placement;
        if place.width == 0 || place.height == 0 {
            return None;
        }
        let (x, y) = (i64::from(physical.x + place.left), i64::from(physical.y - place.top));
        let frame = Frame { x: x..x + i64::from(place.width), y: y..y + i64::from(place.height) };
        Some((frame, physical.cache_key, image.content == SwashContent::Color))
    }

    /// The picture of a glyph.
    pub(crate) fn picture(&mut self, glyph: &Glyph) -> Option<&SwashImage> {
        self.pictures.get_image(&mut self.system, glyph.key).as_ref()
    }
}

/// A box before it has its place on the canvas.
#[derive(Debug, Clone)]
struct Frame {
    x: Range<i64>,
    y: Range<i64>,
}

/// Widths of text at [`UNIT`].
struct Measure {
    /// Of everything before a byte.
    upto: Vec<f32>,
    /// Line feed in ems.
    leading: f32,
}

struct Sought<'a> {
    style: &'a Style<'a>,
    room: PixelBox,
    measure: &'a Measure,
    hyphen: f32,
}

impl Sought<'_> {
    /// The largest size at which the lines fit, and the lines.
    fn largest(&self, breaker: &Breaker<'_>) -> Option<(f32, Vec<String>)> {
        let [mut low, mut high] = self.style.size;
        let mut best = (low, self.at(breaker, low)?);
        if let Some(lines) = self.at(breaker, high) {
            return Some((high, lines));
        }
        while high - low > low * FINE {
            let middle = (low + high) / 2.0;
            match self.at(breaker, middle) {
                Some(lines) => {
                    best = (middle, lines);
                    low = middle;
                }
                None => high = middle,
            }
        }
        Some(best)
    }

    fn at(&self, breaker: &Breaker<'_>, size: f32) -> Option<Vec<String>> {
        let pad = if self.style.tag { TAG_PAD.map(|pad| pad * size * 2.0) } else { [0.0; 2] };
        let (width, height) = (self.room.width as f32 - pad[0], self.room.height as f32 - pad[1]);
        // The first line is as high as its capitals; what hangs below the last one is found when it is painted.
        let feeds = (height - size * CAPITALS) / (size * self.measure.leading);
        if width <= 0.0 || feeds < 0.0 {
            return None;
        }
        let lines = self.style.lines.min(feeds as usize + 1);
        let upto = &self.measure.upto;
        breaker.lines(width / size * UNIT, lines, |from, to| upto[to] - upto[from], self.hyphen)
    }
}

fn around<'a>(mut frames: impl Iterator<Item = &'a Frame>) -> Option<Frame> {
    let first = frames.next()?.clone();
    Some(frames.fold(first, |all, frame| Frame {
        x: all.x.start.min(frame.x.start)..all.x.end.max(frame.x.end),
        y: all.y.start.min(frame.y.start)..all.y.end.max(frame.y.end),
    }))
}

/// A tag's height goes by its capitals, so that it is the same whatever letters hang below; unless they hang deep.
fn tag_around(ink: Frame, size: f32, last_baseline: f32) -> Frame {
    let [across, down] = TAG_PAD.map(|pad| (pad * size).round() as i64);
    let (top, bottom) = (-(CAPITALS * size).round() as i64 - down, last_baseline.round() as i64 + down);
    Frame {
        x: ink.x.start - across..ink.x.end + across,
        y: top.min(ink.y.start - down / 2)..bottom.max(ink.y.end + down / 2),
    }
}

/// How far a box moves to its place in the room; None where it is larger.
fn placed(frame: &Frame, style: &Style<'_>, rtl: bool, room: PixelBox) -> Option<[i64; 2]> {
    let left =
        [i64::from(room.width) - (frame.x.end - frame.x.start), i64::from(room.height) - (frame.y.end - frame.y.start)];
    if left.iter().any(|left| *left < 0) {
        return None;
    }
    let down = match style.place {
        Place::Top => 0.0,
        Place::Middle => 0.5,
        Place::Bottom => 1.0,
    };
    let share = |left: i64, of: f32| (left as f32 * of).round() as i64;
    Some([
        i64::from(room.x) + share(left[0], across(style.align, rtl)) - frame.x.start,
        i64::from(room.y) + share(left[1], down) - frame.y.start,
    ])
}

/// The share of the room that is left of a box.
pub(crate) fn across(align: Align, rtl: bool) -> f32 {
    match (align, rtl) {
        (Align::Start, false) | (Align::End, true) => 0.0,
        (Align::Centre, _) => 0.5,
        (Align::End, false) | (Align::Start, true) => 1.0,
    }
}

/// The family of this name where there is one.
pub(crate) fn family<'a>(name: Option<&'a str>, fonts: &Fonts) -> &'a str {
    name.filter(|name| fonts.has(name)).unwrap_or(USUAL_FAMILY)
}
