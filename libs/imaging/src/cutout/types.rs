//! What is known of a subject before it is cut out, and after.

use super::Doubt;
use crate::error::{ImageError, Reason};
use cavendish_specs::PixelBox;
use image::{GrayImage, RgbaImage};
use serde::{Deserialize, Serialize};

/// What a caller knows of where the subject is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CutoutHint {
    /// `[left, top, right, bottom]` as shares of the picture, 0..1, with the whole subject inside. None: found from the
    /// picture.
    pub bounds: Option<[f32; 4]>,
    /// Longer side in pixels of what is looked at and cut out; larger pictures are reduced first. For pictures that were
    /// enlarged: what was added says nothing about the outline, and its sharpness misleads. None: 8000, which no hint
    /// exceeds.
    pub most_side: Option<u32>,
    /// Boxes (left, top, right, bottom as shares of the picture) that are subject; of a point both corners are the same.
    pub keep: Vec<[f32; 4]>,
    /// The same that are not.
    pub remove: Vec<[f32; 4]>,
    /// How much of each pixel is subject, for a picture of the same shape: it is taken as it is.
    pub mask: Option<GrayImage>,
}

impl CutoutHint {
    /// Whether the box is one.
    pub(super) fn check(&self) -> Result<(), ImageError> {
        let Some([left, top, right, bottom]) = self.bounds else { return Ok(()) };
        let inside = [left, top, right, bottom].iter().all(|v| (0.0..=1.0).contains(v));
        if !inside || right - left < 0.01 || bottom - top < 0.01 {
            return Err(Reason::Invalid("the box of the subject is empty or leaves the picture".into()).into());
        }
        Ok(())
    }
}

/// How a cut-out was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The picture had an alpha channel already.
    Alpha,
    /// The subject differs from a plain backdrop.
    PlainBackdrop,
    /// Colour models and the least cut.
    GrabCut,
    /// Found by a network, outlined by matting.
    Network,
    /// By a mask that somebody made.
    Mask,
}

/// Edges of the picture that the subject runs into.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edges {
    /// The top edge.
    pub top: bool,
    /// The right edge.
    pub right: bool,
    /// The bottom edge.
    pub bottom: bool,
    /// The left edge.
    pub left: bool,
}

impl Edges {
    /// Whether the subject runs into any edge.
    pub fn any(self) -> bool {
        self.top || self.right || self.bottom || self.left
    }
}

/// What tells how far a network's cut-out can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CutoutMeasures {
    /// How far all looks agree with each other: intersection over union, 0..=1.
    pub agreement: f32,
    /// How far the cut-out agrees with the look that is second nearest to it: intersection over union, 0..=1.
    pub support: f32,
    /// What is neither all subject nor none, as a share of the subject.
    pub faint: f32,
    /// What some look saw beside the cut-out and is no plain backdrop, as a share of the subject.
    pub left_out: f32,
    /// What differs from a plain backdrop beside the cut-out, as a share of the subject; 0 without such a backdrop.
    pub beyond: f32,
    /// What of the cut-out looks like a plain backdrop or its shadow, as a share of the subject; 0 without such a backdrop, and
    /// where the subject itself looks like it.
    #[serde(default)]
    pub behind: f32,
}

/// A subject without its surroundings.
#[derive(Debug, Clone)]
pub struct Cutout {
    /// The picture's size, straight alpha, edge colours freed from the surroundings.
    pub rgba: RgbaImage,
    /// The smallest box round all that is at least half opaque.
    pub bbox: PixelBox,
    /// How sure it is that this is the subject with its true outline, 0..1.
    pub confidence: f32,
    /// What is doubtful about it, for people; None when nothing is.
    pub uncertain: Option<String>,
    /// The same for programs.
    pub doubts: Vec<Doubt>,
    /// What a network's cut-out was measured by; None where no network was asked.
    pub measures: Option<CutoutMeasures>,
    /// The edges of the picture that the subject runs into.
    pub touches: Edges,
    /// How it was made.
    pub method: Method,
}

impl Cutout {
    /// Whether the subject runs into an edge of its picture, so that a part of it is missing.
    pub fn touches_border(&self) -> bool {
        self.touches.any()
    }

    /// Where it is, `[left, top, right, bottom]` as shares of its picture, when it is surely a subject ([`DOUBTFUL`]) and
    /// leaves something beside it: things stand; what spans the frame is the scene.
    pub fn standing_out(&self) -> Option<[f32; 4]> {
        let PixelBox { x, y, width, height } = self.bbox;
        let of = [self.rgba.width(), self.rgba.height()].map(|side| side as f32);
        let bounds = [x as f32 / of[0], y as f32 / of[1], (x + width) as f32 / of[0], (y + height) as f32 / of[1]];
        (bounds[2] - bounds[0] <= MOST_OF_WIDTH && self.confidence >= DOUBTFUL).then_some(bounds)
    }
}

/// Cut-outs below this confidence are told to people.
pub const DOUBTFUL: f32 = 0.6;

/// Share of the frame's width that a subject fills at most.
const MOST_OF_WIDTH: f32 = 0.8;
