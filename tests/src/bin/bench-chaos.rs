//! The long chaos run: 300 jobs, a kill every few seconds, RabbitMQ restarted twice and PostgreSQL once. Run it with
//! `cargo xtask bench chaos`; prints `{"metrics", "detail"}` as JSON.

use anyhow::{Context, Result};
use cavendish_testkit::TestWorld;
use cavendish_tests::Chaos;
use serde_json::json;
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<()> {
    let xtask = std::env::var("CAVENDISH_XTASK").context("run this with `cargo xtask bench chaos`")?;
    let restart = |server: &str| vec![xtask.clone(), "stack".into(), "restart".into(), server.into(), "--kill".into()];
    let chaos = Chaos {
        jobs: 300,
        pause: (Duration::from_secs(1), Duration::from_secs(4)),
        patience: Duration::from_secs(480),
        restarts: vec![(4, restart("rabbitmq")), (8, restart("postgres")), (12, restart("rabbitmq"))],
        seed: 7,
    };
    let tally = chaos.run(&TestWorld::create().await?).await?;
    let metrics = json!({
        "attempted": tally.attempted, "accepted": tally.accepted, "completed": tally.completed, "lost": tally.lost,
        "duplicated": tally.duplicated, "wasted_renders": tally.wasted_renders, "faults": tally.faults,
    });
    let detail = json!({
        "left_in_outbox": tally.left_in_outbox, "dead_letters": tally.dead_letters, "seconds": tally.seconds,
        "faults": "SIGKILL of a random service every 1-4 s, now and then all AMQP connections cut; RabbitMQ killed \
                   and restarted twice, PostgreSQL once",
    });
    println!("{}", json!({"metrics": metrics, "detail": detail}));
    anyhow::ensure!(tally.lost + tally.duplicated == 0 && tally.left_in_outbox == 0, "{tally:?}");
    Ok(())
}
