use serde::Deserialize;
use std::time::Duration;

/// How a conveyor runs. The defaults suit production; tests shorten the lease.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConveyorConfig {
    /// Turns in hand at once, and messages fetched ahead per lane.
    pub concurrency: usize,
    /// How long a claim stands without a heartbeat; a dead worker's work is taken up again after this.
    pub lease_ms: u64,
    /// Attempts that may go wrong before the work is given up.
    pub max_failures: i32,
    /// Pause before the second attempt; doubles with every further one.
    pub backoff_ms: u64,
    /// How long a drain waits for turns in hand before it gives their claims back.
    pub drain_ms: u64,
    /// Finished turns per commit, at most.
    pub commit_batch: usize,
}

impl Default for ConveyorConfig {
    fn default() -> Self {
        Self {
            concurrency: 8,
            lease_ms: 15_000,
            max_failures: 5,
            backoff_ms: 1_000,
            drain_ms: 20_000,
            commit_batch: 64,
        }
    }
}

impl ConveyorConfig {
    pub(crate) fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms)
    }

    /// The pause after `failures` attempts have gone wrong before: doubling, capped at 5 minutes, with up to a
    /// quarter of jitter so that work that failed together does not come back together.
    pub(crate) fn backoff(&self, failures: i32, jitter: u32) -> Duration {
        let doubled = self.backoff_ms.saturating_mul(1 << failures.clamp(0, 16)).min(300_000);
        Duration::from_millis(doubled + doubled * u64::from(jitter % 256) / 1024)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_are_capped() {
        let config = ConveyorConfig::default();
        let pauses: Vec<u64> = (0..4).map(|failures| config.backoff(failures, 0).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8]);
        assert_eq!(config.backoff(1000, 0).as_secs(), 300);
        assert!(config.backoff(0, 255).as_millis() < 1_250);
    }
}
