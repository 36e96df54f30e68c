//! The large U²-Net (Apache-2.0), converted from the ONNX file of a Python package, in a folder that services can be
//! given in place of `models/vision`.

use super::{cutout, folder, onnx};
use crate::{paths::Paths, say, say::Board};
use anyhow::{Context, Result, bail};
use safetensors::tensor::serialize;
use std::{fs, path::Path};
use toml::{Table, Value};

/// The committed networks, one of which the same conversion makes.
const COMMITTED: &str = "models/vision";
const SMALL: &str = "u2netp.safetensors";

const NAME: &str = "u2net";
const FILE: &str = "u2net.safetensors";

/// Makes sure that `<cache>/models/vision-large` holds what `models/vision` does, with the large network that cuts out.
pub(super) fn ensure(paths: &Paths) -> Result<()> {
    let weights = paths.cache.join("models").join(NAME);
    let recipe = format!("{}\n{}\nconverted 1", cutout::origin(true), cutout::origin(false));
    if !folder::is_made_from(&weights, &recipe) {
        let scratch = paths.downloads().join(NAME);
        check_committed(paths, &scratch)?;
        let large = fs::read(cutout::network(paths, true, &scratch)?)?;
        let step = Board::default().step("converting U²-Net");
        folder::make(&weights, &recipe, |draft| Ok(fs::write(draft.join(FILE), convert(&large)?)?))?;
        step.done("");
        let _ = fs::remove_dir_all(scratch);
    }
    let place = paths.cache.join("models/vision-large");
    // Each time, and without a look at the network: the folder goes with the committed one as it is now.
    folder::make(&place, &recipe, |draft| lay_out(&paths.root.join(COMMITTED), &weights.join(FILE), draft))?;
    say::ok(&format!("the large network in {0}; use it: [renderer] vision_dir = \"{0}\"", paths.show(&place)));
    Ok(())
}

/// The committed weights are what this conversion makes of the small network's file, byte for byte.
fn check_committed(paths: &Paths, scratch: &Path) -> Result<()> {
    let small = fs::read(cutout::network(paths, false, scratch)?)?;
    let committed = Path::new(COMMITTED).join(SMALL);
    if convert(&small)? != fs::read(paths.root.join(&committed))? {
        bail!("{} is not what its package's file converts to", committed.display());
    }
    Ok(())
}

/// The weights in an ONNX file of U²-Net as safetensors, under the names that the engine knows.
fn convert(file: &[u8]) -> Result<Vec<u8>> {
    let model = onnx_rs::parse(file).context("this is no ONNX file")?;
    let graph = model.graph.context("the ONNX file has no graph")?;
    let tensors = onnx::convolutions(&graph, &names()).context("this is no U²-Net with batch norm folded in")?;
    Ok(serialize(tensors, None)?)
}

/// The convolutions in the order of execution: the blocks', then those that make the map.
fn names() -> Vec<String> {
    let blocks = (0..112).map(|n| format!("rebn{n:03}"));
    let sides = (1..=6).map(|n| format!("side{n}"));
    blocks.chain(sides).chain(["outconv".to_owned()]).collect()
}

/// Fills `draft` with the committed folder's networks and licences, the one that cuts out in the large size.
fn lay_out(committed: &Path, weights: &Path, draft: &Path) -> Result<()> {
    let (manifest, others) = manifest(&fs::read_to_string(committed.join("vision.toml"))?)?;
    fs::write(draft.join("vision.toml"), manifest)?;
    // A link, where the file system has them, spares as much again of the disk.
    fs::hard_link(weights, draft.join(FILE)).or_else(|_| fs::copy(weights, draft.join(FILE)).map(drop))?;
    for entry in fs::read_dir(committed)? {
        let name = entry?.file_name();
        let known = name.to_string_lossy();
        if known.starts_with("LICENSE") || others.iter().any(|other| *other == known) {
            fs::copy(committed.join(&name), draft.join(&name))?;
        }
    }
    match others.iter().find(|other| !draft.join(other).exists()) {
        Some(missing) => bail!("{} lacks {missing}", committed.display()),
        None => Ok(()),
    }
}

/// The committed manifest with the large network in it, and the files that it names beside.
fn manifest(committed: &str) -> Result<(String, Vec<String>)> {
    let mut manifest: Table = committed.parse()?;
    let cutout = manifest.get_mut("cutout").and_then(Value::as_table_mut).context("vision.toml names no cutout")?;
    cutout.insert("name".into(), NAME.into());
    cutout.insert("file".into(), FILE.into());
    let others = manifest.iter().filter(|(key, _)| *key != "cutout");
    let others = others.filter_map(|(_, entry)| Some(entry.get("file")?.as_str()?.to_owned())).collect();
    let text = toml::to_string(&manifest)?;
    Ok((format!("# {COMMITTED}/vision.toml with the large network, by `cargo xtask setup --large`.\n\n{text}"), others))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[cutout]\nname = \"u2netp\"\nfile = \"u2netp.safetensors\"\nside = 320\n\n\
        [encoder]\nname = \"e\"\nfile = \"e.safetensors\"\neven = 0.709\n";

    #[test]
    fn a_folder_differs_in_the_network_alone() {
        let root = std::env::temp_dir().join(format!("xtask-u2net-{}", std::process::id()));
        let (committed, draft) = (root.join("committed"), root.join("draft"));
        for folder in [&committed, &draft] {
            fs::create_dir_all(folder).unwrap();
        }
        for (name, text) in [("vision.toml", MANIFEST), ("LICENSE-A", "a"), ("README.md", "r"), (SMALL, "small")] {
            fs::write(committed.join(name), text).unwrap();
        }
        let weights = root.join("weights");
        fs::write(&weights, "large").unwrap();
        let refused = lay_out(&committed, &weights, &draft).unwrap_err().to_string();
        assert!(refused.ends_with("lacks e.safetensors"), "{refused}");
        fs::write(committed.join("e.safetensors"), "e").unwrap();
        fs::remove_file(draft.join(FILE)).unwrap();
        lay_out(&committed, &weights, &draft).unwrap();
        let mut names: Vec<_> = fs::read_dir(&draft).unwrap().map(|file| file.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["LICENSE-A", "e.safetensors", FILE, "vision.toml"]);
        assert_eq!(fs::read_to_string(draft.join(FILE)).unwrap(), "large");
        let mut made: Table = fs::read_to_string(draft.join("vision.toml")).unwrap().parse().unwrap();
        assert_eq!(made["cutout"]["name"].as_str(), Some(NAME));
        made["cutout"]["name"] = "u2netp".into();
        made["cutout"]["file"] = SMALL.into();
        assert_eq!(made, MANIFEST.parse::<Table>().unwrap());
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn what_is_no_network_is_refused() {
        let refused = |file: &[u8]| format!("{:#}", convert(file).unwrap_err());
        assert!(refused(&[0x3a, 0x7f]).starts_with("this is no ONNX file"));
        assert!(refused(&[]).contains("no graph"));
        assert!(refused(&[0x3a, 0]).contains("0 convolutions and 119 names"));
    }
}
