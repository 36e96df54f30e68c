//! The state machines. The same transitions are checked in SQL (`migrations/`), and a test compares the two.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! words {
    ($name:ident: $($variant:ident = $word:literal),* $(,)?) => {
        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in tables, events and screens.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(format!(concat!("unknown ", stringify!($name), " `{}`"), text)),
                }
            }
        }
    };
}

/// Where a job stands: `queued → planning → rendering → finishing → completed`, or `failed`, `cancelled`; between
/// planning and rendering it may be `held`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Accepted, waiting for ingest.
    Queued,
    /// Ingest turns the brief into a plan.
    Planning,
    /// Planned; its owner is to look at what is doubtful before anything is drawn.
    Held,
    /// At least one shot is still to be rendered.
    Rendering,
    /// Every shot is rendered; assets are being made.
    Finishing,
    /// Every asset is there.
    Completed,
    /// Something could not be made; what was made stays. A replayed dead letter brings the job back.
    Failed,
    /// Given up by its owner.
    Cancelled,
}

words!(JobState: Queued = "queued", Planning = "planning", Held = "held", Rendering = "rendering",
    Finishing = "finishing", Completed = "completed", Failed = "failed", Cancelled = "cancelled");

impl JobState {
    /// Whether a job may go from this state to `next`.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        use JobState::{Cancelled, Completed, Failed, Finishing, Held, Planning, Queued, Rendering};
        matches!(
            (self, next),
            (Queued, Planning | Failed | Cancelled)
                | (Planning, Queued | Held | Rendering | Failed | Cancelled)
                | (Held, Rendering | Cancelled)
                | (Rendering, Finishing | Completed | Failed | Cancelled)
                | (Finishing, Completed | Failed | Cancelled)
                | (Failed, Queued | Rendering | Finishing)
        )
    }

    /// Whether nothing more will happen to the job at all, unless a dead letter of it is replayed.
    #[must_use]
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Whether nothing more will happen to the job by itself.
    #[must_use]
    pub fn is_at_rest(self) -> bool {
        self == Self::Held || self.is_settled()
    }
}

/// Where a shot stands: `queued → rendering → rendered → finishing → finished`, or `failed`, `cancelled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShotState {
    /// Waiting for render.
    Queued,
    /// A worker holds it.
    Rendering,
    /// The render is stored; waiting for postprocess.
    Rendered,
    /// Postprocess makes its assets.
    Finishing,
    /// Its assets are stored.
    Finished,
    /// Given up after its attempts.
    Failed,
    /// Its job was cancelled.
    Cancelled,
}

words!(ShotState: Queued = "queued", Rendering = "rendering", Rendered = "rendered", Finishing = "finishing",
    Finished = "finished", Failed = "failed", Cancelled = "cancelled");

impl ShotState {
    /// Whether a shot may go from this state to `next`.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        use ShotState::{Cancelled, Failed, Finished, Finishing, Queued, Rendered, Rendering};
        matches!(
            (self, next),
            (Queued, Rendering | Failed | Cancelled)
                | (Rendering, Queued | Rendered | Failed | Cancelled)
                | (Rendered, Finishing | Failed | Cancelled)
                | (Finishing, Rendered | Finished | Failed | Cancelled)
                | (Failed, Queued | Rendered)
        )
    }

    /// Whether nothing more will happen to the shot by itself.
    #[must_use]
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Cancelled)
    }
}

/// A stage of the line: a queue, a handler and a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A job becomes a plan.
    Ingest,
    /// References become a subject profile.
    Profile,
    /// A shot becomes a render.
    Render,
    /// A render becomes assets.
    Postprocess,
}

words!(Stage: Ingest = "ingest", Profile = "profile", Render = "render", Postprocess = "postprocess");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_replay_leaves_a_settled_state() {
        for &from in JobState::ALL.iter().filter(|state| state.is_settled() && **state != JobState::Failed) {
            assert!(JobState::ALL.iter().all(|&next| !from.may_become(next)), "{from} must be final");
        }
        for &from in ShotState::ALL.iter().filter(|state| state.is_settled() && **state != ShotState::Failed) {
            assert!(ShotState::ALL.iter().all(|&next| !from.may_become(next)), "{from} must be final");
        }
    }

    #[test]
    fn words_round_trip_through_text_and_json() {
        for &state in JobState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        for &stage in Stage::ALL {
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.as_str());
        }
    }
}
