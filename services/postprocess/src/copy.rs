//! The copy of a brief, set onto the pictures of the specs that take text.

use crate::scene::{Picture, Scene};
use cavendish_conveyor::HandlerError;
use cavendish_domain::{Brief, InvalidBrief};
use cavendish_imaging::ImageError;
use cavendish_specs::{Forbidden, Spec};
use cavendish_typesetting::{Fonts, HouseStyle, Setting, TypeConfig, TypeError, locale};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::OnceLock;

/// Fonts and house style of this installation. Fonts are read when the first brief asks for them.
#[derive(Debug)]
pub(crate) struct Typesetter {
    fonts_dir: PathBuf,
    house: HouseStyle,
    fonts: OnceLock<Fonts>,
}

impl Typesetter {
    /// # Errors
    /// When the templates cannot be read.
    pub(crate) fn load(config: &TypeConfig) -> Result<Self, TypeError> {
        let (fonts_dir, house) = (config.fonts_dir.clone(), HouseStyle::load(config)?);
        Ok(Self { fonts_dir, house, fonts: OnceLock::new() })
    }

    /// What `brief` asks to be set; None where it has no copy.
    ///
    /// # Errors
    /// Permanent: without fonts, without the brand or the template, or where the brand forbids a word.
    pub(crate) fn setting(&self, brief: &Brief, tenant: &str) -> Result<Option<Setting>, HandlerError> {
        let Some(copy) = &brief.copy else { return Ok(None) };
        let kit = self.house.kit(brief.brand.as_ref(), tenant).map_err(refusal)?;
        let errors = kit.brand.objections(copy);
        if !errors.is_empty() {
            return Err(InvalidBrief { errors }.into());
        }
        let locale = locale(brief.locale.as_deref()).map_err(refusal)?;
        let fonts = self.fonts().and_then(|fonts| fonts.with(&kit.fonts)).map_err(refusal)?;
        let named = |name: &str| self.house.template(name, tenant);
        let template = brief.template.as_deref().map(named).transpose().map_err(refusal)?;
        Setting::new(copy, locale, template, kit, fonts).map(Some).map_err(refusal)
    }

    fn fonts(&self) -> Result<&Fonts, TypeError> {
        match self.fonts.get() {
            Some(fonts) => Ok(fonts),
            None => Fonts::load(&self.fonts_dir).map(|fonts| self.fonts.get_or_init(|| fonts)),
        }
    }
}

/// The scene in the shape of `spec`, with the copy on it where the spec takes text; and what the file's report says of it.
///
/// # Errors
/// When the scene cannot be brought into that shape.
pub(crate) fn picture(
    scene: &Scene,
    spec: &Spec,
    setting: Option<&Setting>,
) -> Result<(Picture, Option<Value>), ImageError> {
    let Some(setting) = setting else { return Ok((scene.shape(spec, None)?, None)) };
    if spec.forbids.contains(&Forbidden::Text) {
        let told = json!({"left_out": "the spec forbids text in the picture"});
        return Ok((scene.shape(spec, None)?, Some(told)));
    }
    let safe = spec.safe_area(spec.size.width, spec.size.height);
    let mut picture = scene.shape(spec, setting.subject_area(safe))?;
    let report = setting.set(&mut picture.image, safe, picture.subject.as_slice());
    Ok((picture, Some(json!(report))))
}

fn refusal(error: TypeError) -> HandlerError {
    match error {
        TypeError::Field { field, reason } => InvalidBrief::one(field, reason).into(),
        TypeError::NoFonts(_) => HandlerError::permanent("no_fonts", error),
        other => HandlerError::permanent("type", other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brief(extra: Value) -> Brief {
        let mut brief = json!({"prompt": "x", "deliverables": ["meta-story"]});
        brief.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        serde_json::from_value(brief).unwrap()
    }

    #[test]
    fn only_briefs_with_copy_need_fonts() {
        let nowhere = Typesetter::load(&TypeConfig { fonts_dir: "/nowhere".into(), ..TypeConfig::default() }).unwrap();
        assert!(nowhere.setting(&brief(json!({})), "default").unwrap().is_none());
        let told = nowhere.setting(&brief(json!({"copy": {"cta": "Go"}})), "default").unwrap_err();
        assert!(told.reason == "no_fonts" && told.detail.contains("cargo xtask setup"), "{told:?}");
    }

    #[test]
    fn a_tenants_own_kit_comes_before_the_shared_one_of_its_name() {
        let folder = std::env::temp_dir().join(format!("cavendish-brands-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("acme")).unwrap();
        std::fs::write(folder.join("house.toml"), "forbidden_words = ['cheap']").unwrap();
        std::fs::write(folder.join("acme/house.toml"), "forbidden_words = ['bargain']").unwrap();
        let config = TypeConfig { brands_dir: Some(folder.clone()), ..TypeConfig::default() };
        let typesetter = Typesetter::load(&config).unwrap();
        let refused = |tenant: &str, brand: &str| {
            let wanted = brief(json!({"copy": {"headline": "A cheap bargain"}, "brand": brand}));
            typesetter.setting(&wanted, tenant).unwrap_err().detail
        };
        assert_eq!(refused("default", "house"), "copy.headline: has `cheap`, which the brand forbids");
        assert_eq!(refused("acme", "house"), "copy.headline: has `bargain`, which the brand forbids");
        assert_eq!(refused("acme", "home"), "brand: there is no kit `home`");
        // Without a folder of kits no file is one, whatever lies where the service was started.
        let without = Typesetter::load(&TypeConfig::default()).unwrap();
        let wanted = brief(json!({"copy": {"headline": "x"}, "brand": "Cargo"}));
        let told = without.setting(&wanted, "default").unwrap_err().detail;
        assert_eq!(told, "brand: there is no kit `Cargo`");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
