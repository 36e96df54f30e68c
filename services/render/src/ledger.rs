use cavendish_domain::{CostKey, ModelFacts, SizeBucket};
use cavendish_renderer::{RenderOutput, RendererInfo};
use cavendish_store::Measured;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What was measured since it was last written down. Kept in memory, so that a render costs no statement more.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Measured>);

/// Images of one kind that are kept, at most, while Postgres is away.
const KEPT: usize = 1_000;

impl Ledger {
    /// Notes an image of that kind.
    pub(crate) fn note(&self, key: CostKey, seconds: f64) {
        let mut measured = self.lock();
        let samples = measured.entry(key).or_default();
        if samples.len() < KEPT {
            samples.push(seconds);
        }
    }

    /// All that was noted; nothing is left.
    pub(crate) fn take(&self) -> Measured {
        std::mem::take(&mut self.lock())
    }

    /// Gives back what could not be written down.
    pub(crate) fn give_back(&self, measured: Measured) {
        for (key, seconds) in measured {
            seconds.into_iter().for_each(|seconds| self.note(key.clone(), seconds));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Measured> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The kind of a drawn image, and the seconds that the device spent on it: its part of the batch. `native` is the size
/// the plan named, `wanted` the size it asked for.
pub(crate) fn measured(
    info: &RendererInfo,
    native: Option<[u32; 2]>,
    wanted: [u32; 2],
    references: usize,
    output: &RenderOutput,
) -> (CostKey, f64) {
    let timing = output.timing;
    let batch = output.batch.max(1);
    let seconds = (timing.encode_ms + timing.denoise_ms + timing.decode_ms) / 1e3 / f64::from(batch);
    let key = CostKey {
        model: output.model.clone(),
        size: SizeBucket::of(drawn_at(info.drawing(references > 0), native, wanted, references)),
        steps: output.steps,
        references: references as u32,
        batch,
    };
    (key, seconds)
}

/// The model's own size that an image is drawn at.
pub(crate) fn drawn_at(info: &RendererInfo, native: Option<[u32; 2]>, wanted: [u32; 2], references: usize) -> [u32; 2] {
    let facts = ModelFacts { native_sizes: info.native_sizes.clone(), place: info.place, ..ModelFacts::default() };
    let named = native.filter(|size| info.native_sizes.contains(size));
    let ratio = f64::from(wanted[0]) / f64::from(wanted[1].max(1));
    named.or_else(|| facts.sizes_for(ratio, references as u32).pop()).unwrap_or(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cavendish_renderer::{Pixels, StepTiming};

    #[test]
    fn an_image_is_charged_its_part_of_the_batch_at_the_size_it_was_drawn() {
        let info = RendererInfo {
            model: "m".into(),
            device: "cpu".into(),
            native_side: 256,
            max_batch: 4,
            native_sizes: vec![[64, 64], [96, 48]],
            default_steps: 12,
            default_guidance: 1.0,
            max_references: 0,
            place: None,
            for_references: None,
            recall: false,
            outpaints: false,
            devices: 1,
        };
        let timing = StepTiming { queued_ms: 9_000.0, encode_ms: 100.0, denoise_ms: 3_000.0, decode_ms: 100.0 };
        let pixels = Pixels { width: 256, height: 256, rgb: vec![] };
        let (model, peak_memory, knew_references) = ("m".into(), None, false);
        let output = RenderOutput { pixels, model, steps: 6, batch: 4, timing, peak_memory, knew_references };
        let (key, seconds) = measured(&info, None, [1024, 512], 1, &output);
        assert_eq!((key.size, key.steps, key.references, key.batch), (SizeBucket::of([96, 48]), 6, 1, 4));
        assert!((seconds - 0.8).abs() < 1e-9, "waiting is not the image's own: {seconds}");
        assert_eq!(measured(&info, Some([64, 64]), [1024, 512], 0, &output).0.size, SizeBucket::of([64, 64]));
        assert_eq!(measured(&info, Some([7, 7]), [1024, 512], 0, &output).0.size, SizeBucket::of([96, 48]));
    }

    #[test]
    fn what_could_not_be_written_down_is_kept_within_bounds() {
        let ledger = Ledger::default();
        let key = CostKey { model: "m".into(), size: SizeBucket(20), steps: 4, references: 0, batch: 1 };
        (0..KEPT + 5).for_each(|_| ledger.note(key.clone(), 1.0));
        let taken = ledger.take();
        assert!(ledger.take().is_empty());
        ledger.note(key.clone(), 2.0);
        ledger.give_back(taken);
        assert_eq!(ledger.take()[&key].len(), KEPT);
    }
}
