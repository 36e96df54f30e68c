//! Briefs on disk: TOML or JSON of the shape that the API takes, except that a photograph may be `{ file = "…" }`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cavendish_domain::ProfileRef;
use serde_json::{Map, Value};
use std::fs;
use std::path::{Path, PathBuf};
use thiserror::Error;
use uuid::Uuid;

/// Bytes of one photograph, at most: what any installation may allow; the server says where it allows less.
pub(crate) const MAX_PHOTO_BYTES: u64 = 200_000_000;

/// A brief that is ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct BriefFile {
    /// Where it was read.
    pub path: PathBuf,
    /// Name of its folder: lower-case letters, digits and `-`.
    pub slug: String,
    /// Its name for people.
    pub title: String,
    /// The body of the request, photographs inline.
    pub body: Value,
    /// The first photograph, to show beside the results.
    pub photo: Option<PathBuf>,
}

impl BriefFile {
    /// Has a brief that names no subject show this profile.
    pub fn show(&mut self, profile: &ProfileRef) {
        let named = self.body.get("subjects").and_then(Value::as_array).is_some_and(|subjects| !subjects.is_empty());
        if let (false, Some(body)) = (named, self.body.as_object_mut()) {
            body.insert("subjects".into(), serde_json::json!([{"profile": profile}]));
        }
    }

    /// Has a brief finish the renders of an earlier job, whatever it says of what they show: that is drawn already.
    pub fn finish_anew(&mut self, job: Uuid) {
        let Some(body) = self.body.as_object_mut() else { return };
        for drawn in ["prompt", "subjects", "backdrop", "variants", "seed"] {
            body.remove(drawn);
        }
        body.insert("renders_of".into(), serde_json::json!(job));
    }
}

/// Why a brief cannot be sent.
#[derive(Debug, Error)]
pub enum BriefFileError {
    /// The file cannot be read.
    #[error("cannot read the brief {}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not TOML.
    #[error("{} is not TOML", .path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// Not JSON.
    #[error("{} is not JSON", .path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A field is wrong.
    #[error("{}: {field}: {reason}", .path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The field.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Reads a brief and the photographs that it names.
///
/// # Errors
/// [`BriefFileError`] with the file and the field.
pub fn load(path: &Path) -> Result<BriefFile, BriefFileError> {
    let mut body = read(path)?;
    let mut photo = None;
    inline_photos(path, &mut body, &mut photo)?;
    let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let title = body.get("name").and_then(Value::as_str).unwrap_or(&stem).to_owned();
    let slug = match slug(&stem) {
        slug if slug.is_empty() => "brief".to_owned(),
        slug => slug,
    };
    Ok(BriefFile { path: path.into(), slug, title, body, photo })
}

/// Gives every brief a folder of its own: a second `cup` becomes `cup-2`.
pub fn separate(briefs: &mut [BriefFile]) {
    for at in 1..briefs.len() {
        let (before, rest) = briefs.split_at_mut(at);
        let stem = rest[0].slug.clone();
        let mut number = 1;
        while before.iter().any(|brief| brief.slug == rest[0].slug) {
            number += 1;
            rest[0].slug = format!("{stem}-{number}");
        }
    }
}

fn read(path: &Path) -> Result<Value, BriefFileError> {
    let text = fs::read_to_string(path).map_err(|source| BriefFileError::Unreadable { path: path.into(), source })?;
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
        return serde_json::from_str(&text).map_err(|source| BriefFileError::Json { path: path.into(), source });
    }
    toml::from_str(&text).map_err(|source| BriefFileError::Toml { path: path.into(), source: source.into() })
}

fn inline_photos(path: &Path, body: &mut Value, photo: &mut Option<PathBuf>) -> Result<(), BriefFileError> {
    let subjects = body.get_mut("subjects").and_then(Value::as_array_mut);
    for (at, subject) in subjects.into_iter().flatten().enumerate() {
        let references = subject.get_mut("references").and_then(Value::as_array_mut);
        for (place, reference) in references.into_iter().flatten().enumerate() {
            if let Some(file) = inline(path, &format!("subjects[{at}].references[{place}]"), reference)? {
                photo.get_or_insert(file);
            }
        }
        if let Some(mask) = subject.get_mut("mask") {
            inline(path, &format!("subjects[{at}].mask"), mask)?;
        }
    }
    Ok(())
}

