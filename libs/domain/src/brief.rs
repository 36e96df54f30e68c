//! The brief: what is asked for, and whether it can be asked.

use crate::{Lane, ProfileRef};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Characters in a prompt, at most.
pub const MAX_PROMPT_CHARS: usize = 4_000;
/// Deliverables in a brief, at most.
pub const MAX_DELIVERABLES: usize = 64;
/// Variants of a brief, at most.
pub const MAX_VARIANTS: u32 = 16;
/// Subjects in a brief, at most.
pub const MAX_SUBJECTS: usize = 1;
/// References of one subject, at most.
pub const MAX_REFERENCES: usize = 14;
/// Milliseconds until a deadline, at most: a day.
pub const MAX_DEADLINE_MS: u64 = 86_400_000;

/// What is asked for. Unknown fields are ignored, so newer producers can talk to older services.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Brief {
    /// A name for people: shown on contact sheets and in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What to show, in words. May be empty when a subject is kept as it is.
    #[serde(default)]
    pub prompt: String,
    /// The subjects to keep.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<Subject>,
    /// What a kept subject stands on; ignored when the model draws the scene.
    #[serde(default)]
    pub backdrop: Backdrop,
    /// The files that are wanted.
    pub deliverables: Vec<Deliverable>,
    /// How many different images for every deliverable, 1..=16.
    #[serde(default = "one")]
    pub variants: u32,
    /// The same brief and seed give identical bytes; drawn by lot when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How much care to take.
    #[serde(default)]
    pub quality: Quality,
    /// Which queue it waits in.
    #[serde(default)]
    pub lane: Lane,
    /// When everything is to be there, in milliseconds from acceptance, 1..=86 400 000. A brief that cannot make it is
    /// refused at the door.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
}

fn one() -> u32 {
    1
}

/// A subject to keep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// A name for people and for the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Photographs of it, the best first; or else there is a profile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// The profile that is kept of it, `name` or `name@version`, instead of photographs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileRef>,
    /// What about it is kept.
    #[serde(default)]
    pub preserve: Preserve,
    /// A box round the subject in its first reference: left, top, right, bottom as shares of the frame, 0..=1.
    #[serde(default, rename = "box", skip_serializing_if = "Option::is_none")]
    pub frame: Option<[f32; 4]>,
}

/// A photograph of a subject.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// The file itself, base64 (standard or URL-safe).
    Data(String),
    /// A blob that the gateway or an earlier job stored for the same tenant.
    Blob(String),
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(data) => write!(f, "Data({} characters)", data.len()),
            Self::Blob(key) => write!(f, "Blob({key})"),
        }
    }
}

/// What is kept of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preserve {
    /// Its own pixels: cut out, placed and lit, never repainted.
    #[default]
    Pixels,
}

/// A studio backdrop: a name (`white`, `light-grey`, `warm`, `cool`) or a colour (`#rrggbb`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Backdrop(pub String);

impl Default for Backdrop {
    fn default() -> Self {
        Self("light-grey".into())
    }
}

impl Backdrop {
    /// The named backdrops.
    pub const NAMES: [&'static str; 4] = ["white", "light-grey", "warm", "cool"];

    fn is_valid(&self) -> bool {
        let hex = |text: &str| text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        Self::NAMES.contains(&self.0.as_str()) || self.0.strip_prefix('#').is_some_and(hex)
    }
}

/// A file that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "DeliverableForm")]
pub struct Deliverable {
    /// Id of the output spec, for example `amazon-main`.
    pub spec: String,
}

/// A deliverable is written as its spec's id, or as an object.
#[derive(Deserialize)]
#[serde(untagged)]
enum DeliverableForm {
    Id(String),
    Full { spec: String },
}

impl From<DeliverableForm> for Deliverable {
    fn from(form: DeliverableForm) -> Self {
        match form {
            DeliverableForm::Id(spec) | DeliverableForm::Full { spec } => Self { spec },
        }
    }
}

/// How much care to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// As fast as it goes.
    Flash,
    /// The model's own default.
    Balanced,
    /// As good as it gets.
    Best,
    /// Chosen from the brief.
    #[default]
    Auto,
}

/// One thing wrong with a brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// Path of the field, for example `deliverables[2].spec`.
    pub field: String,
    /// What is wrong with it, for a person.
    pub reason: String,
}

/// Everything wrong with a brief, at least one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvalidBrief {
    /// The faults, in the order of the fields.
    pub errors: Vec<FieldError>,
}

impl std::error::Error for InvalidBrief {}

impl fmt::Display for InvalidBrief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, FieldError { field, reason }) in self.errors.iter().enumerate() {
            let separator = if index > 0 { "; " } else { "" };
            write!(f, "{separator}{field}: {reason}")?;
        }
        Ok(())
    }
}

impl InvalidBrief {
    /// One fault.
    #[must_use]
    pub fn one(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { errors: vec![FieldError { field: field.into(), reason: reason.into() }] }
    }
}

