//! Cutting the subject out of an ordinary photograph: a network says what it is, the picture's own colours where it ends.

use image::RgbImage;

use super::colours::{Sides, composed};
use super::cues::{Cue, cues};
use super::look::{Look, Saliency};
use super::mask::Mask;
use super::matting::{CERTAIN, Known, Solved};
use super::seeds::Votes;
use super::{Cutout, CutoutHint, Method, judge, nothing, reduced_rgb};
use crate::background::PlainBackground;
use crate::error::ImageError;
use crate::resize::{resize_part, resize_rgb};

/// Longer side in pixels of what the outline is first drawn in, and of what it is improved in at most.
const COARSE: u32 = 448;
const IMPROVED: u32 = 1800;
/// How often an alpha is improved: from nothing, and from a coarser one.
const TURNS: [usize; 2] = [120, 12];
/// Room round what was seen, as a share of its longer side.
const ROOM: f32 = 0.15;
/// Share of the picture from which a part of it is as good as all.
const WHOLE: f32 = 0.8;

/// A search for the subject of a photograph, which asks a network for a few looks.
#[derive(Debug)]
pub struct Search {
    picture: RgbImage,
    hint: CutoutHint,
    asked: Vec<Look>,
    seen: Vec<(Look, Saliency)>,
    part: Option<[u32; 4]>,
}

impl Search {
    /// Begins a search in a picture. `hint` as for [`super::cutout`].
    ///
    /// # Errors
    /// [`crate::Reason::Invalid`] when the hint's box is empty or the picture smaller than 8 × 8 pixels.
    pub fn of(picture: &RgbImage, hint: &CutoutHint) -> Result<Self, ImageError> {
        hint.check()?;
        if picture.width() < 8 || picture.height() < 8 {
            return Err(nothing());
        }
        let picture = reduced_rgb(picture, hint.most_side)?;
        Ok(Self { picture, hint: *hint, asked: vec![], seen: vec![], part: None })
    }

    /// The pictures that the network is to be shown next; none when it has seen enough.
    ///
    /// # Errors
    /// [`crate::Reason::Invalid`] when nothing stands out.
    pub fn looks(&mut self) -> Result<Vec<RgbImage>, ImageError> {
        let size = self.picture.dimensions();
        self.asked = if self.seen.is_empty() {
            Look::first(size).to_vec()
        } else if self.part.is_none() {
            let part = self.stands_out()?;
            self.part = Some(part);
            let share = part[2] as f32 * part[3] as f32 / (size.0 as f32 * size.1 as f32);
            if share > WHOLE { vec![] } else { vec![Look::at(part)] }
        } else {
            vec![]
        };
        self.asked.iter().map(|look| look.image(&self.picture)).collect()
    }

    /// What the network saw of the pictures that [`Search::looks`] gave, in their order.
    pub fn saw(&mut self, seen: Vec<Saliency>) {
        self.seen.extend(self.asked.drain(..).zip(seen));
    }

    /// Where something stands out: left, top, width and height in pixels, with room round it.
    fn stands_out(&self) -> Result<[u32; 4], ImageError> {
        let (width, height) = self.picture.dimensions();
        if let Some([left, top, right, bottom]) = self.hint.bounds {
            return Ok(with_room([left, top, right, bottom], 0.5 * ROOM, (width, height)));
        }
        let votes = self.votes([0, 0, width, height], small((width, height), 200));
        let mask = Mask::new(
            votes.width,
            votes.height,
            (0..votes.mean.len()).map(|i| votes.mean[i] > 0.3 || votes.most[i] > 0.6).collect(),
        );
        let b = mask.bounds().ok_or_else(nothing)?;
        let of = [votes.width, votes.height].map(|side| side as f32);
        let bounds =
            [b.x as f32 / of[0], b.y as f32 / of[1], (b.x + b.width) as f32 / of[0], (b.y + b.height) as f32 / of[1]];
        Ok(with_room(bounds, ROOM, (width, height)))
    }

    fn votes(&self, part: [u32; 4], size: (u32, u32)) -> Votes {
        let seen: Vec<Vec<f32>> = self.seen.iter().map(|(look, saliency)| look.seen(saliency, part, size)).collect();
        Votes::of(size.0 as usize, size.1 as usize, seen)
    }

