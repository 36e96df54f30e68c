//! The demo's product photograph: a coffee cup (CC0), as scikit-image ships it.

use super::{
    archive, folder,
    wheel::{self, Wheel},
};
use crate::{paths::Paths, say, say::Board};
use anyhow::{Result, bail};
use std::{fs, path::PathBuf};

pub(super) const SCIKIT_IMAGE: Wheel = Wheel {
    name: "scikit-image",
    version: "0.26.0",
    sha256: "74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af",
    size: 13_711_217,
    platforms: wheel::LINUX_X86_64,
};

const PHOTO_SHA256: &str = "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7";

/// Makes sure that `<cache>/demo/coffee.png` is there.
pub(crate) fn ensure(paths: &Paths) -> Result<()> {
    let place = paths.cache.join("demo");
    let recipe = format!("{}\ncoffee.png {PHOTO_SHA256}", SCIKIT_IMAGE.line());
    if !folder::is_made_from(&place, &recipe) {
        // The photograph is the same in the wheel of every platform; one is pinned.
        let file = SCIKIT_IMAGE.fetch(paths)?;
        let step = Board::default().step("unpacking the demo photograph");
        folder::make(&place, &recipe, |draft| {
            let photo = |name: &str| name.ends_with("data/coffee.png").then(|| PathBuf::from("coffee.png"));
            archive::extract(&mut archive::open(&file)?, draft, &step, photo)?;
            if wheel::sha256(&draft.join("coffee.png"))? != PHOTO_SHA256 {
                bail!("the photograph is not the one that was pinned");
            }
            Ok(())
        })?;
        drop(step);
        fs::remove_file(file)?;
    }
    say::ok(&format!("demo photograph in {}", paths.show(&place)));
    Ok(())
}
