//! `plan.toml`: what is made of every product of a feed.

use super::template::{Template, is_for_locale};
use anyhow::{Context, bail, ensure};
use cavendish_domain::{Lane, Preserve, Quality, stretches};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What is made of every product: scenes × locales × deliverables × variants.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    /// Names the campaign: in file names, tags and subject profiles.
    pub(crate) name: String,
    /// What products stand in or on.
    pub(crate) scenes: Vec<Scene>,
    /// Languages and countries, BCP 47.
    #[serde(default = "usual_locales")]
    pub(crate) locales: Vec<String>,
    /// Output specs.
    pub(crate) deliverables: Vec<String>,
    /// Different images of everything, 1..=16: A, B, C, …
    #[serde(default = "one")]
    pub(crate) variants: u32,
    /// How products are kept.
    #[serde(default)]
    pub(crate) preserve: Preserve,
    /// How much care is taken.
    #[serde(default)]
    pub(crate) quality: Quality,
    /// Which queue the jobs wait in: `bulk` unless set, so that people who wait are served first.
    #[serde(default = "bulk")]
    pub(crate) lane: Lane,
    /// Of every image; drawn by lot when absent.
    pub(crate) seed: Option<u64>,
    /// Photographs of a product that are used, at most.
    #[serde(default = "usual_photos")]
    pub(crate) photos: usize,
    /// Jobs under way at once.
    #[serde(default = "usual_jobs")]
    pub(crate) at_once: usize,
    /// Where files go below the output folder.
    #[serde(default = "usual_naming")]
    pub(crate) naming: Template,
    /// Words to set onto images, by locale; `default` is for those without their own.
    #[serde(default)]
    pub(crate) copy: BTreeMap<String, BTreeMap<String, Template>>,
    /// Layout of the copy.
    pub(crate) template: Option<String>,
    /// Name of a brand kit.
    pub(crate) brand: Option<String>,
    /// Parameters that are added to a product's link in the index.
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, Template>,
    /// What an hour of the line costs, for estimates.
    pub(crate) cost: Option<Cost>,
}

/// What products stand in or on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scene {
    /// Names it in files.
    pub(crate) name: String,
    /// What is round the product, in words; drawn.
    #[serde(default = "no_prompt")]
    pub(crate) prompt: Template,
    /// A studio's backdrop, where nothing is drawn: its name, or `#rrggbb`.
    pub(crate) backdrop: Option<String>,
}

/// What an hour of the line costs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cost {
    /// Of the currency.
    pub(crate) per_hour: f64,
    /// As it is written.
    pub(crate) currency: String,
}

fn usual_locales() -> Vec<String> {
    vec!["en-US".into()]
}

fn one() -> u32 {
    1
}

fn bulk() -> Lane {
    Lane::Bulk
}

fn usual_photos() -> usize {
    5
}

fn usual_jobs() -> usize {
    8
}

fn usual_naming() -> Template {
    let usual = "{id}/{locale}/{scene}/{spec}-{variant}.{ext}";
    usual.to_owned().try_into().unwrap_or_else(|_| no_prompt())
}

fn no_prompt() -> Template {
    String::new().try_into().unwrap_or_else(|error| unreachable!("an empty text has no braces: {error}"))
}

/// What the campaign itself says, and not the feed.
const OWN: [&str; 9] = ["id", "title", "campaign", "locale", "scene", "spec", "network", "variant", "ext"];
/// What has to be in a name so that no two files share it.
const DISTINCT: [&str; 5] = ["id", "locale", "scene", "spec", "variant"];
/// The copy's parts that are plain text.
const TEXTS: [&str; 5] = ["headline", "body", "cta", "legal", "price"];

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// With the file, the field and the reason.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the plan {}", path.display()))?;
        let plan: Self = toml::from_str(&text).with_context(|| format!("{} is no plan", path.display()))?;
        plan.check().with_context(|| format!("{} cannot be followed", path.display()))?;
        Ok(plan)
    }

    fn check(&self) -> anyhow::Result<()> {
        ensure!(!self.name.trim().is_empty(), "name: is empty");
        ensure!(!self.scenes.is_empty(), "scenes: is empty");
        ensure!(!self.locales.is_empty(), "locales: is empty");
        ensure!(!self.deliverables.is_empty(), "deliverables: is empty");
        ensure!((1..=16).contains(&self.variants), "variants: {} is not within 1..=16", self.variants);
        ensure!((1..=14).contains(&self.photos), "photos: {} is not within 1..=14", self.photos);
        ensure!((1..=64).contains(&self.at_once), "at_once: {} is not within 1..=64", self.at_once);
        distinct("scenes", self.scenes.iter().map(|scene| scene.name.as_str()))?;
        distinct("locales", self.locales.iter().map(String::as_str))?;
        distinct("deliverables", self.deliverables.iter().map(String::as_str))?;
        for (locale, copy) in &self.copy {
            let known = locale == "default" || self.locales.contains(locale);
            ensure!(known, "copy.{locale}: is no locale of this plan");
            if let Some(name) = copy.keys().find(|name| !TEXTS.contains(&name.as_str())) {
                bail!("copy.{locale}.{name}: the copy has {}", TEXTS.join(", "));
            }
            copy.iter().try_for_each(|(name, text)| writable(&format!("copy.{locale}.{name}"), text))?;
        }
        let several =
            [true, self.locales.len() > 1, self.scenes.len() > 1, self.deliverables.len() > 1, self.variants > 1];
        let named: BTreeSet<&str> = self.naming.names().collect();
        for (name, _) in DISTINCT.iter().zip(several).filter(|(_, several)| *several) {
            ensure!(named.contains(name), "naming: needs {{{name}}}, or files would share a name");
        }
        Ok(())
    }

    /// Jobs for every product.
    pub(crate) fn jobs_each(&self) -> usize {
        self.scenes.len() * self.locales.len()
    }

    /// Files for every product.
    pub(crate) fn files_each(&self) -> usize {
        self.jobs_each() * self.deliverables.len() * self.variants as usize
    }

    /// The fields of products that its texts name, each with where it is named first.
    pub(crate) fn named(&self) -> BTreeMap<String, String> {
        let prompts = self.scenes.iter().map(|scene| (format!("scenes.{}.prompt", scene.name), &scene.prompt));
        let copy = self
            .copy
            .iter()
            .flat_map(|(locale, copy)| copy.iter().map(move |(name, text)| (format!("copy.{locale}.{name}"), text)));
        let tags = self.tags.iter().map(|(name, text)| (format!("tags.{name}"), text));
        let all = prompts.chain(copy).chain(tags).chain([("naming".to_owned(), &self.naming)]);
        let mut named = BTreeMap::new();
        for (place, text) in all {
            for name in text.names().filter(|name| !OWN.contains(name) && !is_for_locale(name)) {
                named.entry(name.to_owned()).or_insert_with(|| place.clone());
            }
        }
        named
    }

    /// The copy for a locale.
    pub(crate) fn copy_for(&self, locale: &str) -> Option<&BTreeMap<String, Template>> {
        self.copy.get(locale).or_else(|| self.copy.get("default"))
    }
}

