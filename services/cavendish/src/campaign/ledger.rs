//! What a campaign has done so far: a file of JSON lines, one a step, written as steps end. A campaign that was
//! interrupted goes on behind the last whole line.

use super::entry::{Entry, Outcome};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// What is remembered of a step while a campaign runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    pub(crate) fingerprint: String,
    /// The profile, of a product.
    pub(crate) profile: Option<String>,
    pub(crate) done: bool,
    /// How often it failed.
    pub(crate) failures: u32,
    /// Where its newest line begins.
    at: u64,
}

/// The ledger of one campaign.
pub(crate) struct Ledger {
    path: PathBuf,
    id: Uuid,
    state: Mutex<State>,
}

struct State {
    file: File,
    known: HashMap<String, Known>,
    /// Where the next line begins.
    end: u64,
}

impl Ledger {
    /// Takes up the ledger in `folder`, or begins one.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("campaign.jsonl");
        let cannot = || format!("cannot keep the campaign's ledger {}", path.display());
        let (mut known, mut id) = (HashMap::new(), None);
        if path.is_file() {
            id = id_of(&path).with_context(cannot)?;
            each(&path, |at, entry| learn(&mut known, &entry, at)).with_context(cannot)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).open(&path).with_context(cannot)?;
        // A line that was cut off when the machine went down ends here.
        writeln!(file).with_context(cannot)?;
        let id = match id {
            Some(id) => id,
            None => {
                let id = Uuid::new_v4();
                writeln!(file, "{}", serde_json::to_string(&Begun { ledger: id })?).with_context(cannot)?;
                id
            }
        };
        let end = file.metadata().with_context(cannot)?.len();
        Ok(Self { path, id, state: Mutex::new(State { file, known, end }) })
    }

    /// Of this ledger, and no other: another run of the same campaign elsewhere shares no idempotency keys with it.
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a step.
    pub(crate) fn known(&self, key: &str) -> Option<Known> {
        self.state().known.get(key).cloned()
    }

    /// How a step ended last.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn read(&self, key: &str) -> anyhow::Result<Option<Entry>> {
        let Some(known) = self.known(key) else { return Ok(None) };
        let mut file = BufReader::new(File::open(&self.path)?);
        file.seek(SeekFrom::Start(known.at))?;
        let mut line = String::new();
        file.read_line(&mut line)?;
        Ok(Some(serde_json::from_str(&line).with_context(|| format!("{} was changed", self.path.display()))?))
    }

    /// Writes down how a step ended.
    ///
    /// # Errors
    /// When the disk is full or away.
    pub(crate) fn write(&self, entry: &Entry) -> anyhow::Result<()> {
        let mut line = serde_json::to_string(entry)?;
        line.push('\n');
        let mut state = self.state();
        state.file.write_all(line.as_bytes()).with_context(|| format!("cannot write {}", self.path.display()))?;
        let at = state.end;
        state.end += line.len() as u64;
        learn(&mut state.known, entry, at);
        Ok(())
    }

    /// Every job that was done and still holds, in the order they ended.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn each_made(&self, mut tell: impl FnMut(Entry) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut told = Ok(());
        each(&self.path, |at, entry| {
            let holds = self.state().known.get(&entry.key).is_some_and(|known| known.at == at);
            if holds && told.is_ok() && matches!(entry.outcome, Outcome::Made { .. }) {
                told = tell(entry);
            }
        })?;
        told
    }

    /// The job that drew a picture, and the idempotency key that it was sent under.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn drawing(&self, picture: &str) -> anyhow::Result<Option<(Uuid, String)>> {
        Ok(self.read(picture)?.and_then(|entry| match entry.outcome {
            Outcome::Drawn { job, once } => Some((job, once)),
            _ => None,
        }))
    }

    /// How long jobs took, those too that were made anew since.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn pace(&self) -> anyhow::Result<Pace> {
        let (mut drawn, mut finished) = (Mean::default(), Mean::default());
        each(&self.path, |_, entry| match entry.outcome {
            Outcome::Made { seconds, renders_of: None, .. } => drawn.add(seconds),
            Outcome::Made { seconds, .. } => finished.add(seconds),
            _ => {}
        })?;
        Ok(Pace { drawn: drawn.value(), finished: finished.value() })
    }
}