impl Brief {
    /// Checks everything that can be checked without looking anything up; `spec_fault` says what is wrong with a
    /// spec's id, if anything (the catalogue lives elsewhere).
    ///
    /// # Errors
    /// All faults at once, each with its field.
    pub fn validate(&self, spec_fault: impl Fn(&str) -> Option<String>) -> Result<(), InvalidBrief> {
        let mut faults = Faults::default();
        let chars = self.prompt.chars().count();
        faults.check(chars <= MAX_PROMPT_CHARS, "prompt", || {
            format!("has {chars} characters, at most {MAX_PROMPT_CHARS} are allowed")
        });
        faults.check(!self.prompt.trim().is_empty() || !self.subjects.is_empty(), "prompt", || {
            "is empty, and there is no subject to show either".into()
        });
        let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        faults.check(!self.prompt.contains(control), "prompt", || "contains control characters".into());
        faults.within("variants", self.variants as usize, 1, MAX_VARIANTS as usize);
        faults.within("deliverables", self.deliverables.len(), 1, MAX_DELIVERABLES);
        faults.within("subjects", self.subjects.len(), 0, MAX_SUBJECTS);
        faults.check(self.backdrop.is_valid(), "backdrop", || {
            format!("`{}` is neither #rrggbb nor one of {}", self.backdrop.0, Backdrop::NAMES.join(", "))
        });
        if let Some(deadline) = self.deadline_ms {
            faults.within("deadline_ms", deadline, 1, MAX_DEADLINE_MS);
        }
        for (index, deliverable) in self.deliverables.iter().enumerate() {
            if let Some(reason) = spec_fault(&deliverable.spec) {
                faults.add(format!("deliverables[{index}].spec"), reason);
            }
        }
        for (index, subject) in self.subjects.iter().enumerate() {
            subject.validate(&format!("subjects[{index}]"), &mut faults);
        }
        faults.into_result()
    }
}

impl Subject {
    fn validate(&self, path: &str, faults: &mut Faults) {
        match &self.profile {
            None => faults.within(&format!("{path}.references"), self.references.len(), 1, MAX_REFERENCES),
            Some(_) => {
                let field = format!("{path}.profile");
                faults.check(self.references.is_empty(), &field, || "excludes references: give one of both".into());
                faults.check(self.frame.is_none(), &format!("{path}.box"), || {
                    "is for references: a profile is cut out already".into()
                });
            }
        }
        if let Some([left, top, right, bottom]) = self.frame {
            let inside = [left, top, right, bottom].iter().all(|share| (0.0..=1.0).contains(share));
            faults.check(inside && left < right && top < bottom, &format!("{path}.box"), || {
                "must be left, top, right, bottom within 0..=1, with left < right and top < bottom".into()
            });
        }
    }
}

#[derive(Default)]
struct Faults(Vec<FieldError>);

impl Faults {
    fn add(&mut self, field: String, reason: String) {
        self.0.push(FieldError { field, reason });
    }

    fn check(&mut self, good: bool, field: &str, reason: impl FnOnce() -> String) {
        if !good {
            self.add(field.into(), reason());
        }
    }

    fn within<T: PartialOrd + Copy + fmt::Display>(&mut self, field: &str, count: T, least: T, most: T) {
        self.check((least..=most).contains(&count), field, || format!("is {count}, must be {least} to {most}"));
    }

    fn into_result(self) -> Result<(), InvalidBrief> {
        if self.0.is_empty() { Ok(()) } else { Err(InvalidBrief { errors: self.0 }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brief(json: serde_json::Value) -> Brief {
        serde_json::from_value(json).unwrap()
    }

    fn fields(json: serde_json::Value) -> Vec<String> {
        let known = |id: &str| (id != "amazon-main").then(|| format!("unknown spec `{id}`"));
        match brief(json).validate(known) {
            Ok(()) => vec![],
            Err(invalid) => invalid.errors.into_iter().map(|error| error.field).collect(),
        }
    }

    #[test]
    fn the_shortest_brief_is_a_prompt_and_a_deliverable() {
        let brief = brief(serde_json::json!({"prompt": "hamburger", "deliverables": ["amazon-main"], "new_field": 1}));
        assert_eq!((brief.variants, brief.lane, brief.quality), (1, Lane::Standard, Quality::Auto));
        assert!(brief.validate(|_| None).is_ok());
    }

    #[test]
    fn every_fault_is_named_with_its_field() {
        assert_eq!(
            fields(serde_json::json!({
                "prompt": "x".repeat(100_000),
                "variants": 0,
                "backdrop": "plaid",
                "deliverables": ["amazon-main", {"spec": "nope"}],
                "subjects": [{"references": [], "box": [0.5, 0.0, 0.2, 1.0]}],
            })),
            ["prompt", "variants", "backdrop", "deliverables[1].spec", "subjects[0].references", "subjects[0].box"]
        );
        assert_eq!(fields(serde_json::json!({"deliverables": []})), ["prompt", "deliverables"]);
        let subject = |subject| fields(serde_json::json!({"deliverables": ["amazon-main"], "subjects": [subject]}));
        assert!(subject(serde_json::json!({"profile": "cup@3"})).is_empty());
        assert_eq!(subject(serde_json::json!({})), ["subjects[0].references"]);
        let both = serde_json::json!({"profile": "cup", "references": [{"blob": "x"}], "box": [0.1, 0.1, 0.9, 0.9]});
        assert_eq!(subject(both), ["subjects[0].profile", "subjects[0].box"]);
        for deadline in [0, 86_400_001] {
            let brief = serde_json::json!({"prompt": "x", "deliverables": ["amazon-main"], "deadline_ms": deadline});
            assert_eq!(fields(brief), ["deadline_ms"]);
        }
        assert_eq!(fields(serde_json::json!({"prompt": "a\u{0}b", "deliverables": ["amazon-main"]})), ["prompt"]);
    }

    #[test]
    fn debug_output_never_spills_a_photograph() {
        assert_eq!(format!("{:?}", Reference::Data("aGk=".into())), "Data(4 characters)");
    }
}
