//! How a plan keeps the subjects of its brief: drawn from references, or placed with their own pixels.

use cavendish_domain::{Backdrop, Brief, Fallback, InvalidBrief, Method, Outlook, Placing, Reason, Way};

/// Why the subjects, which so many references show, are kept as they are; nothing to say of a brief without.
///
/// # Errors
/// When they are to be drawn and nothing else will do, and the model takes no references.
pub(super) fn reasons(brief: &Brief, way: Way, shown: u32, outlook: &Outlook) -> Result<Vec<Reason>, InvalidBrief> {
    if brief.subjects.is_empty() {
        return Ok(vec![]);
    }
    let model = outlook.model.as_ref().map_or("the model", |facts| facts.drawing(true).model.as_str());
    let mut reasons = vec![];
    match way {
        Way::Placed { .. } if brief.keeps_identity() => {
            let why = format!("{model} takes no references, so it cannot draw these subjects");
            if brief.fallback == Fallback::None {
                let reason = format!("identity cannot be had: {why}, and fallback is none");
                return Err(InvalidBrief::one("subjects[0].preserve", reason));
            }
            reasons.push(Reason::new("identity_unsupported", format!("{why}: their own pixels are placed")));
        }
        Way::Drawn { references } if references < shown => {
            let text = format!("{model} takes {references} of the {shown} references: the best of each subject");
            reasons.push(Reason::new("references_left_out", text));
        }
        Way::Placed { .. } | Way::Drawn { .. } => {}
    }
    reasons.push(match way {
        Way::Drawn { references } => {
            let least = brief.least_consistency();
            Reason::new("identity", format!("drawn from {references} references, consistency {least} or more"))
        }
        Way::Placed { scene: true } => {
            Reason::new("own_pixels_in_scene", "the subjects' own pixels are placed in a drawn scene".into())
        }
        Way::Placed { scene: false } => {
            let text = "the subject's own pixels are placed: nothing is drawn, whatever the tier";
            Reason::new("own_pixels", text.into())
        }
    });
    Ok(reasons)
}

/// How the images come about.
pub(super) fn method(brief: &Brief, way: Way) -> Method {
    match way {
        Way::Drawn { .. } => Method::Draw,
        Way::Placed { .. } => Method::Compose { placing: placing(brief), only: None },
    }
}

/// What else may be done when drawing does not keep the subjects.
pub(super) fn instead(brief: &Brief, way: Way) -> Option<Placing> {
    let may = matches!(way, Way::Drawn { .. }) && !brief.subjects.is_empty() && brief.fallback == Fallback::Compose;
    may.then(|| placing(brief))
}

fn placing(brief: &Brief) -> Placing {
    Placing { backdrop: brief.backdrop.clone(), scene: brief.scene() }
}

/// The prompt of a drawing. Subjects without any words are drawn as a product photograph on their backdrop.
pub(super) fn prompt(brief: &Brief) -> String {
    if !brief.prompt.trim().is_empty() || !brief.keeps_identity() {
        return brief.prompt.clone();
    }
    let names: Vec<_> = brief.subjects.iter().filter_map(|subject| subject.name.as_deref()).collect();
    let what = if names.is_empty() { "the product".into() } else { names.join(" and ") };
    let ground = match Backdrop::NAMES.iter().find(|name| **name == brief.backdrop.0) {
        Some(name) => name.replace('-', " "),
        None => "plain".into(),
    };
    format!("product photograph of {what} on a {ground} studio backdrop")
}
