//! Brand kits: the colours, fonts and words of a brand with the files they need.

use crate::error::TypeError;
use cavendish_domain::{Brand, BrandChoice};
use image::RgbaImage;
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

/// A brand with its files.
#[derive(Debug, Clone, Default)]
pub struct BrandKit {
    /// Colours, families and words.
    pub brand: Brand,
    /// Its logo, with alpha; None leaves it out.
    pub logo: Option<RgbaImage>,
    /// Font files besides the installed ones.
    pub fonts: Vec<PathBuf>,
}

/// A kit as it is written down; paths are relative to its file.
#[derive(Deserialize)]
struct Written {
    #[serde(flatten)]
    brand: Brand,
    logo: Option<PathBuf>,
    #[serde(default)]
    fonts: Vec<PathBuf>,
}

impl From<Brand> for BrandKit {
    fn from(brand: Brand) -> Self {
        Self { brand, ..Self::default() }
    }
}

impl BrandKit {
    /// What is said of a kit that is not there.
    #[must_use]
    pub(crate) fn absent(name: &str) -> TypeError {
        TypeError::field("brand", format!("there is no kit `{name}`"))
    }

    /// Reads `<folder>/<name>.toml` and its logo.
    ///
    /// # Errors
    /// [`TypeError::Field`] of `brand` where there is no such kit, [`TypeError::File`] where it or its logo is not as it
    /// should be.
    pub fn load(folder: &Path, name: &str) -> Result<Self, TypeError> {
        let written = read(folder, name)?;
        let logo = written.logo.map(|logo| read_logo(&folder.join(logo))).transpose()?;
        let fonts = written.fonts.iter().map(|font| folder.join(font)).collect();
        Ok(Self { brand: written.brand, logo, fonts })
    }
}

/// The brand of `<folder>/<name>.toml`, without its files.
///
/// # Errors
/// As [`BrandKit::load`].
pub(crate) fn brand(folder: &Path, name: &str) -> Result<Brand, TypeError> {
    Ok(read(folder, name)?.brand)
}

fn read(folder: &Path, name: &str) -> Result<Written, TypeError> {
    if !BrandChoice::is_kit_name(name) {
        return Err(BrandKit::absent(name));
    }
    let path = folder.join(format!("{name}.toml"));
    let text = fs::read_to_string(&path).map_err(|_| BrandKit::absent(name))?;
    let written: Written = toml::from_str(&text).map_err(|error| unusable("brand", &path, error))?;
    match written.brand.faults().into_iter().next() {
        Some(fault) => Err(TypeError::Field { field: fault.field, reason: fault.reason }),
        None => Ok(written),
    }
}

fn read_logo(path: &Path) -> Result<RgbaImage, TypeError> {
    let image = image::open(path).map_err(|error| unusable("brand.logo", path, error))?;
    Ok(image.to_rgba8())
}

fn unusable(field: &'static str, path: &Path, source: impl std::error::Error + Send + Sync + 'static) -> TypeError {
    TypeError::File { field, path: path.into(), source: Box::new(source) }
}
