//! How subjects are kept: by drawing or by their own pixels, how much alike they must be, and what else may be done.

use crate::{Backdrop, BlobKey, Brief, ModelFacts};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Below this a drawn subject is as likely another as the same one: what is asked of drawn subjects when a brief does
/// not say.
pub const LEAST_CONSISTENCY: f32 = 0.5;

/// What is kept of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preserve {
    /// Its own pixels: cut out, placed and lit, never repainted.
    #[default]
    Pixels,
    /// What it is: the model draws it anew from its references, in any pose and light.
    Identity,
}

impl fmt::Display for Preserve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pixels => "pixels",
            Self::Identity => "identity",
        })
    }
}

/// What becomes of a render whose subjects are not consistent enough when every try is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnInconsistent {
    /// It is delivered, and every file says `below_consistency`.
    #[default]
    Flag,
    /// The shot fails, with the figures.
    Fail,
}

/// What becomes of a job whose subjects were cut out doubtfully.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDoubt {
    /// It is delivered, and every file tells the doubt.
    #[default]
    Deliver,
    /// The job waits before anything is drawn, with the doubt, until somebody has looked and releases it or gives it up.
    Hold,
    /// The job fails before anything is drawn, with the doubt.
    Fail,
}

/// What may be done about a subject that the model cannot keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// Its own pixels are placed.
    #[default]
    Compose,
    /// Nothing: only a drawing will do.
    None,
}

/// A subject as a shot needs it, wherever it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShotSubject {
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is kept of it.
    #[serde(default)]
    pub preserve: Preserve,
    /// Its cut-outs, the best first, at least one. The first is what is placed; all are what is drawn from.
    pub cutouts: Vec<ShotCutout>,
    /// Where it lies among other subjects, when that is known already; otherwise its cut-outs are embedded when it is
    /// first rendered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embeddings: Option<KnownEmbeddings>,
    /// How tall it stands beside the others; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<f32>,
}

/// A cut-out of a subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShotCutout {
    /// PNG with alpha.
    pub key: BlobKey,
    /// How sure it is, 0..=1.
    pub confidence: f32,
    /// Why it is unsure, for the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertain: Option<String>,
}

/// Embeddings that were made before; good only for the encoder that made them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownEmbeddings {
    /// Name and version of the encoder, as `VisionInfo` has it.
    pub encoder: String,
    /// One for each reference that was embedded, of length 1.
    pub vectors: Vec<Vec<f32>>,
}

/// What a shot asks about its subjects.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Keeping {
    /// How consistent every subject must be, 0..=1; 0 only measures.
    pub least: f32,
    /// What happens below it when every try is spent.
    #[serde(default)]
    pub on_inconsistent: OnInconsistent,
    /// Whether subjects that were to be drawn may be placed instead.
    #[serde(default)]
    pub fallback: Fallback,
}

impl Default for Keeping {
    /// Measures, and asks for nothing.
    fn default() -> Self {
        Self { least: 0.0, on_inconsistent: OnInconsistent::Flag, fallback: Fallback::Compose }
    }
}

/// How the image of a render came about, as far as its files depend on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Made {
    /// The model drew all of it.
    Draw {
        /// The same, drawn on beyond its edges, for the shapes that show more than it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outpainted: Option<Outpainted>,
    },
    /// The subjects' own pixels were placed.
    Compose {
        /// What they stand on when there is no scene, and in files that ask for a plain ground.
        backdrop: Backdrop,
        /// The drawn scene they are placed in, without them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scene: Option<BlobKey>,
    },
}

/// A render that a model drew on beyond its edges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outpainted {
    /// Where the picture lies.
    pub key: BlobKey,
    /// The render's corner in it, left and top in pixels.
    pub at: [u32; 2],
    /// The parts of it that are drawn throughout: left, top, width and height in pixels. What lies in none of them is not.
    pub drawn: Vec<[u32; 4]>,
}

/// Who makes the images of a brief.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The model draws all of it, from that many references.
    Drawn {
        /// At most what the model takes.
        references: u32,
    },
    /// The subjects' own pixels are placed.
    Placed {
        /// Whether the model draws a scene for them.
        scene: bool,
    },
}

