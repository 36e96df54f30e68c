//! Jobs over HTTP while the services are killed at random: nothing that was accepted may be lost, and nothing made twice.

use crate::{Fleet, Process, Service, Settings, brief};
use anyhow::{Context, Result};
use cavendish_domain::{JobId, JobState, TenantId};
use cavendish_gateway::keys::Key;
use cavendish_store::Store;
use cavendish_testkit::TestWorld;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use serde::Serialize;
use serde_json::json;
use std::collections::HashSet;
use std::net::TcpListener;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// What is done to the line.
#[derive(Debug)]
pub struct Chaos {
    /// Jobs to submit.
    pub jobs: usize,
    /// Pause between two kills, at least and at most.
    pub pause: (Duration, Duration),
    /// How long all of it may take.
    pub patience: Duration,
    /// Commands that restart a server of the stack, and after how many kills each is run.
    pub restarts: Vec<(usize, Vec<String>)>,
    /// Seed of what is killed when.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Tally {
    /// Jobs that were sent, each until it was answered.
    pub attempted: usize,
    /// Jobs that were answered with 202.
    pub accepted: usize,
    /// Accepted jobs that completed.
    pub completed: usize,
    /// Accepted jobs that did not.
    pub lost: usize,
    /// Assets beyond one per shot and deliverable, or jobs that exist twice.
    pub duplicated: usize,
    /// Attempts whose work was thrown away.
    pub wasted_renders: usize,
    /// Kills and restarts.
    pub faults: usize,
    /// Events left in the outbox.
    pub left_in_outbox: i64,
    /// Dead letters.
    pub dead_letters: usize,
    /// Seconds from the first submission to the last completion.
    pub seconds: f64,
}

/// Cuts every AMQP connection of the world, as a restarted broker would.
///
/// # Errors
/// When the management API does not answer.
pub async fn cut_connections(world: &TestWorld) -> Result<usize> {
    let list = world.vhost.call(Method::GET, &["vhosts", world.vhost.name(), "connections"], &json!(null)).await?;
    let names: Vec<&str> = list.as_array().into_iter().flatten().filter_map(|entry| entry["name"].as_str()).collect();
    for name in &names {
        // It may have gone by itself meanwhile.
        let _ = world.vhost.call(Method::DELETE, &["connections", name], &json!(null)).await;
    }
    Ok(names.len())
}

impl Chaos {
    /// Runs jobs and faults against each other in `world`.
    ///
    /// # Errors
    /// When the test bed itself fails.
    pub async fn run(&self, world: &TestWorld) -> Result<Tally> {
        let store = world.store().await?;
        let key = Key::generate();
        store.add_key(TenantId::DEFAULT, "chaos", key.shown(), &key.hash()).await?;
        let mut fleet = Fleet::new(world)?;
        // A gateway that comes back must be found at the same place.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        configure(&mut fleet.settings, port);
        let mut processes: Vec<Process> =
            [Service::Gateway].into_iter().chain(Service::STAGES).map(|s| fleet.start(s)).collect::<Result<_>>()?;
        let began = Instant::now();
        let url = format!("http://127.0.0.1:{port}/v1/jobs");
        let submitting = submit_all(url, key.reveal().to_owned(), self.jobs, self.patience);
        let (accepted, faults) = tokio::join!(submitting, self.torment(world, &store, &fleet, &mut processes, began));
        let (accepted, faults) = (accepted?, faults?);
        let seconds = began.elapsed().as_secs_f64();
        let mut tally = count(&store, &accepted).await?;
        (tally.attempted, tally.faults, tally.seconds) = (self.jobs, faults, seconds);
        Ok(tally)
    }

