//! The checks of facts against a spec.

use serde::{Deserialize, Serialize};

use crate::facts::{ColourSpace, Facts};
use crate::spec::{Background, Forbidden, Spec};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The rule holds.
    Passed,
    /// The rule does not hold; the file is not compliant.
    Failed,
    /// The rule exists, but what it asks cannot be told from the facts; a person has to look.
    NotMachineChecked,
    /// The spec has no such rule.
    NotApplicable,
}

/// One rule of a spec and what was measured for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Kebab-case name: `size`, `ratio`, `bytes`, `format`, `background`, `fill`, `safe-zone`, `colour`, `marking`,
    /// `no-text`, `no-logo`, `no-border`, `no-watermark`.
    pub name: String,
    /// The rule in words.
    pub rule: String,
    /// What was measured, in words.
    pub measured: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// All checks of one file against one spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The spec's id.
    pub spec: String,
    /// Whether no check failed.
    pub compliant: bool,
    /// The checks.
    pub checks: Vec<Check>,
}

impl Report {
    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.outcome == Outcome::Failed)
    }

    /// The check of this name.
    pub fn check(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }
}

impl Spec {
    /// Compares a finished file's facts with every rule of this spec.
    pub fn check(&self, facts: &Facts) -> Report {
        let mut checks = vec![
            size(self, facts),
            ratio(self, facts),
            bytes(self, facts),
            format(self, facts),
            background(self, facts),
            fill(self, facts),
            safe_zone(self, facts),
            colour(self, facts),
            marking(self, facts),
        ];
        checks.extend(self.forbids.iter().map(|what| forbidden(self, *what, facts)));
        let compliant = checks.iter().all(|check| check.outcome != Outcome::Failed);
        Report { spec: self.id.clone(), compliant, checks }
    }
}

fn judged(name: &str, rule: String, measured: String, passed: bool) -> Check {
    let outcome = if passed { Outcome::Passed } else { Outcome::Failed };
    Check { name: name.into(), rule, measured, outcome }
}

fn other(name: &str, rule: impl Into<String>, measured: impl Into<String>, outcome: Outcome) -> Check {
    Check { name: name.into(), rule: rule.into(), measured: measured.into(), outcome }
}

fn size(spec: &Spec, facts: &Facts) -> Check {
    let s = &spec.size;
    let (w, h) = (facts.width, facts.height);
    let measured = format!("{w}×{h}");
    if s.exact {
        return judged("size", format!("exactly {}×{}", s.width, s.height), measured, (w, h) == (s.width, s.height));
    }
    let mut rules = Vec::new();
    let mut passed = true;
    let mut rule = |limit: Option<u64>, actual: u64, least: bool, what: &str| {
        if let Some(limit) = limit {
            passed &= if least { actual >= limit } else { actual <= limit };
            rules.push(format!("{what} {} {limit}", if least { "≥" } else { "≤" }));
        }
    };
    rule(s.min_width.map(u64::from), w.into(), true, "width");
    rule(s.min_height.map(u64::from), h.into(), true, "height");
    rule(s.min_longest.map(u64::from), w.max(h).into(), true, "longest side");
    rule(s.max_width.map(u64::from), w.into(), false, "width");
    rule(s.max_height.map(u64::from), h.into(), false, "height");
    rule(s.max_pixels, u64::from(w) * u64::from(h), false, "pixels");
    if rules.is_empty() {
        // Nothing but a recommended size is known: to make that size is the whole of the rule.
        return judged("size", format!("{}×{}", s.width, s.height), measured, (w, h) == (s.width, s.height));
    }
    judged("size", rules.join(", "), measured, passed)
}

fn ratio(spec: &Spec, facts: &Facts) -> Check {
    let measured = f64::from(facts.width) / f64::from(facts.height.max(1));
    let Some(tolerance) = spec.size.ratio_tolerance else {
        return other("ratio", "any", format!("{measured:.4}"), Outcome::NotApplicable);
    };
    let wanted = spec.size.aspect();
    // One ulp of slack, so that a tolerance of zero accepts the exact ratio at any size.
    let passed = (measured / wanted - 1.0).abs() <= tolerance + 1e-9;
    judged("ratio", format!("{wanted:.4} ± {:.1} %", tolerance * 100.0), format!("{measured:.4}"), passed)
}

fn bytes(spec: &Spec, facts: &Facts) -> Check {
    let measured = format!("{} bytes", facts.bytes);
    match spec.max_bytes {
        Some(max) => judged("bytes", format!("≤ {max} bytes"), measured, facts.bytes <= max),
        None => other("bytes", "any", measured, Outcome::NotApplicable),
    }
}

