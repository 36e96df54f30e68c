//! Listing a bucket in the order and the pages that S3 has.

use super::disk::{Disk, DiskError};
use super::object::Object;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::time::SystemTime;

/// One line of a listing.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    Object {
        len: u64,
        modified: SystemTime,
        e_tag: String,
    },
    /// Keys that share a beginning up to the delimiter.
    Prefix,
}

/// What to list.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) prefix: String,
    pub(super) delimiter: Option<String>,
    /// Only names behind this one.
    pub(super) after: String,
    pub(super) limit: usize,
}

/// A page of names in order, and whether there are more.
pub(super) struct Page {
    pub(super) entries: Vec<(String, Entry)>,
    pub(super) more: bool,
}

impl Disk {
    pub(super) fn list(&self, bucket: &str, query: &Query) -> Result<Page, DiskError> {
        let bucket = self.bucket(bucket)?;
        let mut names = BTreeMap::new();
        walk(&bucket, "", query, &mut names)?;
        let more = names.len() > query.limit;
        let mut entries = Vec::new();
        for (name, is_prefix) in names.into_iter().take(query.limit) {
            if is_prefix {
                entries.push((name, Entry::Prefix));
            } else if let Ok(object) = File::open(bucket.join(&name)).and_then(Object::read) {
                let (len, modified, e_tag) = (object.len, object.modified, object.attributes.e_tag);
                entries.push((name, Entry::Object { len, modified, e_tag }));
            }
        }
        Ok(Page { entries, more })
    }
}

/// Collects names below `folder`, whose keys begin with `base` (empty, or ending in `/`).
fn walk(folder: &Path, base: &str, query: &Query, names: &mut BTreeMap<String, bool>) -> Result<(), DiskError> {
    // A folder that a delete has just pruned holds nothing.
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if entry.file_type()?.is_dir() {
            let below = format!("{base}{name}/");
            if below.starts_with(&query.prefix) || query.prefix.starts_with(&below) {
                walk(&entry.path(), &below, query, names)?;
            }
        } else {
            note(format!("{base}{name}"), query, names);
        }
    }
    Ok(())
}

fn note(key: String, query: &Query, names: &mut BTreeMap<String, bool>) {
    let Some(rest) = key.strip_prefix(&query.prefix) else { return };
    let cut = query.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
    let cut = cut.and_then(|delimiter| rest.find(delimiter).map(|at| query.prefix.len() + at + delimiter.len()));
    let name = cut.map_or_else(|| key.clone(), |at| key[..at].to_owned());
    if name > query.after {
        names.insert(name, cut.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::disk::Placing;
    use crate::embedded::object::Attributes;

    fn names(disk: &Disk, query: &Query) -> (Vec<String>, bool) {
        let page = disk.list("b", query).unwrap();
        (page.entries.into_iter().map(|(name, _)| name).collect(), page.more)
    }

    #[test]
    fn listings_are_in_key_order_and_pages_join_without_gap_or_overlap() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path(), false).unwrap();
        disk.create_bucket("b").unwrap();
        // In this order: folders sort differently from keys (`a-` < `a/` < `a0`).
        let keys = ["a-", "a/1", "a/2/x", "a0", "b"];
        for key in keys {
            let draft = disk.draft();
            fs::write(draft.path(), Attributes::default().trailer()).unwrap();
            disk.place(draft, "b", key, Placing::OnlyIfFree).unwrap();
        }
        let mut seen: Vec<String> = Vec::new();
        loop {
            let after = seen.last().cloned().unwrap_or_default();
            let (page, more) = names(&disk, &Query { after, limit: 2, ..Query::default() });
            seen.extend(page);
            if !more {
                break;
            }
        }
        assert_eq!(seen, keys);

        let folders = Query { prefix: "a".into(), delimiter: Some("/".into()), limit: 9, ..Query::default() };
        assert_eq!(names(&disk, &folders).0, ["a-", "a/", "a0"]);
        assert_eq!(names(&disk, &Query { after: "a/".into(), ..folders }).0, ["a0"]);
    }
}
