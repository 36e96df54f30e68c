//! `cavendish up` as a process: it works, it drains, and it does not hide that something is broken.

#![allow(clippy::unwrap_used)]

use cavendish_testkit::TestWorld;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

const CAVENDISH: &str = env!("CARGO_BIN_EXE_cavendish");

/// A configuration with a renderer that needs no model, and a folder for results.
async fn configured() -> (TestWorld, TempDir) {
    let world = TestWorld::create().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let blobs = &world.blobs_config;
    let text = format!(
        "[gateway]\nlisten = \"127.0.0.1:0\"\n[renderer]\nkind = \"fake\"\n[telemetry]\nmetrics_listen = \"127.0.0.1:0\"\n\
         [database]\nurl = \"{}\"\n[broker]\nurl = \"{}\"\n[blobs]\nendpoint = \"{}\"\nregion = \"{}\"\nbucket = \"{}\"\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n",
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

fn cavendish(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(CAVENDISH);
    command.args(args).arg("--config").arg(folder.join("cavendish.toml")).current_dir(folder);
    command.env_remove("CAVENDISH_STACK").env_remove("CAVENDISH_CONFIG").stdin(Stdio::null());
    command
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_brief_goes_through_one_process_which_then_drains() {
    let (_world, folder) = configured().await;
    let folder = folder.path();
    let mut up = cavendish(folder, &["up", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let said = first_object(&mut up);
    let (url, key) = (said["url"].as_str().unwrap(), said["key"].as_str().unwrap());

    let made = cavendish(folder, &["generate", "burger.toml", "--server", url, "--key", key]).output().unwrap();
    assert!(made.status.success(), "{}", text(&made));
    let manifest: Value =
        serde_json::from_slice(&fs::read(folder.join("cavendish-output/manifest.json")).unwrap()).unwrap();
    for asset in manifest["assets"].as_array().unwrap() {
        let file = folder.join("cavendish-output").join(asset["path"].as_str().unwrap());
        assert_eq!(Some(fs::metadata(file).unwrap().len()), asset["bytes"].as_u64());
        assert!(asset["timings"]["postprocess"]["encode_ms"].is_number(), "{asset}");
    }
    assert_eq!(manifest["assets"].as_array().unwrap().len(), 2);
    let job = manifest["briefs"][0]["job_id"].as_str().unwrap();
    let shown = cavendish(folder, &["job", "show", job]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("job.completed   2 files") && shown.contains("shot 1: 2 files"), "{shown}");

    kill_process(Pid::from_child(&up), Signal::TERM).unwrap();
    let ended = up.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended));
    assert!(!text(&ended).contains(key), "with --json the key is on stdout only");
}

#[tokio::test]
async fn a_stage_that_cannot_start_ends_the_process_with_its_error() {
    let (_world, folder) = configured().await;
    let mut command = cavendish(folder.path(), &["up"]);
    command.env("CAVENDISH_RENDERER__KIND", "engine").env("CAVENDISH_RENDERER__MODEL_DIR", "no/such/model");
    let ended = command.output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(text(&ended).contains("render: ") && text(&ended).contains("no/such/model"), "{}", text(&ended));
}

#[test]
fn a_missing_configuration_says_how_to_come_by_one() {
    let mut command = Command::new(CAVENDISH);
    command.args(["job", "list"]).env_remove("CAVENDISH_STACK").env_remove("CAVENDISH_CONFIG");
    let ended = command.env_remove("CAVENDISH_DATABASE_URL").output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let said = text(&ended);
    assert!(said.contains("`database` is missing") && said.contains("next: cargo xtask up"), "{said}");
}

/// The first JSON object that a process prints.
fn first_object(process: &mut Child) -> Value {
    let mut lines = BufReader::new(process.stdout.take().unwrap());
    let mut told = String::new();
    while lines.read_line(&mut told).unwrap() > 0 {
        if let Ok(value) = serde_json::from_str(&told) {
            return value;
        }
    }
    let mut log = String::new();
    process.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    panic!("no JSON in `{told}`; {log}");
}
