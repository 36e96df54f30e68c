use super::{Listing, RemoteFile};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The file in the folder of a pulled checkpoint that says where it came from.
const NAME: &str = ".cavendish-pull.json";

/// Where the files of a folder came from: what makes a second pull cheap, and a folder accountable.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    repo: String,
    commit: String,
    /// The identity of every file that was fetched and found whole.
    files: BTreeMap<String, String>,
    #[serde(skip)]
    dir: PathBuf,
}

impl Record {
    /// The record of a folder. One that is missing or cannot be read costs a second transfer, nothing else.
    pub(crate) fn read(dir: &Path) -> Self {
        let text = fs::read_to_string(dir.join(NAME)).unwrap_or_default();
        Self { dir: dir.to_owned(), ..serde_json::from_str(&text).unwrap_or_default() }
    }

    /// From now on the files come from here.
    pub(crate) fn begin(&mut self, repo: &str, listing: &Listing) {
        (self.repo, self.commit) = (repo.to_owned(), listing.sha.clone());
    }

    /// Whether the folder holds this very file.
    pub(crate) fn has(&self, file: &RemoteFile) -> bool {
        let on_disk = fs::metadata(self.dir.join(&file.name)).is_ok_and(|found| found.len() == file.size);
        on_disk && self.files.get(&file.name).is_some_and(|identity| identity == file.identity())
    }

    /// Notes that a file is there, at once: a pull that is cut off keeps what it has.
    pub(crate) fn add(&mut self, file: &RemoteFile) -> anyhow::Result<()> {
        self.files.insert(file.name.clone(), file.identity().to_owned());
        let path = self.dir.join(NAME);
        let draft = path.with_extension("json.part");
        fs::write(&draft, serde_json::to_vec_pretty(self)?)
            .and_then(|()| fs::rename(&draft, &path))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}
