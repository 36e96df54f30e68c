//! The brief: what is asked for, and whether it can be asked.

use crate::copy::locale_fault;
use crate::faults::{Faults, InvalidBrief};
use crate::mark;
use crate::{AdCopy, BrandChoice, Fallback, JobId, Lane, Mark, OnDoubt, OnInconsistent, Preserve, ProfileRef};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Characters in a prompt, at most.
pub const MAX_PROMPT_CHARS: usize = 4_000;
/// Deliverables in a brief, at most.
pub const MAX_DELIVERABLES: usize = 64;
/// Variants of a brief, at most.
pub const MAX_VARIANTS: u32 = 16;
/// Subjects in a brief, at most.
pub const MAX_SUBJECTS: usize = 5;
/// References of one subject, at most; and of all subjects together where a model draws them.
pub const MAX_REFERENCES: usize = 14;
/// How large a subject may be beside the others: from a tenth to ten times.
pub const RELATIVE_SIZES: std::ops::RangeInclusive<f32> = 0.1..=10.0;
/// Milliseconds until a deadline, at most: a day.
pub const MAX_DEADLINE_MS: u64 = 86_400_000;

/// What is asked for. Unknown fields are ignored, so newer producers can talk to older services.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Brief {
    /// A name for people: shown on contact sheets and in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What to show, in words; with kept subjects, what is round them. May be empty when there is a subject.
    #[serde(default)]
    pub prompt: String,
    /// The subjects to keep, from left to right where they are placed.
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
    /// How much the subjects of a render must look like themselves, 0..=1; see [`Brief::least_consistency`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_consistency: Option<f32>,
    /// What becomes of a render below `min_consistency` when every try is spent.
    #[serde(default)]
    pub on_inconsistent: OnInconsistent,
    /// What becomes of the job when a subject's cut-out is doubtful.
    #[serde(default)]
    pub on_doubt: OnDoubt,
    /// Whether a subject that the model cannot keep may be placed with its own pixels instead.
    #[serde(default)]
    pub fallback: Fallback,
    /// An earlier job of the same tenant whose renders are finished anew, for other deliverables or with other copy: nothing
    /// is drawn, and what is shown is that job's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renders_of: Option<JobId>,
    /// Words to set onto the finished images; specs that forbid text go without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<AdCopy>,
    /// The copy's language, BCP 47, such as `de-DE`; `en-US` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// How the copy is laid out; by the shape of each image when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Whose colours, fonts and words the copy is set in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<BrandChoice>,
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
    /// A picture in the shape of its first reference whose white is the subject and whose black is not: taken as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<Reference>,
    /// Places in its first reference that are subject.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<Mark>,
    /// Places in its first reference that are not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<Mark>,
    /// How tall it stands beside the other subjects, 0.1..=10; all are equally tall when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<f32>,
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
        match self.renders_of {
            Some(_) => self.validate_renders(&mut faults),
            None => faults.check(!self.prompt.trim().is_empty() || !self.subjects.is_empty(), "prompt", || {
                "is empty, and there is no subject to show either".into()
            }),
        }
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
        if let Some(least) = self.min_consistency {
            faults.within("min_consistency", least, 0.0, 1.0);
        }
        for (index, subject) in self.subjects.iter().enumerate() {
            subject.validate(&format!("subjects[{index}]"), &mut faults);
        }
        self.validate_company(&mut faults);
        self.validate_copy(&mut faults);
        faults.into_result()
    }
}

impl Brief {
    /// What is shown is the earlier job's: nothing of it can be asked again.
    fn validate_renders(&self, faults: &mut Faults) {
        let told = [
            ("prompt", !self.prompt.is_empty()),
            ("subjects", !self.subjects.is_empty()),
            ("backdrop", self.backdrop != Backdrop::default()),
            ("variants", self.variants != 1),
            ("seed", self.seed.is_some()),
        ];
        for (field, _) in told.into_iter().filter(|(_, is)| *is) {
            faults.add(field.into(), "is that of the job in renders_of: leave it out".into());
        }
    }

    /// What is to be set, in which language, for whom.
    fn validate_copy(&self, faults: &mut Faults) {
        if let Some(copy) = &self.copy {
            copy.validate(faults);
        }
        if let Some(reason) = self.locale.as_deref().and_then(locale_fault) {
            faults.add("locale".into(), reason);
        }
        if let Some(brand) = &self.brand {
            brand.validate(self.copy.as_ref(), faults);
        }
    }

    /// What the subjects ask of each other.
    fn validate_company(&self, faults: &mut Faults) {
        let Some(first) = self.subjects.first() else { return };
        let other = self.subjects.iter().enumerate().find(|(_, subject)| subject.preserve != first.preserve);
        if let Some((index, subject)) = other {
            let (kept, of_first) = (subject.preserve, first.preserve);
            let reason = format!("is {kept}, but subjects[0] is {of_first}: all subjects of a brief are kept one way");
            faults.add(format!("subjects[{index}].preserve"), reason);
        }
        let count: usize = self.subjects.iter().map(|subject| subject.references.len()).sum();
        let each_within = self.subjects.iter().all(|subject| subject.references.len() <= MAX_REFERENCES);
        let drawn = first.preserve == Preserve::Identity;
        faults.check(!(drawn && each_within && count > MAX_REFERENCES), "subjects", || {
            format!("have {count} references together, at most {MAX_REFERENCES} can be drawn from")
        });
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
                let unguided = self.mask.is_none() && self.keep.is_empty() && self.remove.is_empty();
                faults.check(unguided, path, || {
                    "takes no mask, keep or remove beside a profile, which is cut out already".into()
                });
            }
        }
        if let Some([left, top, right, bottom]) = self.frame {
            let inside = [left, top, right, bottom].iter().all(|share| (0.0..=1.0).contains(share));
            faults.check(inside && left < right && top < bottom, &format!("{path}.box"), || {
                "must be left, top, right, bottom within 0..=1, with left < right and top < bottom".into()
            });
        }
        mark::validate(&self.keep, &format!("{path}.keep"), faults);
        mark::validate(&self.remove, &format!("{path}.remove"), faults);
        if let Some(size) = self.size {
            let (least, most) = (*RELATIVE_SIZES.start(), *RELATIVE_SIZES.end());
            faults.within(&format!("{path}.size"), size, least, most);
        }
    }
}

#[cfg(test)]
mod tests;