impl Brief {
    /// Who makes its images, from so many references, by this model; `None` while no renderer was seen.
    #[must_use]
    pub fn way(&self, model: Option<&ModelFacts>, references: u32) -> Way {
        let subjects = u32::try_from(self.subjects.len()).unwrap_or(u32::MAX);
        let taken = model.map_or(references, |facts| facts.taken(subjects, references));
        match self.subjects.is_empty() || (self.keeps_identity() && taken > 0) {
            true => Way::Drawn { references: taken },
            false => Way::Placed { scene: self.scene().is_some() },
        }
    }

    /// References that it names itself. What a profile has is known when it is planned; here it counts as one.
    #[must_use]
    pub fn references(&self) -> u32 {
        let count: usize = self.subjects.iter().map(|subject| subject.references.len().max(1)).sum();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Whether its subjects are to be drawn from their references.
    #[must_use]
    pub fn keeps_identity(&self) -> bool {
        self.subjects.iter().any(|subject| subject.preserve == Preserve::Identity)
    }

    /// How consistent the subjects must be: `min_consistency`, or else [`LEAST_CONSISTENCY`] for drawn subjects and 0
    /// for placed ones, which are only measured.
    #[must_use]
    pub fn least_consistency(&self) -> f32 {
        let usual = if self.keeps_identity() { LEAST_CONSISTENCY } else { 0.0 };
        self.min_consistency.unwrap_or(usual)
    }

    /// What its shots ask about their subjects.
    #[must_use]
    pub fn keeping(&self) -> Keeping {
        let (on_inconsistent, fallback) = (self.on_inconsistent, self.fallback);
        Keeping { least: self.least_consistency(), on_inconsistent, fallback }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn brief(prompt: &str, names: &[&str], preserve: &str) -> Brief {
        let subject = |name: &&str| json!({"name": name, "references": [{"blob": "k"}], "preserve": preserve});
        let subjects: Vec<_> = names.iter().map(subject).collect();
        serde_json::from_value(json!({"prompt": prompt, "subjects": subjects, "deliverables": ["x"]})).unwrap()
    }

    #[test]
    fn a_model_without_references_places_subjects() {
        let facts = |max_references| ModelFacts { max_references, ..ModelFacts::default() };
        let drawn = brief("on linen", &["mug", "pot"], "identity");
        let way = |most: u32, references| drawn.way(Some(&facts(most)), references);
        assert_eq!(drawn.references(), 2);
        assert_eq!((way(14, 2), way(14, 9)), (Way::Drawn { references: 2 }, Way::Drawn { references: 9 }));
        assert_eq!(drawn.way(None, 2), Way::Drawn { references: 2 });
        assert_eq!((way(1, 2), way(0, 2)), (Way::Drawn { references: 1 }, Way::Placed { scene: true }));
        let one_each = ModelFacts { place: Some(48), ..facts(14) };
        assert_eq!(drawn.way(Some(&one_each), 9), Way::Drawn { references: 2 });
        assert_eq!(brief("mug", &["mug"], "pixels").way(Some(&facts(14)), 1), Way::Placed { scene: false });
        assert_eq!(brief("mug", &[], "pixels").way(Some(&facts(0)), 0), Way::Drawn { references: 0 });
    }

    #[test]
    fn drawn_subjects_must_be_alike_and_placed_ones_are_measured() {
        assert_eq!(brief("x", &["mug"], "identity").least_consistency(), LEAST_CONSISTENCY);
        assert_eq!(brief("x", &["mug"], "pixels").least_consistency(), 0.0);
        let stern = Brief { min_consistency: Some(0.9), ..brief("x", &["mug"], "pixels") };
        assert_eq!(stern.keeping(), Keeping { least: 0.9, ..Keeping::default() });
    }

    #[test]
    fn how_a_render_was_made_is_read_from_before_it_could_be_drawn_on() {
        let read = |made: serde_json::Value| serde_json::from_value::<Made>(made).unwrap();
        assert_eq!(read(serde_json::json!({"kind": "draw"})), Made::Draw { outpainted: None });
        let on = serde_json::json!({"kind": "draw", "outpainted": {"key": "t/o.png", "at": [8, 0], "drawn": [[0, 0, 9, 9]]}});
        let made = read(on.clone());
        assert!(matches!(&made, Made::Draw { outpainted: Some(on) } if on.at == [8, 0]), "{made:?}");
        assert_eq!(serde_json::to_value(made).unwrap(), on);
    }
}