/// Seconds that jobs took on average, from sending them to the last file; `None` while there was none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pace {
    /// Those that were drawn.
    pub(crate) drawn: Option<f64>,
    /// Those that were finished from another one's renders.
    pub(crate) finished: Option<f64>,
}

#[derive(Default)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn value(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }
}

fn learn(known: &mut HashMap<String, Known>, entry: &Entry, at: u64) {
    let before = known.get(&entry.key).filter(|known| known.fingerprint == entry.fingerprint);
    let failures = before.map_or(0, |known| known.failures);
    let (profile, done, failures) = match &entry.outcome {
        Outcome::Profiled { profile } => (Some(profile.clone()), true, failures),
        Outcome::Drawn { .. } | Outcome::Made { .. } => (None, true, failures),
        Outcome::Failed { .. } => (None, false, failures + 1),
    };
    known.insert(entry.key.clone(), Known { fingerprint: entry.fingerprint.clone(), profile, done, failures, at });
}

/// The line that a ledger is begun with.
#[derive(Serialize, Deserialize)]
struct Begun {
    ledger: Uuid,
}

/// The id of a ledger; None where it has none yet.
fn id_of(path: &Path) -> anyhow::Result<Option<Uuid>> {
    for line in BufReader::new(File::open(path)?).split(b'\n') {
        if let Ok(begun) = serde_json::from_slice::<Begun>(&line?) {
            return Ok(Some(begun.ledger));
        }
    }
    Ok(None)
}

/// Reads the entries of a ledger with where they begin; lines that are none were cut off.
fn each(path: &Path, mut tell: impl FnMut(u64, Entry)) -> anyhow::Result<()> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut at = 0;
    for line in BufReader::new(file).split(b'\n') {
        let line = line?;
        if let Ok(entry) = serde_json::from_slice(&line) {
            tell(at, entry);
        }
        at += line.len() as u64 + 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(key: &str, fingerprint: &str) -> Entry {
        let outcome = Outcome::Made {
            job: Uuid::nil(),
            product: "p".into(),
            title: "t".into(),
            locale: "en-US".into(),
            scene: "s".into(),
            files: vec![],
            seconds: 1.0,
            renders_of: None,
        };
        Entry { key: key.into(), fingerprint: fingerprint.into(), outcome }
    }

    fn failed(key: &str) -> Entry {
        let outcome = Outcome::Failed { job: None, error: "no".into() };
        Entry { key: key.into(), fingerprint: "1".into(), outcome }
    }

    #[test]
    fn what_was_done_is_known_after_a_crash() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        for entry in [made("a", "1"), failed("b"), failed("b"), made("c", "1"), made("c", "2")] {
            ledger.write(&entry).unwrap();
        }
        std::fs::OpenOptions::new().append(true).open(&ledger.path).unwrap().write_all(b"{\"key\":\"d\",").unwrap();
        let id = ledger.id();
        drop(ledger);
        let again = Ledger::open(dir.path()).unwrap();
        assert_eq!(again.id(), id);
        again.write(&made("e", "1")).unwrap();
        assert!(again.known("a").unwrap().done);
        let b = again.known("b").unwrap();
        assert_eq!((b.done, b.failures), (false, 2));
        assert_eq!(again.known("d"), None);
        let mut told = vec![];
        let each = again.each_made(|entry| {
            told.push(format!("{}{}", entry.key, entry.fingerprint));
            Ok(())
        });
        each.unwrap();
        assert_eq!(told, ["a1", "c2", "e1"], "what was done anew counts once");
        assert_eq!(again.read("c").unwrap(), Some(made("c", "2")));
        assert_eq!(again.pace().unwrap(), Pace { drawn: Some(1.0), finished: None });
    }
}
