//! The names of exchanges, queues and routing keys.

use crate::EventType;
use cavendish_domain::{Lane, Stage};

/// Direct exchange that feeds the stage queues.
pub const LINE: &str = "cavendish.line";
/// Topic exchange for anyone who wants to listen; routing keys are `<tenant>.<noun>.<verb>`.
pub const EVENTS: &str = "cavendish.events";
/// Fan-out exchange that takes what a stage queue gives up on.
pub const DEAD_EXCHANGE: &str = "cavendish.dead";
/// The queue behind [`DEAD_EXCHANGE`].
pub const DEAD_QUEUE: &str = "cavendish.dead";

/// The queue of a stage and lane, for example `cavendish.render.bulk`.
#[must_use]
pub fn queue(stage: Stage, lane: Lane) -> String {
    format!("cavendish.{stage}.{lane}")
}

/// The event that feeds a stage.
#[must_use]
pub fn feeding(stage: Stage) -> EventType {
    match stage {
        Stage::Ingest => EventType::JobRequested,
        Stage::Profile => EventType::SubjectRequested,
        Stage::Render => EventType::ShotRequested,
        Stage::Postprocess => EventType::ShotRendered,
    }
}

/// The routing key on [`LINE`] for a stage and lane, for example `shot.requested.bulk`.
#[must_use]
pub fn line_key(stage: Stage, lane: Lane) -> String {
    format!("{}.{lane}", feeding(stage).noun_verb())
}

/// The routing keys that a stage's queue is bound with: its own, and for the standard lane the bare
/// `<noun>.<verb>`, so that a producer need not know of lanes.
#[must_use]
pub fn bindings(stage: Stage, lane: Lane) -> Vec<String> {
    let mut keys = vec![line_key(stage, lane)];
    if lane == Lane::default() {
        keys.push(feeding(stage).noun_verb().into());
    }
    keys
}

/// The routing key on [`EVENTS`].
#[must_use]
pub fn event_key(tenant: &str, event: EventType) -> String {
    format!("{tenant}.{}", event.noun_verb())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_producer_reaches_ingest_with_or_without_a_lane() {
        assert_eq!(bindings(Stage::Ingest, Lane::Standard), ["job.requested.standard", "job.requested"]);
        assert_eq!(bindings(Stage::Ingest, Lane::Bulk), ["job.requested.bulk"]);
        assert_eq!(bindings(Stage::Profile, Lane::Standard)[1], "subject.requested");
        assert_eq!(queue(Stage::Render, Lane::Bulk), "cavendish.render.bulk");
    }
}
