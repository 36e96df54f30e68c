//! `cavendish up` as a process: it works, it drains, and it does not hide that something is broken.

use crate::common::{CAVENDISH, cavendish, configured, first_object, text};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::process::{Command, Stdio};

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

    let file = format!("cavendish-output/{}", manifest["assets"][0]["path"].as_str().unwrap());
    let told = cavendish(folder, &["verify", file.as_str(), "--json"]).output().unwrap();
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let credentials = &told[0]["credentials"];
    assert_eq!((&credentials["standing"], &credentials["job"]), (&"trusted".into(), &job.into()), "{told}");
    assert_eq!(credentials["source"], "trainedAlgorithmicMedia");

    fs::write(folder.join("again.toml"), "prompt = \"drawn already\"\ndeliverables = [\"meta-story\"]\n").unwrap();
    let again = ["generate", "again.toml", "--renders-of", job, "--out", "again", "--server", url, "--key", key];
    let made = cavendish(folder, &again).output().unwrap();
    assert!(made.status.success(), "{}", text(&made));
    let anew: Value = serde_json::from_slice(&fs::read(folder.join("again/manifest.json")).unwrap()).unwrap();
    assert_eq!(anew["assets"][0]["spec"], "meta-story");

    let kept = cavendish(folder, &["job", "delete", job]).output().unwrap();
    assert!(!kept.status.success() && text(&kept).contains("give --yes"), "{}", text(&kept));
    let gone = cavendish(folder, &["job", "delete", job, "--yes"]).output().unwrap();
    assert_eq!(String::from_utf8(gone.stdout).unwrap(), "2\n");

    kill_process(Pid::from_child(&up), Signal::TERM).unwrap();
    let ended = up.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended));
    assert!(!text(&ended).contains(key), "with --json the key is on stdout only");
}

#[tokio::test]
async fn a_stage_that_cannot_start_ends_the_process_with_its_error() {
    let (_world, folder) = configured().await;
    let mut command = cavendish(folder.path(), &["up"]);
    let sees = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/vision");
    command.env("CAVENDISH_RENDERER__KIND", "engine").env("CAVENDISH_RENDERER__MODEL_DIR", "no/such/model");
    command.env("CAVENDISH_RENDERER__VISION_DIR", sees);
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
