//! The small networks that see: what is the subject of a picture, and is it the same as another.

mod cutout;
mod encoder;
mod guided;
mod manifest;
mod residual;
mod sight;
mod thread;

pub use cutout::CutoutNet;
pub use encoder::SubjectEncoder;
pub use manifest::{CutoutEntry, EncoderEntry, VisionManifest};
pub use thread::EngineVision;
