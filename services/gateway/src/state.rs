use crate::config::HttpConfig;
use cavendish_blobs::BlobStore;
use cavendish_conveyor::{Listener, RelayHandle};
use cavendish_intake::Known;
use cavendish_service_kit::Line;
use cavendish_store::Store;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// What every handler has at hand. Cheap to clone.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) store: Store,
    pub(crate) blobs: Arc<dyn BlobStore>,
    /// Hears what happens. Without a broker streams look at the history now and then instead.
    pub(crate) events: Listener,
    /// Asked to hurry when something was committed.
    pub(crate) relay: RelayHandle,
    /// What each tenant may ask for.
    pub(crate) known: Known,
    pub(crate) config: Arc<HttpConfig>,
    /// One permit is one mebibyte of request body in memory.
    pub(crate) upload_memory: Arc<Semaphore>,
    /// One permit is one open event stream.
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) shutdown: CancellationToken,
}

impl AppState {
    pub(crate) fn new(
        line: &Line,
        events: Listener,
        known: Known,
        config: HttpConfig,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            known,
            store: line.store.clone(),
            blobs: line.blobs.clone(),
            events,
            relay: line.relay.clone(),
            upload_memory: Arc::new(Semaphore::new(config.upload_memory_mib as usize)),
            streams: Arc::new(Semaphore::new(config.max_streams)),
            config: Arc::new(config),
            shutdown,
        }
    }
}
