//! The house style of an installation: its brand kits and layout templates, for all of its tenants or for one.

use crate::brand::{BrandKit, brand};
use crate::check::{told, wording_fault};
use crate::error::TypeError;
use crate::template::Template;
use cavendish_domain::{Brand, BrandChoice, Brief, FieldError};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// `[type]`: what copy is set with.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct TypeConfig {
    /// Folder of the font files; `cargo xtask setup` fetches them.
    pub fonts_dir: PathBuf,
    /// Folder of brand kits, `<name>.toml`; those in a subfolder are for the tenant of that name.
    pub brands_dir: Option<PathBuf>,
    /// Folder of layout templates, likewise.
    pub templates_dir: Option<PathBuf>,
}

impl Default for TypeConfig {
    fn default() -> Self {
        Self { fonts_dir: ".cache/fonts".into(), brands_dir: None, templates_dir: None }
    }
}

/// Brand kits and layout templates, as each tenant may use them. Cheap to clone. Templates are read once, kits when they are
/// asked for: their logos may be large.
#[derive(Debug, Clone, Default)]
pub struct HouseStyle {
    brands: Option<PathBuf>,
    /// By tenant; the empty one has those that all may use.
    templates: Arc<BTreeMap<String, Vec<Template>>>,
}

impl HouseStyle {
    /// What the folders of the configuration hold.
    ///
    /// # Errors
    /// [`TypeError::Folder`] and [`TypeError::Template`].
    pub fn load(config: &TypeConfig) -> Result<Self, TypeError> {
        let mut templates = BTreeMap::new();
        if let Some(dir) = &config.templates_dir {
            templates.insert(String::new(), read_folder(dir)?);
            for folder in listed("type.templates_dir", dir)?.into_iter().filter(|path| path.is_dir()) {
                let Some(tenant) = folder.file_name().and_then(|name| name.to_str()) else { continue };
                templates.insert(tenant.to_owned(), read_folder(&folder)?);
            }
        }
        if let Some(dir) = &config.brands_dir {
            listed("type.brands_dir", dir)?;
        }
        Ok(Self { brands: config.brands_dir.clone(), templates: Arc::new(templates) })
    }

    /// The templates that a tenant may name: its own before those of all, those before Cavendish's. Of a name, the first
    /// counts.
    ///
    /// # Errors
    /// Never, once the tests have passed.
    pub fn templates(&self, tenant: &str) -> Result<Vec<&Template>, TypeError> {
        let own = [tenant, ""].into_iter().filter_map(|whose| self.templates.get(whose)).flatten();
        let mut names = BTreeSet::new();
        Ok(own.chain(Template::built_in()?).filter(|template| names.insert(template.name())).collect())
    }

    /// The template of this name, as a tenant has it.
    ///
    /// # Errors
    /// [`TypeError::Field`] of `template`, with the names that there are.
    pub fn template(&self, name: &str, tenant: &str) -> Result<&Template, TypeError> {
        let all = self.templates(tenant)?;
        all.iter().find(|template| template.name() == name).copied().ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|template| template.name()).collect();
            TypeError::field("template", format!("`{name}` is none of {}", names.join(", ")))
        })
    }

    /// The kit of a brief's brand, as a tenant has it, with its files.
    ///
    /// # Errors
    /// [`TypeError::Field`] of `brand` where there is no such kit, [`TypeError::File`] where its files cannot be used.
    pub fn kit(&self, choice: Option<&BrandChoice>, tenant: &str) -> Result<BrandKit, TypeError> {
        match choice {
            None => Ok(BrandKit::default()),
            Some(BrandChoice::Inline(brand)) => Ok(BrandKit::from((**brand).clone())),
            Some(BrandChoice::Kit(name)) => match &self.brands {
                Some(shared) => BrandKit::load(&folder_of(shared, name, tenant), name),
                None => Err(BrandKit::absent(name)),
            },
        }
    }

    /// What a tenant's brief asks for that cannot be set: a template, a kit, a locale or a currency that is none, or a word
    /// that the kit forbids. Where no folder of kits is configured, nothing is known of kits.
    #[must_use]
    pub fn faults(&self, brief: &Brief, tenant: &str) -> Vec<FieldError> {
        let template = brief.template.as_deref().map(|name| self.template(name, tenant)).transpose();
        let mut faults: Vec<_> =
            template.err().map(|error| told("template", error, "cannot be used")).into_iter().collect();
        faults.extend(wording_fault(brief));
        if let (Some(BrandChoice::Kit(name)), Some(shared)) = (&brief.brand, &self.brands) {
            match self::brand(&folder_of(shared, name, tenant), name) {
                Ok(kit) => faults.extend(brief.copy.iter().flat_map(|copy| Brand::objections(&kit, copy))),
                Err(error) => {
                    faults.push(told("brand", error, &format!("the kit `{name}` is there, but cannot be used")))
                }
            }
        }
        faults
    }
}

/// Where the kit of this name is: the tenant's own before that of all. Events name their tenant themselves: what is no slug
/// leads nowhere.
fn folder_of(shared: &Path, name: &str, tenant: &str) -> PathBuf {
    let own = shared.join(tenant);
    let is_own = BrandChoice::is_kit_name(tenant) && own.join(format!("{name}.toml")).is_file();
    if is_own { own } else { shared.to_owned() }
}

