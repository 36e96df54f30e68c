//! What all trainings share: batches composed beside the learning, AdamW, a moving average, a schedule, and a state on
//! disk to go on from.

mod adamw;
mod feed;
mod run;

pub(crate) use feed::feed;
pub(crate) use run::{Plan, Run};