    /// The subject with its outline.
    ///
    /// # Errors
    /// [`crate::Reason::Invalid`] when nothing stands out.
    pub fn cut(self) -> Result<Cutout, ImageError> {
        let part = self.part.ok_or_else(nothing)?;
        let [left, top, width, height] = part;
        let area = part.map(f64::from);
        let of = |size: (u32, u32)| resize_part(&self.picture, area, [size.0, size.1]);
        let size = small((width, height), COARSE);
        let image = of(size)?;
        let votes = self.votes(part, size);
        let cues = self.cues(&image, part)?;
        let mut known = votes.known(cues.as_deref());
        self.keep_to_box(&mut known, part, size);
        let mut solved = Solved::of(&image, &known, &known.alpha, TURNS[0]);
        known = votes.decided(known, &solved.alpha);
        solved = Solved::of(&image, &known, &solved.alpha, TURNS[0] / 3);
        let measures = judge::measures(&votes, cues.as_deref(), &solved.alpha);
        loop {
            let next = (solved.size.0 * 2, solved.size.1 * 2);
            let next = if next.0 >= width { (width, height) } else { next };
            if solved.size == next || next.0.max(next.1) > IMPROVED {
                break;
            }
            solved = solved.finer(&of(next)?, TURNS[1]);
        }
        let own = image::imageops::crop_imm(&self.picture, left, top, width, height).to_image();
        let sides = Sides::of(&own, &solved.alpha, solved.size)?;
        let rgba = composed(&self.picture, part, &sides, |y, row| {
            if solved.size == (width, height) {
                row.extend_from_slice(&solved.alpha[(y * width) as usize..][..width as usize]);
            } else {
                solved.brought_row(&own, y, row);
            }
        });
        judge::judged(rgba, Method::Network, measures, self.hint.bounds.is_some())
    }

    /// What a plain backdrop tells of a part, which `image` shows.
    fn cues(&self, image: &RgbImage, [left, top, width, height]: [u32; 4]) -> Result<Option<Vec<Cue>>, ImageError> {
        let all = self.picture.dimensions();
        let size = small(all, COARSE);
        let model = PlainBackground::fit(&resize_rgb(&self.picture, size.0, size.1)?);
        let of = [all.0, all.1].map(|side| side as f32);
        let part = [left as f32 / of[0], top as f32 / of[1], width as f32 / of[0], height as f32 / of[1]];
        Ok(cues(&model, image, part))
    }

    /// Nothing outside the hint's box is subject.
    fn keep_to_box(&self, known: &mut Known, part: [u32; 4], size: (u32, u32)) {
        let Some([left, top, right, bottom]) = self.hint.bounds else { return };
        let all = [self.picture.width(), self.picture.height()].map(|side| side as f32);
        for i in 0..known.alpha.len() {
            let (x, y) = (i as u32 % size.0, i as u32 / size.0);
            let x = (part[0] as f32 + (x as f32 + 0.5) / size.0 as f32 * part[2] as f32) / all[0];
            let y = (part[1] as f32 + (y as f32 + 0.5) / size.1 as f32 * part[3] as f32) / all[1];
            if x < left || x > right || y < top || y > bottom {
                (known.alpha[i], known.weight[i]) = (0.0, CERTAIN);
            }
        }
    }
}

/// The size at which a picture's longer side is `most` pixels, or its own.
fn small((width, height): (u32, u32), most: u32) -> (u32, u32) {
    let scale = (most as f32 / width.max(height) as f32).min(1.0);
    let of = |side: u32| ((side as f32 * scale).round() as u32).max(3);
    (of(width), of(height))
}

/// A box of shares with room round it: left, top, width and height in pixels.
fn with_room([left, top, right, bottom]: [f32; 4], room: f32, (width, height): (u32, u32)) -> [u32; 4] {
    let of = [width as f32, height as f32];
    let room = (room * ((right - left) * of[0]).max((bottom - top) * of[1])).max(4.0);
    let along = |from: f32, to: f32, side: f32| {
        let from = (from * side - room).floor().max(0.0);
        let to = (to * side + room).ceil().min(side);
        // No part is too small to be looked at.
        let length = (to - from).max(8.0).min(side);
        [from.min(side - length) as u32, length as u32]
    };
    let ([x, w], [y, h]) = (along(left, right, of[0]), along(top, bottom, of[1]));
    [x, y, w, h]
}
