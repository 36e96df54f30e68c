//! What the three servers have in common: being found, brought up, waited for and stopped.

use crate::{
    process::{self, Running},
    say::Step,
};
use anyhow::{Result, bail};
use rustix::process::Signal;
use std::{path::PathBuf, process::Child, time::Duration};

/// One private server.
pub(crate) trait Server: Send + Sync {
    /// Name in tables and on the command line.
    fn name(&self) -> &'static str;
    /// Names of the ports it listens on.
    fn ports(&self) -> &'static [&'static str];
    /// Its processes.
    fn find(&self) -> Vec<Running>;
    /// Its version, once it answers as it should.
    fn answer(&self) -> Option<String>;
    /// Where its output goes.
    fn log(&self) -> PathBuf;
    /// Brings programs, folders and files into place and starts it. Nothing of it runs when this is called.
    fn launch(&self, step: &Step) -> Result<Child>;
    /// The signal that makes it stop in good order.
    fn gentle(&self) -> Signal {
        Signal::TERM
    }
    /// Whether the program that runs is no longer the one on disk, because a build has replaced it.
    fn is_outdated(&self) -> bool {
        false
    }
    /// Called once it answers for the first time.
    fn settled(&self) -> Result<()> {
        Ok(())
    }
    /// Called when it has stopped.
    fn stopped(&self) -> Result<()> {
        Ok(())
    }
}

/// How long a server may take to answer. Recovering a large data folder after a crash is the slow case.
const START_LIMIT: Duration = Duration::from_secs(90);

/// How long a server that already runs may take to answer before it is replaced.
const ADOPT_LIMIT: Duration = Duration::from_secs(30);

/// How long a gentle stop may take.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// Makes sure that `server` runs and answers; returns its version.
pub(crate) fn ensure_up(server: &dyn Server, step: &Step) -> Result<String> {
    if server.is_outdated() {
        step.note("was built anew, replacing it");
        stop(server, false)?;
    }
    if !server.find().is_empty() {
        step.note("runs, waiting for its answer");
        if let Some(version) = wait_for_answer(server, ADOPT_LIMIT) {
            return Ok(version);
        }
        step.note("does not answer, replacing it");
        stop(server, true)?;
    }
    let mut child = server.launch(step)?;
    step.note("starting");
    let mut version = None;
    let mut ended = None;
    process::wait_until(START_LIMIT, || {
        version = server.answer();
        ended = child.try_wait().ok().flatten();
        version.is_some() || ended.is_some()
    });
    match version {
        Some(version) => {
            server.settled()?;
            Ok(version)
        }
        None => {
            let how = ended.map_or("does not answer".to_owned(), |status| format!("ended at once ({status})"));
            let _ = stop(server, true);
            let log = server.log();
            bail!("{} {how}; the end of {}:\n{}", server.name(), log.display(), process::tail(&log, 12))
        }
    }
}

fn wait_for_answer(server: &dyn Server, limit: Duration) -> Option<String> {
    let mut version = None;
    process::wait_until(limit, || {
        version = server.answer();
        version.is_some() || server.find().is_empty()
    });
    version
}

/// Stops `server`, at once with SIGKILL when `kill`.
pub(crate) fn stop(server: &dyn Server, kill: bool) -> Result<()> {
    let signal = if kill { Signal::KILL } else { server.gentle() };
    process::stop(|| server.find(), signal, STOP_LIMIT)?;
    server.stopped()
}
