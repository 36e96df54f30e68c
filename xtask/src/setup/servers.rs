//! Finding RabbitMQ, Erlang's port mapper and PostgreSQL, and installing them where that can be done.

use crate::say;
use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const ADVICE: &str = "Install RabbitMQ 3.10+ (Debian: rabbitmq-server, Homebrew: rabbitmq) and PostgreSQL 15+ \
(Debian: postgresql, Homebrew: postgresql@17), or run both in Docker:
  docker compose -f deploy/compose.yaml up -d
with the variables exported that the head of that file names.";

/// The server script itself, never Debian's wrapper in /usr/sbin (which changes the user).
pub(crate) fn rabbitmq_server() -> Option<PathBuf> {
    let mut candidates = vec![PathBuf::from("/usr/lib/rabbitmq/bin/rabbitmq-server")];
    candidates
        .extend(["/opt/homebrew", "/usr/local"].map(|brew| Path::new(brew).join("opt/rabbitmq/sbin/rabbitmq-server")));
    candidates.extend(on_path("rabbitmq-server"));
    candidates.into_iter().find(|file| file.is_file())
}

/// Erlang's port mapper.
pub(crate) fn epmd() -> Result<PathBuf> {
    let shipped =
        fs::read_dir("/usr/lib/erlang").into_iter().flatten().flatten().map(|entry| entry.path().join("bin/epmd"));
    let mut candidates = on_path("epmd").into_iter().chain(shipped);
    candidates.find(|file| file.is_file()).context("epmd, a part of Erlang, is missing")
}

/// The folder of the newest PostgreSQL that has a server (client packages alone have none).
pub(crate) fn postgres_bin() -> Option<PathBuf> {
    let mut folders: Vec<(u32, PathBuf)> = Vec::new();
    for (parent, prefix) in
        [("/usr/lib/postgresql", ""), ("/opt/homebrew/opt", "postgresql@"), ("/usr/local/opt", "postgresql@")]
    {
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let version = name.strip_prefix(prefix).and_then(|version| version.parse().ok());
            folders.extend(version.map(|version| (version, entry.path().join("bin"))));
        }
    }
    folders.sort();
    let installed = folders.into_iter().rev().map(|(_, folder)| folder);
    let from_path = on_path("initdb").and_then(|file| Some(file.canonicalize().ok()?.parent()?.to_owned()));
    installed
        .chain(from_path)
        .find(|folder| ["postgres", "initdb", "pg_isready"].iter().all(|name| folder.join(name).is_file()))
}

fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Makes sure that the servers `wanted` (by their Debian package names) are installed.
pub(crate) fn ensure(rabbitmq: bool, postgres: bool) -> Result<()> {
    let mut missing = Vec::new();
    if rabbitmq && rabbitmq_server().is_none() {
        missing.push("rabbitmq-server");
    }
    if postgres && postgres_bin().is_none() {
        missing.push("postgresql");
    }
    if missing.is_empty() {
        let which: Vec<&str> = [(rabbitmq, "RabbitMQ"), (postgres, "PostgreSQL")]
            .iter()
            .filter(|(wanted, _)| *wanted)
            .map(|(_, name)| *name)
            .collect();
        if !which.is_empty() {
            say::ok(&format!("{} installed", which.join(" and ")));
        }
        return Ok(());
    }
    install(&missing)?;
    if (rabbitmq && rabbitmq_server().is_none()) || (postgres && postgres_bin().is_none()) {
        bail!("{} installed, but its programs are not where they should be.\n{ADVICE}", missing.join(", "));
    }
    Ok(())
}

/// Makes sure that a command succeeds, which these Debian packages bring.
pub(crate) fn ensure_runs(command: &[&str], packages: &[&str]) -> Result<()> {
    let mut probe = Command::new(command[0]);
    probe.args(&command[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if probe.status().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    install(packages).with_context(|| format!("`{}` does not succeed", command.join(" ")))
}

/// Refreshes the package lists.
pub(crate) fn update() -> Result<()> {
    apt(&root_prefix().context("nobody here may run apt-get")?, &["update"])
}

/// Installs Debian packages without starting any service of theirs.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let Some(sudo) = root_prefix() else { bail!("missing: {}.\n{ADVICE}", packages.join(", ")) };
    let step = say::Board::default().step(&format!("apt-get install {}", packages.join(" ")));
    let _policy = ServicePolicy::forbid(&sudo)?;
    step.note("refreshing the package lists");
    apt(&sudo, &["update"])?;
    step.note("installing");
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(packages);
    apt(&sudo, &arguments)?;
    step.done("done, no service started");
    Ok(())
}

/// How to become root: not at all, by sudo without a password, or `None` where there is no way (or no apt).
fn root_prefix() -> Option<Vec<&'static str>> {
    on_path("apt-get")?;
    if rustix::process::geteuid().is_root() {
        return Some(Vec::new());
    }
    let quiet = Command::new("sudo").args(["-n", "true"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success()).then(|| vec!["sudo", "-n"])
}

fn as_root(sudo: &[&str], arguments: &[&str]) -> Command {
    let all: Vec<&str> = sudo.iter().chain(arguments).copied().collect();
    let mut command = Command::new(all[0]);
    command.args(&all[1..]).stdin(Stdio::null());
    command
}

fn apt(sudo: &[&str], arguments: &[&str]) -> Result<()> {
    let mut line = vec!["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=120"];
    line.extend(arguments);
    let output = as_root(sudo, &line).output().context("cannot run apt-get")?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        bail!("apt-get {} failed:\n{}\n{ADVICE}", arguments.join(" "), text.trim());
    }
    Ok(())
}

/// Debian starts a service when its package is installed, unless /usr/sbin/policy-rc.d says no. Ours says so
/// for as long as this value lives; one that is already there is left alone.
struct ServicePolicy {
    sudo: Vec<&'static str>,
    ours: bool,
}

const POLICY: &str = "/usr/sbin/policy-rc.d";

impl ServicePolicy {
    fn forbid(sudo: &[&'static str]) -> Result<Self> {
        let ours = !Path::new(POLICY).exists();
        if ours {
            let draft = env::temp_dir().join(format!("cavendish-policy-{}", std::process::id()));
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(&draft)?;
            file.write_all(b"#!/bin/sh\nexit 101\n")?;
            drop(file);
            let copied = as_root(sudo, &["install", "-m", "755", &draft.to_string_lossy(), POLICY]).status();
            let _ = fs::remove_file(&draft);
            if !copied.is_ok_and(|status| status.success()) {
                bail!("cannot keep apt from starting services ({POLICY} is not writable)");
            }
        }
        Ok(Self { sudo: sudo.to_vec(), ours })
    }
}

impl Drop for ServicePolicy {
    fn drop(&mut self) {
        if self.ours {
            let _ = as_root(&self.sudo, &["rm", "-f", POLICY]).status();
        }
    }
}
