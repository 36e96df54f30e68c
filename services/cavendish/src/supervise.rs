//! The services of a process, watched: none ends unless it is told to.

use anyhow::anyhow;
use std::future::Future;
use tokio::task::JoinSet;

/// Services that run, each with its name.
#[derive(Debug, Default)]
pub(crate) struct Services(JoinSet<(&'static str, anyhow::Result<()>)>);

impl Services {
    /// Runs a service as a task of its own.
    pub(crate) fn spawn(
        &mut self,
        name: &'static str,
        work: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        // A task within the task, so that a panic comes with its name.
        let work = tokio::spawn(work);
        self.0.spawn(async move { (name, work.await.map_err(anyhow::Error::new).flatten()) });
    }

    /// Waits until a service ends, and answers with why it did. Call it while none has been told to end.
    pub(crate) async fn broken(&mut self) -> anyhow::Error {
        match self.0.join_next().await {
            Some(Ok((name, Ok(())))) => anyhow!("{name} ended by itself"),
            Some(Ok((name, Err(error)))) => error.context(name),
            Some(Err(error)) => anyhow::Error::new(error).context("a service was lost"),
            None => anyhow!("no service is left"),
        }
    }

    /// Waits until all have ended.
    ///
    /// # Errors
    /// The first that broke down on its way.
    pub(crate) async fn drained(mut self) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        while let Some(ended) = self.0.join_next().await {
            let (name, ended) = ended?;
            outcome = outcome.and(ended.map_err(|error| error.context(name)));
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[tokio::test]
    async fn a_service_that_ends_unasked_is_named() {
        let mut services = Services::default();
        services.spawn("gateway", pending());
        services.spawn("render", async { panic!("out of luck") });
        let error = format!("{:#}", services.broken().await);
        assert!(error.starts_with("render: ") && error.contains("out of luck"), "{error}");
        services.spawn("ingest", ready(Ok(())));
        assert_eq!(services.broken().await.to_string(), "ingest ended by itself");
    }

    #[tokio::test]
    async fn the_end_waits_for_all_and_tells_what_failed() {
        let mut services = Services::default();
        services.spawn("ingest", ready(Ok(())));
        services.spawn("render", ready(Err(anyhow!("lost the card"))));
        assert_eq!(format!("{:#}", services.drained().await.unwrap_err()), "render: lost the card");
    }
}
