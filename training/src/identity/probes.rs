//! Other pictures of a subject.

use super::changes::{Change, EACH};
use super::subjects::{Subject, fitted};
use crate::scene::chance;
use anyhow::Result;
use cavendish_engine::vision::EngineVision;
use cavendish_imaging::{CutoutHint, Limits, decode};
use image::{ImageFormat, RgbaImage, imageops};
use rand::Rng;
use rand::seq::IndexedRandom;
use std::io::Cursor;
use std::path::Path;
use tokio::runtime::Runtime;

/// Pictures of each kind: of a photograph, of which there are few, and of an object.
const ROUNDS: [usize; 2] = [3, 1];
/// Longer side in pixels that pictures are cut out at.
const PHOTOGRAPHED: u32 = 640;
const SIDE: u32 = 384;
const SEED: u64 = 1_000_003;

/// A picture of a subject.
pub(super) struct Probe {
    /// Which subject.
    pub(super) subject: usize,
    pub(super) change: Change,
    pub(super) picture: RgbaImage,
}

/// What subjects are put before, and what cuts them out again.
pub(super) struct Scenery {
    vision: EngineVision,
    runtime: Runtime,
    grounds: Vec<RgbaImage>,
}

impl Scenery {
    pub(super) fn new(vision: &Path, grounds: Vec<RgbaImage>) -> Result<Self> {
        Ok(Self { vision: EngineVision::start(vision)?, runtime: Runtime::new()?, grounds })
    }

    /// The subject of a picture as the line cuts it out; none where nothing is found.
    fn cut_out(&self, picture: &RgbaImage) -> Result<Option<RgbaImage>> {
        let scale = PHOTOGRAPHED as f32 / picture.width().max(picture.height()) as f32;
        let [width, height] = [picture.width(), picture.height()].map(|side| ((side as f32 * scale) as u32).max(1));
        let small = imageops::resize(picture, width, height, imageops::FilterType::Triangle);
        let mut file = Cursor::new(vec![]);
        image::DynamicImage::ImageRgba8(small).to_rgb8().write_to(&mut file, ImageFormat::Png)?;
        let decoded = decode(file.get_ref(), &Limits::default())?;
        let cut = self.runtime.block_on(cavendish_subjects::cut_out(&self.vision, decoded, CutoutHint::default()));
        Ok(cut.ok().and_then(|cut| fitted(&cut.rgba, SIDE).ok()))
    }

    /// A subject before one of the grounds, with room round it, and cut out again.
    fn placed(&self, cutout: &RgbaImage, rng: &mut impl Rng) -> Result<Option<RgbaImage>> {
        let Some(ground) = self.grounds.choose(rng) else { return Ok(None) };
        let room = cutout.width().max(cutout.height()) / 5;
        let (width, height) = (cutout.width() + 2 * room, cutout.height() + 2 * room);
        let mut picture = imageops::resize(ground, width, height, imageops::FilterType::Triangle);
        imageops::overlay(&mut picture, cutout, i64::from(room), i64::from(room));
        self.cut_out(&picture)
    }
}

/// Every change of every subject that is no stranger.
pub(super) fn of(subjects: &[Subject], scenery: &Scenery) -> Result<Vec<Probe>> {
    let mut probes = vec![];
    for (index, subject) in subjects.iter().enumerate().filter(|(_, subject)| !subject.stranger) {
        let mut rng = chance(SEED, index as u64);
        let mut add = |change, picture| probes.push(Probe { subject: index, change, picture });
        for _ in 0..ROUNDS[usize::from(!subject.is_photograph())] {
            for change in EACH {
                add(change, change.of(&subject.cutout, &mut rng)?);
            }
        }
        let seen_anew = Change::View.of(&subject.cutout, &mut rng)?;
        let seen_anew = Change::Light.of(&seen_anew, &mut rng)?;
        if let Some(cut) = scenery.placed(&seen_anew, &mut rng)? {
            add(Change::ViewLightGround, Change::Jpeg.of(&cut, &mut rng)?);
        }
        if let Some(cut) = scenery.placed(&subject.cutout, &mut rng)? {
            add(Change::Ground, cut);
        }
        if let Some(cut) = subject.photograph.as_ref().map(|whole| scenery.cut_out(whole)).transpose()?.flatten() {
            add(Change::OwnCutout, cut);
        }
    }
    Ok(probes)
}
