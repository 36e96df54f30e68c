//! The fonts that type is set in: files that are given, never the system's, so that every machine sets the same.

use crate::error::TypeError;
use cosmic_text::fontdb::Database;
use cosmic_text::{Fallback, FontSystem};
use icu_locale::Locale;
use std::fs;
use std::path::{Path, PathBuf};
use unicode_script::Script;

/// The family that stands in where a brand names none, or one that is not there.
pub(crate) const USUAL_FAMILY: &str = "Noto Sans";

/// The installed fonts, and those of a brand.
#[derive(Debug, Clone)]
pub struct Fonts {
    files: Database,
}

impl Fonts {
    /// Reads the names of every font file in a folder.
    ///
    /// # Errors
    /// [`TypeError::NoFonts`].
    pub fn load(folder: &Path) -> Result<Self, TypeError> {
        let entries = fs::read_dir(folder).map_err(|_| TypeError::NoFonts(folder.into()))?;
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        // The order of the files decides between equals.
        paths.sort();
        let mut files = Database::new();
        for path in paths.iter().filter(|path| is_font(path)) {
            files.load_font_file(path).map_err(|_| TypeError::NoFonts(folder.into()))?;
        }
        if files.is_empty() {
            return Err(TypeError::NoFonts(folder.into()));
        }
        Ok(Self { files })
    }

    /// The same with these files besides.
    ///
    /// # Errors
    /// [`TypeError::File`].
    pub fn with(&self, paths: &[PathBuf]) -> Result<Self, TypeError> {
        let mut files = self.files.clone();
        for path in paths {
            files.load_font_file(path).map_err(|error| TypeError::File {
                field: "brand.fonts",
                path: path.clone(),
                source: error.into(),
            })?;
        }
        Ok(Self { files })
    }

    /// Whether there is a family of this name.
    pub(crate) fn has(&self, family: &str) -> bool {
        self.files.faces().any(|face| face.families.iter().any(|(name, _)| name == family))
    }

    /// What shapes text of `locale` with these fonts.
    pub(crate) fn system(&self, locale: &Locale) -> FontSystem {
        FontSystem::new_with_locale_and_db_and_fallback(locale.to_string(), self.files.clone(), Noto::of(locale))
    }
}

fn is_font(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| ["ttf", "otf", "ttc", "otc"].iter().any(|known| extension == *known))
}

/// Which Noto family writes which script; Han characters have a shape for each language.
struct Noto {
    han: &'static [&'static str],
}

impl Noto {
    fn of(locale: &Locale) -> Self {
        let (language, script) = (locale.id.language.as_str(), locale.id.script);
        let region = locale.id.region.map(|region| region.to_string()).unwrap_or_default();
        let traditional = script.is_some_and(|script| script.as_str() == "Hant") || matches!(&*region, "TW" | "MO");
        let han: &[&str] = match language {
            "ja" => &["Noto Sans CJK JP"],
            "ko" => &["Noto Sans CJK KR"],
            "yue" => &["Noto Sans CJK HK"],
            "zh" if region == "HK" => &["Noto Sans CJK HK"],
            "zh" if traditional => &["Noto Sans CJK TC"],
            _ => &["Noto Sans CJK SC"],
        };
        Self { han }
    }
}

impl Fallback for Noto {
    fn common_fallback(&self) -> &[&'static str] {
        &[USUAL_FAMILY, "Noto Sans Symbols", "Noto Color Emoji"]
    }

    fn forbidden_fallback(&self) -> &[&'static str] {
        &[]
    }

    fn script_fallback(&self, script: Script, _: &str) -> &[&'static str] {
        match script {
            Script::Arabic => &["Noto Sans Arabic"],
            Script::Armenian => &["Noto Sans Armenian"],
            Script::Bengali => &["Noto Sans Bengali"],
            Script::Devanagari => &["Noto Sans Devanagari"],
            Script::Ethiopic => &["Noto Sans Ethiopic"],
            Script::Georgian => &["Noto Sans Georgian"],
            Script::Gujarati => &["Noto Sans Gujarati"],
            Script::Gurmukhi => &["Noto Sans Gurmukhi"],
            Script::Hebrew => &["Noto Sans Hebrew"],
            Script::Kannada => &["Noto Sans Kannada"],
            Script::Khmer => &["Noto Sans Khmer"],
            Script::Lao => &["Noto Sans Lao"],
            Script::Malayalam => &["Noto Sans Malayalam"],
            Script::Myanmar => &["Noto Sans Myanmar"],
            Script::Oriya => &["Noto Sans Oriya"],
            Script::Sinhala => &["Noto Sans Sinhala"],
            Script::Tamil => &["Noto Sans Tamil"],
            Script::Telugu => &["Noto Sans Telugu"],
            Script::Thaana => &["Noto Sans Thaana"],
            Script::Thai => &["Noto Sans Thai"],
            Script::Hangul => &["Noto Sans CJK KR"],
            Script::Hiragana | Script::Katakana => &["Noto Sans CJK JP"],
            Script::Han | Script::Bopomofo => self.han,
            _ => &[],
        }
    }
}
