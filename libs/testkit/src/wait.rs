use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LAST_PAUSE: Duration = Duration::from_millis(100);

/// Asks `condition` again and again, soon at first and then every tenth of a second, until it holds.
///
/// # Panics
/// When it does not hold within `timeout`; the message says what was waited for.
pub async fn wait_until(what: &str, timeout: Duration, mut condition: impl AsyncFnMut() -> bool) {
    let (start, mut pause) = (Instant::now(), FIRST_PAUSE);
    while !condition().await {
        assert!(start.elapsed() < timeout, "waited {timeout:?} for {what}");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_ends_when_the_condition_holds() {
        let mut asked = 0;
        wait_until("three questions", Duration::from_secs(10), async || {
            asked += 1;
            asked == 3
        })
        .await;
    }

    #[tokio::test]
    #[should_panic(expected = "waited 20ms for the moon")]
    async fn waiting_in_vain_says_for_what() {
        wait_until("the moon", Duration::from_millis(20), async || false).await;
    }
}