/// Puts a file's bytes in the place of its name; answers with the file, if one was named.
fn inline(path: &Path, field: &str, picture: &mut Value) -> Result<Option<PathBuf>, BriefFileError> {
    let Some(name) = picture.get("file") else { return Ok(None) };
    let fault = |reason: String| BriefFileError::Field { path: path.into(), field: format!("{field}.file"), reason };
    let name = name.as_str().ok_or_else(|| fault("must be a path".into()))?;
    let file = find(path, name);
    let bytes = read_photo(&file).map_err(fault)?;
    *picture = Value::Object(Map::from_iter([("data".to_owned(), STANDARD.encode(bytes).into())]));
    Ok(Some(file))
}

/// Beside the brief, or else from the current folder.
fn find(brief: &Path, name: &str) -> PathBuf {
    let beside = brief.parent().unwrap_or_else(|| Path::new("")).join(name);
    if !beside.exists() && Path::new(name).exists() { name.into() } else { beside }
}

pub(crate) fn read_photo(file: &Path) -> Result<Vec<u8>, String> {
    let said = |error: std::io::Error| format!("cannot read {}: {error}", file.display());
    let bytes = fs::metadata(file).map_err(said)?.len();
    if bytes > MAX_PHOTO_BYTES {
        return Err(format!("{} has {bytes} bytes, at most {MAX_PHOTO_BYTES} can be sent", file.display()));
    }
    fs::read(file).map_err(said)
}

/// Lower-case letters, digits and single `-`, at most 60.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(60);
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photograph_beside_the_brief_is_inlined() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cup.png"), b"\x89PNG").unwrap();
        let path = folder.path().join("Coffee Cup!.toml");
        let text = "name = \"Cup\"\ndeliverables = [\"amazon-main\"]\nseed = 7\n[[subjects]]\nbox = [0.1, 0.0, 0.9, 1.0]\nreferences = [{ file = \"cup.png\" }]\n";
        fs::write(&path, text).unwrap();
        let brief = load(&path).unwrap();
        assert_eq!((brief.slug.as_str(), brief.title.as_str()), ("coffee-cup", "Cup"));
        assert_eq!(brief.body["subjects"][0]["references"][0], serde_json::json!({"data": "iVBORw=="}));
        assert_eq!(brief.body["seed"], 7);
        assert_eq!(brief.photo, Some(folder.path().join("cup.png")));
        let parsed: cavendish_domain::Brief = serde_json::from_value(brief.body).unwrap();
        assert!(parsed.validate(|_| None).is_ok());
    }

    #[test]
    fn faults_name_the_file_and_the_field() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b.json");
        fs::write(&path, r#"{"subjects": [{"references": [{"blob": "x"}, {"file": "none.png"}]}]}"#).unwrap();
        let said = load(&path).unwrap_err().to_string();
        assert!(said.contains("b.json: subjects[0].references[1].file: cannot read"), "{said}");
        fs::write(&path, "{").unwrap();
        assert!(matches!(load(&path), Err(BriefFileError::Json { .. })));
        assert!(matches!(load(&folder.path().join("no.toml")), Err(BriefFileError::Unreadable { .. })));
    }

    #[test]
    fn briefs_of_one_name_get_folders_of_their_own() {
        let brief = |slug: &str| BriefFile {
            path: "x".into(),
            slug: slug.into(),
            title: String::new(),
            body: Value::Null,
            photo: None,
        };
        let mut briefs = [brief("cup"), brief("cup-2"), brief("cup"), brief("cup")];
        separate(&mut briefs);
        let slugs: Vec<_> = briefs.iter().map(|brief| brief.slug.as_str()).collect();
        assert_eq!(slugs, ["cup", "cup-2", "cup-3", "cup-4"]);
    }
}
