//! What sees, and how photographs become subjects with it: a network says what the subject is, the picture's own colours where it ends.

mod vision;

pub use vision::{VisionConfig, VisionKind, start};

use cavendish_imaging::image::RgbImage;
use cavendish_imaging::{Cutout, CutoutHint, Decoded, ImageError, Saliency, Search, cutout_by_alpha};
use cavendish_renderer::{Pixels, RenderError, Vision};
use thiserror::Error;
use tokio::task::{JoinError, spawn_blocking};

/// Why a subject was not cut out.
#[derive(Debug, Error)]
pub enum SubjectError {
    /// The picture's fault: nothing stands out, or the hint is none.
    #[error(transparent)]
    Picture(#[from] ImageError),
    /// The network's.
    #[error(transparent)]
    Vision(#[from] RenderError),
    /// The work panicked.
    #[error("cutting a subject out ended in a panic")]
    Panicked(#[from] JoinError),
}

/// Cuts the subject out of a picture: by its own alpha where that is a cut-out already, else by what `vision` sees and the
/// picture's colours.
///
/// # Errors
/// As [`SubjectError`] tells.
pub async fn cut_out(vision: &dyn Vision, picture: Decoded, hint: CutoutHint) -> Result<Cutout, SubjectError> {
    // A mask that somebody made wins over an alpha channel.
    if hint.mask.is_none() && picture.is_cut_out() {
        return Ok(spawn_blocking(move || cutout_by_alpha(&picture, &hint)).await??);
    }
    let mut search = spawn_blocking(move || Search::of(&picture.to_rgb(), &hint)).await??;
    loop {
        let (asking, looks) = spawn_blocking(move || {
            let looks = search.looks();
            (search, looks)
        })
        .await?;
        search = asking;
        let looks = looks?;
        if looks.is_empty() {
            return Ok(spawn_blocking(move || search.cut()).await??);
        }
        let mut seen = Vec::with_capacity(looks.len());
        for look in looks {
            seen.push(saliency(vision, look).await?);
        }
        search.saw(seen);
    }
}

async fn saliency(vision: &dyn Vision, look: RgbImage) -> Result<Saliency, RenderError> {
    let (width, height) = look.dimensions();
    let matte = vision.matte(Pixels { width, height, rgb: look.into_raw() }).await?;
    Ok(Saliency { width: matte.width, height: matte.height, values: matte.alpha })
}
