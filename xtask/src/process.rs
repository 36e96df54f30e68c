//! Starting programs that outlive us, finding them again by their command line, and stopping them.
//!
//! There are no pid files of our own: a server is recognised by its program name and an argument that only it
//! has, read from the process table, so that a reused pid or a lost file can mislead nobody.

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs::{self, OpenOptions},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How often a condition is looked at while it is waited for.
const POLL: Duration = Duration::from_millis(40);

/// A running process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Running {
    pub(crate) pid: i32,
    /// Path or name of the program.
    pub(crate) program: String,
    /// Its arguments, separated by blanks.
    pub(crate) arguments: String,
}

impl Running {
    fn is(&self, program: &str, marker: &str) -> bool {
        let named = self.program.rsplit('/').next() == Some(program);
        named && format!(" {} ", self.arguments).contains(&format!(" {marker} "))
    }
}

/// Every process whose program is called `program` and whose arguments contain `marker` (whole arguments).
pub(crate) fn find(program: &str, marker: &str) -> Vec<Running> {
    processes().into_iter().filter(|process| process.is(program, marker)).collect()
}

fn processes() -> Vec<Running> {
    match fs::read_dir("/proc") {
        Ok(entries) if Path::new("/proc/self/cmdline").exists() => {
            entries.flatten().filter_map(|entry| read_proc(&entry.path())).collect()
        }
        _ => parse_ps(&ps()),
    }
}

/// Zombies have an empty command line and so do not count as running.
fn read_proc(folder: &Path) -> Option<Running> {
    let pid = folder.file_name()?.to_str()?.parse().ok()?;
    let line = fs::read(folder.join("cmdline")).ok()?;
    let line = String::from_utf8_lossy(&line);
    let (program, arguments) = line.split_once('\0')?;
    Some(Running { pid, program: program.to_owned(), arguments: arguments.replace('\0', " ").trim_end().to_owned() })
}

/// Systems without /proc (macOS).
fn ps() -> String {
    let output = Command::new("ps").args(["-axww", "-o", "pid=,command="]).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

fn parse_ps(text: &str) -> Vec<Running> {
    let parse = |line: &str| {
        let (pid, command) = line.trim_start().split_once(' ')?;
        let (program, arguments) = command.trim().split_once(' ').unwrap_or((command.trim(), ""));
        Some(Running { pid: pid.parse().ok()?, program: program.to_owned(), arguments: arguments.to_owned() })
    };
    text.lines().filter_map(parse).collect()
}

/// Who a server runs as when we are root and it must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunAs {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// A capability to keep, for a user that could not otherwise reach the cache folder.
    pub(crate) capability: Option<&'static str>,
}

/// `program` as that user (or as ourselves), not yet detached.
pub(crate) fn command_as(program: &Path, run_as: Option<&RunAs>) -> Command {
    let Some(RunAs { uid, gid, capability }) = run_as else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={uid}"), format!("--regid={gid}"), "--clear-groups".to_owned()]);
    if let Some(capability) = capability {
        command.args([format!("--inh-caps=+{capability}"), format!("--ambient-caps=+{capability}")]);
    }
    command.arg("--").arg(program);
    command
}

/// Starts `command` in a session of its own with its output appended to `log`, so that it lives on after us
/// and after the terminal. Goes through `xtask detach`, since a new session is asked for between fork and exec.
pub(crate) fn spawn_detached(command: &Command, log: &Path) -> Result<Child> {
    let output = OpenOptions::new().create(true).append(true).open(log)?;
    let mut detached = Command::new(this_program()?);
    detached.args(["stack", "detach", "--"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => detached.env(name, value),
            None => detached.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        detached.current_dir(folder);
    }
    detached.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    detached.spawn().with_context(|| format!("cannot start {}", command.get_program().display()))
}

/// This program, even when a build has replaced its file since it was started.
fn this_program() -> Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    if running.exists() { Ok(running.to_owned()) } else { Ok(std::env::current_exe()?) }
}

/// The path at which others find this program.
pub(crate) fn own_program() -> Result<PathBuf> {
    let path = std::env::current_exe()?;
    let text = path.to_string_lossy();
    Ok(text.strip_suffix(" (deleted)").map_or_else(|| path.clone(), PathBuf::from))
}

/// The other half of [`spawn_detached`]: become a session leader, then the program. Returns only on failure.
pub(crate) fn detach(arguments: &[String]) -> Result<()> {
    let [program, rest @ ..] = arguments else { bail!("detach needs a program") };
    rustix::process::setsid().context("cannot start a new session")?;
    Err(Command::new(program).args(rest).exec()).with_context(|| format!("cannot run {program}"))
}

/// Whether any process has `folder` as its working directory. Always false where there is no /proc.
pub(crate) fn any_works_in(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir("/proc") else { return false };
    entries.flatten().any(|entry| fs::read_link(entry.path().join("cwd")).is_ok_and(|link| link == folder))
}

/// Asks for `done` until it says yes. False when `limit` passed first.
pub(crate) fn wait_until(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if done() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(POLL);
    }
}

/// Sends `signal`; a process that is already gone is no error.
pub(crate) fn signal(pid: i32, signal: Signal) -> Result<()> {
    let Some(target) = Pid::from_raw(pid) else { bail!("{pid} is no process id") };
    match kill_process(target, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot signal process {pid}")),
    }
}

/// Stops every process that `found` lists: `gentle` first, SIGKILL after `patience`.
pub(crate) fn stop(found: impl Fn() -> Vec<Running>, gentle: Signal, patience: Duration) -> Result<()> {
    for process in found() {
        signal(process.pid, gentle)?;
    }
    if wait_until(patience, || found().is_empty()) {
        return Ok(());
    }
    for process in found() {
        signal(process.pid, Signal::KILL)?;
    }
    if !wait_until(Duration::from_secs(10), || found().is_empty()) {
        bail!("{} does not die", found().first().map_or("a process", |process| process.program.as_str()));
    }
    Ok(())
}

/// The last `lines` lines of a log, for an error message.
pub(crate) fn tail(log: &Path, lines: usize) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let from = all.len().saturating_sub(lines);
    all.get(from..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_program_and_whole_argument() {
        let process = Running {
            pid: 1,
            program: "/usr/lib/postgresql/15/bin/postgres".into(),
            arguments: "-D /a/stack/data".into(),
        };
        assert!(process.is("postgres", "-D /a/stack/data"));
        assert!(!process.is("postgres", "-D /a/stack"));
        assert!(!process.is("vim", "-D /a/stack/data"));
    }

    #[test]
    fn ps_lines_are_read() {
        let found = parse_ps("    7 /bin/epmd -port 4000\n  812 beam.smp -noshell\nrubbish\n");
        assert_eq!(found.len(), 2);
        assert!(found[0].is("epmd", "-port 4000"));
        assert_eq!(found[1].pid, 812);
    }

    #[test]
    fn a_child_is_found_stopped_and_then_gone() {
        let marker = format!("3{}.5", std::process::id());
        let mut child = Command::new("sleep").arg(&marker).spawn().unwrap();
        assert!(wait_until(Duration::from_secs(5), || find("sleep", &marker).len() == 1));
        stop(|| find("sleep", &marker), Signal::TERM, Duration::from_secs(5)).unwrap();
        assert!(find("sleep", &marker).is_empty());
        child.wait().unwrap();
    }

    #[test]
    fn waiting_gives_up_at_its_limit() {
        assert!(!wait_until(Duration::from_millis(1), || false));
    }
}
