//! One catalogue file: its head, its specs, and the grid of ratios and sizes that it may have.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::CatalogueFault;
use crate::format::Format;
use crate::spec::{Size, Spec, Trust};
use crate::validate::validate;

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    network: String,
    version: u32,
    #[serde(default)]
    source: String,
    #[serde(default)]
    trust: Trust,
    #[serde(default)]
    read_on: String,
    #[serde(default)]
    spec: Vec<Spec>,
    grid: Option<Grid>,
}

/// Ratios times sizes, each pair a spec of exactly these pixels.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grid {
    /// Width and height in pixels at scale 1, by the ratio's name, such as `16x9`.
    sides: BTreeMap<String, [u32; 2]>,
    /// What the sides are multiplied with, by the size's name, such as `2k`.
    scale: BTreeMap<String, f64>,
    formats: Vec<Format>,
    max_bytes: Option<u64>,
}

/// Reads the specs of a file, each with the path of its field.
///
/// # Errors
/// [`CatalogueFault`] with the field and the reason.
pub(crate) fn read(text: &str) -> Result<Vec<(String, Spec)>, CatalogueFault> {
    let malformed = |field: String, error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let (reason, line) = (error.message().to_owned(), before.matches('\n').count() + 1);
        CatalogueFault::Malformed { field, reason, line }
    };
    let toml = toml::de::Deserializer::parse(text).map_err(|error| malformed(String::new(), error))?;
    let mut file: File = serde_path_to_error::deserialize(toml).map_err(|error| {
        let path = error.path().to_string();
        malformed(path.trim_matches('.').to_owned(), error.into_inner())
    })?;
    let written = std::mem::take(&mut file.spec);
    let mut specs: Vec<_> = written.into_iter().enumerate().map(|(at, spec)| (format!("spec[{at}]"), spec)).collect();
    if let Some(grid) = file.grid.take() {
        specs.extend(grid.specs(&file.network)?);
    }
    if specs.is_empty() {
        return Err(CatalogueFault::Invalid { field: "spec".into(), reason: "there is none in the file".into() });
    }
    for (at, spec) in &mut specs {
        file.fill(spec);
        validate(spec).map_err(|(field, reason)| CatalogueFault::Invalid { field: format!("{at}.{field}"), reason })?;
    }
    Ok(specs)
}

impl File {
    /// Fills in what the head says for all.
    fn fill(&self, spec: &mut Spec) {
        spec.network.clone_from(&self.network);
        spec.version = self.version;
        if spec.source.is_empty() {
            spec.source.clone_from(&self.source);
            spec.read_on.clone_from(&self.read_on);
            spec.trust = self.trust;
        }
    }
}

impl Grid {
    fn specs(&self, network: &str) -> Result<Vec<(String, Spec)>, CatalogueFault> {
        let mut specs = Vec::with_capacity(self.sides.len() * self.scale.len());
        for (ratio, sides) in &self.sides {
            for (name, scale) in &self.scale {
                let [width, height] = sides.map(|side| f64::from(side) * scale);
                let whole = |side: f64| side.fract() == 0.0 && (1.0..=65_535.0).contains(&side);
                if !whole(width) || !whole(height) {
                    let reason = format!("{width}×{height} at `{name}` are not whole pixels from 1 to 65535");
                    return Err(CatalogueFault::Invalid { field: format!("grid.sides.{ratio}"), reason });
                }
                let spec = Spec {
                    id: format!("{network}-{ratio}-{name}"),
                    title: format!("{} at {}", ratio.replace('x', ":"), name.to_uppercase()),
                    size: Size { width: width as u32, height: height as u32, exact: true, ..Size::default() },
                    max_bytes: self.max_bytes,
                    formats: self.formats.clone(),
                    ..Spec::default()
                };
                specs.push((format!("grid.sides.{ratio}"), spec));
            }
        }
        Ok(specs)
    }
}
