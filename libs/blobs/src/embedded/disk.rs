//! Objects as files: `root/<bucket>/<key>`, with drafts in `root/.drafts`. Blocking; the backend calls it off the
//! runtime's threads.

use super::object::Object;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Tries to place a file in a folder that a delete keeps pruning.
const PLACE_ATTEMPTS: usize = 16;

#[derive(Debug, thiserror::Error)]
pub(super) enum DiskError {
    #[error("no such bucket")]
    NoBucket,
    #[error("no such key")]
    NoKey,
    #[error("the key is taken")]
    Taken,
    #[error("the bucket is there already")]
    BucketTaken,
    #[error("the bucket is not empty")]
    BucketNotEmpty,
    #[error("this server cannot hold the key: {0}")]
    BadKey(&'static str),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Whether an object may replace another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placing {
    OnlyIfFree,
    Replace,
}

#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    drafts: PathBuf,
    sync: bool,
    next_draft: AtomicU64,
    /// Held while the server lives; the system lets go of it when the process dies.
    _lock: File,
}

impl Disk {
    /// Takes the folder for this server and clears what a killed one left half-written.
    pub(super) fn open(root: &Path, sync: bool) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let root = root.canonicalize()?;
        let lock = File::create(root.join(".lock"))?;
        lock.try_lock().map_err(|_| io::Error::new(ErrorKind::ResourceBusy, "another server serves it"))?;
        let drafts = root.join(".drafts");
        if drafts.exists() {
            fs::remove_dir_all(&drafts)?;
        }
        fs::create_dir(&drafts)?;
        Ok(Self { root, drafts, sync, next_draft: AtomicU64::new(0), _lock: lock })
    }

    /// A path for a new draft, removed when dropped.
    pub(super) fn draft(&self) -> Draft {
        Draft(self.drafts.join(self.next_draft.fetch_add(1, Ordering::Relaxed).to_string()))
    }

    /// The folder of a bucket that exists.
    pub(super) fn bucket(&self, bucket: &str) -> Result<PathBuf, DiskError> {
        let path = self.bucket_path(bucket)?;
        if path.is_dir() { Ok(path) } else { Err(DiskError::NoBucket) }
    }

    pub(super) fn create_bucket(&self, bucket: &str) -> Result<(), DiskError> {
        match fs::create_dir(self.bucket_path(bucket)?) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(DiskError::BucketTaken),
            result => Ok(result?),
        }
    }

    pub(super) fn delete_bucket(&self, bucket: &str) -> Result<(), DiskError> {
        match fs::remove_dir(self.bucket(bucket)?) {
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Err(DiskError::BucketNotEmpty),
            result => Ok(result?),
        }
    }

    /// Names of all buckets, in order.
    pub(super) fn buckets(&self) -> Result<Vec<String>, DiskError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && entry.file_type()?.is_dir() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Makes a finished draft the object: in one step of the file system, so that readers see all of it or
    /// nothing, and of several `OnlyIfFree` at once exactly one succeeds.
    pub(super) fn place(&self, draft: Draft, bucket: &str, key: &str, placing: Placing) -> Result<(), DiskError> {
        let bucket = self.bucket(bucket)?;
        let path = bucket.join(relative(key)?);
        let folder = path.parent().unwrap_or(&bucket);
        if self.sync {
            File::open(&draft.0)?.sync_all()?;
        }
        let mut attempts = 0;
        loop {
            attempts += 1;
            match fs::create_dir_all(folder).and_then(|()| link_or_rename(&draft.0, &path, placing)) {
                Ok(()) => break,
                // A delete pruned the folder between the two steps.
                Err(error) if error.kind() == ErrorKind::NotFound && attempts < PLACE_ATTEMPTS => {}
                Err(error) => return Err(placing_error(error, &path)),
            }
        }
        if self.sync {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    pub(super) fn open_object(&self, bucket: &str, key: &str) -> Result<Object, DiskError> {
        let bucket = self.bucket(bucket)?;
        let path = bucket.join(relative(key).map_err(|_| DiskError::NoKey)?);
        match File::open(&path) {
            Ok(file) if file.metadata()?.is_file() => Ok(Object::read(file)?),
            Ok(_) => Err(DiskError::NoKey),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Err(DiskError::NoKey)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Removes an object and the folders that it leaves empty. One that is not there is already removed.
    pub(super) fn delete(&self, bucket: &str, key: &str) -> Result<(), DiskError> {
        let bucket = self.bucket(bucket)?;
        let Ok(relative) = relative(key) else { return Ok(()) };
        let path = bucket.join(relative);
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(_) if !path.is_file() => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        for folder in path.ancestors().skip(1).take_while(|folder| *folder != bucket) {
            // The first folder that still holds something is where it should end.
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn bucket_path(&self, bucket: &str) -> Result<PathBuf, DiskError> {
        let plain = !bucket.is_empty() && !bucket.starts_with('.') && !bucket.contains(['/', '\\', '\0']);
        if plain { Ok(self.root.join(bucket)) } else { Err(DiskError::NoBucket) }
    }
}

/// The path of a key below its bucket. Everything that a file system would read differently is refused.
fn relative(key: &str) -> Result<PathBuf, DiskError> {
    let bad = |what| Err(DiskError::BadKey(what));
    for part in key.split('/') {
        match part {
            "" => return bad("a part between slashes is empty"),
            "." | ".." => return bad("a part between slashes is `.` or `..`"),
            _ if part.len() > 255 => return bad("a part between slashes has more than 255 bytes"),
            _ if part.contains(['\0', '\\']) => return bad("it contains NUL or a backslash"),
            _ => {}
        }
    }
    Ok(PathBuf::from(key))
}

fn link_or_rename(draft: &Path, path: &Path, placing: Placing) -> io::Result<()> {
    match placing {
        Placing::OnlyIfFree => fs::hard_link(draft, path),
        Placing::Replace => fs::rename(draft, path),
    }
}

fn placing_error(error: io::Error, path: &Path) -> DiskError {
    match error.kind() {
        ErrorKind::AlreadyExists if path.is_file() => DiskError::Taken,
        ErrorKind::AlreadyExists | ErrorKind::IsADirectory | ErrorKind::NotADirectory => {
            DiskError::BadKey("a beginning of it is the key of another object, or the other way round")
        }
        _ => error.into(),
    }
}

/// A file that is being written; gone when dropped.
#[derive(Debug)]
pub(super) struct Draft(PathBuf);

impl Draft {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove.
        fs::remove_file(&self.0).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_never_leave_their_bucket() {
        for key in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "./a", "a\0b", "a\\b"] {
            assert!(matches!(relative(key), Err(DiskError::BadKey(_))), "{key:?}");
        }
        assert!(relative("tenant/jobs/1/asset.png").is_ok());
    }

    #[test]
    fn one_folder_has_one_server() {
        let folder = tempfile::tempdir().unwrap();
        let first = Disk::open(folder.path(), false).unwrap();
        assert!(Disk::open(folder.path(), false).is_err());
        drop(first);
        Disk::open(folder.path(), false).unwrap();
    }
}
