//! References of an image: encoded once, what the network makes of them kept on the device.

use super::frame::Native;
use super::manifest::{Manifest, ReferenceUse};
use super::{Image, Pipeline, Size};
use crate::error::{EngineError, ErrorKind, Result};
use crate::flux2::{Grid, ReferenceKv, TokenLayout};
use cavendish_renderer::{Edit, Reference};
use lru::LruCache;
use std::cell::{Cell, OnceCell};
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;
use tch::Tensor;

/// Pixels of a reference, at most: as diffusers' klein pipelines (0.42) bring them down to.
const REFERENCE_PIXELS: u64 = 1 << 20;

/// A set of references in one order, as the network sees them.
pub(super) struct Profile {
    /// See [`profile_key`].
    key: String,
    pub(super) grids: Vec<Grid>,
    /// One after the other: (1, reference tokens, channels), f32.
    latents: OnceCell<Tensor>,
    /// What the network makes of them alone.
    kv: OnceCell<Rc<ReferenceKv>>,
    /// How far an image drawn with that was from the same image drawn with the references beside it.
    error: Cell<Option<f64>>,
    /// Whether nothing is known that the store does not have.
    stored: Cell<bool>,
}

impl Profile {
    fn tokens(&self) -> i64 {
        self.grids.iter().map(|grid| grid.tokens()).sum()
    }
}

/// How the steps look at an image's references.
pub(super) enum Seen {
    /// They stand beside the image: (1, reference tokens, channels).
    Beside(Tensor),
    /// The network knows them.
    Known(Rc<ReferenceKv>),
    /// They lie where they are drawn: (1, image tokens, channels).
    Laid(Tensor),
}

/// What is kept of a set of references, for the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReferences {
    /// The place in the batch of an image that has them.
    pub image: usize,
    /// The set, the sizes and the model in one name.
    pub key: String,
    /// A safetensors file.
    pub file: Vec<u8>,
}

/// The name under which a model keeps what it makes of a set of references: the model, its number type, and every
/// reference with the size it is looked at. `None` where nothing is kept.
pub(crate) fn profile_key(
    manifest: &Manifest,
    fingerprint: u64,
    kind: tch::Kind,
    references: &[Reference],
) -> Option<String> {
    let keeps = match manifest.references {
        ReferenceUse::None | ReferenceUse::Laid { .. } => false,
        ReferenceUse::Joint { tolerance } => tolerance > 0.0,
        ReferenceUse::Kept { .. } => true,
    };
    let named = |reference: &Reference| {
        let Size { width, height } = reference_size(manifest, reference);
        format!("{}@{width}x{height}", reference.key)
    };
    let names: Vec<_> = references.iter().map(named).collect();
    (keeps && !names.is_empty()).then(|| format!("{}-{fingerprint:016x}/{kind:?}/{}", manifest.name, names.join("+")))
}

/// An image's references; before them, where a mask says what to draw anew, the picture that is edited (as diffusers'
/// `Flux2KleinInpaintPipeline`, 0.42, does), if the model takes any beside the image.
pub(crate) fn looked_at(manifest: &Manifest, references: &[Reference], edit: Option<&Edit>) -> Vec<Reference> {
    let beside = !matches!(manifest.references, ReferenceUse::None | ReferenceUse::Laid { .. });
    let source = edit.filter(|edit| edit.mask.is_some() && beside);
    let source = source.map(|edit| Reference { key: String::new(), pixels: Arc::clone(&edit.source) });
    source.into_iter().chain(references.iter().cloned()).collect()
}

/// The size a reference is looked at.
pub(crate) fn reference_size(manifest: &Manifest, reference: &Reference) -> Size {
    if let ReferenceUse::Kept { side: Some(side) } | ReferenceUse::Laid { side } = manifest.references {
        return Size { width: side, height: side };
    }
    let own = Size { width: reference.pixels.width, height: reference.pixels.height };
    match &manifest.native {
        native @ Native::Listed(_) => native.frame(own, 1).native,
        Native::Free { multiple, .. } => {
            let shrink = (own.pixels() as f64 / REFERENCE_PIXELS as f64).sqrt().max(1.0);
            let size = own.scaled(1.0 / shrink).within_grid(*multiple);
            // The short side of a splinter was rounded up to the grid: the long one makes up for it.
            let most = |short: u32| ((REFERENCE_PIXELS / u64::from(short)) as u32 / multiple).max(1) * multiple;
            Size { width: size.width.min(most(size.height)), height: size.height.min(most(size.width)) }
        }
    }
}

