//! Rules about the frame: its size, and where in it the subject is.

use super::Check;
use crate::facts::Facts;
use crate::spec::Spec;

pub(super) fn size(spec: &Spec, facts: &Facts) -> Check {
    let s = &spec.size;
    let (w, h) = (facts.width, facts.height);
    let measured = format!("{w}×{h}");
    if s.exact {
        let rule = format!("exactly {}×{}", s.width, s.height);
        return Check::judged("size", rule, measured, (w, h) == (s.width, s.height));
    }
    let limits: Vec<_> = s.limits().collect();
    if limits.is_empty() {
        // Nothing but a recommended size is known: to make that size is the whole of the rule.
        let rule = format!("{}×{}", s.width, s.height);
        return Check::judged("size", rule, measured, (w, h) == (s.width, s.height));
    }
    let rules: Vec<_> = limits.iter().map(ToString::to_string).collect();
    Check::judged("size", rules.join(", "), measured, limits.iter().all(|limit| limit.holds(w, h)))
}

pub(super) fn ratio(spec: &Spec, facts: &Facts) -> Check {
    let measured = f64::from(facts.width) / f64::from(facts.height.max(1));
    let Some(tolerance) = spec.size.ratio_tolerance else {
        return Check::free("ratio", "any", format!("{measured:.4}"));
    };
    let wanted = spec.size.aspect();
    // One ulp of slack, so that a tolerance of zero accepts the exact ratio at any size.
    let passed = (measured / wanted - 1.0).abs() <= tolerance + 1e-9;
    Check::judged("ratio", format!("{wanted:.4} ± {:.1} %", tolerance * 100.0), format!("{measured:.4}"), passed)
}

pub(super) fn fill(spec: &Spec, facts: &Facts) -> Check {
    let percent = |share: f32| format!("{:.1} %", share * 100.0);
    let measured = facts.fill.map_or_else(|| "no subject found".to_owned(), percent);
    let Some(wanted) = spec.fill else {
        return Check::free("fill", "any", measured);
    };
    let rule = format!("subject's longer share of the frame {}–{}", percent(wanted.min), percent(wanted.max));
    match facts.fill {
        Some(share) => Check::judged("fill", rule, measured, (wanted.min..=wanted.max).contains(&share)),
        None => Check::open("fill", rule, measured),
    }
}

pub(super) fn safe_zone(spec: &Spec, facts: &Facts) -> Check {
    let z = &spec.safe_zone;
    if z.is_zero() {
        return Check::free("safe-zone", "none", "");
    }
    let rule = format!("clear: top {}, right {}, bottom {}, left {} px", z.top, z.right, z.bottom, z.left);
    let Some(subject) = facts.subject else {
        return Check::open("safe-zone", rule, "no subject found");
    };
    let [left, top, right, bottom] = spec.safe_area(facts.width, facts.height);
    let (x1, y1) = (subject.x + subject.width, subject.y + subject.height);
    let measured = format!("subject at {}..{x1} × {}..{y1}", subject.x, subject.y);
    // Half a pixel of slack: scaled insets are fractions of pixels, a subject's box is not.
    let inside = subject.x as f32 >= left - 0.5
        && subject.y as f32 >= top - 0.5
        && x1 as f32 <= right + 0.5
        && y1 as f32 <= bottom + 0.5;
    Check::judged("safe-zone", rule, measured, inside)
}
