use crate::Quality;
use serde::{Deserialize, Serialize};

/// How a shot is to be drawn, and why. Committed with the shot, so that a repeated attempt draws the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The model it was made for; absent while no renderer had been seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The tier that was asked for.
    pub quality: Quality,
    /// How much the brief asks of one image, 0..=1.
    pub complexity: f64,
    /// The model's own size to draw at, `[width, height]` in pixels; absent leaves it to the renderer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native: Option<[u32; 2]>,
    /// How many times as large the image is to become after drawing.
    pub upscale: f64,
    /// How little the velocity may change from one step to the next (relative error) for the image to go straight to its
    /// end; 0 takes every step.
    pub early_stop: f32,
    /// What earlier work can serve this shot.
    pub reuse: Reuse,
    /// Seconds that drawing will take on average, and seldom exceed; absent while nothing is known of costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<Expected>,
    /// Why it is so, the weightiest first.
    pub reasons: Vec<Reason>,
}

/// Seconds that a shot will probably take.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// On average.
    pub mean: f64,
    /// Seldom exceeded.
    pub upper: f64,
}

/// Names of intermediate results; equal names, equal results.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reuse {
    /// Of the encoded prompt.
    pub prompt: String,
    /// Of the subject's references, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// Whether another shot of the same plan comes first and leaves them behind.
    pub expected: bool,
}

/// Why something was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// For programs, for example `deadline_steps`.
    pub code: String,
    /// For a person.
    pub text: String,
}

impl Reason {
    /// A reason.
    #[must_use]
    pub fn new(code: &str, text: String) -> Self {
        Self { code: code.into(), text }
    }
}
