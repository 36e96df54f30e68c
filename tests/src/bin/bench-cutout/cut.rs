//! One picture cut out as the line does it.

use anyhow::Result;
use cavendish_engine::vision::EngineVision;
use cavendish_imaging::image::RgbaImage;
use cavendish_imaging::{CutoutHint, Decoded};

/// A subject without its surroundings.
pub(crate) struct Cut {
    pub(crate) rgba: RgbaImage,
    /// What is told to people.
    pub(crate) doubts: Vec<String>,
    /// 0..=1.
    pub(crate) confidence: f32,
}

/// Cuts a decoded picture out.
///
/// # Errors
/// When nothing is found, or the network fails.
pub(crate) async fn cut(vision: &EngineVision, picture: &Decoded) -> Result<Cut> {
    let cut = cavendish_subjects::cut_out(vision, picture.clone(), CutoutHint::default()).await?;
    let doubts = cut.doubts.iter().map(|doubt| doubt.code().to_owned()).collect();
    Ok(Cut { rgba: cut.rgba, doubts, confidence: cut.confidence })
}