/// Left and top of the places of so many subjects, as many as the image has: row by row from the left, the rows in the
/// middle.
fn places(image: Size, side: u32, count: usize) -> Vec<[i64; 2]> {
    let (columns, rows) = (image.width / side, image.height / side);
    let count = u32::try_from(count).unwrap_or(u32::MAX).min(columns * rows);
    if count == 0 {
        return vec![];
    }
    let columns = columns.min(count);
    let (left, top) = ((image.width - columns * side) / 2, (image.height - count.div_ceil(columns) * side) / 2);
    let place = |n: u32| [left + n % columns * side, top + n / columns * side].map(i64::from);
    (0..count).map(place).collect()
}

/// Sets of references on a device, at most.
const PROFILES: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");
/// Bytes of what is worth a trip to the store and back.
const STORED_BYTES: usize = 256 << 20;

/// Profiles on the device, the latest ones, up to a number of bytes.
pub(super) struct ReferenceCache {
    profiles: LruCache<String, Rc<Profile>>,
    most_bytes: usize,
}

impl ReferenceCache {
    pub(super) fn new(most_bytes: usize) -> Self {
        Self { profiles: LruCache::new(PROFILES), most_bytes }
    }

    pub(super) fn clear(&mut self) {
        self.profiles.clear();
    }

    /// Drops the oldest ones until what is left fits; the newest stays however large it is.
    pub(super) fn shrink(&mut self) {
        let bytes = |profile: &Profile| {
            let latents = profile.latents.get().map_or(0, |x| x.numel() * x.kind().elt_size_in_bytes());
            latents + profile.kv.get().map_or(0, |kv| kv.bytes())
        };
        let mut total: usize = self.profiles.iter().map(|(_, profile)| bytes(profile)).sum();
        while self.profiles.len() > 1 && total > self.most_bytes {
            total -= self.profiles.pop_lru().map_or(0, |(_, profile)| bytes(&profile));
        }
    }
}

impl Pipeline {
    /// The profile of an image's references, from the cache, from what the image brings along, or new.
    pub(super) fn profile(&self, image: &Image) -> Result<Option<Rc<Profile>>> {
        let references = looked_at(&self.manifest, &image.references, image.edit.as_ref());
        if references.is_empty() {
            return Ok(None);
        }
        if self.manifest.references == ReferenceUse::None {
            let what = format!("{} was not trained with references", self.manifest.name);
            return Err(EngineError::new(ErrorKind::Invalid, what));
        }
        // A source that is edited is nobody's profile: it comes once.
        let named = image.references.len() == references.len();
        let key =
            profile_key(&self.manifest, self.fingerprint, self.kind, &references).filter(|_| named).unwrap_or_default();
        if let Some(known) = self.references.borrow_mut().profiles.get(&key) {
            return Ok(Some(Rc::clone(known)));
        }
        let size = |reference: &Reference| reference_size(&self.manifest, reference);
        let profile = Rc::new(Profile {
            grids: references.iter().map(|reference| self.codec.grid(size(reference))).collect(),
            latents: OnceCell::new(),
            kv: OnceCell::new(),
            error: Cell::new(None),
            stored: Cell::new(false),
            key: key.clone(),
        });
        if let Some(file) = &image.kept_references {
            self.take_from_store(&profile, file);
        }
        if !key.is_empty() {
            let mut known = self.references.borrow_mut();
            known.profiles.put(key, Rc::clone(&profile));
            known.shrink();
        }
        Ok(Some(profile))
    }

    /// What cannot be used is made anew: the store is a convenience.
    fn take_from_store(&self, profile: &Profile, file: &[u8]) {
        match ReferenceKv::from_file(file, self.device, self.kind) {
            Ok((kv, error)) if kv.is_of(self.transformer.config(), profile.tokens()) => {
                let _first = profile.kv.set(Rc::new(kv));
                profile.error.set(error);
                profile.stored.set(true);
            }
            Ok(_) => tracing::warn!(key = profile.key, "kept references are of another network or size"),
            Err(error) => tracing::warn!(key = profile.key, %error, "kept references cannot be used"),
        }
    }

    /// What a network takes beside the latents that takes its references where they are drawn: (1, image tokens,
    /// channels). Where none lies it sees mid grey, which references stand on as well.
    pub(super) fn laid(&self, references: &[Reference], side: u32, image: Size) -> Result<Tensor> {
        let (width, height) = (i64::from(image.width), i64::from(image.height));
        let ground = Tensor::zeros([1, 3, height, width], (tch::Kind::Float, self.device));
        let places = places(image, side, references.len());
        if places.len() < references.len() {
            let what = format!("{width} × {height} has {} places, not {}", places.len(), references.len());
            return Err(EngineError::new(ErrorKind::Invalid, what));
        }
        for (reference, [left, top]) in references.iter().zip(places) {
            let picture = self.picture(&reference.pixels, Size { width: side, height: side })?;
            ground.narrow(2, top, i64::from(side)).narrow(3, left, i64::from(side)).copy_(&picture);
        }
        self.codec.encode(&ground)
    }

