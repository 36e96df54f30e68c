//! The lines of a campaign's ledger.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A step that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Of an item, or `subject/…`, or `picture:…`.
    pub(crate) key: String,
    /// Of what it was made from.
    pub(crate) fingerprint: String,
    /// What came of it.
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub(crate) enum Outcome {
    /// A product became a subject profile: `name@version`.
    Profiled {
        /// The profile.
        profile: String,
    },
    /// A picture was drawn: its job has all of its renders, from which other items may be finished.
    Drawn {
        /// The job.
        job: Uuid,
        /// The idempotency key that it was sent under.
        once: String,
    },
    /// A job was completed and its files are there.
    Made {
        /// The job.
        job: Uuid,
        /// The product's id in the feed.
        product: String,
        /// The product's title.
        title: String,
        /// Of the item.
        locale: String,
        /// Of the item.
        scene: String,
        /// The files.
        files: Vec<MadeFile>,
        /// From sending it to the last file.
        seconds: f64,
        /// The job whose renders it was finished from; none where it was drawn.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        renders_of: Option<Uuid>,
    },
    /// It could not be done.
    Failed {
        /// The job, where there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<Uuid>,
        /// Why.
        error: String,
    },
}

/// A file of a campaign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MadeFile {
    /// Below the output folder.
    pub(crate) path: String,
    pub(crate) spec: String,
    /// `A`, `B`, …
    pub(crate) variant: char,
    pub(crate) width: i32,
    pub(crate) height: i32,
    pub(crate) bytes: i64,
    pub(crate) mime: String,
    pub(crate) compliant: bool,
    /// The checks that failed, in words.
    pub(crate) problems: String,
    /// What is doubtful about the cut-out of its product; empty where nothing is.
    #[serde(default)]
    pub(crate) doubt: String,
    /// How like itself the product is, 0..=1.
    pub(crate) consistency: Option<f32>,
    /// The product's page with the plan's tags.
    pub(crate) link: String,
    /// In the bucket.
    pub(crate) key: String,
}
