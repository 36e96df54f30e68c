//! Profiles that a brief names: looked up by whoever has the store, judged and pinned here.

use cavendish_domain::{Brief, FieldError, InvalidBrief, ProfileKind, ProfileRef, ProfileStanding};

/// The profiles that a brief names, in its order.
pub fn named_profiles(brief: &Brief) -> impl Iterator<Item = &ProfileRef> {
    brief.subjects.iter().filter_map(|subject| subject.profile.as_ref())
}

/// Pins the version that each name stands for now, so that a later version changes nothing. `standings` are those of
/// [`named_profiles`].
///
/// # Errors
/// Every profile that cannot be used, with its field.
pub fn pin_profiles(brief: &mut Brief, standings: &[ProfileStanding]) -> Result<(), InvalidBrief> {
    let mut standings = standings.iter();
    let mut errors = vec![];
    for (at, subject) in brief.subjects.iter_mut().enumerate() {
        let Some(profile) = &subject.profile else { continue };
        let standing = standings.next().unwrap_or(&ProfileStanding::Unknown);
        match judge(profile, standing) {
            Ok(version) => subject.profile = Some(ProfileRef { name: profile.name.clone(), version: Some(version) }),
            Err(reason) => errors.push(FieldError { field: format!("subjects[{at}].profile"), reason }),
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(InvalidBrief { errors }) }
}

/// The version to pin, or why there is none.
fn judge(named: &ProfileRef, standing: &ProfileStanding) -> Result<u32, String> {
    match standing {
        // Nothing is cut out of a style, and nothing draws from one yet: ingest could only fail.
        ProfileStanding::Ready { kind: ProfileKind::Style, .. } => {
            Err(format!("`{named}` is a style: there is no subject in it that could be kept"))
        }
        ProfileStanding::Ready { version, .. } => Ok(*version),
        other => Err(other.fault(named).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn brief() -> Brief {
        let subjects = json!([{"profile": "cup"}]);
        serde_json::from_value(json!({"deliverables": ["amazon-main"], "subjects": subjects})).unwrap()
    }

    #[test]
    fn the_version_that_counts_now_is_pinned() {
        let mut brief = brief();
        assert_eq!(named_profiles(&brief).map(ToString::to_string).collect::<Vec<_>>(), ["cup"]);
        let ready = ProfileStanding::Ready { version: 4, kind: ProfileKind::Product };
        pin_profiles(&mut brief, &[ready]).unwrap();
        assert_eq!(brief.subjects[0].profile.as_ref().unwrap().to_string(), "cup@4");
    }

    #[test]
    fn what_cannot_be_used_names_field_and_reason() {
        let style = ProfileStanding::Ready { version: 1, kind: ProfileKind::Style };
        for (standing, said) in [
            (ProfileStanding::Unknown, "is not a profile of yours"),
            (ProfileStanding::UnknownVersion, "no version"),
            (ProfileStanding::Requested, "still being profiled"),
            (ProfileStanding::Rejected, "none of its references"),
            (ProfileStanding::Failed, "could not be profiled"),
            (style, "is a style"),
        ] {
            let error = pin_profiles(&mut brief(), &[standing]).unwrap_err().to_string();
            assert!(error.starts_with("subjects[0].profile: ") && error.contains(said), "{error}");
        }
    }
}
