use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A queue of its own at every stage, served by weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Somebody is looking at a spinner.
    Interactive,
    /// The ordinary case.
    #[default]
    Standard,
    /// Campaigns by the thousand.
    Bulk,
}

impl Lane {
    /// All lanes, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Interactive, Self::Standard, Self::Bulk];

    /// The word in tables, routing keys and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Standard => "standard",
            Self::Bulk => "bulk",
        }
    }

    /// Share of the workers' turns when every lane has work: 6 : 3 : 1.
    #[must_use]
    pub fn weight(self) -> i64 {
        match self {
            Self::Interactive => 6,
            Self::Standard => 3,
            Self::Bulk => 1,
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Lane {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|lane| lane.as_str() == text).ok_or_else(|| format!("unknown lane `{text}`"))
    }
}
