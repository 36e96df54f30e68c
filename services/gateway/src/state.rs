use crate::config::HttpConfig;
use crate::events::EventFeed;
use cavendish_blobs::BlobStore;
use cavendish_store::Store;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// What every handler has at hand. Cheap to clone.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) store: Store,
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) feed: EventFeed,
    pub(crate) config: Arc<HttpConfig>,
    /// One permit is one mebibyte of request body in memory.
    pub(crate) upload_memory: Arc<Semaphore>,
    /// One permit is one open event stream.
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) shutdown: CancellationToken,
}

impl AppState {
    pub(crate) fn new(
        store: Store,
        blobs: Arc<dyn BlobStore>,
        feed: EventFeed,
        config: HttpConfig,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            store,
            blobs,
            feed,
            upload_memory: Arc::new(Semaphore::new(config.upload_memory_mib as usize)),
            streams: Arc::new(Semaphore::new(config.max_streams)),
            config: Arc::new(config),
            shutdown,
        }
    }
}
