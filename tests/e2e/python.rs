//! A producer in another language, with nothing but an AMQP client.

use crate::Scene;
use anyhow::{Context, Result};
use cavendish_tests::photo;
use std::process::Stdio;

#[tokio::test]
async fn a_plain_amqp_client_requests_a_job_and_hears_of_its_completion() -> Result<()> {
    let Ok(python) = std::env::var("CAVENDISH_TEST_PYTHON") else {
        anyhow::bail!("CAVENDISH_TEST_PYTHON is not set: run the tests with `cargo xtask test`");
    };
    let scene = Scene::new().await?;
    let _stages = scene.fleet.start_stages()?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/e2e/producer.py");
    let output = tokio::process::Command::new(python)
        .arg(script)
        .env("AMQP_URL", &scene.world.amqp_url)
        .env("PHOTO", photo())
        .stdin(Stdio::null())
        .output()
        .await
        .context("python")?;
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}\n{}", scene.fleet.log());
    let heard: serde_json::Value = serde_json::from_str(said.trim())?;
    assert_eq!(heard["completed"]["data"]["state"], "completed");
    assert_eq!(heard["completed"]["data"]["assets"][0]["spec"], "tiktok-square");
    assert_eq!(heard["completed"]["data"]["assets"][0]["compliant"], true);
    assert_eq!(heard["rejected"]["data"]["errors"][0]["field"], "deliverables[0].spec");
    Ok(())
}
