use lapin::{Connection, ConnectionProperties};
use std::time::Duration;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

/// Why the broker could not be used. Always worth another try: the broker may come back.
#[derive(Debug, Error)]
pub enum BrokerError {
    /// No answer in time: lapin can wait for ever for a broker that is down.
    #[error("the broker did not answer within {0:?}")]
    Timeout(Duration),
    /// The connection or a channel was refused or closed.
    #[error("the broker refused or went away: {0}")]
    Amqp(#[from] lapin::Error),
    /// The broker cancelled a consumer or closed its channel without saying why.
    #[error("a consumer of lane {0} ended")]
    ConsumerEnded(cavendish_domain::Lane),
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Connects with a bounded wait. Heartbeats notice a dead TCP connection within half a minute.
pub(crate) async fn connect(url: &str, name: &str) -> Result<Connection, BrokerError> {
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = if url.contains("heartbeat=") { url.to_owned() } else { format!("{url}{separator}heartbeat=15") };
    let properties = ConnectionProperties::default().with_connection_name(format!("cavendish {name}").into());
    tokio::time::timeout(CONNECT_TIMEOUT, Connection::connect(&url, properties))
        .await
        .map_err(|_| BrokerError::Timeout(CONNECT_TIMEOUT))?
        .map_err(Into::into)
}

/// How long the broker may take to open channels and declare what they need, or to confirm a message. A slow disk
/// makes a dozen quorum queues take seconds; a reply that never comes must not hold a session for ever.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// What `steps` with the broker come to, if it answers in time.
pub(crate) async fn answered<T>(steps: impl Future<Output = Result<T, BrokerError>>) -> Result<T, BrokerError> {
    within(ANSWER_TIMEOUT, steps).await
}

async fn within<T>(limit: Duration, steps: impl Future<Output = Result<T, BrokerError>>) -> Result<T, BrokerError> {
    tokio::time::timeout(limit, steps).await.map_err(|_| BrokerError::Timeout(limit))?
}

/// Runs `session` again and again until `shutdown`, with growing pauses after failures: a broker that is down at
/// start is waited for, one that goes away is waited for too.
pub(crate) async fn supervise<F>(name: &str, shutdown: &CancellationToken, mut session: impl FnMut() -> F)
where
    F: Future<Output = Result<(), BrokerError>>,
{
    let mut pause = Duration::from_millis(100);
    while !shutdown.is_cancelled() {
        let began = tokio::time::Instant::now();
        match session().await {
            Ok(()) => pause = Duration::from_millis(100),
            Err(error) => {
                if began.elapsed() > Duration::from_secs(10) {
                    pause = Duration::from_millis(100);
                }
                tracing::warn!(name, %error, retry_in = ?pause, "broker session ended");
                tokio::select! {
                    () = shutdown.cancelled() => {}
                    () = tokio::time::sleep(pause) => {}
                }
                pause = (pause * 2).min(Duration::from_secs(3));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reply_that_never_comes_ends_the_session() {
        let limit = Duration::from_millis(1);
        let waiting = within(limit, std::future::pending::<Result<(), BrokerError>>()).await;
        assert!(matches!(waiting, Err(BrokerError::Timeout(after)) if after == limit), "{waiting:?}");
    }
}
