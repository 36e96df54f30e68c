//! What the line does on a good day.

use crate::PATIENCE;
use anyhow::Result;
use cavendish_blobs::BlobStore;
use cavendish_domain::{JobState, TenantId};
use cavendish_testkit::{TestWorld, wait_until};
use cavendish_tests::{Fleet, Producer, brief, photo};
use serde_json::json;

#[tokio::test]
async fn a_producers_brief_becomes_assets_and_an_empty_line() -> Result<()> {
    let world = TestWorld::create().await?;
    let store = world.store().await?;
    let fleet = Fleet::new(&world)?;
    let _stages = fleet.start_stages()?;
    let producer = Producer::new(&world);
    wait_until("the line to be declared", PATIENCE, async || producer.publish("nowhere", "").await.is_ok()).await;

    let mut wanted = brief("hamburger");
    wanted["variants"] = json!(2);
    wanted["subjects"] = json!([{"references": [{"data": photo()}]}]);
    wanted["deliverables"] = json!(["tiktok-square", "amazon-main"]);
    let job = producer.request("e1", &wanted).await?;
    // The same event once more is the same job.
    producer.request("e1", &wanted).await?;
    wait_until(
        "the job to complete",
        PATIENCE,
        async || matches!(store.job_state(TenantId::DEFAULT, job).await, Ok(state) if state.is_settled()),
    )
    .await;

    let view = store.job(TenantId::DEFAULT, job).await?;
    assert_eq!(view.summary.state, JobState::Completed.as_str(), "{view:#?}");
    assert_eq!(view.assets.len(), 4);
    for asset in &view.assets {
        let key = serde_json::from_value(json!(asset.blob_key))?;
        let blob = world.blobs.get(&key, 1 << 24).await?;
        assert_eq!(blob.len() as i64, asset.bytes);
        assert!(asset.compliant, "{:#}", asset.report);
    }
    assert_eq!(store.jobs(TenantId::DEFAULT, 10).await?.len(), 1);
    wait_until("the outbox to empty", PATIENCE, async || matches!(store.outbox_len().await, Ok(0))).await;
    assert!(store.dead_letters(true, 10).await?.is_empty());
    Ok(())
}