fn format(spec: &Spec, facts: &Facts) -> Check {
    let names: Vec<_> = spec.formats.iter().map(|f| f.mime()).collect();
    judged("format", names.join(", "), facts.format.mime().into(), spec.formats.contains(&facts.format))
}

fn background(spec: &Spec, facts: &Facts) -> Check {
    let border = &facts.border;
    let measured = format!("{:.2} % white, off by ≤ {}", border.white_share * 100.0, border.largest_deviation);
    match spec.background {
        Background::Any => other("background", "any", measured, Outcome::NotApplicable),
        Background::PureWhite => {
            let passed = border.largest_deviation == 0 && !facts.has_alpha;
            judged("background", "edge is exactly (255, 255, 255) and opaque".into(), measured, passed)
        }
    }
}

fn fill(spec: &Spec, facts: &Facts) -> Check {
    let percent = |share: f32| format!("{:.1} %", share * 100.0);
    let measured = facts.fill.map_or_else(|| "no subject found".to_owned(), percent);
    let Some(wanted) = spec.fill else {
        return other("fill", "any", measured, Outcome::NotApplicable);
    };
    let rule = format!("subject's longer share of the frame {}–{}", percent(wanted.min), percent(wanted.max));
    match facts.fill {
        Some(share) => judged("fill", rule, measured, (wanted.min..=wanted.max).contains(&share)),
        None => other("fill", rule, measured, Outcome::NotMachineChecked),
    }
}

fn safe_zone(spec: &Spec, facts: &Facts) -> Check {
    let z = &spec.safe_zone;
    if z.is_zero() {
        return other("safe-zone", "none", "", Outcome::NotApplicable);
    }
    let rule = format!("clear: top {}, right {}, bottom {}, left {} px", z.top, z.right, z.bottom, z.left);
    let Some(subject) = facts.subject else {
        return other("safe-zone", rule, "no subject found", Outcome::NotMachineChecked);
    };
    let [left, top, right, bottom] = spec.safe_area(facts.width, facts.height);
    let (x1, y1) = (subject.x + subject.width, subject.y + subject.height);
    let measured = format!("subject at {}..{x1} × {}..{y1}", subject.x, subject.y);
    // Half a pixel of slack: scaled insets are fractions of pixels, a subject's box is not.
    let inside = subject.x as f32 >= left - 0.5
        && subject.y as f32 >= top - 0.5
        && x1 as f32 <= right + 0.5
        && y1 as f32 <= bottom + 0.5;
    judged("safe-zone", rule, measured, inside)
}

fn colour(spec: &Spec, facts: &Facts) -> Check {
    let alpha = if facts.has_alpha { " with alpha" } else { "" };
    let measured = format!("{:?}, {} bit{alpha}", facts.colour_space, facts.bit_depth);
    let rgb = !matches!(facts.colour_space, ColourSpace::Grey | ColourSpace::Cmyk);
    let mut rules = vec!["no CMYK".to_owned()];
    let mut passed = facts.colour_space != ColourSpace::Cmyk;
    if spec.rgb_only {
        rules.push("RGB without alpha".into());
        passed &= rgb && !facts.has_alpha;
    }
    if let Some(depth) = spec.bit_depth {
        rules.push(format!("{depth} bit"));
        passed &= facts.bit_depth == depth;
    }
    judged("colour", rules.join(", "), measured, passed)
}

fn marking(spec: &Spec, facts: &Facts) -> Check {
    let measured = facts.digital_source_type.clone().unwrap_or_else(|| "none".into());
    if !spec.requires_marking {
        return other("marking", "none", measured, Outcome::NotApplicable);
    }
    const RULE: &str = "IPTC DigitalSourceType says so where the image is generated";
    const KINDS: [&str; 2] = ["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"];
    match facts.digital_source_type.as_deref() {
        // Put together from a photograph without a model: the rule is about generated images.
        Some("composite") => other("marking", RULE, measured, Outcome::NotApplicable),
        kind => judged("marking", RULE.into(), measured, kind.is_some_and(|kind| KINDS.contains(&kind))),
    }
}

fn forbidden(spec: &Spec, what: Forbidden, facts: &Facts) -> Check {
    let (name, rule) = match what {
        Forbidden::Text => ("no-text", "no text laid over the picture"),
        Forbidden::Logo => ("no-logo", "no logo laid over the picture"),
        Forbidden::Border => ("no-border", "no frame round the picture"),
        Forbidden::Watermark => ("no-watermark", "no watermark"),
    };
    // A white edge proves that there is no frame only where white is what the edge must be.
    if what == Forbidden::Border && spec.background == Background::PureWhite {
        let white = facts.border.largest_deviation == 0;
        return judged(name, rule.into(), format!("edge off white by ≤ {}", facts.border.largest_deviation), white);
    }
    other(name, rule, "not measured", Outcome::NotMachineChecked)
}
