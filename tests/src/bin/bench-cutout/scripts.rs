//! What is done in Python: the pictures are made, the peers cut them out, everything is scored.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A picture to cut out, of those that `set.json` lists.
#[derive(Debug, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// A file in the same folder.
    pub(crate) picture: String,
}

/// The scripts, with what they need.
pub(crate) struct Scripts {
    python: PathBuf,
    cache: PathBuf,
    out: PathBuf,
}

impl Scripts {
    /// Everything is written to `out`.
    pub(crate) fn find(out: &Path) -> Result<Self> {
        let given = |name: &str| std::env::var_os(name).context("run this with `cargo xtask bench cutout`");
        std::fs::create_dir_all(out)?;
        let (python, cache) = (given("CAVENDISH_PEER_PYTHON")?.into(), PathBuf::from(given("CAVENDISH_CACHE")?));
        Ok(Self { python, cache, out: out.canonicalize()? })
    }

    /// Makes the composites, and adds the photographs of packages and those of a folder.
    pub(crate) fn make_set(&self, count: u32, photos: Option<&Path>) -> Result<Vec<Row>> {
        let (training, data, count) = (self.cache.join("training/data"), self.data(), count.to_string());
        let [objects, wallpapers] = ["objects", "wallpapers"].map(|folder| training.join(folder));
        let given = [("--objects", objects), ("--wallpapers", wallpapers), ("--grounds", data.join("grounds"))];
        let mut compose: Vec<&OsStr> = given.iter().flat_map(|(name, at)| [OsStr::new(name), at.as_ref()]).collect();
        compose.extend([OsStr::new("--count"), count.as_ref()]);
        self.run("cutout/compose.py", &compose)?;
        let (pictures, masks) = (data.join("photographs"), tests().join("cutout/masks"));
        let mut pairs = vec![pictures, masks];
        pairs.extend(photos.into_iter().flat_map(|folder| [folder.join("set"), folder.join("masks")]));
        let pairs: Vec<&OsStr> = pairs.iter().map(AsRef::as_ref).collect();
        let from: Vec<&OsStr> = pairs.chunks(2).flat_map(|pair| [OsStr::new("--from"), pair[0], pair[1]]).collect();
        self.run("cutout/photographs.py", &from)?;
        let listed = std::fs::read(self.out.join("set.json")).context("no set was made")?;
        Ok(serde_json::from_slice(&listed)?)
    }

    /// Has rembg cut everything out with these networks; what it says of its times.
    pub(crate) fn peers(&self, networks: &[&str]) -> Result<Value> {
        let timed = self.timed_photo();
        let mut args = vec![OsStr::new("--timed"), timed.as_ref()];
        args.extend(networks.iter().map(OsStr::new));
        Ok(serde_json::from_slice(&self.run("peer/cutout.py", &args)?)?)
    }

    /// Scores the folders of these sides: `{"metrics", "detail"}`.
    pub(crate) fn score(&self, sides: &[&str]) -> Result<Value> {
        let sides: Vec<&OsStr> = sides.iter().map(OsStr::new).collect();
        Ok(serde_json::from_slice(&self.run("cutout/score.py", &sides)?)?)
    }

    /// Draws the contact sheets.
    pub(crate) fn sheet(&self, file: &Path) -> Result<()> {
        self.run("cutout/sheet.py", &[OsStr::new("--sheet"), file.as_ref()]).map(drop)
    }

    /// A photograph of 1920 × 1080 in which something stands out.
    pub(crate) fn timed_photo(&self) -> PathBuf {
        self.cache.join("training/data/wallpapers/FallenLeaf/contents/images/1920x1080.jpg")
    }

    /// What `cargo xtask` fetched for this bench.
    fn data(&self) -> PathBuf {
        self.cache.join("cutout")
    }

    /// Runs a script to its end; what it printed.
    fn run(&self, script: &str, args: &[&OsStr]) -> Result<Vec<u8>> {
        let mut command = Command::new(&self.python);
        command.arg(tests().join(script)).arg("--out").arg(&self.out).args(args);
        command.env("U2NET_HOME", self.data().join("weights")).env("PYTHONDONTWRITEBYTECODE", "1");
        let output = command.stderr(Stdio::inherit()).output().context("cannot run python")?;
        ensure!(output.status.success(), "{script} failed ({})", output.status);
        Ok(output.stdout)
    }
}

/// The folder of this crate.
fn tests() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
