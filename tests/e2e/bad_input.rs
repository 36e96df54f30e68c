//! Bad input never costs the line anything: a clear error that names the field, and the queue behind it moves on.

use crate::{PATIENCE, Scene};
use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cavendish_domain::JobState;
use cavendish_testkit::wait_until;
use cavendish_tests::{brief, photo};
use serde_json::{Value, json};

/// A PNG that declares 16384 × 16384 pixels in 65 bytes or so.
fn bomb() -> String {
    let mut header = STANDARD.decode(photo()).expect("the photo is base64");
    header[16..24].copy_from_slice(&[0, 0, 0x40, 0, 0, 0, 0x40, 0]);
    // The checksum of the header chunk no longer fits; the declared size is looked at first.
    STANDARD.encode(&header[..65.min(header.len())])
}

fn with_photo(data: &str) -> Value {
    let mut wanted = brief("cup");
    wanted["subjects"] = json!([{"references": [{"data": data}]}]);
    wanted
}

#[tokio::test]
async fn every_bad_brief_is_refused_with_its_field_and_the_next_good_one_passes() -> Result<()> {
    let scene = Scene::new().await?;
    let _stages = scene.fleet.start_stages()?;
    let first = scene.request("first", &brief("cup")).await;
    let png = STANDARD.decode(photo())?;
    let truncated = STANDARD.encode(&png[..png.len() / 2]);
    let mut unknown_spec = brief("cup");
    unknown_spec["deliverables"] = json!(["amazon-mian"]);
    let mut nobody = brief("cup");
    nobody["variants"] = json!("two");
    let mut no_day = brief("cup");
    no_day["copy"] = json!({"legal": "Ends {date:2026-02-30}"});
    let cases: Vec<(&str, Value, &str)> = vec![
        ("day", no_day, "copy.legal: `2026-02-30` is no day"),
        ("prompt", brief(&"x".repeat(100_000)), "prompt: has 100000 characters"),
        ("empty", brief("  "), "prompt: is empty"),
        ("spec", unknown_spec, "deliverables[0].spec: "),
        ("shape", nobody, "data.brief.variants: invalid type"),
        ("base64", with_photo("%%%"), "subjects[0].references[0].data: is not base64"),
        ("noimage", with_photo("JVBERi0xLjQKJcOkw7zDtsOf"), "subjects[0].references[0].data: "),
        ("truncated", with_photo(&truncated), "subjects[0].references[0].data: the image/png file is truncated"),
        ("bomb", with_photo(&bomb()), "subjects[0].references[0].data: "),
        ("mime", with_photo(&format!("data:image/jpeg;base64,{}", photo())), "declared as image/jpeg"),
        (
            "blob",
            {
                let mut wanted = brief("cup");
                wanted["subjects"] = json!([{"references": [{"blob": "../../etc/passwd"}]}]);
                wanted
            },
            "subjects[0].references[0].blob: is not a blob of yours",
        ),
    ];
    for (id, wanted, _) in &cases {
        scene.request(id, wanted).await;
    }
    let last = scene.request("last", &brief("cup")).await;
    scene.wait_for(first, JobState::Completed).await;
    scene.wait_for(last, JobState::Completed).await;
    let letters = scene.store.dead_letters(false, 100).await?;
    for (id, _, said) in &cases {
        assert!(letters.iter().any(|letter| letter.detail.contains(said)), "{id}: {said} in {letters:#?}");
    }
    assert_eq!(letters.len(), cases.len());
    Ok(())
}

#[tokio::test]
async fn messages_that_are_no_events_are_kept_with_their_reason_and_stop_nothing() -> Result<()> {
    let scene = Scene::new().await?;
    let _stages = scene.fleet.start_stages()?;
    let first = scene.request("first", &brief("cup")).await;
    let producer = scene.producer();
    let event = |kind: &str, data: Value| {
        json!({"specversion": "1.0", "id": "x", "source": "s", "type": kind, "data": data}).to_string()
    };
    producer.post("job.requested", "not json".as_bytes()).await;
    producer.post("job.requested", &[0xff, 0xfe, 0xfd, 0xfc]).await;
    producer.post("job.requested", event("cavendish.shot.rendered.v1", json!({})).as_bytes()).await;
    producer.post("job.requested", event("cavendish.job.requested.v1", json!({"tenant": "default"})).as_bytes()).await;
    let stranger = json!({"tenant": "nobody", "brief": brief("cup")});
    producer.post("job.requested", event("cavendish.job.requested.v1", stranger).as_bytes()).await;
    producer.post("shot.requested.bulk", event("cavendish.shot.requested.v1", json!({})).as_bytes()).await;
    let unknown = json!({"specversion": "1.0", "id": "x", "source": "s", "type": "t", "subject": uuid::Uuid::nil()});
    producer.post("shot.rendered.interactive", unknown.to_string().as_bytes()).await;
    let last = scene.request("last", &brief("cup")).await;
    scene.wait_for(first, JobState::Completed).await;
    scene.wait_for(last, JobState::Completed).await;
    wait_until(
        "all letters",
        PATIENCE,
        async || matches!(scene.store.dead_letters(false, 100).await, Ok(letters) if letters.len() == 7),
    )
    .await;
    let letters = scene.store.dead_letters(false, 100).await?;
    for said in [
        "body: is not a CloudEvents",
        "body: is not UTF-8",
        "type: `cavendish.shot.rendered.v1`",
        "data.brief: is missing",
        "tenant: `nobody` is not known",
        "subject: is not the id",
        "is not known at stage postprocess",
    ] {
        assert!(letters.iter().any(|letter| letter.detail.contains(said)), "{said} in {letters:#?}");
    }
    Ok(())
}
