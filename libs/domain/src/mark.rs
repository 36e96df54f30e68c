//! Places in a photograph that people point at.

use crate::faults::Faults;
use serde::{Deserialize, Serialize};

/// Marks of one kind, at most.
pub const MAX_MARKS: usize = 64;

/// A place in a photograph, as shares of its sides, 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Mark {
    /// Left, top, right, bottom.
    Box([f32; 4]),
    /// From the left, from the top.
    Point([f32; 2]),
}

impl Mark {
    /// Left, top, right, bottom; of a point, itself.
    #[must_use]
    pub fn bounds(self) -> [f32; 4] {
        match self {
            Self::Box(bounds) => bounds,
            Self::Point([x, y]) => [x, y, x, y],
        }
    }

    fn is_within(self) -> bool {
        let [left, top, right, bottom] = self.bounds();
        [left, top, right, bottom].iter().all(|share| (0.0..=1.0).contains(share)) && left <= right && top <= bottom
    }
}

/// Adds what is wrong with the marks of `field`.
pub(crate) fn validate(marks: &[Mark], field: &str, faults: &mut Faults) {
    faults.within(field, marks.len(), 0, MAX_MARKS);
    for (index, _) in marks.iter().enumerate().filter(|(_, mark)| !mark.is_within()) {
        let reason = "must be [x, y] or [left, top, right, bottom] within 0..=1";
        faults.add(format!("{field}[{index}]"), reason.into());
    }
}
