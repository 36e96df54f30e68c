//! Rules about the picture itself: what is behind the subject, and what may not be there.

use super::Check;
use crate::facts::{Facts, Frame};
use crate::spec::{Background, Forbidden, Spec};

/// A ring of one colour up to this share of the shorter side is a frame; a wider one may as well be the backdrop round a
/// rectangular subject.
const THIN: f64 = 0.04;

pub(super) fn background(spec: &Spec, facts: &Facts) -> Check {
    let border = &facts.border;
    let measured = format!("{:.2} % white, off by ≤ {}", border.white_share * 100.0, border.largest_deviation);
    match spec.background {
        Background::Any => Check::free("background", "any", measured),
        Background::PureWhite => {
            let passed = border.largest_deviation == 0 && !facts.has_alpha;
            Check::judged("background", "edge is exactly (255, 255, 255) and opaque", measured, passed)
        }
    }
}

pub(super) fn forbidden(spec: &Spec, what: Forbidden, facts: &Facts) -> Check {
    match what {
        Forbidden::Border => border(spec, facts),
        Forbidden::Text => unseen("no-text", "no text laid over the picture"),
        Forbidden::Logo => unseen("no-logo", "no logo laid over the picture"),
        Forbidden::Watermark => unseen("no-watermark", "no watermark"),
    }
}

/// What is laid over a picture cannot be told from what is printed on the product.
fn unseen(name: &str, rule: &str) -> Check {
    Check::open(name, rule, "not measured")
}

fn border(spec: &Spec, facts: &Facts) -> Check {
    let check = |measured: String, passed| Check::judged("no-border", "no frame of one colour", measured, passed);
    let Some(Frame { width, colour: [r, g, b] }) = facts.frame else { return check("none found".into(), true) };
    let measured = format!("{width} px of ({r}, {g}, {b})");
    let white = spec.background == Background::PureWhite && [r, g, b] == [255; 3];
    if white {
        return check(format!("{measured}, as the background has to be"), true);
    }
    if f64::from(width) <= THIN * f64::from(facts.width.min(facts.height)) {
        return check(measured, false);
    }
    Check::open("no-border", "no frame of one colour", format!("{measured}: a frame, or a backdrop"))
}
