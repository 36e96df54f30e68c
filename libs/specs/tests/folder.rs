//! An installation's own specs: for everyone, and for one tenant.

#![allow(clippy::unwrap_used)]

use cavendish_specs::{CatalogueFault, Catalogues, SpecsConfig};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn file(network: &str, id: &str) -> String {
    format!(
        "network = '{network}'\nversion = 1\nsource = 'house style'\nread_on = '2026-09'\n\
         [[spec]]\nid = '{id}'\ntitle = 't'\nsize = {{ width = 600, height = 200 }}\nformats = ['png']\n"
    )
}

fn folder(files: &[(&str, String)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn load(dir: &Path) -> Result<Catalogues, cavendish_specs::CatalogueError> {
    Catalogues::load(&SpecsConfig { dir: Some(dir.to_owned()) })
}

#[test]
fn without_a_folder_there_is_what_is_shipped() {
    let specs = Catalogues::load(&SpecsConfig::default()).unwrap();
    assert!(specs.shared().get("amazon-main").is_ok() && specs.of("anyone").get("amazon-main").is_ok());
}

#[test]
fn a_tenants_specs_are_its_own() {
    let files = [
        ("house.toml", file("house", "house-banner")),
        ("acme/ads.toml", file("acme", "acme-hero")),
        ("zenith/ads.toml", file("acme", "acme-hero")),
        ("README.md", "not read".into()),
        (".git/x.toml", "not read".into()),
    ];
    let dir = folder(&files);
    let specs = load(dir.path()).unwrap();
    for id in ["amazon-main", "house-banner", "acme-hero"] {
        assert!(specs.of("acme").get(id).is_ok(), "{id}");
    }
    assert!(specs.of("other").get("house-banner").is_ok());
    let refused = specs.of("other").get("acme-hero").unwrap_err().to_string();
    assert_eq!(refused, "unknown spec `acme-hero`", "another tenant's ids are not told");
    assert_eq!(specs.tenants().map(|(tenant, _)| tenant).collect::<Vec<_>>(), ["acme", "zenith"]);
}

#[test]
fn what_is_wrong_is_told_with_its_file() {
    let dir = folder(&[("house.toml", file("house", "house-a")), ("acme/ads.toml", file("house", "house-a"))]);
    let error = load(dir.path()).unwrap_err();
    let said = error.to_string();
    assert!(said.contains("acme/ads.toml: spec[0].id: `house-a` is taken by the file"), "{said}");
    assert!(said.contains("house.toml; choose another id"), "{said}");
    let missing = load(&dir.path().join("nowhere")).unwrap_err();
    assert!(matches!(missing.fault, CatalogueFault::Unreadable(_)));
    assert!(missing.file.ends_with("nowhere"), "{missing}");
}
