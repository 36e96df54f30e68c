use crate::contest::{Sample, percentile};
use crate::{Args, Side};
use serde_json::{Value, json};

/// Metrics are medians over the rounds; percentiles are taken over the jobs of all rounds together.
pub(crate) fn report(args: &Args, samples: &[Sample]) -> Value {
    let of = |side: Side| samples.iter().filter(move |sample| sample.side == side);
    let rates = |side: Side| -> Vec<f64> { of(side).map(|sample| sample.jobs_per_s).collect() };
    let pooled = |side: Side| -> Vec<f64> {
        let mut all: Vec<f64> = of(side).flat_map(|sample| sample.latencies.iter().copied()).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let by_round = |side: Side, p: f64| -> Vec<f64> { of(side).map(|sample| sample.percentile(p)).collect() };
    let (ours, peer, claiming) = (rates(Side::Ours), rates(Side::Peer), rates(Side::PeerClaiming));
    let ratios = |theirs: &[f64]| -> Vec<f64> { ours.iter().zip(theirs).map(|(a, b)| a / b).collect() };
    let latency = |side: Side| json!({"p50_ms": round(percentile(&pooled(side), 50.0)), "p99_ms": round(percentile(&pooled(side), 99.0))});
    json!({
        "metrics": {
            "jobs_per_s": round(median(&ours)), "peer_jobs_per_s": round(median(&peer)),
            "ratio": round(median(&ratios(&peer))),
            "p50_ms": round(percentile(&pooled(Side::Ours), 50.0)),
            "p99_ms": round(percentile(&pooled(Side::Ours), 99.0)),
        },
        "detail": {
            "samples": {
                "jobs_per_s": rounded(&ours), "peer_jobs_per_s": rounded(&peer), "ratio": rounded(&ratios(&peer)),
                "p50_ms": rounded(&by_round(Side::Ours, 50.0)), "p99_ms": rounded(&by_round(Side::Ours, 99.0)),
            },
            "peer_latency": latency(Side::Peer),
            "peer_claiming": {
                "jobs_per_s": rounded(&claiming), "ratio": round(median(&ratios(&claiming))),
                "latency": latency(Side::PeerClaiming),
            },
            "load_before_round": rounded(&samples.iter().map(|sample| sample.load).collect::<Vec<_>>()),
            "settings": {
                "rounds": args.rounds, "jobs": args.jobs, "singles": args.singles, "concurrency": args.concurrency,
                "commit_batch": args.concurrency, "peer_workers": args.peer_workers,
            },
            "method": METHOD,
        },
    })
}

const METHOD: &str = "Stages that do no image work: the services' own shell, relay, conveyor and store in three \
    processes, with the fake renderer at 8x8 pixels and nothing uploaded. The peer makes the same state changes in \
    the same schema: prefork, acks_late, persistent messages, quorum queue, publisher confirms, one psycopg \
    connection per worker process, no result backend, one commit per task; `peer_claiming` also commits each task's \
    claim before its work, as the conveyor does. Throughput: all jobs submitted at once, first submission to last \
    completion. Latency: one job at a time, submission to completion seen in Postgres.";

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.len(), sorted.len() / 2) {
        (0, _) => 0.0,
        (length, middle) if length % 2 == 1 => sorted[middle],
        (_, middle) => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn rounded(values: &[f64]) -> Vec<f64> {
    values.iter().copied().map(round).collect()
}
