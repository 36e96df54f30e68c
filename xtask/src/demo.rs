//! `cargo xtask demo`: from a fresh clone to finished images.

use crate::{cargo, paths::Paths, say, setup, stack::Stack};
use anyhow::{Context, Result};
use std::{
    path::Path,
    process::{Command, ExitCode},
};

/// A photograph whose pixels are kept, an image drawn from its prompt alone, and the photographed product in five scenes.
const BRIEFS: [&str; 7] = [
    "deploy/demo/coffee-cup.toml",
    "deploy/demo/hamburger.toml",
    "deploy/demo/scenes/paper.toml",
    "deploy/demo/scenes/sand.toml",
    "deploy/demo/scenes/morning.toml",
    "deploy/demo/scenes/forest.toml",
    "deploy/demo/scenes/blush.toml",
];

/// Sets up, builds, starts the servers, makes the images into `out`, and stops what it started unless `keep`.
pub(crate) fn run(paths: &Paths, out: &Path, keep: bool) -> Result<ExitCode> {
    setup::all(paths, false)?;
    say::headline("Building (the first time takes minutes)");
    let program = cargo::build(paths, "cavendish")?;
    say::headline("Servers");
    let mut stack = Stack::open(paths)?;
    let was_up = stack.is_up();
    stack.up()?;
    say::headline("Images");
    let made = generate(paths, &program, out);
    if !keep && !was_up {
        say::headline("Stopping the servers");
        stack.down()?;
    }
    let code = made?;
    if code == 0 {
        say_next(paths, out, keep || was_up);
    }
    Ok(ExitCode::from(code))
}

/// Runs the main job and returns its exit code.
fn generate(paths: &Paths, program: &Path, out: &Path) -> Result<u8> {
    let mut job = Command::new(program);
    job.arg("generate")
        .args(BRIEFS)
        .args(["--local", "--config"])
        .arg(paths.env_file())
        .arg("--out")
        .arg(absolute(out)?);
    let status = job.current_dir(&paths.root).status().with_context(|| format!("cannot run {}", program.display()))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// The job runs in the checkout's root, whatever folder the user stands in.
fn absolute(out: &Path) -> Result<std::path::PathBuf> {
    Ok(std::env::current_dir()?.join(out))
}

fn say_next(paths: &Paths, out: &Path, running: bool) {
    println!("\nThe images are in {}; open {}.", out.display(), out.join("index.html").display());
    println!("Next:");
    if !running {
        println!("  cargo xtask up");
    }
    println!(
        "  cargo run --bin cavendish -- generate deploy/demo/hamburger.toml --local --config {}",
        paths.show(&paths.env_file())
    );
}
