//! A folder in the cache that exists whole, with the versions and checksums it was made from, or not at all.

use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The file in each made folder that says what it was made from.
const STAMP: &str = ".made-from";

/// Whether `folder` was made from exactly `recipe`.
pub(crate) fn is_made_from(folder: &Path, recipe: &str) -> bool {
    fs::read_to_string(folder.join(STAMP)).is_ok_and(|stamp| stamp == recipe)
}

/// Makes `folder` with `fill`, which is given an empty folder beside it. The result is moved into place in one
/// step: a run that is killed leaves the old folder, or the new one, and at most a draft for the next run to remove.
pub(crate) fn make(folder: &Path, recipe: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let draft = beside(folder, "draft");
    let old = beside(folder, "old");
    for leftover in [&draft, &old] {
        if leftover.exists() {
            fs::remove_dir_all(leftover).with_context(|| format!("cannot remove {}", leftover.display()))?;
        }
    }
    fs::create_dir_all(&draft)?;
    fill(&draft)?;
    stamp(&draft, recipe)?;
    if folder.exists() {
        fs::rename(folder, &old)?;
    }
    fs::rename(&draft, folder).with_context(|| format!("cannot move {} into place", folder.display()))?;
    let _ = fs::remove_dir_all(old);
    Ok(())
}

/// Marks `folder` as made from `recipe`.
pub(crate) fn stamp(folder: &Path, recipe: &str) -> Result<()> {
    Ok(fs::write(folder.join(STAMP), recipe)?)
}

fn beside(folder: &Path, suffix: &str) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    folder.with_file_name(format!(".{name}.{suffix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_fill_leaves_the_old_folder_and_the_next_one_replaces_it() {
        let root = std::env::temp_dir().join(format!("xtask-folder-{}", std::process::id()));
        let folder = root.join("thing");
        make(&folder, "v1", |draft| Ok(fs::write(draft.join("a"), "1")?)).unwrap();
        assert!(is_made_from(&folder, "v1") && !is_made_from(&folder, "v2"));
        let failed = make(&folder, "v2", |draft| {
            fs::write(draft.join("half"), "")?;
            anyhow::bail!("killed")
        });
        assert!(failed.is_err() && is_made_from(&folder, "v1"));
        make(&folder, "v2", |draft| Ok(fs::write(draft.join("b"), "2")?)).unwrap();
        assert!(is_made_from(&folder, "v2") && !folder.join("a").exists() && !folder.join("half").exists());
        assert_eq!(fs::read_dir(&root).unwrap().count(), 1);
        fs::remove_dir_all(root).unwrap();
    }
}
