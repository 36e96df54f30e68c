//! Pixels: untrusted bytes in, finished files out.
//!
//! The way of a picture: [`decode`] (header first, under limits) → [`cutout`] → [`compose`] on a [`Backdrop`], or
//! [`fit`] for a render that is whole already → [`encode`] within a byte budget → [`measure`] of the finished bytes.
//! Everything is synchronous, runs on one core, and gives the same bytes for the same input.

mod background;
mod blur;
mod cutout;
mod decode;
mod encode;
mod error;
mod extend;
mod fit;
mod measure;
mod reference;
mod regions;
mod resize;
mod similarity;
mod studio;

pub use cavendish_specs::{Colour, Facts, Format, PixelBox};
pub use cutout::{
    Cutout, CutoutHint, CutoutMeasures, DOUBTFUL, Doubt, Edges, Method, Saliency, Search, cutout, cutout_by_alpha,
    reduced,
};
pub use decode::{Decoded, Header, IccOutcome, ImagingConfig, Limits, decode, probe, verify};
pub use encode::{Encoded, Marking, Metadata, OutputProfile, Quality, Target, encode, transparent_webp};
pub use error::{ImageError, Reason};
pub use fit::{FitMode, Fitted, Render, fit};
pub use image;
pub use measure::{Look, look, measure, subject_box};
pub use reference::{Attributes, Flaw, Measures, Swatch, attributes, colour_name, inspect, inspect_whole, palette};
pub use regions::{Region, regions};
pub use resize::{crop, flatten, pad, resize_linear_rgb, resize_linear_rgba, resize_rgb, resize_rgba};
pub use similarity::{similarity, similarity_of_luma};
pub use studio::{Ambience, Backdrop, Composition, Ground, Piece, Placed, Placement, Shadow, compose, compose_on};
