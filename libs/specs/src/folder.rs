//! The specs of one installation: those that are shipped, and over them a folder of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::catalogue::Catalogue;
use crate::error::{CatalogueError, CatalogueFault};

/// `[specs]`: where an installation keeps specs of its own.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SpecsConfig {
    /// A folder of TOML files in the form of the built-in ones. Files in it are for every tenant, files in a subfolder only
    /// for the tenant of that name.
    pub dir: Option<PathBuf>,
}

/// The specs of one installation, as each of its tenants may use them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Catalogues {
    shared: Arc<Catalogue>,
    /// What tenants that have specs of their own may use, with the shared ones.
    own: Arc<BTreeMap<String, Catalogue>>,
}

impl Default for Catalogues {
    /// The specs that Cavendish ships, for everyone.
    fn default() -> Self {
        Self { shared: Arc::new(Catalogue::builtin().clone()), own: Arc::default() }
    }
}

impl Catalogues {
    /// The specs that Cavendish ships, and those in the folder that is configured.
    ///
    /// # Errors
    /// [`CatalogueError`] when the folder or a file cannot be read, or a spec is malformed, contradicts itself, or has an id
    /// that is taken.
    pub fn load(config: &SpecsConfig) -> Result<Self, CatalogueError> {
        let Some(dir) = &config.dir else { return Ok(Self::default()) };
        let mut shared = Catalogue::builtin().clone();
        add_files(&mut shared, dir)?;
        let mut own = BTreeMap::new();
        for folder in listed(dir)?.into_iter().filter(|path| path.is_dir()) {
            let Some(tenant) = folder.file_name().and_then(|name| name.to_str()) else { continue };
            let mut catalogue = shared.clone();
            add_files(&mut catalogue, &folder)?;
            own.insert(tenant.to_owned(), catalogue);
        }
        Ok(Self { shared: Arc::new(shared), own: Arc::new(own) })
    }

    /// The specs that every tenant may use.
    pub fn shared(&self) -> &Catalogue {
        &self.shared
    }

    /// The specs that the tenant of this slug may use.
    pub fn of(&self, tenant: &str) -> &Catalogue {
        self.own.get(tenant).unwrap_or(&self.shared)
    }

    /// The tenants that have specs of their own, with all that they may use.
    pub fn tenants(&self) -> impl Iterator<Item = (&str, &Catalogue)> {
        self.own.iter().map(|(tenant, catalogue)| (tenant.as_str(), catalogue))
    }
}

/// Adds every TOML file of a folder, in the order of their names.
fn add_files(catalogue: &mut Catalogue, dir: &Path) -> Result<(), CatalogueError> {
    for path in listed(dir)? {
        if path.is_file() && path.extension().is_some_and(|extension| extension == "toml") {
            let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
            catalogue.add(&path.display().to_string(), &text)?;
        }
    }
    Ok(())
}

/// What is in a folder, by name; what is hidden is left out.
fn listed(dir: &Path) -> Result<Vec<PathBuf>, CatalogueError> {
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut paths: Vec<_> = entries
        .map_err(|error| unreadable(dir, error))?
        .into_iter()
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    Ok(paths)
}

fn unreadable(path: &Path, error: io::Error) -> CatalogueError {
    CatalogueError { file: path.display().to_string(), fault: CatalogueFault::Unreadable(error) }
}
