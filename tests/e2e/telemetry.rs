//! What the people on call see.

use crate::{PATIENCE, Scene};
use anyhow::Result;
use cavendish_domain::JobState;
use cavendish_testkit::wait_until;
use cavendish_tests::brief;
use reqwest::Method;
use serde_json::json;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test]
async fn metrics_are_served_by_every_service_on_a_port_of_its_own() -> Result<()> {
    let mut scene = Scene::new().await?;
    scene.fleet.settings.set("CAVENDISH_METRICS_LISTEN", "127.0.0.1:0").set("CAVENDISH_LOG_FORMAT", "json");
    let _stages = scene.fleet.start_stages()?;
    let job = scene.request("e1", &brief("cup")).await;
    scene.wait_for(job, JobState::Completed).await;
    let addresses: Vec<String> = scene
        .fleet
        .log()
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|line| line.pointer("/fields/address").or(line.get("address"))?.as_str().map(String::from))
        .collect();
    assert_eq!(addresses.len(), 3, "{}", scene.fleet.log());
    for address in addresses {
        let url = format!("http://{address}/metrics");
        wait_until("the stage's figures", PATIENCE, async || {
            let Ok(answer) = reqwest::get(&url).await else { return false };
            let text = answer.text().await.unwrap_or_default();
            let figures = ["cavendish_queue_waiting", "cavendish_queue_oldest_seconds", "cavendish_turns_total"];
            figures.iter().all(|name| text.contains(name)) && text.contains("cavendish_stage_seconds")
        })
        .await;
        let ready = reqwest::get(format!("http://{address}/readyz")).await?;
        assert!(ready.status().is_success());
    }
    Ok(())
}

#[tokio::test]
async fn a_trace_goes_with_the_job_through_all_stages() -> Result<()> {
    let mut scene = Scene::new().await?;
    scene.fleet.settings.set("CAVENDISH_LOG_FORMAT", "json").set("CAVENDISH_LOG", "info,cavendish_conveyor=debug");
    let _stages = scene.fleet.start_stages()?;
    scene.request("first", &brief("cup")).await;
    let event = json!({
        "specversion": "1.0", "id": "traced", "source": "s", "type": "cavendish.job.requested.v1",
        "data": {"brief": brief("cup")},
    });
    let body = json!({
        "properties": {"delivery_mode": 2, "headers": {"traceparent": format!("00-{TRACE}-00f067aa0ba902b7-01")}},
        "routing_key": "job.requested", "payload": event.to_string(), "payload_encoding": "string",
    });
    let vhost = &scene.world.vhost;
    // The same event again is the same job: a confirm that comes too late for the API does no harm.
    wait_until("the event to be taken", PATIENCE, async || {
        let path = ["exchanges", vhost.name(), "cavendish.line", "publish"];
        vhost.call(Method::POST, &path, &body).await.is_ok_and(|answer| answer["routed"] == true)
    })
    .await;
    for stage in ["ingest", "render", "postprocess"] {
        wait_until(&format!("{stage} to log under the trace"), PATIENCE, async || {
            scene.fleet.log().lines().any(|line| line.contains(TRACE) && line.contains(&format!("\"{stage}\"")))
        })
        .await;
    }
    Ok(())
}
