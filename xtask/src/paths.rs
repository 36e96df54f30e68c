//! Where things lie: the checkout, the cache folder and the folders in it.

use anyhow::{Context, Result};
use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
};

/// The checkout's root and its cache folder, both absolute.
#[derive(Debug, Clone)]
pub(crate) struct Paths {
    /// Root of the checkout (the folder of the workspace's `Cargo.toml`).
    pub(crate) root: PathBuf,
    /// `<root>/.cache`, or `CAVENDISH_CACHE`.
    pub(crate) cache: PathBuf,
}

impl Paths {
    /// Finds the checkout and makes the cache folder.
    pub(crate) fn discover() -> Result<Self> {
        // Cargo sets the variable for `cargo run`; the compiled-in value serves a binary started by hand.
        let manifest = env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
        let root = match Path::new(&manifest).join("..").canonicalize() {
            Ok(root) if root.join("xtask/Cargo.toml").is_file() => root,
            _ => Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().context("the checkout is gone")?,
        };
        let cache = match env::var_os("CAVENDISH_CACHE").filter(|value| !value.is_empty()) {
            Some(value) => env::current_dir()?.join(value),
            None => root.join(".cache"),
        };
        fs::create_dir_all(&cache).with_context(|| format!("cannot make the cache folder {}", cache.display()))?;
        let cache = cache.canonicalize()?;
        Ok(Self { root, cache })
    }

    /// Wheels on their way into the cache.
    pub(crate) fn downloads(&self) -> PathBuf {
        self.cache.join("downloads")
    }

    /// The value of `LIBTORCH` for builds, where cargo's own `[env]` does not give the right one: that knows only
    /// of the cache folder in the checkout. One path in two spellings would build torch-sys twice.
    pub(crate) fn libtorch_for_builds(&self) -> Option<PathBuf> {
        let moved = self.cache != self.root.join(".cache");
        (moved && self.foreign_libtorch().is_none()).then(|| self.cache.join("libtorch"))
    }

    /// `LIBTORCH` when the user exported one. Cargo's `[env]` sets it to `<root>/.cache/libtorch` otherwise.
    pub(crate) fn foreign_libtorch(&self) -> Option<PathBuf> {
        let given = PathBuf::from(env::var_os("LIBTORCH").filter(|value| !value.is_empty())?);
        let ours = [self.root.join(".cache/libtorch"), self.cache.join("libtorch")];
        let named = given.parent().and_then(|parent| Some(parent.canonicalize().ok()?.join(given.file_name()?)));
        (!ours.contains(&named.unwrap_or_else(|| given.clone()))).then_some(given)
    }

    /// Everything that belongs to the private servers.
    pub(crate) fn stack(&self) -> PathBuf {
        self.cache.join("stack")
    }

    /// The configuration file that services read to find the private servers.
    pub(crate) fn env_file(&self) -> PathBuf {
        self.stack().join("env.toml")
    }

    /// `path` as a user would type it: relative to the checkout where it lies in it.
    pub(crate) fn show(&self, path: &Path) -> String {
        let here = env::current_dir().unwrap_or_else(|_| self.root.clone());
        let shown = path.strip_prefix(&here).or_else(|_| path.strip_prefix(&self.root)).unwrap_or(path);
        shown.display().to_string()
    }
}

/// Writes a file so that a reader, or a crash, sees the old content or the new one and nothing between.
/// `mode` is the Unix permission of the new file.
pub(crate) fn write_atomic(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let folder = path.parent().context("a file has a folder")?;
    fs::create_dir_all(folder)?;
    let name = path.file_name().context("a file has a name")?.to_string_lossy();
    let draft = folder.join(format!(".{name}.{}", std::process::id()));
    let _ = fs::remove_file(&draft);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&draft, path).with_context(|| format!("cannot write {}", path.display()))
}

/// Random lower-case hexadecimal of `bytes` bytes, from the operating system.
pub(crate) fn random_hex(bytes: usize) -> Result<String> {
    use std::io::Read;
    let mut buffer = vec![0; bytes];
    fs::File::open("/dev/urandom")?.read_exact(&mut buffer)?;
    Ok(hex(&buffer))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_atomic_write_replaces_the_file_and_leaves_no_draft() {
        let folder = env::temp_dir().join(format!("xtask-paths-{}", std::process::id()));
        let file = folder.join("state.json");
        write_atomic(&file, b"one", 0o600).unwrap();
        write_atomic(&file, b"two", 0o600).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn random_hex_has_two_digits_a_byte_and_differs() {
        let (one, two) = (random_hex(16).unwrap(), random_hex(16).unwrap());
        assert_eq!(one.len(), 32);
        assert_ne!(one, two);
    }
}
