//! A world, a folder with a configuration, and the program.

use cavendish_testkit::TestWorld;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

pub(crate) const CAVENDISH: &str = env!("CARGO_BIN_EXE_cavendish");

/// A configuration with a renderer that needs no model, and a folder for results.
pub(crate) async fn configured() -> (TestWorld, TempDir) {
    let world = TestWorld::create().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let blobs = &world.blobs_config;
    let cache = std::env::var("CAVENDISH_CACHE").expect("run the tests with `cargo xtask test`");
    let text = format!(
        "[gateway]\nlisten = \"127.0.0.1:0\"\n[renderer]\nkind = \"fake\"\n[telemetry]\nmetrics_listen = \"127.0.0.1:0\"\n\
         [database]\nurl = \"{}\"\n[broker]\nurl = \"{}\"\n[blobs]\nendpoint = \"{}\"\nregion = \"{}\"\nbucket = \"{}\"\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n[type]\nfonts_dir = \"{cache}/fonts\"\n\
         [provenance]\nlocal_certificate = \"signer.pem\"\n",
        world.database_url,
        world.amqp_url,
        blobs.endpoint.as_deref().unwrap(),
        blobs.region,
        blobs.bucket,
        blobs.access_key_id,
        blobs.secret_access_key,
    );
    fs::write(folder.path().join("cavendish.toml"), text).unwrap();
    let brief = "prompt = \"a hamburger\"\ndeliverables = [\"meta-feed-portrait\", \"linkedin-landscape\"]\n";
    fs::write(folder.path().join("burger.toml"), brief).unwrap();
    (world, folder)
}

pub(crate) fn cavendish(folder: &Path, args: &[impl AsRef<std::ffi::OsStr>]) -> Command {
    let mut command = Command::new(CAVENDISH);
    command.args(args).arg("--config").arg(folder.join("cavendish.toml")).current_dir(folder);
    command.env_remove("CAVENDISH_STACK").env_remove("CAVENDISH_CONFIG").stdin(Stdio::null());
    command
}

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The first JSON object that a process prints.
pub(crate) fn first_object(process: &mut Child) -> Value {
    let mut lines = BufReader::new(process.stdout.take().unwrap());
    let mut told = String::new();
    while lines.read_line(&mut told).unwrap() > 0 {
        if let Ok(value) = serde_json::from_str(&told) {
            return value;
        }
    }
    let mut log = String::new();
    if let Some(mut stderr) = process.stderr.take() {
        stderr.read_to_string(&mut log).unwrap();
    }
    panic!("no JSON in `{told}`; {log}");
}

/// A running line; killed when dropped.
pub(crate) struct Up {
    pub(crate) url: String,
    pub(crate) key: String,
    process: Child,
    folder: TempDir,
    pub(crate) world: TestWorld,
}

impl Up {
    pub(crate) fn start(world: TestWorld, folder: TempDir) -> Self {
        let mut command = cavendish(folder.path(), &["up", "--json"]);
        // Into a file: a pipe that nobody reads would stop the line once it is full.
        let log = fs::File::create(folder.path().join("up.log")).unwrap();
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let said = first_object(&mut process);
        let told = |field: &str| said[field].as_str().unwrap().to_owned();
        Self { url: told("url"), key: told("key"), process, folder, world }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}
