//! Cutting the subject out of an ordinary photograph: a network says what it is, the picture's own colours where it ends.

use image::RgbImage;

use super::colours::{Sides, composed};
use super::cues::{Cue, cues};
use super::look::{Look, Saliency};
use super::mask::Mask;
use super::matting::Solved;
use super::seeds::Votes;
use super::{Cutout, CutoutHint, Method, judge, marks, nothing, reduced_rgb};
use crate::background::PlainBackground;
use crate::error::ImageError;
use crate::resize::{resize_part, resize_rgb};

/// Longer side in pixels of what the outline is first drawn in, and of what it is improved in at most.
const COARSE: u32 = 448;
const IMPROVED: u32 = 1000;
/// How often an alpha is improved: from nothing, and from a coarser one.
const TURNS: [usize; 2] = [120, 12];
/// Room round what was seen, as a share of its longer side.
const ROOM: f32 = 0.15;
/// Share of the picture that a look may take for the subject if no other takes half as much.
const FRAME: f32 = 0.6;
/// Share of the picture from which a part of it is as good as all.
const WHOLE: f32 = 0.6;
/// Agreement (intersection over union) of the first two looks that leaves no question.
const AGREED: f32 = 0.95;

/// A search for the subject of a photograph, which asks a network for a few looks.
#[derive(Debug)]
pub struct Search {
    picture: RgbImage,
    hint: CutoutHint,
    asked: Vec<Look>,
    seen: Vec<(Look, Saliency)>,
    looked_around: bool,
    part: Option<[u32; 4]>,
}

impl Search {
    /// Begins a search in a picture. `hint` as for [`super::cutout`].
    ///
    /// # Errors
    /// [`crate::Reason::Invalid`] when the hint's box is empty, its mask of another shape than the picture, or the picture
    /// smaller than 8 × 8 pixels.
    pub fn of(picture: &RgbImage, hint: &CutoutHint) -> Result<Self, ImageError> {
        hint.check()?;
        if picture.width() < 8 || picture.height() < 8 {
            return Err(nothing());
        }
        if let Some(mask) = &hint.mask {
            marks::check_shape(mask, picture.dimensions())?;
        }
        let picture = reduced_rgb(picture, hint.most_side)?;
        Ok(Self { picture, hint: hint.clone(), asked: vec![], seen: vec![], looked_around: false, part: None })
    }

    /// The pictures that the network is to be shown next; none when it has seen enough.
    ///
    /// # Errors
    /// [`crate::Reason::Invalid`] when nothing stands out.
    pub fn looks(&mut self) -> Result<Vec<RgbImage>, ImageError> {
        let size = self.picture.dimensions();
        self.asked = match (&self.hint.mask, self.seen.len(), self.part) {
            (_, _, Some(_)) => vec![],
            (Some(mask), _, None) => {
                self.part = Some(marks::masked(mask, size).ok_or_else(nothing)?);
                vec![]
            }
            (None, 0, None) => Look::first(size).to_vec(),
            // Two looks that agree need no third.
            (None, 2, None) if !self.looked_around && self.votes_of_all().agreement() < AGREED => {
                self.looked_around = true;
                vec![Look::around(size)]
            }
            (None, _, None) => {
                let part = marks::joined(self.stands_out()?, &self.hint.keep, size);
                self.part = Some(part);
                let share = part[2] as f32 * part[3] as f32 / (size.0 as f32 * size.1 as f32);
                if share > WHOLE { vec![] } else { vec![Look::at(part)] }
            }
        };
        self.asked.iter().map(|look| look.image(&self.picture)).collect()
    }

    /// What the network saw of the pictures that [`Search::looks`] gave, in their order.
    pub fn saw(&mut self, seen: Vec<Saliency>) {
        self.seen.extend(self.asked.drain(..).zip(seen));
        self.drop_frame();
    }

    /// With room round it, a busy picture may be taken for a thing itself: such a look saw the picture's frame.
    fn drop_frame(&mut self) {
        let (width, height) = self.picture.dimensions();
        let size = small((width, height), 100);
        let share = |(look, saliency): &(Look, Saliency)| {
            let seen = look.seen(saliency, [0, 0, width, height], size);
            seen.iter().filter(|v| **v > 0.5).count() as f32 / seen.len() as f32
        };
        if let [whole, smaller, around] = &self.seen[..]
            && self.looked_around
            && share(around) > FRAME
            && share(around) > 2.0 * share(whole).max(share(smaller))
        {
            self.seen.pop();
        }
    }

    /// Where something stands out: left, top, width and height in pixels, with room round it.
    fn stands_out(&self) -> Result<[u32; 4], ImageError> {
        let (width, height) = self.picture.dimensions();
        if let Some(bounds) = self.hint.bounds {
            return Ok(with_room(bounds, 0.5 * ROOM, (width, height)));
        }
        let votes = self.votes_of_all();
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

    /// What the looks saw of the whole picture, roughly.
    fn votes_of_all(&self) -> Votes {
        let (width, height) = self.picture.dimensions();
        self.votes([0, 0, width, height], small((width, height), 200))
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
        if let Some(mask) = &self.hint.mask {
            return marks::cut_by_mask(&self.picture, mask, part);
        }
        let [left, top, width, height] = part;
        let area = part.map(f64::from);
        let of = |size: (u32, u32)| resize_part(&self.picture, area, [size.0, size.1]);
        let size = small((width, height), COARSE);
        let image = of(size)?;
        let votes = self.votes(part, size);
        let cues = self.cues(&image, part)?;
        let mut known = votes.known(cues.as_deref());
        marks::heeded(&mut known, &self.hint, part, (self.picture.dimensions(), size));
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
