use super::colour::{delta_e, lab};
use super::prompts::{self, Ground, Prompts, ground};
use super::region::Seen;
use super::sheet::Sheet;
use super::stats::{Figure, Figures};
use super::studio::Studio;
use crate::data::{Object, Objects, Split};
use anyhow::Result;
use cavendish_engine::vision::EngineVision;
use cavendish_imaging::{Backdrop, CutoutHint, Limits, Placement, compose, cutout, decode};
use cavendish_renderer::{Embedding, Pixels, PixelsAlpha, Reference, Vision};
use futures::executor::block_on;
use std::path::Path;

/// Seeds that diversity is measured over.
const SEEDS: u64 = 4;
/// Sizes in pixels at which a profile has seen its subject.
const PROFILE_SIDES: [f32; 3] = [128.0, 48.0, 32.0];
const ALL: [f32; 4] = [0.0, 0.0, 1.0, 1.0];

/// Draws, looks and compares.
pub(super) struct Judge<'a> {
    vision: EngineVision,
    prompts: Prompts<'a>,
    /// Every object that can be recognised, with its profile.
    known: Vec<(&'a Object, Vec<Embedding>)>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(vision: &Path, objects: &'a Objects, share: f64) -> Result<Self> {
        let vision = EngineVision::start(vision)?;
        let all = objects.of(&[Split::Train, Split::HeldOut]);
        let known = all.into_iter().map(|object| {
            let views = PROFILE_SIDES.map(|side| object.pixels(side));
            Ok((object, block_on(vision.embed(views.into()))?))
        });
        let known = known.collect::<Result<Vec<_>>>()?;
        Ok(Self { vision, prompts: Prompts::new(objects, share), known })
    }

    /// Every measure of one model.
    pub(super) fn all(&self, studio: &Studio, out: &Path) -> Result<Figures> {
        let mut figures = Figures::new();
        let mut sheet = Sheet::new();
        self.singles(studio, &mut figures, &mut sheet)?;
        self.pairs(studio, &mut figures, &mut sheet)?;
        self.counts(studio, &mut figures, &mut sheet)?;
        self.diversity(studio, &mut figures)?;
        if studio.takes_references() {
            self.profiles(studio, &mut figures, &mut sheet)?;
            self.groups(studio, &mut figures, &mut sheet)?;
        }
        figures.insert("consistency_pixels", Figure::mean(&self.pixels()?));
        sheet.save(&out.join(format!("{}.png", studio.name())))?;
        Ok(figures)
    }

    /// One known object: is it that object, on that colour, as sharp as the object itself?
    fn singles(&self, studio: &Studio, figures: &mut Figures, sheet: &mut Sheet) -> Result<()> {
        let (mut hits, mut off, mut sharp) = (vec![], vec![], vec![]);
        for (n, &(object, ground)) in self.prompts.singles.iter().enumerate() {
            if n % 30 == 0 && n < 90 {
                sheet.row();
            }
            let picture = studio.draw([64, 64], &prompts::single(&object.name, ground), vec![], n as u64)?;
            if n % 30 < 10 && n < 90 {
                sheet.add(&picture);
            }
            let seen = Seen::new(&picture);
            hits.push(f64::from(u8::from(self.is(&seen, ALL, object)?)));
            off.push(delta_e(seen.backdrop, lab(shares(ground))));
            sharp.push((seen.detail() / object.detail().max(1e-6)).min(2.0));
        }
        figures.insert("identity", Figure::mean(&hits));
        figures.insert("background_delta_e", Figure::median(&off));
        figures.insert("sharpness", Figure::median(&sharp));
        Ok(())
    }

    /// Left and right of two known objects: each half is more like its own than like the other.
    fn pairs(&self, studio: &Studio, figures: &mut Figures, sheet: &mut Sheet) -> Result<()> {
        let size = if studio.draws([96, 64]) { [96, 64] } else { [64, 64] };
        let mut right = vec![];
        sheet.row();
        for (n, &(pair, ground)) in self.prompts.pairs.iter().enumerate() {
            let picture = studio.draw(size, &prompts::pair(pair, ground, n % 2 == 1), vec![], n as u64)?;
            if n < 8 {
                sheet.add(&picture);
            }
            let seen = Seen::new(&picture);
            let halves = [[0.0, 0.0, 0.5, 1.0], [0.5, 0.0, 1.0, 1.0]];
            let mut all = true;
            for (side, half) in halves.into_iter().enumerate() {
                let (own, other) = (self.cosine(&seen, half, pair[side])?, self.cosine(&seen, half, pair[1 - side])?);
                all &= own.zip(other).is_some_and(|(own, other)| own > other);
            }
            right.push(f64::from(u8::from(all)));
        }
        figures.insert("relations", Figure::mean(&right));
        Ok(())
    }

    /// Two or three of a kind: so many things are seen.
    fn counts(&self, studio: &Studio, figures: &mut Figures, sheet: &mut Sheet) -> Result<()> {
        let mut right = vec![];
        sheet.row();
        for (n, &(object, count, ground)) in self.prompts.counts.iter().enumerate() {
            let wide = if count == 2 { [96, 64] } else { [144, 64] };
            let size = if studio.draws(wide) { wide } else { [64, 64] };
            let picture = studio.draw(size, &prompts::counted(object, count, ground), vec![], n as u64)?;
            if n < 6 {
                sheet.add(&picture);
            }
            right.push(f64::from(u8::from(Seen::new(&picture).things() == count)));
        }
        figures.insert("counting", Figure::mean(&right));
        Ok(())
    }

    /// How far apart the subjects of several seeds are: one minus the mean cosine.
    fn diversity(&self, studio: &Studio, figures: &mut Figures) -> Result<()> {
        let mut apart = vec![];
        for &(object, ground) in self.prompts.singles.iter().take(self.prompts.groups) {
            let mut seen = vec![];
            for seed in 0..SEEDS {
                let picture = studio.draw([64, 64], &prompts::single(&object.name, ground), vec![], 1000 + seed)?;
                seen.extend(Seen::new(&picture).within(ALL));
            }
            let embeddings = block_on(self.vision.embed(seen))?;
            for (n, one) in embeddings.iter().enumerate() {
                apart.extend(embeddings[..n].iter().map(|other| f64::from(1.0 - one.cosine(other))));
            }
        }
        figures.insert("diversity", Figure::mean(&apart));
        Ok(())
    }

    /// One subject that no network learnt from, before two colours: the same subject, and the colour that was asked for.
    fn profiles(&self, studio: &Studio, figures: &mut Figures, sheet: &mut Sheet) -> Result<()> {
        let (mut alike, mut off) = (vec![], vec![]);
        for (n, &object) in self.prompts.profiles.iter().enumerate() {
            if n < 40 && n % 5 == 0 {
                sheet.row();
            }
            for turn in 0..2 {
                let ground = ground(n + 11 * turn);
                let seed = (2 * n + turn) as u64;
                let prompt = prompts::single(&object.name, ground);
                let picture = studio.draw([64, 64], &prompt, vec![object.reference()], seed)?;
                if n < 40 {
                    if turn == 0 {
                        sheet.add(&object.reference().pixels);
                    }
                    sheet.add(&picture);
                }
                let seen = Seen::new(&picture);
                alike.push(self.consistency(&seen, ALL, object)?);
                off.push(delta_e(seen.backdrop, lab(shares(ground))));
            }
        }
        figures.insert("consistency_1", Figure::mean(&alike));
        figures.insert("prompt_change_delta_e", Figure::median(&off));
        Ok(())
    }

    /// Two, three and five subjects in their slots: the mean over the subjects of a picture.
    fn groups(&self, studio: &Studio, figures: &mut Figures, sheet: &mut Sheet) -> Result<()> {
        for (name, count, size, rows) in
            [("consistency_2", 2, [96, 64], 1), ("consistency_3", 3, [144, 64], 1), ("consistency_5", 5, [144, 96], 2)]
        {
            sheet.row();
            let mut alike = vec![];
            for n in 0..self.prompts.groups {
                let profiles = &self.prompts.profiles;
                let chosen: Vec<&Object> = (0..count).map(|k| profiles[(n * 3 + k * 7) % profiles.len()]).collect();
                let references = chosen.iter().map(|object| object.reference()).collect();
                let picture = studio.draw(size, &prompts::group(&chosen, ground(n)), references, n as u64)?;
                if n < 5 {
                    sheet.add(&picture);
                }
                let seen = Seen::new(&picture);
                let columns = count.min(3);
                let each = chosen.iter().enumerate().map(|(k, object)| {
                    let (x, y) = ((k % columns) as f32 / columns as f32, (k / columns) as f32 / rows as f32);
                    self.consistency(&seen, [x, y, x + 1.0 / columns as f32, y + 1.0 / rows as f32], object)
                });
                let each = each.collect::<Result<Vec<_>>>()?;
                alike.push(each.iter().sum::<f64>() / count as f64);
            }
            figures.insert(name, Figure::mean(&alike));
        }
        Ok(())
    }

    /// Cut-outs set on backdrops by imaging, as `preserve: pixels` does.
    fn pixels(&self) -> Result<Vec<f64>> {
        let place = |(n, &object): (usize, &&Object)| {
            let subject = cutout(&decode(&object.png()?, &Limits::default())?, &CutoutHint::default())?;
            let [r, g, b] = ground(n).1;
            let backdrop = Backdrop::named(&format!("#{r:02x}{g:02x}{b:02x}")).unwrap_or_else(Backdrop::light_grey);
            let scene = compose(256, 256, &backdrop, &subject, &Placement::default())?;
            // Looked at where it was placed, as the line does.
            let cut = scene.subjects.first().map(|placed| placed.cut(&scene.image)).unwrap_or_default();
            let (width, height) = cut.dimensions();
            let embedding =
                block_on(self.vision.embed(vec![PixelsAlpha { width, height, rgba: cut.into_raw() }]))?.pop();
            Ok(self
                .likeness(embedding.as_ref(), object)
                .map_or(0.0, |cosine| f64::from(self.vision.consistency(cosine))))
        };
        self.prompts.profiles.iter().enumerate().map(place).collect()
    }

    /// Whether what is seen there is more like this object than like any other.
    fn is(&self, seen: &Seen, part: [f32; 4], object: &Object) -> Result<bool> {
        let Some(embedding) = self.embedding(seen, part)? else { return Ok(false) };
        let nearest = |profile: &[Embedding]| embedding.nearest(profile).unwrap_or(-1.0);
        let best = self.known.iter().max_by(|a, b| nearest(&a.1).total_cmp(&nearest(&b.1)));
        Ok(best.is_some_and(|(found, _)| found.name == object.name))
    }

    /// How like the object what is seen there is; nothing when there is nothing.
    fn cosine(&self, seen: &Seen, part: [f32; 4], object: &Object) -> Result<Option<f32>> {
        Ok(self.likeness(self.embedding(seen, part)?.as_ref(), object))
    }

    /// The cosine to the nearest view of the object's profile.
    fn likeness(&self, embedding: Option<&Embedding>, object: &Object) -> Option<f32> {
        let (_, profile) = self.known.iter().find(|(known, _)| known.name == object.name)?;
        embedding?.nearest(profile)
    }

    fn consistency(&self, seen: &Seen, part: [f32; 4], object: &Object) -> Result<f64> {
        Ok(self.cosine(seen, part, object)?.map_or(0.0, |cosine| f64::from(self.vision.consistency(cosine))))
    }

    fn embedding(&self, seen: &Seen, part: [f32; 4]) -> Result<Option<Embedding>> {
        let Some(subject) = seen.within(part) else { return Ok(None) };
        Ok(block_on(self.vision.embed(vec![subject]))?.pop())
    }
}

fn shares((_, rgb): Ground) -> [f32; 3] {
    rgb.map(|value| f32::from(value) / 255.0)
}

impl Object {
    fn reference(&self) -> Reference {
        Reference::of_subject(self.name.clone(), &self.pixels(128.0))
    }

    fn png(&self) -> Result<Vec<u8>> {
        let PixelsAlpha { width, height, rgba } = self.pixels(128.0);
        let image = image::RgbaImage::from_raw(width, height, rgba).unwrap_or_default();
        let mut file = std::io::Cursor::new(vec![]);
        image.write_to(&mut file, image::ImageFormat::Png)?;
        Ok(file.into_inner())
    }

    /// The finest detail of the object at the size at which it is drawn.
    fn detail(&self) -> f64 {
        let pixels = Reference::of_subject(String::new(), &self.pixels(48.0)).pixels;
        let small = image::RgbImage::from_raw(pixels.width, pixels.height, pixels.rgb.clone()).unwrap_or_default();
        let small = image::imageops::resize(&small, 48, 48, image::imageops::FilterType::Triangle);
        Seen::new(&Pixels { width: 48, height: 48, rgb: small.into_raw() }).detail()
    }
}
