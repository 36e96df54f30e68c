//! `cavendish template` as a process, and a template of one's own on the line.

use crate::common::{CAVENDISH, cavendish, configured, text};
use cavendish_domain::{JobId, TenantId};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs without servers, with templates of one's own in `templates`.
fn run(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let cache = std::env::var("CAVENDISH_CACHE").expect("run the tests with `cargo xtask test`");
    let mut command = Command::new(CAVENDISH);
    command.arg("template").args(args).current_dir(folder).stdin(Stdio::null());
    command.env_remove("CAVENDISH_STACK").env_remove("CAVENDISH_CONFIG");
    command
        .env("CAVENDISH_TYPE__FONTS_DIR", format!("{cache}/fonts"))
        .env("CAVENDISH_TYPE__TEMPLATES_DIR", "templates");
    command
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A folder with the shipped template `story` as `ours`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("templates/acme")).unwrap();
    // As a shell does it: the file is there, and empty, before the program starts.
    for (name, file) in [("ours", "ours.toml"), ("own", "acme/own.toml")] {
        let file = fs::File::create(folder.path().join("templates").join(file)).unwrap();
        let shown = command(folder.path(), &["show", "story", "--as", name]).stdout(file).status().unwrap();
        assert!(shown.success());
    }
    folder
}

#[test]
fn templates_are_listed_for_everyone_and_for_a_tenant() {
    let folder = folder();
    let names = |args: &[&str]| {
        let told: Value = serde_json::from_slice(&run(folder.path(), args).stdout).unwrap();
        told.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["list", "--json"]), ["ours", "headline-top", "story", "banner", "price-tag"]);
    assert_eq!(names(&["list", "--json", "--tenant", "acme"])[0], "own");
    let table = out(&run(folder.path(), &["list"]));
    assert!(table.contains("banner        2.6 to 5, 5 and more\n"), "{table}");
    let unknown = run(folder.path(), &["show", "own"]);
    assert_eq!(unknown.status.code(), Some(1));
    let odd = run(folder.path(), &["show", "story", "--as", "My story"]);
    assert!(odd.stdout.is_empty() && text(&odd).contains("`My story` is not 1 to 64 small letters"), "{}", text(&odd));
    assert!(text(&unknown).contains("`own` is none of ours, headline-top"), "{}", text(&unknown));
}

#[test]
fn a_preview_shows_every_shape_with_its_rooms_and_tells_what_found_none() {
    let folder = folder();
    let told = run(folder.path(), &["preview", "ours", "--json"]);
    assert!(told.status.success(), "{}", text(&told));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let specs: Vec<_> = told.as_array().unwrap().iter().map(|one| one["spec"].as_str().unwrap()).collect();
    assert_eq!(specs, ["meta-story", "iab-skyscraper"], "the shapes that it is for");
    assert!(told[0]["elements"].as_array().unwrap().iter().all(|element| element["fit"] == "set"), "{told:#}");
    let page = fs::read_to_string(folder.path().join("template-preview.html")).unwrap();
    assert_eq!(page.matches("class=\"room subject\"").count(), 2);
    assert!(page.contains("<span>headline</span>") && page.contains("src=\"data:image/jpeg;base64,"));

    let brief = "prompt = 'x'\ndeliverables = ['meta-story']\nlocale = 'ar-EG'\n[copy]\nheadline = 'قهوة طازجة كل صباح'\n\
                 legal = '{percent:25}'\n";
    fs::write(folder.path().join("coffee.toml"), brief).unwrap();
    let args =
        ["preview", "templates/ours.toml", "--brief", "coffee.toml", "--spec", "iab-leaderboard", "--out", "x.html"];
    let shown = run(folder.path(), &args);
    assert!(
        shown.status.success() && out(&shown).contains("banner"),
        "not for this shape: {}{}",
        out(&shown),
        text(&shown)
    );
    assert!(
        fs::read_to_string(folder.path().join("x.html")).unwrap().contains("the shipped banner: not for this shape")
    );

    let broken =
        fs::read_to_string(folder.path().join("templates/ours.toml")).unwrap().replacen("lines = 4", "lines = 0", 1);
    fs::write(folder.path().join("broken.toml"), broken).unwrap();
    let refused = run(folder.path(), &["preview", "broken.toml"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused).contains("broken.toml: arrangement[0].slot[1].lines: must be at least 1"),
        "{}",
        text(&refused)
    );
}

#[tokio::test]
async fn the_line_lays_out_by_a_template_of_ones_own_and_refuses_others_at_the_door() {
    let (world, folder) = configured().await;
    let (own, at) = (self::folder(), |name: &str| folder.path().join(name));
    fs::rename(own.path().join("templates"), at("templates")).unwrap();
    let config = fs::read_to_string(at("cavendish.toml")).unwrap();
    fs::write(at("cavendish.toml"), config.replace("[type]\n", "[type]\ntemplates_dir = \"templates\"\n")).unwrap();
    let brief = |name: &str, template: &str| {
        let text = "prompt = 'a mug'\ndeliverables = ['meta-story']\n[copy]\nheadline = 'Mug'\n";
        fs::write(at(name), format!("template = '{template}'\n{text}")).unwrap();
        cavendish(folder.path(), &["generate", name, "--local", "--json"]).output().unwrap()
    };
    let made = brief("mug.toml", "ours");
    assert!(made.status.success(), "{}", text(&made));
    let store = world.store().await.unwrap();
    let job = store.jobs(TenantId::DEFAULT, 1).await.unwrap().remove(0);
    let view = store.job(TenantId::DEFAULT, JobId(job.id)).await.unwrap();
    let typeset = &view.assets[0].report["type"];
    assert_eq!((&typeset["template"], &typeset["elements"][0]["fit"]), (&"ours".into(), &"set".into()), "{typeset:#}");
    let refused = brief("other.toml", "own");
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused).contains("`own` is none of ours, headline-top"), "another tenant's: {}", text(&refused));
}
