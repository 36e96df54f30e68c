//! What both sides are put through.

use crate::{Args, Side};
use anyhow::{Result, ensure};
use cavendish_domain::{JobId, JobState, TenantId};
use cavendish_store::Store;
use std::fmt;
use std::time::{Duration, Instant};

/// Jobs that both sides work off before the clock starts: connections are made, statements prepared, caches warm.
const WARM_UP: usize = 50;
/// How often the database is asked whether a single job is done; the same for both sides.
const POLL: Duration = Duration::from_millis(1);
/// How often it is asked during a throughput run, where asking would cost what is measured.
const SPARING_POLL: Duration = Duration::from_millis(20);
/// Pause between two jobs of a latency run: about 30 jobs a second at most.
const REST: Duration = Duration::from_millis(25);
/// A round that takes longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(180);

/// Someone who takes jobs and completes them.
pub(crate) trait Contender {
    /// Hands in all of `jobs`; may return before they are stored.
    async fn submit(&mut self, jobs: &[JobId]) -> Result<()>;

    /// The database where the jobs' states are to be seen.
    fn store(&self) -> &Store;
}

/// What one side did in one round.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// Who.
    pub(crate) side: Side,
    /// From the first submission to the last completion of a throughput run.
    pub(crate) jobs_per_s: f64,
    /// Submission to completion of single jobs in milliseconds, sorted.
    pub(crate) latencies: Vec<f64>,
    /// Load average of the machine over the last minute, before the round.
    pub(crate) load: f64,
}

impl Sample {
    /// The `p`-th percentile of the latencies.
    pub(crate) fn percentile(&self, p: f64) -> f64 {
        percentile(&self.latencies, p)
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (p50, p99) = (self.percentile(50.0), self.percentile(99.0));
        write!(f, "{:>7.1} jobs/s   p50 {p50:>6.1} ms   p99 {p99:>6.1} ms", self.jobs_per_s)
    }
}

/// The nearest-rank percentile of sorted values; 0 without any.
pub(crate) fn percentile(sorted: &[f64], p: f64) -> f64 {
    let rank = (p / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or_default()
}

/// Warms up, then measures throughput and latency.
pub(crate) async fn run(side: Side, contender: &mut impl Contender, args: &Args) -> Result<Sample> {
    let load = load();
    complete(contender, WARM_UP).await?;
    let took = complete(contender, args.jobs).await?;
    let mut latencies = Vec::with_capacity(args.singles);
    for _ in 0..args.singles {
        latencies.push(complete(contender, 1).await?.as_secs_f64() * 1e3);
        tokio::time::sleep(REST).await;
    }
    latencies.sort_by(f64::total_cmp);
    Ok(Sample { side, jobs_per_s: args.jobs as f64 / took.as_secs_f64(), latencies, load })
}

/// Submits `count` jobs and waits until all are completed.
async fn complete(contender: &mut impl Contender, count: usize) -> Result<Duration> {
    let jobs: Vec<JobId> = (0..count).map(|_| JobId::new()).collect();
    let began = Instant::now();
    contender.submit(&jobs).await?;
    let store = contender.store();
    let poll = if count == 1 { POLL } else { SPARING_POLL };
    // The last one in is among the last out: asking for it alone costs the database next to nothing.
    let Some(last) = jobs.last() else { return Ok(Duration::ZERO) };
    while !matches!(store.job_state(TenantId::DEFAULT, *last).await, Ok(state) if state.is_settled()) {
        ensure!(began.elapsed() < PATIENCE, "a job is not done after {PATIENCE:?}");
        tokio::time::sleep(poll).await;
    }
    while count > 1 && !all_settled(store, &jobs).await? {
        ensure!(began.elapsed() < PATIENCE, "some jobs are not done after {PATIENCE:?}");
        tokio::time::sleep(poll).await;
    }
    Ok(began.elapsed())
}

async fn all_settled(store: &Store, jobs: &[JobId]) -> Result<bool> {
    let newest = store.jobs(TenantId::DEFAULT, jobs.len() as i64).await?;
    let completed = newest.iter().filter(|job| job.state == JobState::Completed.as_str()).count();
    let failed = newest.iter().find_map(|job| job.error.as_ref());
    ensure!(failed.is_none(), "a job failed: {failed:?}");
    Ok(completed == jobs.len())
}

fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!((percentile(&values, 50.0), percentile(&values, 99.0)), (50.0, 99.0));
        assert_eq!((percentile(&[7.0], 99.0), percentile(&[], 50.0)), (7.0, 0.0));
    }
}
