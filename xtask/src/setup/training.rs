//! What the default model is trained on and networks are measured with: rendered objects with their names, and photographs.

use super::debian::{self, only_file, run};
use super::{folder, node, wheel};
use crate::{paths::Paths, say, say::Board};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A package of the npm registry as it must be.
struct Npm {
    name: &'static str,
    version: &'static str,
    sha256: &'static str,
}

/// 3,391 rendered objects with alpha, 256 pixels (MIT).
const OBJECTS: Npm = Npm {
    name: "@lobehub/fluent-emoji-3d",
    version: "1.1.0",
    sha256: "c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58",
};
/// Their names and groups (MIT).
const NAMES: Npm = Npm {
    name: "emojibase-data",
    version: "17.0.0",
    sha256: "d01d0e2ca4e22cb402679532155342c71e2e871f25c32223c013b8b166ebdf5a",
};
/// Photographs and drawn wallpapers (LGPL and Creative Commons, told in the package). Its version is the distribution's.
const WALLPAPERS: &str = "plasma-workspace-wallpapers";

/// Makes sure that `<cache>/training/data` holds `objects/`, `names.json` and `wallpapers/`.
pub(crate) fn ensure(paths: &Paths) -> Result<PathBuf> {
    let place = paths.cache.join("training/data");
    let recipe = format!("{}\n{}\n{WALLPAPERS}", OBJECTS.line(), NAMES.line());
    if !folder::is_made_from(&place, &recipe) {
        let step = Board::default().step("fetching what is trained on (120 MB)");
        folder::make(&place, &recipe, |draft| {
            let unpacked = OBJECTS.fetch(draft)?;
            fs::rename(unpacked.join("assets"), draft.join("objects"))?;
            let names = NAMES.fetch(draft)?;
            fs::rename(names.join("en/data.json"), draft.join("names.json"))?;
            wallpapers(draft)
        })?;
        step.done("");
    }
    say::ok(&format!("training data in {}", paths.show(&place)));
    Ok(place)
}

impl Npm {
    fn line(&self) -> String {
        format!("{} {} {}", self.name, self.version, self.sha256)
    }

    /// Fetches and unpacks the package below `draft`; gives its folder.
    fn fetch(&self, draft: &Path) -> Result<PathBuf> {
        let scratch = draft.join(self.name.replace(['@', '/'], "-"));
        fs::create_dir_all(&scratch)?;
        node::npm(&scratch).context("npm is needed to fetch what is trained on")?;
        let package = format!("{}@{}", self.name, self.version);
        run(Command::new("npm").args(["pack", "--silent", &package]).stdout(Stdio::null()), &scratch)?;
        let archive = only_file(&scratch, "tgz")?;
        let found = wheel::sha256(&archive)?;
        if found != self.sha256 {
            bail!("{package} has checksum {found}, pinned is {}: not used", self.sha256);
        }
        run(Command::new("tar").arg("xzf").arg(&archive), &scratch)?;
        Ok(scratch.join("package"))
    }
}

fn wallpapers(draft: &Path) -> Result<()> {
    let root = debian::fetch(WALLPAPERS, draft)?;
    fs::rename(root.join("usr/share/wallpapers"), draft.join("wallpapers"))?;
    Ok(fs::remove_dir_all(draft.join(format!("{WALLPAPERS}-package")))?)
}