/// Whether the locale can write what a text of the copy leaves to it.
fn writable(field: &str, text: &Template) -> anyhow::Result<()> {
    for name in text.names().filter(|name| is_for_locale(name)) {
        if let Err(reason) = stretches(&format!("{{{name}}}"), None) {
            bail!("{field}: {reason}");
        }
    }
    Ok(())
}

fn distinct<'a>(field: &str, names: impl Iterator<Item = &'a str>) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    for name in names {
        ensure!(seen.insert(name), "{field}: `{name}` comes twice");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(extra: &str) -> anyhow::Result<Plan> {
        let text = format!("name = 'spring'\ndeliverables = ['amazon-main']\n{extra}\n[[scenes]]\nname = 'studio'\n");
        let plan: Plan = toml::from_str(&text)?;
        plan.check().map(|()| plan)
    }

    #[test]
    fn a_short_plan_is_enough() {
        let plan = plan("").unwrap();
        assert_eq!((plan.lane, plan.jobs_each(), plan.files_each()), (Lane::Bulk, 1, 1));
        let wide = super::Plan { locales: vec!["de-DE".into(), "ja-JP".into()], variants: 2, ..plan };
        assert_eq!((wide.jobs_each(), wide.files_each()), (2, 4));
    }

    #[test]
    fn what_cannot_be_followed_is_told_by_its_field() {
        for (extra, said) in [
            ("variants = 17", "variants: 17"),
            ("locales = []", "locales: is empty"),
            ("naming = 'all.jpg'", "naming: needs {id}"),
            ("locales = ['de-DE', 'fr-FR']\nnaming = '{id}.jpg'", "naming: needs {locale}"),
            ("copy.de-DE.headline = 'x'", "copy.de-DE: is no locale"),
            ("copy.default.heading = 'x'", "copy.default.heading"),
            ("copy.default.legal = 'Ends {date:2026-02-30}'", "copy.default.legal: `2026-02-30` is no day"),
            (
                "copy.default.legal = 'Ends {dat:2026-12-24}'",
                "copy.default.legal: `{dat:2026-12-24}` is no placeholder",
            ),
            ("shade = 1", "unknown field `shade`"),
            ("naming = '{id'", "brace"),
        ] {
            let error = format!("{:#}", plan(extra).unwrap_err());
            assert!(error.contains(said), "{extra}: {error}");
        }
    }

    #[test]
    fn fields_of_the_feed_are_named_with_where_they_stand() {
        let plan: Plan = toml::from_str(
            "name = 's'\ndeliverables = ['x']\n[[scenes]]\nname = 'a'\nprompt = 'on {colour}'\n[copy.default]\n\
             headline = '{titel} for {price}'\nlegal = 'Until {date:2026-12-24}, {title}'\n",
        )
        .unwrap();
        let named: Vec<_> = plan.named().into_iter().collect();
        let told = [("colour", "scenes.a.prompt"), ("titel", "copy.default.headline")];
        let told = told.map(|(name, place)| (name.to_owned(), place.to_owned()));
        assert!(told.iter().all(|named_so| named.contains(named_so)), "{named:?}");
        assert!(!named.iter().any(|(name, _)| name == "title" || name.starts_with("date")), "{named:?}");
    }
}
