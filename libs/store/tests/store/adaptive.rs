//! Costs, renderers, backlog and deadlines.

use crate::{World, plan, render};
use anyhow::Result;
use cavendish_domain::outlook::lone;
use cavendish_domain::{Backlog, Basis, JobId, Lane, OwnerId, ShotId, Stage, TenantId};
use cavendish_store::{FinishCommit, Measured, Outcome, Store};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

fn info(model: &str) -> Value {
    json!({"model": model, "device": "cpu", "native_side": 64, "max_batch": 4, "native_sizes": [[64, 64]],
           "default_steps": 4, "max_references": 0, "invented_later": true})
}

/// What a process sees that has looked at nothing before.
async fn fresh(world: &World) -> Result<Store> {
    Ok(Store::connect(&world.database.url(), 1).await?)
}

#[tokio::test]
async fn costs_are_learned_across_writers_and_an_empty_store_knows_nothing() -> Result<()> {
    let world = World::new().await?;
    let nothing = fresh(&world).await?.outlook().await?;
    assert_eq!((nothing.model.clone(), nothing.renderers), (None, 0));
    let (four, eight) = (lone("m", [64, 64], 4, 0), lone("m", [64, 64], 8, 0));
    let one = Measured::from([(four.clone(), vec![1.0, 3.0]), (eight.clone(), vec![4.0])]);
    let two = Measured::from([(four.clone(), vec![2.0, f64::NAN])]);
    // Two renderers write down at once: nothing of either is lost.
    let other = fresh(&world).await?;
    let (first, second) = tokio::join!(world.store.record_costs(&one), other.record_costs(&two));
    first?;
    second?;
    world.store.record_costs(&Measured::default()).await?;
    let costs = fresh(&world).await?.outlook().await?.costs.clone();
    let known = costs.predict(&four);
    assert_eq!((known.basis, known.mean), (Basis::Known, 2.0));
    assert_eq!((costs.predict(&eight).mean, costs.typical("m")), (4.0, Some(2.5)));
    Ok(())
}

#[tokio::test]
async fn renderers_are_known_while_they_live_and_one_that_cannot_be_read_is_passed_over() -> Result<()> {
    let world = World::new().await?;
    let (one, two, silent, odd) = (OwnerId::new(), OwnerId::new(), OwnerId::new(), OwnerId::new());
    for (id, model) in [(one, "a"), (two, "b"), (silent, "c")] {
        world.store.renderer_seen(id, &info(model), 1).await?;
    }
    world.store.renderer_seen(two, &info("b"), 2).await?;
    world.store.renderer_seen(odd, &json!({"name": "from another world"}), 9).await?;
    let mut connection = PgConnection::connect(&world.database.url()).await?;
    let sql = "UPDATE renderers SET seen_at = now() - interval '1 minute' WHERE id = $1";
    sqlx::query(sql).bind(silent.uuid()).execute(&mut connection).await?;
    let outlook = fresh(&world).await?.outlook().await?;
    let model = outlook.model.clone().expect("somebody draws");
    assert_eq!((model.model.as_str(), model.default_steps, outlook.renderers), ("b", 4, 3));
    world.store.renderer_gone(two).await?;
    let outlook = fresh(&world).await?.outlook().await?;
    assert_eq!((outlook.model.as_ref().map(|facts| facts.model.as_str()), outlook.renderers), (Some("a"), 1));
    Ok(())
}

#[tokio::test]
async fn the_backlog_counts_images_by_lane_planned_or_not() -> Result<()> {
    let world = World::new().await?;
    let brief = |lane: &str| json!({"prompt": "cup", "deliverables": ["x-square"], "variants": 5, "lane": lane});
    world.accept_brief(brief("bulk")).await?;
    world.accept_brief(brief("bulk")).await?;
    let (_, shot) = world.planned().await?;
    let expected = Backlog { images: [0, 1, 10] };
    assert_eq!(world.store.backlog().await?, expected);
    let claim = world.claim(Stage::Render, shot.uuid()).await?;
    assert_eq!(world.store.backlog().await?, expected, "what is being drawn still counts");
    world.store.commit_renders(&[render(claim)]).await?;
    assert_eq!(world.store.backlog().await?.of(Lane::Standard), 0);
    Ok(())
}

/// Draws and finishes the one shot of a job whose deadline is that far from now.
async fn completed(world: &World, extra: Value, deadline: Option<&str>) -> Result<(JobId, Value)> {
    let mut brief = json!({"prompt": "cup", "deliverables": ["x-square"], "seed": 1});
    brief.as_object_mut().expect("an object").extend(extra.as_object().cloned().unwrap_or_default());
    let job = world.accept_brief(brief).await?;
    if let Some(deadline) = deadline {
        let sql = "UPDATE jobs SET deadline_at = now() + $2::text::interval WHERE id = $1";
        let mut connection = PgConnection::connect(&world.database.url()).await?;
        sqlx::query(sql).bind(job.uuid()).bind(deadline).execute(&mut connection).await?;
    }
    let mut works = world.store.acquire(Stage::Ingest, &[job.uuid()], OwnerId::new(), crate::LEASE).await?;
    let work = works.pop().expect("the job waits");
    world.store.commit_plans(&[plan(work.claim)]).await?;
    let shot = ShotId::of_job(job, 0).uuid();
    let claim = world.claim(Stage::Render, shot).await?;
    world.store.commit_renders(&[render(claim)]).await?;
    let claim = world.claim(Stage::Postprocess, shot).await?;
    let finish = FinishCommit { claim, assets: vec![] };
    assert_eq!(world.store.commit_finishes(&[finish]).await?, [Outcome::Committed]);
    Ok((job, work.input))
}

#[tokio::test]
async fn a_deadline_is_an_instant_and_a_job_that_missed_it_is_completed_and_says_by_how_much() -> Result<()> {
    let world = World::new().await?;
    let (late, input) = completed(&world, json!({"deadline_ms": 60_000}), Some("-5 seconds")).await?;
    assert!(input["left_ms"].as_f64().is_some_and(|left| left <= -5_000.0), "{input}");
    let view = world.store.job(TenantId::DEFAULT, late).await?;
    assert!(view.summary.late_by_ms().is_some_and(|ms| ms >= 5_000), "{view:?}");
    let history = world.store.history(TenantId::DEFAULT, late, 0).await?;
    let told = history.iter().find(|entry| entry.event == "job.completed").expect("it is completed");
    assert_eq!(told.data["late_by_ms"].as_u64(), view.summary.late_by_ms());

    let (early, input) = completed(&world, json!({"deadline_ms": 3_600_000}), None).await?;
    assert!(input["left_ms"].as_f64().is_some_and(|left| (3_000_000.0..=3_600_000.0).contains(&left)), "{input}");
    let view = world.store.job(TenantId::DEFAULT, early).await?;
    let given = view.summary.deadline_at.expect("it has one") - view.summary.created_at;
    assert_eq!((given.num_milliseconds(), view.summary.late_by_ms()), (3_600_000, None));

    let (never, input) = completed(&world, json!({}), None).await?;
    assert_eq!(input["left_ms"], Value::Null);
    let view = world.store.job(TenantId::DEFAULT, never).await?;
    assert_eq!((view.summary.deadline_at, view.summary.late_by_ms()), (None, None));
    Ok(())
}
