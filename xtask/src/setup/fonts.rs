//! The fonts that type is set in: Noto (OFL), out of Debian's packages.

use super::{debian, folder};
use crate::{paths::Paths, say, say::Board};
use anyhow::Result;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A package, and which of its files are wanted.
type Package = (&'static str, fn(&str) -> bool);

/// Noto Sans in regular and bold, Chinese, Japanese and Korean, emoji. The
/// packages' versions are the distribution's.
const PACKAGES: [Package; 3] =
    [("fonts-noto-core", is_sans), ("fonts-noto-cjk", is_cjk), ("fonts-noto-color-emoji", is_emoji)];

/// Scripts of Noto Sans beside Latin, Greek and Cyrillic, as its file names have them.
const SCRIPTS: &str = "Arabic Armenian Bengali CanadianAboriginal Cherokee Devanagari Ethiopic Georgian Gujarati Gurmukhi \
Hebrew Kannada Khmer Lao Malayalam Myanmar Oriya Sinhala Symbols Tamil Telugu Thaana Thai";

/// Makes sure that `<cache>/fonts` holds the fonts; says what it means where they cannot be had.
pub(crate) fn ensure(paths: &Paths) -> Result<()> {
    let place = paths.cache.join("fonts");
    let recipe = format!("{}\n{SCRIPTS}", PACKAGES.map(|(name, _)| name).join("\n"));
    if !folder::is_made_from(&place, &recipe) {
        if !debian::is_here() {
            let shown = paths.show(&place);
            say::note(&format!("no fonts: put Noto's .ttf files into {shown} to set copy onto images"));
            return Ok(());
        }
        let step = Board::default().step("fetching fonts (79 MB)");
        folder::make(&place, &recipe, |draft| {
            PACKAGES.iter().try_for_each(|(package, wanted)| lay_out(package, *wanted, draft))
        })?;
        step.done("");
    }
    say::ok(&format!("fonts in {}", paths.show(&place)));
    Ok(())
}

/// Moves the wanted files of a package into `draft`, and its licence.
fn lay_out(package: &str, wanted: fn(&str) -> bool, draft: &Path) -> Result<()> {
    let root = debian::fetch(package, draft)?;
    for kind in ["truetype", "opentype"] {
        for file in files(&root.join("usr/share/fonts").join(kind).join("noto")) {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if wanted(&name) {
                fs::rename(&file, draft.join(name))?;
            }
        }
    }
    fs::copy(root.join("usr/share/doc").join(package).join("copyright"), draft.join(format!("{package}.licence")))?;
    Ok(fs::remove_dir_all(draft.join(format!("{package}-package")))?)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn is_sans(name: &str) -> bool {
    let script = name
        .strip_prefix("NotoSans")
        .and_then(|rest| rest.strip_suffix("-Regular.ttf").or_else(|| rest.strip_suffix("-Bold.ttf")));
    script.is_some_and(|script| script.is_empty() || SCRIPTS.split(' ').any(|known| known == script))
}

fn is_cjk(name: &str) -> bool {
    matches!(name, "NotoSansCJK-Regular.ttc" | "NotoSansCJK-Bold.ttc")
}

fn is_emoji(name: &str) -> bool {
    name == "NotoColorEmoji.ttf"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_wanted_files_are_laid_out() {
        for good in ["NotoSans-Bold.ttf", "NotoSansThai-Regular.ttf"] {
            assert!(is_sans(good), "{good}");
        }
        for bad in ["NotoSans-Italic.ttf", "NotoSansMono-Bold.ttf", "NotoSerif-Bold.ttf", "NotoSansThaiUI-Bold.ttf"] {
            assert!(!is_sans(bad), "{bad}");
        }
    }
}
