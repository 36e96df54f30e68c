//! A PostgreSQL cluster of this checkout's own: loopback TCP only, a password, settings for tests.

use super::{ports::Ports, server::Server};
use crate::{
    paths::random_hex,
    process::{self, RunAs, Running, command_as},
    say::Step,
    setup::servers,
};
use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use std::{
    fs,
    io::Write,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::Duration,
};

/// Durable as in production (`fsync` stays on); many small pools may connect at once.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 128MB
jit = off
log_line_prefix = '%m [%p] %u@%d '
log_min_duration_statement = 2000
";

/// The cluster.
pub(crate) struct Postgres {
    /// `<stack>/postgres`: `data/` and `password`, made together.
    home: PathBuf,
    log: PathBuf,
    ports: Ports,
}

impl Postgres {
    /// The cluster that lives in `<stack>/postgres`.
    pub(crate) fn new(stack: &Path, ports: &Ports) -> Self {
        Self { home: stack.join("postgres"), log: stack.join("postgres.log"), ports: ports.clone() }
    }

    /// Where programs connect. Fails before the cluster exists.
    pub(crate) fn url(&self) -> Result<String> {
        let password = fs::read_to_string(self.home.join("password"))
            .with_context(|| format!("the cluster in {} has lost its password file", self.home.display()))?;
        Ok(format!("postgres://cavendish:{}@127.0.0.1:{}/cavendish", password.trim(), self.ports.of("postgres")))
    }

    fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    fn marker(&self) -> String {
        format!("-D {}", self.data().display())
    }

    /// Makes the cluster in a draft folder and moves it into place, so that it exists whole or not at all.
    fn create(&self, bin: &Path, run_as: Option<&RunAs>) -> Result<()> {
        let draft = self.home.with_extension("draft");
        let _ = fs::remove_dir_all(&draft);
        fs::create_dir_all(&draft)?;
        let password = random_hex(16)?;
        fs::write(draft.join("password"), &password)?;
        fs::set_permissions(draft.join("password"), fs::Permissions::from_mode(0o600))?;
        own(&draft, run_as)?;
        own(&draft.join("password"), run_as)?;
        let data = draft.join("data");
        let mut initdb = command_as(&bin.join("initdb"), run_as);
        initdb.arg("-D").arg(&data).arg(format!("--pwfile={}", draft.join("password").display()));
        initdb.args(["--username=cavendish", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]);
        // Nothing here is worth a sync before the first start; the server syncs all that it writes later.
        initdb.arg("--no-sync").current_dir("/");
        let output = initdb.output().with_context(|| format!("cannot run {}", initdb.get_program().display()))?;
        if !output.status.success() {
            bail!("initdb failed:\n{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let mut settings = fs::OpenOptions::new().append(true).open(data.join("postgresql.conf"))?;
        settings.write_all(SETTINGS.as_bytes())?;
        create_database(bin, &data, run_as)?;
        let _ = fs::remove_dir_all(&self.home);
        fs::rename(&draft, &self.home).context("cannot move the new cluster into place")
    }

    /// A server killed with SIGKILL leaves its pid file. Once none of its processes is left the file is stale,
    /// whatever program has the pid now.
    fn forget_dead_server(&self) {
        let alone = || !process::any_works_in(&self.data());
        if process::wait_until(Duration::from_secs(10), alone) {
            let _ = fs::remove_file(self.data().join("postmaster.pid"));
        }
    }

    fn is_whole(&self) -> bool {
        self.data().join("PG_VERSION").exists() && self.home.join("password").exists()
    }
}

impl Server for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn ports(&self) -> &'static [&'static str] {
        &["postgres"]
    }

    fn find(&self) -> Vec<Running> {
        process::find("postgres", &self.marker())
    }

    fn answer(&self) -> Option<String> {
        let bin = servers::postgres_bin()?;
        let mut ready = std::process::Command::new(bin.join("pg_isready"));
        ready.args(["-q", "-h", "127.0.0.1", "-p", &self.ports.of("postgres").to_string()]);
        let ready = ready.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        let version = fs::read_to_string(self.data().join("PG_VERSION")).ok()?;
        ready.then(|| version.trim().to_owned())
    }

    fn log(&self) -> PathBuf {
        self.log.clone()
    }

    fn launch(&self, step: &Step) -> Result<Child> {
        let bin = servers::postgres_bin().context("PostgreSQL is not installed: `cargo xtask setup` says how")?;
        let run_as = run_as(&self.home)?;
        if !self.is_whole() {
            step.note("creating its cluster");
            self.create(&bin, run_as.as_ref())?;
        }
        self.forget_dead_server();
        let mut server = command_as(&bin.join("postgres"), run_as.as_ref());
        server.arg("-D").arg(self.data()).args(["-p", &self.ports.of("postgres").to_string()]).current_dir("/");
        process::spawn_detached(&server, &self.log)
    }

    /// Fast shutdown: open connections are closed, everything is written.
    fn gentle(&self) -> Signal {
        Signal::INT
    }
}

/// Creates the database in single-user mode, which needs no running server.
fn create_database(bin: &Path, data: &Path, run_as: Option<&RunAs>) -> Result<()> {
    let mut single = command_as(&bin.join("postgres"), run_as);
    single.args(["--single", "-D"]).arg(data).arg("postgres").current_dir("/");
    let mut child = single.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(b"CREATE DATABASE cavendish;\n")?;
    }
    let output = child.wait_with_output()?;
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() || complaint.contains("ERROR") {
        bail!("cannot create the database:\n{}", complaint.trim());
    }
    Ok(())
}

fn own(path: &Path, run_as: Option<&RunAs>) -> Result<()> {
    let Some(user) = run_as else { return Ok(()) };
    chown(path, Some(user.uid), Some(user.gid)).with_context(|| format!("cannot hand over {}", path.display()))
}

/// PostgreSQL refuses to run as root; root runs it as `postgres` or `nobody`. A user that cannot enter one of
/// the folders above the cluster gets the one capability that lets it pass.
fn run_as(home: &Path) -> Result<Option<RunAs>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let passwd = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    let user = ["postgres", "nobody"].iter().find_map(|name| user_in(&passwd, name));
    let (uid, gid) = user.context("running as root needs a user `postgres` or `nobody` for PostgreSQL")?;
    let above = home.parent().unwrap_or(home);
    let barred = above.ancestors().any(|folder| !may_enter(folder));
    let capability = if barred { Some(pass_capability()?) } else { None };
    Ok(Some(RunAs { uid, gid, capability }))
}

fn may_enter(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0)
}

fn user_in(passwd: &str, name: &str) -> Option<(u32, u32)> {
    let mut fields = passwd.lines().find(|line| line.split(':').next() == Some(name))?.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// The least capability we hold that lets a process pass folders closed to it.
fn pass_capability() -> Result<&'static str> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let bits = effective.and_then(|text| u64::from_str_radix(text.trim(), 16).ok()).unwrap_or_default();
    if bits & (1 << 2) != 0 {
        Ok("dac_read_search")
    } else if bits & (1 << 1) != 0 {
        Ok("dac_override")
    } else {
        bail!("the PostgreSQL user cannot enter the cache folder: point CAVENDISH_CACHE at a folder open to all users")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_whole_name() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgres-old:x:7:8::/:\npostgres:x:101:104:,,,:/var:/bin/bash\n";
        assert_eq!(user_in(passwd, "postgres"), Some((101, 104)));
        assert_eq!(user_in(passwd, "nobody"), None);
    }
}
