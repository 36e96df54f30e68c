//! What is given up, one after the other, when a device runs out of memory.

use crate::error::{ErrorKind, Result};
use crate::pipeline::{Batch, Drawn, Pipeline, Watch};

/// A pipeline as the ladder sees it.
pub(super) trait Draws {
    fn draw(&self, batch: &Batch, watch: &mut dyn Watch) -> Result<Drawn>;

    /// Does with less memory from now on; false when there is nothing left to give up.
    fn step_down(&mut self) -> Result<bool>;
}

impl Draws for Pipeline {
    fn draw(&self, batch: &Batch, watch: &mut dyn Watch) -> Result<Drawn> {
        self.draw(batch, watch)
    }

    /// Half as many images in a forward; then the text encoder on the CPU and no kept references.
    fn step_down(&mut self) -> Result<bool> {
        let images = self.forward_images();
        match std::num::NonZeroUsize::new(images.get() / 2) {
            Some(half) => {
                tracing::warn!(images = half.get(), "out of memory: fewer images in a forward");
                self.set_forward_images(half);
                Ok(true)
            }
            None => self.offload(),
        }
    }
}

/// Draws a batch, with less and less memory as long as the device runs out of it.
pub(super) fn draw(pipeline: &mut impl Draws, batch: &Batch, watch: &mut dyn Watch) -> Result<Drawn> {
    loop {
        match pipeline.draw(batch, watch) {
            Err(error) if error.kind() == ErrorKind::OutOfMemory && pipeline.step_down()? => {}
            answer => return answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::EngineError;
    use crate::pipeline::{Frame, Size, Unwatched};
    use std::time::Duration;

    /// Draws when it was stepped down often enough.
    struct Tight {
        steps_left: u32,
        steps_needed: u32,
    }

    impl Draws for Tight {
        fn draw(&self, _: &Batch, _: &mut dyn Watch) -> Result<Drawn> {
            match self.steps_needed {
                0 => Ok(Drawn {
                    images: vec![],
                    kept_references: vec![],
                    encode: Duration::ZERO,
                    denoise: Duration::ZERO,
                    decode: Duration::ZERO,
                }),
                _ => Err(EngineError::torch("CUDA out of memory. Tried to allocate 2.00 GiB")),
            }
        }

        fn step_down(&mut self) -> Result<bool> {
            self.steps_needed -= 1;
            self.steps_left -= u32::from(self.steps_left > 0);
            Ok(self.steps_left > 0)
        }
    }

    #[test]
    fn memory_is_given_up_until_it_fits_or_nothing_is_left() {
        let size = Size { width: 64, height: 64 };
        let frame = Frame { native: size, enlarge: 1, output: size };
        let batch = Batch { frame, steps: 1, guidance: 1.0, settle: 0.0, images: vec![] };
        let with = |steps_left, steps_needed| draw(&mut Tight { steps_left, steps_needed }, &batch, &mut Unwatched);
        assert!(with(0, 0).is_ok() && with(5, 3).is_ok());
        assert_eq!(with(2, 3).unwrap_err().kind(), ErrorKind::OutOfMemory);
    }
}
