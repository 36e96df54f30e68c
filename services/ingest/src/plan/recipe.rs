//! Steps and size of a plan's images: what the tier asks for, pressed as far as the deadline demands.

use super::Circumstances;
use super::complexity::Complexity;
use cavendish_domain::effort::{NOMINAL_STEPS, fewest_steps, steps};
use cavendish_domain::outlook::{area, lone};
use cavendish_domain::{Brief, Expected, ModelFacts, Quality, Reason};

/// How the images of a plan are drawn, and why.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Recipe {
    /// `None` leaves it to the model.
    pub(super) steps: Option<u32>,
    /// `None` leaves it to the renderer.
    pub(super) native: Option<[u32; 2]>,
    pub(super) expected: Option<Expected>,
    pub(super) reasons: Vec<Reason>,
}

/// A way to draw, cheaper than the one before it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rung {
    steps: u32,
    size: [u32; 2],
}

/// The recipe for a brief whose images are drawn by the model, from that many references.
pub(super) fn recipe(
    brief: &Brief,
    ratio: f64,
    complexity: &Complexity,
    references: u32,
    under: &Circumstances<'_>,
) -> Recipe {
    let Some(facts) = &under.outlook.model else { return unseen(brief, complexity) };
    let facts = facts.drawing(references > 0);
    let sizes = facts.sizes_for(ratio, brief.subjects.len() as u32);
    let ladder = ladder(brief.quality, complexity.score, facts, &sizes);
    if ladder.is_empty() {
        return unseen(brief, complexity);
    }
    let (taken, mut reasons) = press(brief, facts, &ladder, references, under);
    reasons.push(tier(brief.quality, ladder[0].steps, facts));
    reasons.push(Reason::new("complexity", complexity.told()));
    let [width, height] = taken.size;
    let text = format!("drawn at {width}×{height}, which {} has for this shape", facts.model);
    reasons.push(Reason::new("native_size", text));
    let key = lone(&facts.model, taken.size, taken.steps, references);
    let known = under.outlook.costs.knows(&facts.model);
    let expected = known.then(|| under.outlook.costs.predict(&key)).map(|e| Expected { mean: e.mean, upper: e.upper });
    Recipe { steps: Some(taken.steps), native: Some(taken.size), expected, reasons }
}

/// Before any renderer was seen: tiers as steps of a usual model, its default left to itself.
fn unseen(brief: &Brief, complexity: &Complexity) -> Recipe {
    let steps = match brief.quality {
        Quality::Balanced | Quality::Auto => None,
        quality => Some(steps(quality, complexity.score, NOMINAL_STEPS)),
    };
    let text = "no renderer has been seen: size, and steps unless the tier says, are left to the one that draws";
    let reasons = vec![Reason::new("no_renderer", text.into()), Reason::new("complexity", complexity.told())];
    Recipe { steps, reasons, ..Recipe::default() }
}

/// From what the tier asks for down to the least that is drawn at all.
fn ladder(quality: Quality, complexity: f64, facts: &ModelFacts, sizes: &[[u32; 2]]) -> Vec<Rung> {
    let (Some(&smallest), Some(&largest)) = (sizes.first(), sizes.last()) else { return vec![] };
    let usual = sizes.iter().min_by_key(|size| area(**size).abs_diff(facts.default_area())).copied();
    let size = match quality {
        Quality::Flash => smallest,
        Quality::Balanced | Quality::Auto => usual.unwrap_or(smallest),
        Quality::Best => largest,
    };
    let default = facts.default_steps;
    let asked = steps(quality, complexity, default);
    let flash = steps(Quality::Flash, complexity, default).min(asked);
    let mut ladder = vec![
        Rung { steps: asked, size },
        Rung { steps: default.min(asked), size },
        Rung { steps: flash, size },
        Rung { steps: flash, size: smallest },
        Rung { steps: fewest_steps(default).min(flash), size: smallest },
    ];
    ladder.dedup();
    ladder
}

/// The first way that the deadline leaves time for, or else the cheapest, and what the deadline had to do with it.
fn press(
    brief: &Brief,
    facts: &ModelFacts,
    ladder: &[Rung],
    references: u32,
    under: &Circumstances<'_>,
) -> (Rung, Vec<Reason>) {
    let asked = ladder[0];
    let Some(deadline) = &under.deadline else { return (asked, vec![]) };
    if !under.outlook.costs.knows(&facts.model) {
        let text = "nothing is known of costs yet: the deadline changes nothing";
        return (asked, vec![Reason::new("deadline_blind", text.into())]);
    }
    let needed = |rung: &Rung| {
        let key = lone(&facts.model, rung.size, rung.steps, references);
        under.outlook.needed(brief.lane, &deadline.backlog, &key, brief.variants).total
    };
    let fitting = ladder.iter().find(|rung| needed(rung) <= deadline.left);
    let taken = fitting.or(ladder.last()).copied().unwrap_or(asked);
    let left = format!("the deadline leaves {:.1} s", deadline.left.max(0.0));
    let mut reasons = vec![];
    if fitting.is_none() {
        let text = format!("{left}, and the cheapest plan may take {:.1} s: it may be late", needed(&taken));
        reasons.push(Reason::new("deadline_tight", text));
    }
    let pressed = format!("{left}, and the plan as asked for may take {:.1} s", needed(&asked));
    if taken.steps != asked.steps {
        let text = format!("{pressed}: {} steps instead of {}", taken.steps, asked.steps);
        reasons.push(Reason::new("deadline_steps", text));
    }
    if taken.size != asked.size {
        let ([width, height], [wide, high]) = (taken.size, asked.size);
        reasons.push(Reason::new("deadline_size", format!("{pressed}: {width}×{height} instead of {wide}×{high}")));
    }
    if reasons.is_empty() {
        reasons.push(Reason::new("deadline_met", format!("{left}, and {:.1} s are needed at most", needed(&taken))));
    }
    (taken, reasons)
}

fn tier(quality: Quality, steps: u32, facts: &ModelFacts) -> Reason {
    let (code, what) = match quality {
        Quality::Flash => ("tier_flash", "flash takes half of"),
        Quality::Balanced => ("tier_balanced", "balanced takes"),
        Quality::Best => ("tier_best", "best takes twice"),
        Quality::Auto => ("tier_auto", "auto goes by the complexity from"),
    };
    Reason::new(code, format!("{what} the {} steps that {} takes by itself: {steps}", facts.default_steps, facts.model))
}