/// Every template of a folder, by the names of their files. An empty file is one that is being written: a shell makes it
/// before the program whose output goes into it.
fn read_folder(dir: &Path) -> Result<Vec<Template>, TypeError> {
    let mut templates: Vec<Template> = vec![];
    for path in listed("type.templates_dir", dir)? {
        if !path.is_file() || path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        if fs::metadata(&path).is_ok_and(|file| file.len() == 0) {
            continue;
        }
        let template = Template::load(&path)?;
        if templates.iter().any(|other| other.name() == template.name()) {
            let reason = format!("name: `{}` is another file's", template.name());
            return Err(TypeError::Template { file: path.display().to_string(), reason });
        }
        templates.push(template);
    }
    Ok(templates)
}

fn listed(field: &'static str, dir: &Path) -> Result<Vec<PathBuf>, TypeError> {
    let unreadable = |source| TypeError::Folder { field, path: dir.into(), source };
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<std::io::Result<Vec<_>>>).map_err(unreadable)?;
    let seen = |entry: &fs::DirEntry| !entry.file_name().to_string_lossy().starts_with('.');
    let mut paths: Vec<_> = entries.into_iter().filter(seen).map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINE: &str = "name = 'mine'\n[[arrangement]]\naspect = [0.5, 2.0]\nsubject = [0.1, 0.3, 0.9, 0.9]\n\
        slot = [{ element = 'headline', box = [0.1, 0.1, 0.9, 0.2], size = [0.05, 0.1] }]\n";

    fn house(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<HouseStyle, TypeError>) {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let dir_of = |name: &str| Some(dir.path().join(name)).filter(|path| path.is_dir());
        let (brands_dir, templates_dir) = (dir_of("brands"), dir_of("templates"));
        let house = HouseStyle::load(&TypeConfig { brands_dir, templates_dir, ..TypeConfig::default() });
        (dir, house)
    }

    fn brief(extra: &str) -> Brief {
        serde_json::from_str(&format!(r#"{{"prompt": "x", "deliverables": [], {extra}}}"#)).unwrap()
    }

    #[test]
    fn a_tenants_own_templates_come_before_those_of_all() {
        let ours = MINE.replace("0.9]", "0.8]");
        let story = MINE.replace("mine", "story");
        let files = [("templates/a.toml", MINE), ("templates/b.toml", &*story), ("templates/acme/mine.toml", &*ours)];
        let (_dir, house) = house(&files);
        let house = house.unwrap();
        assert_eq!(house.template("mine", "acme").unwrap().text(), ours);
        assert_eq!(house.template("mine", "other").unwrap().text(), MINE);
        assert_eq!(house.template("story", "other").unwrap().text(), story, "before the one that is shipped");
        let names: Vec<_> = house.templates("acme").unwrap().iter().map(|template| template.name()).collect();
        assert_eq!(names, ["mine", "story", "headline-top", "banner", "price-tag"]);
        let told = house.template("stroy", "acme").unwrap_err().to_string();
        assert_eq!(told, "template: `stroy` is none of mine, story, headline-top, banner, price-tag");
    }

    #[test]
    fn folders_that_cannot_be_used_are_told_with_the_file() {
        let (_dir, twice) = house(&[("templates/a.toml", MINE), ("templates/b.toml", MINE)]);
        let told = twice.unwrap_err().to_string();
        assert!(told.ends_with("b.toml: name: `mine` is another file's"), "{told}");
        let (_dir, broken) = house(&[("templates/acme/a.toml", "name = 'a'")]);
        let told = broken.unwrap_err().to_string();
        assert!(told.contains("acme/a.toml: ") && told.contains("arrangement"), "{told}");
        let nowhere = TypeConfig { templates_dir: Some("/nowhere/at/all".into()), ..TypeConfig::default() };
        assert_eq!(HouseStyle::load(&nowhere).unwrap_err().to_string(), "type.templates_dir: /nowhere/at/all");
        let nowhere = TypeConfig { brands_dir: Some("/nowhere/at/all".into()), ..TypeConfig::default() };
        assert_eq!(HouseStyle::load(&nowhere).unwrap_err().to_string(), "type.brands_dir: /nowhere/at/all");
        let (_dir, begun) = house(&[("templates/a.toml", ""), ("templates/b.toml", MINE)]);
        assert_eq!(
            begun.unwrap().templates("").unwrap()[0].name(),
            "mine",
            "an empty file is one that is being written"
        );
    }

    #[test]
    fn kits_and_templates_are_looked_up_at_the_door() {
        let (_dir, house) =
            house(&[("brands/acme.toml", "forbidden_words = ['cheap']"), ("brands/bad.toml", "accent = 1")]);
        let house = house.unwrap();
        let fields = |extra: &str| -> Vec<_> {
            house.faults(&brief(extra), "default").into_iter().map(|error| error.field).collect()
        };
        assert!(fields(r#""template": "story", "brand": "acme", "copy": {"cta": "Go"}"#).is_empty());
        assert_eq!(
            fields(r#""template": "stroy", "locale": "de-DE-DE-DE", "brand": "acne""#),
            ["template", "locale", "brand"]
        );
        assert_eq!(
            fields(r#""brand": "acme", "copy": {"cta": "Cheap", "legal": "cheap"}"#),
            ["copy.cta", "copy.legal"]
        );
        assert_eq!(fields(r#""brand": "../templates/x""#), ["brand"], "nothing outside is read");
        let elsewhere = house.faults(&brief(r#""brand": "acme""#), "../brands/..").len();
        assert_eq!(elsewhere, 0, "a tenant that is none has what all have");
        let told = house.faults(&brief(r#""brand": "bad""#), "default").remove(0);
        assert_eq!(told.reason, "the kit `bad` is there, but cannot be used", "and no path is told");
        let knows_none = HouseStyle::default().faults(&brief(r#""brand": "acme""#), "default");
        assert!(knows_none.is_empty(), "another service may have it");
    }
}
