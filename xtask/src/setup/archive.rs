//! Taking files out of a zip archive (a Python wheel is one).

use crate::say::Step;
use anyhow::{Context, Result};
use std::{
    fs::{self, File},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
};
use zip::ZipArchive;

/// Opens a zip file.
pub(crate) fn open(file: &Path) -> Result<ZipArchive<File>> {
    let content = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    ZipArchive::new(content).with_context(|| format!("{} is no zip archive", file.display()))
}

/// Takes out every file for which `place` names a path below `target`, moving `step` on by the bytes written.
/// Returns how many there were.
pub(crate) fn extract<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    target: &Path,
    step: &Step,
    place: impl Fn(&str) -> Option<PathBuf>,
) -> Result<usize> {
    let mut count = 0;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let name = entry.enclosed_name().map(|name| name.to_string_lossy().into_owned());
        let Some(to) = name.filter(|_| entry.is_file()).and_then(|name| place(&name)) else { continue };
        let to = target.join(to);
        fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
        copy(&mut entry, &mut File::create(&to)?, step).with_context(|| format!("cannot write {}", to.display()))?;
        count += 1;
    }
    Ok(count)
}

/// Copies, and checks what the archive checks (its reader fails at the end when the CRC is wrong).
fn copy(from: &mut impl Read, to: &mut impl Write, step: &Step) -> Result<()> {
    let mut buffer = vec![0; 1 << 18];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..count])?;
        step.advance(u64::try_from(count)?);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;
    use zip::{ZipWriter, write::SimpleFileOptions};

    #[test]
    fn only_wanted_files_come_out_and_none_above_the_target() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for name in ["keep/a.txt", "drop/b.txt", "../keep/evil.txt"] {
            writer.start_file(name, SimpleFileOptions::default()).unwrap();
            writer.write_all(name.as_bytes()).unwrap();
        }
        let mut archive = ZipArchive::new(writer.finish().unwrap()).unwrap();
        let target = std::env::temp_dir().join(format!("xtask-archive-{}/in", std::process::id()));
        let step = crate::say::Board::default().step("test");
        let place = |name: &str| name.contains("keep/").then(|| PathBuf::from(name.replace("keep/", "")));
        assert_eq!(extract(&mut archive, &target, &step, place).unwrap(), 1);
        assert_eq!(fs::read(target.join("a.txt")).unwrap(), b"keep/a.txt");
        assert!(!target.parent().unwrap().join("evil.txt").exists());
        fs::remove_dir_all(target.parent().unwrap()).unwrap();
    }
}
