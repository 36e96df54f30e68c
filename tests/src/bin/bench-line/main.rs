//! The line against a Celery chain: jobs per second and time from submission to completion, through three stages
//! that do no work. Run it with `cargo xtask bench line`; prints `{"metrics", "detail"}` as JSON.
//!
//! The program starts itself once per stage (`CAVENDISH_BENCH_STAGE`), so that the stages are processes of their
//! own, as in production.

mod contest;
mod ours;
mod peer;
mod report;
mod stages;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use contest::Sample;
use std::process::ExitCode;

/// Names the stage that this process is to be; unset in the process that measures.
pub(crate) const STAGE_VARIABLE: &str = "CAVENDISH_BENCH_STAGE";

/// What to measure.
#[derive(Debug, Clone, Parser)]
pub(crate) struct Args {
    /// Where the JSON goes; only `-`, standard output, is known.
    #[arg(long, value_name = "FILE", default_value = "-")]
    json: String,
    /// Rounds; each measures both sides, one after the other.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Jobs of a throughput run, all submitted at once.
    #[arg(long, default_value_t = 2_000)]
    jobs: usize,
    /// Jobs of a latency run, one at a time.
    #[arg(long, default_value_t = 100)]
    singles: usize,
    /// Turns in hand at once, per stage.
    #[arg(long, default_value_t = 128)]
    concurrency: usize,
    /// Worker processes of the peer.
    #[arg(long, default_value_t = 2)]
    peer_workers: usize,
    /// Measures one side only.
    #[arg(long)]
    only: Option<Side>,
}

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    /// The conveyor.
    Ours,
    /// Celery, one commit per task.
    Peer,
    /// Celery, the claim committed before the work as the conveyor does: two commits per task.
    PeerClaiming,
}

impl Side {
    const ALL: [Self; 3] = [Self::Ours, Self::Peer, Self::PeerClaiming];

    fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Peer => "peer",
            Self::PeerClaiming => "peer, claims committed",
        }
    }
}

fn main() -> ExitCode {
    if let Ok(stage) = std::env::var(STAGE_VARIABLE) {
        return stages::run(&stage);
    }
    let outcome = tokio::runtime::Runtime::new()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(measure(&Args::parse())));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-line: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Rounds of every side in turn, so that what slows the machine for a while slows all of them.
async fn measure(args: &Args) -> Result<()> {
    anyhow::ensure!(args.json == "-", "--json: only `-` is known");
    let mut samples: Vec<Sample> = Vec::new();
    for round in 1..=args.rounds {
        for side in Side::ALL.into_iter().filter(|side| args.only.is_none_or(|only| only == *side)) {
            let sample = match side {
                Side::Ours => ours::round(args).await?,
                Side::Peer => peer::round(args, false).await?,
                Side::PeerClaiming => peer::round(args, true).await?,
            };
            eprintln!("round {round}: {:>22}  {sample}", side.name());
            samples.push(sample);
        }
    }
    println!("{}", report::report(args, &samples));
    Ok(())
}
