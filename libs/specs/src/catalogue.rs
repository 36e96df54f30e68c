//! The specs by id, read from the files in `catalogue/`.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use crate::spec::{Fill, Spec};

const FILES: [&str; 13] = [
    include_str!("../catalogue/amazon.toml"),
    include_str!("../catalogue/dv360.toml"),
    include_str!("../catalogue/ebay.toml"),
    include_str!("../catalogue/etsy.toml"),
    include_str!("../catalogue/google.toml"),
    include_str!("../catalogue/iab.toml"),
    include_str!("../catalogue/linkedin.toml"),
    include_str!("../catalogue/meta.toml"),
    include_str!("../catalogue/pinterest.toml"),
    include_str!("../catalogue/shopify.toml"),
    include_str!("../catalogue/tiktok.toml"),
    include_str!("../catalogue/walmart.toml"),
    include_str!("../catalogue/x.toml"),
];

/// A spec id that the catalogue does not have, with the ids that come near it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown spec `{id}`{}", suggestion(.near))]
pub struct UnknownSpec {
    /// The id that was asked for.
    pub id: String,
    /// Up to three known ids, nearest first.
    pub near: Vec<String>,
}

fn suggestion(near: &[String]) -> String {
    match near {
        [] => String::new(),
        [one] => format!("; did you mean `{one}`?"),
        many => format!("; did you mean one of `{}`?", many.join("`, `")),
    }
}

/// Why a catalogue file cannot be used.
#[derive(Debug, Error)]
pub enum CatalogueError {
    /// The text is not TOML of the right shape.
    #[error("catalogue file is malformed")]
    Malformed(#[from] toml::de::Error),
    /// Two specs have the same id.
    #[error("spec `{0}` is in the catalogue twice")]
    Duplicate(String),
    /// A spec contradicts itself.
    #[error("spec `{id}`: {reason}")]
    Invalid {
        /// The spec.
        id: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    network: String,
    spec: Vec<Spec>,
}

/// Specs by id, in the order of their ids.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    specs: BTreeMap<String, Spec>,
}

impl Catalogue {
    /// The specs that Cavendish ships.
    pub fn builtin() -> &'static Self {
        static BUILTIN: std::sync::LazyLock<Catalogue> = std::sync::LazyLock::new(|| {
            let mut catalogue = Catalogue::default();
            for text in FILES {
                if let Err(error) = catalogue.add(text) {
                    // The files are part of this crate, and a test loads them: this is unreachable in a tested build.
                    panic!("built-in catalogue: {error}");
                }
            }
            catalogue
        });
        &BUILTIN
    }

    /// Adds the specs of one TOML file (`network = "…"`, then `[[spec]]` tables).
    ///
    /// # Errors
    /// [`CatalogueError`] when the text is malformed, an id is taken, or a spec contradicts itself; nothing is added then.
    pub fn add(&mut self, text: &str) -> Result<(), CatalogueError> {
        let file: File = toml::from_str(text)?;
        let mut fresh = BTreeMap::new();
        for mut spec in file.spec {
            spec.network.clone_from(&file.network);
            validate(&spec).map_err(|reason| CatalogueError::Invalid { id: spec.id.clone(), reason })?;
            if self.specs.contains_key(&spec.id) || fresh.contains_key(&spec.id) {
                return Err(CatalogueError::Duplicate(spec.id));
            }
            fresh.insert(spec.id.clone(), spec);
        }
        self.specs.append(&mut fresh);
        Ok(())
    }

    /// The spec of this id.
    ///
    /// # Errors
    /// [`UnknownSpec`], which names the ids that come near.
    pub fn get(&self, id: &str) -> Result<&Spec, UnknownSpec> {
        self.specs.get(id).ok_or_else(|| UnknownSpec { id: id.chars().take(80).collect(), near: self.near(id) })
    }

    /// All specs, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Spec> {
        self.specs.values()
    }

    /// All ids, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.specs.keys().map(String::as_str)
    }

    /// Up to three ids within a few edits of `id`, or of its network when nothing else comes near.
    fn near(&self, id: &str) -> Vec<String> {
        let asked: String = id.trim().to_ascii_lowercase().replace(['_', ' '], "-").chars().take(80).collect();
        let mut scored: Vec<(usize, &str)> = self.ids().map(|known| (distance(&asked, known), known)).collect();
        scored.sort();
        let best = scored.first().map_or(usize::MAX, |&(score, _)| score);
        if best <= 3 {
            return scored.iter().take_while(|s| s.0 <= best + 1).take(3).map(|s| s.1.to_owned()).collect();
        }
        let network = asked.split('-').next().unwrap_or_default();
        self.iter().filter(|s| !network.is_empty() && s.network == network).take(3).map(|s| s.id.clone()).collect()
    }
}

fn validate(spec: &Spec) -> Result<(), &'static str> {
    let size = &spec.size;
    let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if spec.id.is_empty() || !spec.id.chars().all(kebab) {
        return Err("the id is not kebab-case");
    }
    if size.width == 0 || size.height == 0 {
        return Err("the target size is empty");
    }
    if spec.formats.is_empty() {
        return Err("no format is allowed");
    }
    let above = |value: u32, max: Option<u32>| max.is_some_and(|max| value > max);
    let below = |value: u32, min: Option<u32>| min.is_some_and(|min| value < min);
    if above(size.width, size.max_width)
        || above(size.height, size.max_height)
        || below(size.width, size.min_width)
        || below(size.height, size.min_height)
        || below(size.width.max(size.height), size.min_longest)
        || size.max_pixels.is_some_and(|max| u64::from(size.width) * u64::from(size.height) > max)
    {
        return Err("the target size is outside the allowed sizes");
    }
    if spec.fill.is_some_and(|Fill { min, max, target }| !(0.0 < min && min <= target && target <= max && max <= 1.0)) {
        return Err("the fill range is not 0 < min ≤ target ≤ max ≤ 1");
    }
    let [left, top, right, bottom] = spec.safe_area(size.width, size.height);
    if left >= right || top >= bottom {
        return Err("the safe zone leaves no room");
    }
    Ok(())
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
