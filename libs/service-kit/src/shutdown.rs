use std::io;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit status of a process that a second signal ended in the middle of its drain.
const ABORTED: i32 = 130;

/// The wish to stop, shared by everything in the process. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// A shutdown that only [`Shutdown::trigger`] sets off; for tests and embedded services.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A shutdown set off by SIGTERM or SIGINT. A second signal ends the process at once, with status 130: what was
    /// claimed is then left to its lease.
    ///
    /// # Errors
    /// When signals cannot be listened to.
    pub fn on_signals() -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = Self::new();
        let token = shutdown.token();
        tokio::spawn(async move {
            loop {
                let name = tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                };
                if token.is_cancelled() {
                    tracing::warn!(signal = name, "second signal: stopping without draining");
                    std::process::exit(ABORTED);
                }
                tracing::info!(signal = name, "draining; a second signal stops at once");
                token.cancel();
            }
        });
        Ok(shutdown)
    }

    /// Asks everything to stop.
    pub fn trigger(&self) {
        self.0.cancel();
    }

    /// Whether stopping was asked for.
    #[must_use]
    pub fn is_triggered(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until stopping is asked for.
    pub async fn wait(&self) {
        self.0.cancelled().await;
    }

    /// The token itself; cancelling it stops everything.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.0.clone()
    }

    /// A token that ends with this one and can be cancelled alone.
    #[must_use]
    pub fn child(&self) -> CancellationToken {
        self.0.child_token()
    }
}
