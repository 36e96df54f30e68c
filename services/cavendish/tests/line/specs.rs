//! `cavendish specs` as a process: any picture is measured, and specs of one's own are found.

use crate::common::CAVENDISH;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const HOUSE: &str = "network = 'house'\nversion = 3\nsource = 'house style'\nread_on = '2026-09'\n\
    [[spec]]\nid = 'house-tile'\ntitle = 'Tile'\nsize = { width = 64, height = 64, exact = true }\nformats = ['png']\n\
    bit_depth = 8\nforbids = ['border', 'text']\n";

fn cavendish(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(CAVENDISH);
    command.args(args).current_dir(folder).env("CAVENDISH_SPECS__DIR", folder.join("specs")).stdin(Stdio::null());
    command.env_remove("CAVENDISH_STACK").env_remove("CAVENDISH_CONFIG").output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A folder with a spec of its own, a picture that meets it, and one that does not.
fn folder() -> tempfile::TempDir {
    use cavendish_imaging::image::{Rgb, RgbImage};
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("specs")).unwrap();
    fs::write(folder.path().join("specs/house.toml"), HOUSE).unwrap();
    let picture = |side| RgbImage::from_fn(side, side, |x, y| Rgb([(x * 4) as u8, (y * 4) as u8, 90]));
    picture(64).save(folder.path().join("good.png")).unwrap();
    picture(63).save(folder.path().join("small.png")).unwrap();
    fs::write(folder.path().join("words.txt"), "no picture").unwrap();
    folder
}

#[test]
fn a_named_spec_decides_the_exit_code() {
    let folder = folder();
    let run = |args: &[&str]| cavendish(folder.path(), &[&["specs", "check"], args].concat());
    let good = run(&["good.png", "--spec", "house-tile"]);
    assert!(good.status.success() && said(&good).contains("meets house-tile"), "{}", said(&good));
    let bad = run(&["good.png", "small.png", "--spec", "house-tile", "--json"]);
    assert_eq!(bad.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&bad.stdout).unwrap();
    assert_eq!((&told[0]["specs"][0]["compliant"], &told[1]["specs"][0]["compliant"]), (&true.into(), &false.into()));
    assert_eq!((&told[1]["facts"]["width"], &told[1]["specs"][0]["version"]), (&63.into(), &3.into()));
    let checks: Vec<_> = told[1]["specs"][0]["checks"].as_array().unwrap().iter().collect();
    let outcome = |name: &str| checks.iter().find(|check| check["name"] == name).unwrap()["outcome"].clone();
    assert_eq!((outcome("size"), outcome("bit-depth")), ("failed".into(), "passed".into()));
    assert_eq!((outcome("no-border"), outcome("no-text")), ("passed".into(), "not-machine-checked".into()));
}

#[test]
fn a_reader_that_has_enough_ends_the_program_in_silence() {
    let folder = folder();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(CAVENDISH);
    let child =
        command.args(["specs", "list"]).current_dir(folder.path()).stdout(writer).stderr(Stdio::piped()).spawn();
    drop(command);
    let output = child.unwrap().wait_with_output().unwrap();
    assert_eq!((output.status.code(), said(&output).as_str()), (Some(141), ""));
}

#[test]
fn without_a_spec_all_that_have_the_shape_are_told() {
    let folder = folder();
    let output = cavendish(folder.path(), &["specs", "check", "small.png"]);
    assert!(output.status.success(), "{}", said(&output));
    let text = said(&output);
    assert!(text.contains("63×63 PNG") && text.contains("house-tile") && !text.contains("meta-story"), "{text}");
    let unread = cavendish(folder.path(), &["specs", "check", "words.txt", "nowhere.png"]);
    assert_eq!(unread.status.code(), Some(1));
    assert!(said(&unread).contains("words.txt") && said(&unread).contains("nowhere.png"), "{}", said(&unread));
}

#[test]
fn what_is_wrong_is_told_with_the_way_out() {
    let folder = folder();
    let unknown = cavendish(folder.path(), &["specs", "show", "house-tlie"]);
    assert!(said(&unknown).contains("did you mean `house-tile`?"), "{}", said(&unknown));
    assert!(said(&unknown).contains("next: cavendish specs list"), "{}", said(&unknown));
    fs::write(folder.path().join("specs/more.toml"), HOUSE).unwrap();
    let taken = cavendish(folder.path(), &["specs", "list"]);
    assert_eq!(taken.status.code(), Some(1));
    assert!(said(&taken).contains("more.toml: spec[0].id: `house-tile` is taken by the file"), "{}", said(&taken));
}
