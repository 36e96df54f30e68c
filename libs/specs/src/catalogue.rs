//! The specs by id: those that Cavendish ships, read from the files in `catalogue/`, and those that were added.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::error::{CatalogueError, CatalogueFault, UnknownSpec};
use crate::file;
use crate::spec::Spec;

/// The files that are shipped, by name.
const FILES: [(&str, &str); 16] = [
    ("amazon.toml", include_str!("../catalogue/amazon.toml")),
    ("dv360.toml", include_str!("../catalogue/dv360.toml")),
    ("ebay.toml", include_str!("../catalogue/ebay.toml")),
    ("etsy.toml", include_str!("../catalogue/etsy.toml")),
    ("google.toml", include_str!("../catalogue/google.toml")),
    ("iab.toml", include_str!("../catalogue/iab.toml")),
    ("linkedin.toml", include_str!("../catalogue/linkedin.toml")),
    ("meta.toml", include_str!("../catalogue/meta.toml")),
    ("pinterest.toml", include_str!("../catalogue/pinterest.toml")),
    ("print.toml", include_str!("../catalogue/print.toml")),
    ("ratio.toml", include_str!("../catalogue/ratio.toml")),
    ("shopify.toml", include_str!("../catalogue/shopify.toml")),
    ("tiktok.toml", include_str!("../catalogue/tiktok.toml")),
    ("walmart.toml", include_str!("../catalogue/walmart.toml")),
    ("web.toml", include_str!("../catalogue/web.toml")),
    ("x.toml", include_str!("../catalogue/x.toml")),
];

/// Specs by id, in the order of their ids. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    specs: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    spec: Arc<Spec>,
    /// The file that it is from.
    file: Arc<str>,
}

impl Catalogue {
    /// The specs that Cavendish ships.
    pub fn builtin() -> &'static Self {
        static BUILTIN: LazyLock<Catalogue> = LazyLock::new(|| {
            let mut catalogue = Catalogue::default();
            for (name, text) in FILES {
                if let Err(error) = catalogue.add(&format!("{name} (shipped with Cavendish)"), text) {
                    // The files are part of this crate, and a test loads them: this is unreachable in a tested build.
                    panic!("built-in catalogue: {error}");
                }
            }
            catalogue
        });
        &BUILTIN
    }

    /// Adds the specs of one TOML file: `network = "…"`, `version = 1`, then `[[spec]]` tables or a `[grid]`. `name` is what
    /// the file is called in errors.
    ///
    /// # Errors
    /// [`CatalogueError`] when the text is malformed, an id is taken, or a spec contradicts itself; nothing is added then.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), CatalogueError> {
        let file: Arc<str> = name.into();
        let fail = |fault| CatalogueError { file: name.to_owned(), fault };
        let mut fresh: BTreeMap<String, Entry> = BTreeMap::new();
        for (field, spec) in file::read(text).map_err(fail)? {
            if let Some(there) = self.specs.get(&spec.id).or_else(|| fresh.get(&spec.id)) {
                let (field, by) = (format!("{field}.id"), there.file.to_string());
                return Err(fail(CatalogueFault::Taken { field, id: spec.id, by }));
            }
            fresh.insert(spec.id.clone(), Entry { spec: Arc::new(spec), file: file.clone() });
        }
        self.specs.append(&mut fresh);
        Ok(())
    }

    /// The spec of this id.
    ///
    /// # Errors
    /// [`UnknownSpec`], which names the ids that come near.
    pub fn get(&self, id: &str) -> Result<&Spec, UnknownSpec> {
        let found = self.specs.get(id).map(|entry| &*entry.spec);
        found.ok_or_else(|| UnknownSpec { id: id.chars().take(80).collect(), near: self.near(id) })
    }

    /// All specs, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Spec> {
        self.specs.values().map(|entry| &*entry.spec)
    }

    /// All ids, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.specs.keys().map(String::as_str)
    }

    /// Up to five ids within a few edits of `id`, or of its network when nothing else comes near.
    fn near(&self, id: &str) -> Vec<String> {
        let asked: String = id.trim().to_ascii_lowercase().replace(['_', ' '], "-").chars().take(80).collect();
        let mut scored: Vec<(usize, &str)> = self.ids().map(|known| (distance(&asked, known), known)).collect();
        scored.sort();
        let best = scored.first().map_or(usize::MAX, |&(score, _)| score);
        if best <= 3 {
            return scored.iter().take_while(|s| s.0 <= best + 1).take(5).map(|s| s.1.to_owned()).collect();
        }
        let network = asked.split('-').next().unwrap_or_default();
        self.iter().filter(|s| !network.is_empty() && s.network == network).take(5).map(|s| s.id.clone()).collect()
    }
}

/// Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
