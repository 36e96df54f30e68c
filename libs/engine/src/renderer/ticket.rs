use super::queue::Waiting;
use crate::device::message;
use crate::error::{EngineError, ErrorKind};
use crate::pipeline::{Frame, Image, KeptReferences, Size, Watch};
use cavendish_renderer::{OnStep, RenderError, RenderOutput, Share};
use futures::channel::oneshot;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// One caller's request on its way through the model's thread.
pub(super) struct Ticket {
    pub(super) image: Image,
    pub(super) recipe: Recipe,
    pub(super) share: Share,
    pub(super) on_step: OnStep,
    pub(super) cancel: CancellationToken,
    pub(super) reply: oneshot::Sender<Result<Answer, RenderError>>,
    pub(super) queued: Instant,
    pub(super) span: tracing::Span,
}

/// What a caller gets.
pub(super) struct Answer {
    pub(super) output: RenderOutput,
    /// What was learnt of references, for the store.
    pub(super) kept: Vec<KeptReferences>,
}

/// What must agree within a batch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recipe {
    pub(super) frame: Frame,
    pub(super) steps: usize,
    pub(super) guidance: f64,
    pub(super) settle: f64,
    /// Sizes of the references, in order, and how far an edit may go from its source.
    pub(super) references: Vec<Size>,
    pub(super) strength: Option<f64>,
    /// Whether a mask says what is edited: the source then stands among the references.
    pub(super) masked: bool,
    /// Of every prompt.
    pub(super) text_tokens: u64,
    /// Pixels along a side of an image token.
    pub(super) patch: u32,
}

impl Waiting for Ticket {
    type Key = Recipe;

    fn key(&self) -> Recipe {
        self.recipe.clone()
    }

    fn left(&self) -> bool {
        self.cancel.is_cancelled() || self.reply.is_canceled()
    }

    fn share(&self) -> &Share {
        &self.share
    }

    fn cost(&self) -> u64 {
        self.recipe.tokens()
    }
}

impl Recipe {
    /// Tokens that the network sees of one such image: its own and those of its references.
    pub(super) fn tokens(&self) -> u64 {
        let side = |side: u32| u64::from(side.div_ceil(self.patch));
        let tokens = |size: &Size| side(size.width) * side(size.height);
        self.text_tokens + tokens(&self.frame.native) + self.references.iter().map(tokens).sum::<u64>()
    }
}

impl Ticket {
    /// Answers the caller, who may have left.
    pub(super) fn answer(self, answer: Result<Answer, RenderError>) {
        let _gone = self.reply.send(answer);
    }
}

/// Passes steps on to the callers of a batch; those of a batch that is begun again with less memory only once.
pub(super) struct Callers<'a> {
    tickets: &'a [Ticket],
    told: Vec<usize>,
}

impl<'a> Callers<'a> {
    pub(super) fn new(tickets: &'a [Ticket]) -> Self {
        Self { tickets, told: vec![0; tickets.len()] }
    }
}

impl Watch for Callers<'_> {
    fn cancelled(&mut self, image: usize) -> bool {
        self.tickets[image].left()
    }

    fn step(&mut self, image: usize, done: usize, all: usize) {
        if done <= self.told[image] {
            return;
        }
        self.told[image] = done;
        // A caller's callback must not take the others' images down with it.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (self.tickets[image].on_step)(done, all))) {
            tracing::warn!(panic = message(&*panic), "a step callback panicked");
        }
    }
}

/// What a caller is told about an error of the whole batch.
pub(super) fn render_error(error: &EngineError) -> RenderError {
    match error.kind() {
        ErrorKind::Invalid => RenderError::Invalid { field: "request", reason: error.to_string() },
        ErrorKind::OutOfMemory => RenderError::OutOfMemory(error.to_string()),
        ErrorKind::Model | ErrorKind::Weights | ErrorKind::Torch => RenderError::Failed(error.to_string()),
    }
}
