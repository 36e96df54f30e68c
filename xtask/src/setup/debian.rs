//! Files of Debian packages, without installing them.

use super::servers;
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Whether this machine has Debian's packages.
pub(crate) fn is_here() -> bool {
    ["apt-get", "dpkg-deb"].iter().all(|program| {
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    })
}

/// Fetches a package and unpacks it below `draft`; gives the folder that stands for its `/`.
pub(crate) fn fetch(package: &str, draft: &Path) -> Result<PathBuf> {
    let scratch = draft.join(format!("{package}-package"));
    fs::create_dir_all(&scratch)?;
    let download = || run(Command::new("apt-get").args(["-q", "download", package]).stdout(Stdio::null()), &scratch);
    if download().is_err() {
        servers::update().with_context(|| format!("apt is needed to fetch {package}"))?;
        download()?;
    }
    let archive = only_file(&scratch, "deb")?;
    run(Command::new("dpkg-deb").arg("-x").arg(&archive).arg("out"), &scratch)?;
    fs::remove_file(archive)?;
    Ok(scratch.join("out"))
}

/// The file with this extension in a folder.
pub(crate) fn only_file(folder: &Path, kind: &str) -> Result<PathBuf> {
    let mut files = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    files.find(|file| file.extension().is_some_and(|found| found == kind)).with_context(|| format!("no .{kind} came"))
}

/// Runs a command in a folder; its error is what it said.
pub(crate) fn run(command: &mut Command, folder: &Path) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.current_dir(folder).stdin(Stdio::null()).stderr(Stdio::piped()).spawn();
    let output =
        output.and_then(std::process::Child::wait_with_output).with_context(|| format!("cannot run {program}"))?;
    if !output.status.success() {
        bail!("{program} failed:\n{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