    /// Kills and restarts until every job is settled.
    async fn torment(
        &self,
        world: &TestWorld,
        store: &Store,
        fleet: &Fleet,
        processes: &mut [Process],
        began: Instant,
    ) -> Result<usize> {
        let mut lot = StdRng::seed_from_u64(self.seed);
        let mut faults = 0;
        loop {
            let (least, most) = self.pause;
            tokio::time::sleep(lot.random_range(least..=most)).await;
            let settled = match store.jobs(TenantId::DEFAULT, 10_000).await {
                Ok(jobs) => jobs.iter().filter(|job| job.settled_at.is_some()).count(),
                // The database is being restarted.
                Err(_) => 0,
            };
            if settled >= self.jobs || began.elapsed() > self.patience {
                return Ok(faults);
            }
            faults += 1;
            if let Some((_, command)) = self.restarts.iter().find(|(after, _)| *after == faults) {
                restart(command).await?;
            } else if lot.random_ratio(1, 6) {
                cut_connections(world).await.ok();
            } else {
                let victims: Vec<usize> = (0..processes.len()).collect();
                let victim = *victims.choose(&mut lot).context("nobody to kill")?;
                processes[victim].kill()?;
                processes[victim] = fleet.start(processes[victim].service)?;
            }
        }
    }
}

fn configure(settings: &mut Settings, port: u16) {
    settings.set("CAVENDISH_GATEWAY__LISTEN", &format!("127.0.0.1:{port}"));
    settings.set("CAVENDISH_RENDERER__FAKE_STEP_MS", "40");
    // Random kills hit the same work several times; only work that never succeeds is to be given up.
    for stage in ["INGEST", "RENDER", "POSTPROCESS"] {
        settings.set(&format!("CAVENDISH_{stage}__MAX_FAILURES"), "20");
    }
}

async fn restart(command: &[String]) -> Result<()> {
    let (program, arguments) = command.split_first().context("empty command")?;
    let status = tokio::process::Command::new(program).args(arguments).status().await?;
    anyhow::ensure!(status.success(), "{command:?} failed");
    Ok(())
}

/// Sends every job until it is answered, under an idempotency key: a gateway that died after its commit must not
/// make a second job.
async fn submit_all(url: String, key: String, jobs: usize, patience: Duration) -> Result<HashSet<Uuid>> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
    let deadline = Instant::now() + patience;
    let mut accepted = HashSet::new();
    for n in 0..jobs {
        let body = brief(&format!("cup {n}"));
        while Instant::now() < deadline {
            let request = client.post(&url).bearer_auth(&key).header("idempotency-key", format!("job-{n}")).json(&body);
            match request.send().await {
                Ok(answer) if answer.status().is_success() => {
                    if let Ok(body) = answer.json::<serde_json::Value>().await
                        && let Some(id) = body["id"].as_str()
                    {
                        accepted.insert(id.parse()?);
                        break;
                    }
                }
                Ok(answer) if answer.status().is_client_error() => anyhow::bail!("refused: {}", answer.text().await?),
                _ => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
    Ok(accepted)
}

async fn count(store: &Store, accepted: &HashSet<Uuid>) -> Result<Tally> {
    let mut tally = Tally { accepted: accepted.len(), ..Tally::default() };
    let jobs = store.jobs(TenantId::DEFAULT, 10_000).await?;
    tally.duplicated = jobs.iter().filter(|job| !accepted.contains(&job.id)).count();
    for &id in accepted {
        let view = store.job(TenantId::DEFAULT, JobId(id)).await?;
        let done = view.summary.state == JobState::Completed.as_str() && view.assets.len() == view.shots.len();
        if done {
            tally.completed += 1
        } else {
            tally.lost += 1
        }
        tally.duplicated += view.assets.len().saturating_sub(view.shots.len());
        let attempts: i32 = view.shots.iter().filter_map(|shot| Some(shot.render.as_ref()?.0.attempt - 1)).sum();
        tally.wasted_renders += usize::try_from(attempts).unwrap_or_default();
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    tally.left_in_outbox = store.outbox_len().await?;
    while tally.left_in_outbox > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(100)).await;
        tally.left_in_outbox = store.outbox_len().await?;
    }
    tally.dead_letters = store.dead_letters(true, 10_000).await?.len();
    Ok(tally)
}
