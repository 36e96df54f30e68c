//! Running cargo from within `cargo run`.

use crate::paths::Paths;
use anyhow::{Context, Result, bail};
use std::{
    env,
    path::PathBuf,
    process::{Command, Stdio},
};

/// A cargo command in the checkout, as the user would have started it: without what `cargo run` adds to the
/// environment (build scripts that watch those variables would run again each time), with libtorch found.
pub(crate) fn command(paths: &Paths) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_"].iter().any(|prefix| text.starts_with(prefix)) {
            cargo.env_remove(&name);
        }
    }
    if let Some(libtorch) = paths.libtorch_for_builds() {
        cargo.env("LIBTORCH", libtorch);
    }
    cargo.current_dir(&paths.root);
    cargo
}

/// Runs `command` with its output shown; fails when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let status = command.status().with_context(|| format!("cannot run `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// A command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(name).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// Builds the program `name`, with cargo's own progress shown, and returns where it lies. The whole workspace is
/// named so that shared dependencies are built with the features that every other build uses, once.
pub(crate) fn build(paths: &Paths, name: &str) -> Result<PathBuf> {
    build_with(paths, name, Stdio::inherit())
}

/// [`build`] for use under a spinner: silent unless it fails.
pub(crate) fn build_quietly(paths: &Paths, name: &str) -> Result<PathBuf> {
    build_with(paths, name, Stdio::piped())
}

fn build_with(paths: &Paths, name: &str, progress: Stdio) -> Result<PathBuf> {
    let mut build = command(paths);
    build.args(["build", "--workspace", "--bin", name, "--message-format", "json-render-diagnostics"]);
    build.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(progress);
    let output = build.spawn().and_then(std::process::Child::wait_with_output).context("cannot run cargo")?;
    if !output.status.success() {
        bail!("{name} does not build\n{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    executable(&String::from_utf8_lossy(&output.stdout), name).with_context(|| format!("cargo built no {name}"))
}

/// The path of the program `name` in cargo's JSON messages.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    let parsed = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut programs = parsed.filter(|message| message["target"]["name"] == name);
    programs.find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_the_messages() {
        let messages = concat!(
            "{\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"s3\"},\"executable\":null}\n",
            "{\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"cavendish-s3\"},\"executable\":\"/t/cavendish-s3\"}\n",
            "{\"reason\":\"build-finished\",\"success\":true}\n"
        );
        assert_eq!(executable(messages, "cavendish-s3"), Some(PathBuf::from("/t/cavendish-s3")));
        assert_eq!(executable(messages, "other"), None);
    }
}
