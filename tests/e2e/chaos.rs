//! The short one; `cargo xtask bench chaos` runs the long one, with restarts of RabbitMQ and PostgreSQL.

use anyhow::Result;
use cavendish_testkit::TestWorld;
use cavendish_tests::Chaos;
use std::time::Duration;

#[tokio::test]
async fn every_accepted_job_completes_once_while_services_are_killed() -> Result<()> {
    let world = TestWorld::create().await?;
    let chaos = Chaos {
        jobs: 40,
        pause: (Duration::from_millis(400), Duration::from_millis(1_500)),
        patience: Duration::from_secs(180),
        restarts: vec![],
        seed: 1,
    };
    let tally = chaos.run(&world).await?;
    eprintln!("{tally:?}");
    assert_eq!((tally.accepted, tally.completed, tally.lost), (40, 40, 0), "{tally:?}");
    assert_eq!((tally.duplicated, tally.left_in_outbox, tally.dead_letters), (0, 0, 0), "{tally:?}");
    assert!(tally.faults > 0, "{tally:?}");
    Ok(())
}
