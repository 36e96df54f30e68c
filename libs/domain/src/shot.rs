use crate::{Backdrop, BlobKey, Decision, Keeping, Preserve, ShotCutout, ShotSubject};
use serde::{Deserialize, Serialize};

/// What one shot asks of the render stage, and what its render then feeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShotRequest {
    /// Which of the brief's variants this is, from 0.
    pub variant: u32,
    /// The prompt as the model gets it.
    pub prompt: String,
    /// Seed of everything random in this shot.
    pub seed: u64,
    /// Width of the render in pixels.
    pub width: u32,
    /// Height of the render in pixels.
    pub height: u32,
    /// Denoising steps; `None` takes the model's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// How the image comes about.
    pub method: Method,
    /// The subjects that are kept, from left to right.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<ShotSubject>,
    /// What is asked about them.
    #[serde(default)]
    pub keeping: Keeping,
    /// The prompt and backdrop with which the subjects are placed, should drawing them fail; absent in shots that place
    /// them anyway, or draw none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<Placing>,
    /// The deliverables that this shot feeds, as places in the brief's list.
    pub deliverables: Vec<usize>,
    /// How the model draws the render on beyond its edges, where shapes show more than it and the backdrop is not plain;
    /// absent where it need not or cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outpaint: Option<Outpaint>,
    /// How the plan came to this; absent in shots that were planned before there were decisions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

/// How a render is drawn on beyond its edges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outpaint {
    /// What is there, in words.
    pub prompt: String,
    /// The shapes that may show more than the render.
    pub frames: Vec<Frame>,
}

/// The frame of a deliverable, as far as fitting goes by it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// What the subject stays within: `[left, top, right, bottom]` in pixels.
    pub safe: [f32; 4],
}

/// How many times as large as it was drawn an image still says where the outline of its subject is.
const ENLARGED: u32 = 4;

/// How the image of a shot comes about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Method {
    /// The model draws it from the prompt, and from the references of the subjects where there are any.
    Draw,
    /// The subjects' own pixels are placed; nothing of them is repainted.
    Compose {
        /// Where.
        #[serde(flatten)]
        placing: Placing,
        /// The one cut-out of shots that were planned before there were several subjects.
        #[serde(default, rename = "cutout", skip_serializing_if = "Option::is_none")]
        only: Option<BlobKey>,
    },
}

/// Where subjects are placed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Placing {
    /// What they stand on.
    pub backdrop: Backdrop,
    /// The prompt of a scene that the model draws round them; `None` leaves them on the backdrop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scene: Option<String>,
}

impl ShotRequest {
    /// Its subjects, those of older shots too.
    #[must_use]
    pub fn kept(&self) -> Vec<ShotSubject> {
        match &self.method {
            Method::Compose { only: Some(key), .. } if self.subjects.is_empty() => {
                let cutout = ShotCutout { key: key.clone(), confidence: 1.0, uncertain: None };
                let (name, embeddings, size) = (None, None, None);
                vec![ShotSubject { name, preserve: Preserve::Pixels, cutouts: vec![cutout], embeddings, size }]
            }
            _ => self.subjects.clone(),
        }
    }

    /// The longer side in pixels at which the subject of its drawing is cut out, where it is known how large the model
    /// draws it.
    #[must_use]
    pub fn most_side(&self) -> Option<u32> {
        let [width, height] = self.decision.as_ref()?.native?;
        Some(width.max(height).saturating_mul(ENLARGED))
    }

    /// Where its subjects are placed, or may be.
    #[must_use]
    pub fn placing(&self) -> Option<&Placing> {
        match &self.method {
            Method::Compose { placing, .. } => Some(placing),
            Method::Draw => self.instead.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_shot_from_before_there_were_several_subjects_is_still_read() {
        let old = json!({"variant": 0, "prompt": "", "seed": 1, "width": 64, "height": 64, "deliverables": [0],
                         "method": {"kind": "compose", "cutout": "t/c.png", "confidence": 0.9, "backdrop": "warm"}});
        let shot: ShotRequest = serde_json::from_value(old).unwrap();
        assert_eq!(shot.kept()[0].cutouts[0].key.as_str(), "t/c.png");
        assert_eq!(shot.placing().map(|placing| placing.backdrop.0.as_str()), Some("warm"));
        assert_eq!(shot.keeping, Keeping::default());
        let stored = serde_json::to_value(&shot).unwrap();
        assert_eq!(serde_json::from_value::<ShotRequest>(stored).unwrap(), shot);
    }
}