    /// How the steps are to look at these references.
    pub(super) fn seen(&self, profile: &Profile, image: &Image) -> Result<Seen> {
        let known = match self.manifest.references {
            ReferenceUse::Kept { .. } => true,
            ReferenceUse::Joint { tolerance } => profile.error.get().is_some_and(|error| error <= tolerance),
            ReferenceUse::None | ReferenceUse::Laid { .. } => false,
        };
        match known {
            true => Ok(Seen::Known(self.known(profile, image)?)),
            false => Ok(Seen::Beside(self.reference_latents(profile, image)?)),
        }
    }

    fn reference_latents(&self, profile: &Profile, image: &Image) -> Result<Tensor> {
        if let Some(latents) = profile.latents.get() {
            return Ok(latents.shallow_clone());
        }
        let encode = |reference: &Reference| {
            let size = reference_size(&self.manifest, reference);
            self.codec.encode(&self.picture(&reference.pixels, size)?)
        };
        let parts = looked_at(&self.manifest, &image.references, image.edit.as_ref())
            .iter()
            .map(encode)
            .collect::<Result<Vec<_>>>()?;
        Ok(profile.latents.get_or_init(|| Tensor::cat(&parts, 1)).shallow_clone())
    }

    /// What the network makes of the references alone; worked out at its first use.
    fn known(&self, profile: &Profile, image: &Image) -> Result<Rc<ReferenceKv>> {
        if let Some(kv) = profile.kv.get() {
            return Ok(Rc::clone(kv));
        }
        let latents = self.reference_latents(profile, image)?.to_kind(self.kind);
        let layout = TokenLayout { references: profile.grids.clone(), ..TokenLayout::default() };
        let still = Tensor::zeros([1], (self.kind, self.device)); // time 0: references are no noise
        let conditioning = self.transformer.condition(&still, None);
        let kv = self.transformer.references(&latents, &conditioning, &self.rotary(&layout))?;
        Ok(Rc::clone(profile.kv.get_or_init(|| Rc::new(kv))))
    }

    /// Compares what an image became with its references beside it with what it becomes with what is kept of them, and
    /// remembers how far the two are apart. Once per profile.
    pub(super) fn judge(
        &self,
        profile: &Profile,
        image: &Image,
        full: &Tensor,
        redraw: impl FnOnce(Rc<ReferenceKv>) -> Result<Tensor>,
    ) -> Result<()> {
        let gated = matches!(self.manifest.references, ReferenceUse::Joint { tolerance } if tolerance > 0.0);
        if !gated || profile.key.is_empty() || profile.error.get().is_some() {
            return Ok(());
        }
        let kept = redraw(self.known(profile, image)?)?;
        let error = ((&kept - full).norm() / full.norm()).double_value(&[]);
        tracing::info!(key = profile.key, error, "compared kept references with full computation");
        profile.error.set(Some(error));
        Ok(())
    }

    /// What the store does not have yet of a profile.
    pub(super) fn to_store(&self, profile: &Profile, image: usize) -> Result<Option<KeptReferences>> {
        let useful = match self.manifest.references {
            ReferenceUse::Kept { .. } => true,
            ReferenceUse::Joint { tolerance } => profile.error.get().is_some_and(|error| error <= tolerance),
            ReferenceUse::None | ReferenceUse::Laid { .. } => false,
        };
        let wanted = |kv: &&Rc<ReferenceKv>| useful && !profile.stored.get() && kv.bytes() <= STORED_BYTES;
        match profile.kv.get().filter(wanted) {
            None => Ok(None),
            Some(kv) => {
                let file = kv.to_file(profile.error.get())?;
                profile.stored.set(true);
                Ok(Some(KeptReferences { image, key: profile.key.clone(), file }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_rows_in_the_middle() {
        let of = |width, height, count| places(Size { width, height }, 48, count);
        assert_eq!(of(64, 64, 1), [[8, 8]]);
        assert_eq!(of(96, 64, 2), [[0, 8], [48, 8]]);
        assert_eq!(of(144, 96, 4), [[0, 0], [48, 0], [96, 0], [0, 48]]);
        assert_eq!(of(144, 64, 1), [[48, 8]]);
        assert_eq!((of(64, 64, 2).len(), of(32, 32, 1).len()), (1, 0));
    }
}
