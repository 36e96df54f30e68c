use super::references::{Profile, Seen};
use super::{Batch, Image, Pipeline, ReferenceUse};
use crate::error::Result;
use crate::flux2::{ReferenceKv, TokenLayout};
use crate::noise;
use crate::pixels;
use crate::scheduler::FlowMatchEuler;
use cavendish_renderer::Edit;
use std::rc::Rc;
use tch::{Kind, Tensor};

/// An image on its way from noise.
pub(super) struct Canvas {
    /// Its place in the batch.
    pub(super) image: usize,
    pub(super) latents: Tensor, // (1, tokens, channels), f32
    pub(super) text: Tensor,    // (1, text tokens, text channels)
    pub(super) profile: Option<Rc<Profile>>,
    pub(super) seen: Option<Seen>,
    pub(super) kept: Option<Kept>,
    /// The velocity of the step before, where settling is watched.
    pub(super) velocity: Option<Tensor>,
    /// Steps taken.
    pub(super) steps: usize,
    /// Whether the last step led to the end.
    pub(super) settled: bool,
}

/// What an edited image keeps of its source.
pub(super) struct Kept {
    source: Tensor, // (1, tokens, channels)
    noise: Tensor,  // (1, tokens, channels)
    drawn: Tensor,  // (1, tokens, 1): 1 where the image is drawn anew
}

impl Canvas {
    pub(super) fn new(image: usize, latents: Tensor, text: Tensor) -> Self {
        let (profile, seen, kept, velocity) = (None, None, None, None);
        Self { image, latents, text, profile, seen, kept, velocity, steps: 0, settled: false }
    }

    /// What the network takes for it: (1, image tokens and those of references beside it, channels and those of references
    /// laid on it).
    pub(super) fn tokens(&self) -> Tensor {
        match &self.seen {
            Some(Seen::Beside(references)) => Tensor::cat(&[&self.latents, references], 1),
            Some(Seen::Laid(references)) => Tensor::cat(&[&self.latents, references], 2),
            _ => self.latents.shallow_clone(),
        }
    }

    /// The references that stand beside it.
    pub(super) fn beside(&self) -> Option<&Profile> {
        self.profile.as_deref().filter(|_| matches!(self.seen, Some(Seen::Beside(_))))
    }

    /// The references that the network knows.
    pub(super) fn known(&self) -> Option<Rc<ReferenceKv>> {
        match &self.seen {
            Some(Seen::Known(kv)) => Some(Rc::clone(kv)),
            _ => None,
        }
    }

    /// Puts the source back where it is kept, as noisy as the image is at `time`.
    pub(super) fn restore(&mut self, time: f64) {
        if let Some(Kept { source, noise, drawn }) = &self.kept {
            let there = between(source, noise, time);
            self.latents = &there + drawn * (&self.latents - &there);
        }
    }
}

/// The point between an image's latents and noise at `time`.
fn between(source: &Tensor, noise: &Tensor, time: f64) -> Tensor {
    noise * time + source * (1.0 - time)
}

impl Pipeline {
    /// Every image with its encoded prompt, its own noise, its references and its source.
    pub(super) fn start(&self, batch: &Batch, schedule: &FlowMatchEuler, layout: &TokenLayout) -> Result<Vec<Canvas>> {
        let canvas = |(place, wanted): (usize, &Image)| {
            self.start_from(self.noise(wanted.seed, layout.image.tokens()), place, batch, schedule)
        };
        batch.images.iter().enumerate().map(canvas).collect()
    }

    /// One image of the batch, from this noise.
    pub(super) fn start_from(
        &self,
        noise: Tensor,
        place: usize,
        batch: &Batch,
        schedule: &FlowMatchEuler,
    ) -> Result<Canvas> {
        let wanted = &batch.images[place];
        let mut canvas = Canvas::new(place, noise, self.prompt(&wanted.prompt)?);
        if let Some(edit) = &wanted.edit {
            self.begin_edit(&mut canvas, edit, batch, schedule.time(0))?;
        }
        if let ReferenceUse::Laid { side } = self.manifest.references {
            canvas.seen = Some(Seen::Laid(self.laid(&wanted.references, side, batch.frame.native)?));
        } else if let Some(profile) = self.profile(wanted)? {
            canvas.seen = Some(self.seen(&profile, wanted)?);
            canvas.profile = Some(profile);
        }
        Ok(canvas)
    }

    /// (1, tokens, channels)
    pub(super) fn noise(&self, seed: u64, tokens: i64) -> Tensor {
        let channels = self.codec.channels();
        let noise = noise::normal(seed, (tokens * channels) as usize);
        Tensor::from_slice(&noise).view([1, tokens, channels]).to_device(self.device)
    }

    /// Starts from the source as noisy as the schedule begins.
    fn begin_edit(&self, canvas: &mut Canvas, edit: &Edit, batch: &Batch, time: f64) -> Result<()> {
        let size = batch.frame.native;
        let source = self.codec.encode(&self.picture(&edit.source, size)?)?;
        let noise = canvas.latents.shallow_clone();
        canvas.latents = between(&source, &noise, time);
        if let Some(mask) = &edit.mask {
            let mask = pixels::mask(mask, &edit.source)?.to_device(self.device); // (1, 1, height, width)
            let grid = self.codec.grid(size);
            let drawn = mask.upsample_bilinear2d([grid.rows, grid.columns], false, None, None);
            let drawn = drawn.reshape([1, grid.tokens(), 1]);
            canvas.kept = Some(Kept { source, noise, drawn });
        }
        Ok(())
    }

    /// A picture brought to a size: (1, 3, height, width) in −1..=1 on the device.
    pub(super) fn picture(&self, picture: &cavendish_renderer::Pixels, size: super::Size) -> Result<Tensor> {
        let plain = pixels::resized(&pixels::to_tensor(picture)?.to_device(self.device), size.height, size.width);
        Ok((plain * 2.0 - 1.0).to_kind(Kind::Float))
    }
}
