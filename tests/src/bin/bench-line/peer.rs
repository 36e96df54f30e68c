//! The peer: a Celery chain of three tasks that make the same state changes, and a process that submits it.

use crate::contest::{Contender, Sample, run};
use crate::{Args, Side};
use anyhow::{Context, Result, ensure};
use cavendish_domain::JobId;
use cavendish_store::Store;
use cavendish_testkit::{TestDatabase, TestVhost};
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

struct Peer {
    store: Store,
    orders: ChildStdin,
}

/// One round in a database and vhost of its own. `claiming` commits the claim of every task before its work.
pub(crate) async fn round(args: &Args, claiming: bool) -> Result<Sample> {
    let (database, vhost) = tokio::try_join!(TestDatabase::create(), TestVhost::create())?;
    let store = Store::connect(&database.url(), 2).await?;
    let python = |arguments: &[&str]| -> Result<Command> {
        let program = std::env::var("CAVENDISH_PEER_PYTHON").context("run this with `cargo xtask bench line`")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("peer"))
            .env("PEER_DATABASE_URL", database.url())
            .env("PEER_AMQP_URL", vhost.url())
            .env("PEER_CLAIMING", if claiming { "1" } else { "" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        Ok(command)
    };
    let workers = args.peer_workers.to_string();
    let quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=WARNING"];
    let worker = ["-m", "celery", "-A", "chain", "worker", "--pool=prefork", "--concurrency", &workers];
    let mut worker = python(&[&worker[..], &quiet[..]].concat())?.stdout(Stdio::null()).spawn()?;
    let mut submitter = python(&["submit.py"])?.spawn()?;
    let orders = await_ready(&mut submitter).await?;
    let side = if claiming { Side::PeerClaiming } else { Side::Peer };
    let sample = run(side, &mut Peer { store: store.clone(), orders }, args).await;
    end(&mut worker).await?;
    store.close().await;
    sample
}

/// The submitter says so when it has its connections.
async fn await_ready(submitter: &mut Child) -> Result<ChildStdin> {
    let mut line = String::new();
    let answers = submitter.stdout.take().context("no pipe")?;
    BufReader::new(answers).read_line(&mut line).await?;
    ensure!(line.trim() == "ready", "the peer's submitter did not start: {line}");
    submitter.stdin.take().context("no pipe")
}

/// A warm shutdown: killing the parent alone would leave its children.
async fn end(worker: &mut Child) -> Result<()> {
    if let Some(id) = worker.id() {
        Command::new("kill").arg("-TERM").arg(id.to_string()).status().await?;
    }
    worker.wait().await?;
    Ok(())
}

impl Contender for Peer {
    async fn submit(&mut self, jobs: &[JobId]) -> Result<()> {
        let lines: String = jobs.iter().map(|job| format!("{job}\n")).collect();
        self.orders.write_all(lines.as_bytes()).await?;
        Ok(self.orders.flush().await?)
    }

    fn store(&self) -> &Store {
        &self.store
    }
}
