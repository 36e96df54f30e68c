use cavendish_domain::{Brief, FieldError, InvalidBrief, Reference};
use cavendish_specs::Catalogues;
use cavendish_typesetting::HouseStyle;

/// Characters of a name, at most.
const MAX_NAME_CHARS: usize = 200;

/// What the briefs of an installation may name. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Output specs.
    pub specs: Catalogues,
    /// Layout templates and brand kits.
    pub house: HouseStyle,
}

/// Checks a tenant's brief as far as it can be checked without looking at its photographs.
///
/// # Errors
/// Every fault with its field.
pub fn check(brief: &Brief, tenant: &str, known: &Known) -> Result<(), InvalidBrief> {
    let specs = known.specs.of(tenant);
    let spec_fault = |id: &str| specs.get(id).err().map(|unknown| unknown.to_string());
    let mut errors = brief.validate(spec_fault).err().map(|invalid| invalid.errors).unwrap_or_default();
    errors.extend(known.house.faults(brief, tenant));
    check_text("name", brief.name.as_deref(), &mut errors);
    for (at, subject) in brief.subjects.iter().enumerate() {
        check_text(&format!("subjects[{at}].name"), subject.name.as_deref(), &mut errors);
        for (index, reference) in subject.references.iter().enumerate() {
            if let Reference::Blob(key) = reference {
                check_text(&format!("subjects[{at}].references[{index}].blob"), Some(key), &mut errors);
            }
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(InvalidBrief { errors }) }
}

/// Names end in file names, screens and Postgres, none of which takes control characters.
fn check_text(field: &str, text: Option<&str>, errors: &mut Vec<FieldError>) {
    let Some(text) = text else { return };
    let reason = if text.contains(char::is_control) {
        "contains control characters".to_owned()
    } else if text.chars().count() > MAX_NAME_CHARS {
        format!("has more than {MAX_NAME_CHARS} characters")
    } else {
        return;
    };
    errors.push(FieldError { field: field.into(), reason });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(brief: serde_json::Value) -> Vec<(String, String)> {
        let brief: Brief = serde_json::from_value(brief).unwrap();
        let errors = check(&brief, "default", &Known::default()).map_or_else(|invalid| invalid.errors, |()| vec![]);
        errors.into_iter().map(|error| (error.field, error.reason)).collect()
    }

    #[test]
    fn an_unknown_spec_is_told_with_its_neighbours() {
        let faults = faults(serde_json::json!({"prompt": "x", "name": "a\u{0}", "deliverables": ["amazon-mian"]}));
        assert_eq!(faults[0].0, "deliverables[0].spec");
        assert!(faults[0].1.contains("amazon-main"), "{}", faults[0].1);
        assert_eq!(faults[1].0, "name");
    }

    #[test]
    fn names_and_keys_are_kept_short_and_plain() {
        let long = "x".repeat(MAX_NAME_CHARS + 1);
        let subject = serde_json::json!({"name": &long, "references": [{"blob": "a\nb"}]});
        let brief = serde_json::json!({"prompt": "x", "deliverables": ["amazon-main"], "subjects": [subject]});
        let fields: Vec<_> = faults(brief).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["subjects[0].name", "subjects[0].references[0].blob"]);
    }
}
