//! The small networks that see: what is the subject of a picture, and is it the same as another.

mod colours;
mod efficientnet;
mod encoder;
mod manifest;
mod rsu;
mod sight;
mod thread;
mod u2net;

pub use efficientnet::EfficientNetLite0;
pub use encoder::SubjectEncoder;
pub use manifest::{CutoutEntry, EncoderEntry, VisionManifest};
pub use thread::EngineVision;
pub use u2net::{U2Net, U2NetSize};
