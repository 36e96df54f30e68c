use cavendish_messages::Envelope;
use std::fmt;
use std::sync::Arc;
use tokio::sync::broadcast;

/// The gateway's two ties to the broker: it hears what happens, and it asks the relay to hurry. Neither is needed to
/// accept a job or to follow one; without them things only take longer.
#[derive(Clone)]
pub struct EventFeed {
    hear: Arc<dyn Fn() -> broadcast::Receiver<Arc<Envelope>> + Send + Sync>,
    poke: Arc<dyn Fn() + Send + Sync>,
}

impl EventFeed {
    /// From a maker of receivers, and a call that makes the relay look at the outbox now.
    pub fn new(
        hear: impl Fn() -> broadcast::Receiver<Arc<Envelope>> + Send + Sync + 'static,
        poke: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self { hear: Arc::new(hear), poke: Arc::new(poke) }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<Envelope>> {
        (self.hear)()
    }

    pub(crate) fn poke(&self) {
        (self.poke)();
    }
}

impl fmt::Debug for EventFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventFeed")
    }
}
