//! What may be wrong with a cut-out, measured.

use serde::{Deserialize, Serialize};

/// What is doubtful about a cut-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// The network's looks at the picture do not agree on what the subject is.
    LooksDisagree,
    /// The network is of two minds about much of the subject.
    Faint,
    /// What differs from a plain backdrop and what the network sees are not the same.
    BackdropDisagrees,
    /// Parts of the subject look like the backdrop or its shadow.
    BackdropKept,
    /// Something that stands out was left out.
    PartsLeftOut,
    /// The subject is very small in its picture.
    VerySmall,
    /// Hardly anything but the subject was found.
    FillsPicture,
    /// The box cuts through what stands out.
    BoxCuts,
    /// The subject runs into the edge of the picture.
    RunsIntoEdge,
    /// Long parts of the outline hardly differ from the surroundings.
    FaintOutline,
    /// The subject's colours occur in the surroundings too.
    SharedColours,
}

impl Doubt {
    /// For programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::LooksDisagree => "looks_disagree",
            Self::Faint => "faint",
            Self::BackdropDisagrees => "backdrop_disagrees",
            Self::BackdropKept => "backdrop_kept",
            Self::PartsLeftOut => "parts_left_out",
            Self::VerySmall => "very_small",
            Self::FillsPicture => "fills_picture",
            Self::BoxCuts => "box_cuts",
            Self::RunsIntoEdge => "runs_into_edge",
            Self::FaintOutline => "faint_outline",
            Self::SharedColours => "shared_colours",
        }
    }

    /// For people.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::LooksDisagree => "several looks at the picture do not agree on what the subject is",
            Self::Faint => "much of the subject was seen faintly only",
            Self::BackdropDisagrees => "what differs from the backdrop is not what was taken for the subject",
            Self::BackdropKept => "parts of the subject look like the backdrop or its shadow",
            Self::PartsLeftOut => "something that stands out was left out",
            Self::VerySmall => "the subject is very small in the picture",
            Self::FillsPicture => "hardly anything but the subject was found",
            Self::BoxCuts => "the box cuts through what stands out",
            Self::RunsIntoEdge => "the subject runs into the edge of the picture",
            Self::FaintOutline => "long parts of the outline hardly differ from the surroundings",
            Self::SharedColours => "the subject's colours occur in the surroundings too",
        }
    }

    /// What is left of a cut-out's confidence with this doubt, as a share.
    pub(super) fn cost(self) -> f32 {
        match self {
            Self::FillsPicture => 0.4,
            Self::LooksDisagree | Self::BackdropDisagrees | Self::BoxCuts | Self::VerySmall => 0.5,
            _ => 0.6,
        }
    }

    /// All of them in one sentence; None where there is none.
    #[must_use]
    pub fn told(doubts: &[Self]) -> Option<String> {
        (!doubts.is_empty()).then(|| doubts.iter().map(|doubt| doubt.text()).collect::<Vec<_>>().join("; "))
    }
}
