//! The embedded S3 server, built from this workspace.

use super::{ports::Ports, server::Server};
use crate::{
    cargo,
    paths::Paths,
    process::{self, Running},
    say::Step,
};
use anyhow::Result;
use std::{
    fs,
    path::PathBuf,
    process::{Child, Command},
};

/// The bucket that exists from the start.
pub(crate) const BUCKET: &str = "cavendish";
/// The access key; the secret is random and kept in the cache.
pub(crate) const ACCESS_KEY: &str = "cavendish";

/// The server.
pub(crate) struct S3 {
    home: PathBuf,
    log: PathBuf,
    paths: Paths,
    ports: Ports,
}

impl S3 {
    /// The server that lives in `<stack>/s3`.
    pub(crate) fn new(paths: &Paths, ports: &Ports) -> Self {
        let stack = paths.stack();
        Self { home: stack.join("s3"), log: stack.join("s3.log"), paths: paths.clone(), ports: ports.clone() }
    }

    /// Where programs connect.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.of("s3"))
    }

    /// The secret access key; made if there is none yet.
    pub(crate) fn secret_key(&self) -> Result<String> {
        super::secret(&self.home.join("secret_key"))
    }

    fn root(&self) -> PathBuf {
        self.home.join("buckets")
    }
}

impl Server for S3 {
    fn name(&self) -> &'static str {
        "s3"
    }

    fn ports(&self) -> &'static [&'static str] {
        &["s3"]
    }

    fn find(&self) -> Vec<Running> {
        process::find("cavendish-s3", &format!("--root {}", self.root().display()))
    }

    /// Without this, tests would go on talking to yesterday's build. The system marks the file of a running
    /// program that has been replaced (Linux only).
    fn is_outdated(&self) -> bool {
        let program = |pid: i32| fs::read_link(format!("/proc/{pid}/exe"));
        let replaced = |path: PathBuf| path.to_string_lossy().ends_with(" (deleted)");
        self.find().iter().any(|process| program(process.pid).is_ok_and(replaced))
    }

    fn answer(&self) -> Option<String> {
        super::speaks_http(self.ports.of("s3")).then(|| env!("CARGO_PKG_VERSION").to_owned())
    }

    fn log(&self) -> PathBuf {
        self.log.clone()
    }

    fn launch(&self, step: &Step) -> Result<Child> {
        step.note("building it");
        let program = cargo::build_quietly(&self.paths, "cavendish-s3")?;
        fs::create_dir_all(self.root().join(BUCKET))?;
        let mut server = Command::new(program);
        server.arg("--root").arg(self.root());
        server.args(["--listen", &format!("127.0.0.1:{}", self.ports.of("s3"))]);
        server.args(["--access-key", ACCESS_KEY, "--secret-key", &self.secret_key()?]);
        process::spawn_detached(&server, &self.log)
    }
}
