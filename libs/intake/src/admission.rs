use crate::shape::{RENDER_SIDE, Shape};
use cavendish_domain::effort::fewest_steps;
use cavendish_domain::outlook::{LINE_SECONDS, STUDIO, lone};
use cavendish_domain::{Backlog, Brief, CostKey, InvalidBrief, Outlook, Way};
use chrono::{DateTime, TimeDelta, Utc};

/// Whether a brief for deliverables of this shape can make its deadline, were it accepted `now`: what waits ahead of it in
/// its lane and its own cheapest plan, by what drawing has cost so far. Without a deadline, and while no renderer or no cost
/// is known, it can.
///
/// # Errors
/// A fault of `deadline_ms` with the estimate and the earliest time.
pub fn admission(
    brief: &Brief,
    shape: Shape,
    outlook: &Outlook,
    backlog: &Backlog,
    now: DateTime<Utc>,
) -> Result<(), InvalidBrief> {
    // Finishing anew draws nothing.
    let Some(deadline) = brief.deadline_ms.filter(|_| brief.renders_of.is_none()) else { return Ok(()) };
    let Some(key) =
        cheapest(brief, shape, outlook).filter(|key| outlook.renderers > 0 && outlook.costs.knows(&key.model))
    else {
        return Ok(());
    };
    let needed = outlook.needed(brief.lane, backlog, &key, brief.variants);
    let millis = (needed.total * 1e3).ceil();
    if millis <= deadline as f64 {
        return Ok(());
    }
    let earliest = now.checked_add_signed(TimeDelta::milliseconds(millis as i64)).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let reason = format!(
        "cannot be met: about {:.1} s are needed ({:.1} s for the backlog of {} in lane {}, {:.1} s for the cheapest \
         plan, {LINE_SECONDS} s for the rest), which is {} at the earliest",
        needed.total,
        needed.wait,
        backlog.of(brief.lane),
        brief.lane,
        needed.draw,
        earliest.format("%FT%T%.3fZ"),
    );
    Err(InvalidBrief::one("deadline_ms", reason))
}

/// The kind of image that the brief comes to when it must be cheap.
fn cheapest(brief: &Brief, shape: Shape, outlook: &Outlook) -> Option<CostKey> {
    let references = match brief.way(outlook.model.as_ref(), brief.references()) {
        Way::Placed { scene: false } => return Some(lone(STUDIO, [RENDER_SIDE; 2], 0, 0)),
        Way::Placed { scene: true } => 0,
        Way::Drawn { references } => references,
    };
    let facts = outlook.model.as_ref()?.drawing(references > 0);
    let size = *facts.sizes_for(shape.ratio, brief.subjects.len() as u32).first()?;
    Some(lone(&facts.model, size, fewest_steps(facts.default_steps), references))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cavendish_domain::{Cost, CostModel, ModelFacts};
    use serde_json::{Value, json};

    fn brief(extra: Value) -> Brief {
        let mut wanted = json!({"prompt": "x", "deliverables": ["tiktok-square"]});
        wanted.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        serde_json::from_value(wanted).unwrap()
    }

    /// Two devices; an image of four steps takes three seconds, one of two steps half of it and up to 2.25 s.
    fn outlook() -> Outlook {
        let facts =
            ModelFacts { model: "m".into(), native_sizes: vec![[512, 512]], default_steps: 4, ..ModelFacts::default() };
        let mut cost = Cost::default();
        (0..10).for_each(|_| cost.observe(3.0));
        Outlook::new(&[(facts, 2)], CostModel::from_iter([(lone("m", [512, 512], 4, 0), cost)]))
    }

    fn refused(brief: &Brief, outlook: &Outlook, standard: u64) -> Option<String> {
        let backlog = Backlog { images: [0, standard, 0] };
        let now = DateTime::from_timestamp(0, 0).unwrap();
        let shape = Shape { ratio: 1.0, largest: 640 * 640 };
        admission(brief, shape, outlook, &backlog, now).err().map(|fault| fault.to_string())
    }

    #[test]
    fn a_deadline_that_the_cheapest_plan_cannot_meet_is_refused_with_the_earliest_time() {
        let (tight, wide) = (brief(json!({"deadline_ms": 2000})), brief(json!({"deadline_ms": 2600})));
        let said = refused(&tight, &outlook(), 0).unwrap();
        assert!(said.starts_with("deadline_ms: cannot be met: about 2.5 s"), "{said}");
        assert!(said.ends_with("1970-01-01T00:00:02.450Z at the earliest"), "{said}");
        assert_eq!(refused(&wide, &outlook(), 0), None);
        let said = refused(&wide, &outlook(), 10).unwrap();
        assert!(said.contains("15.0 s for the backlog of 10 in lane standard"), "{said}");
        let many = brief(json!({"deadline_ms": 2600, "variants": 3}));
        assert!(refused(&many, &outlook(), 0).is_some(), "three images on two devices take two rounds");
        assert_eq!(refused(&brief(json!({"deadline_ms": 2600, "lane": "interactive"})), &outlook(), 10), None);
    }

    #[test]
    fn what_is_not_known_refuses_nothing() {
        let tight = brief(json!({"deadline_ms": 1}));
        assert_eq!(refused(&brief(json!({})), &outlook(), 1_000_000), None, "no deadline");
        assert_eq!(refused(&tight, &Outlook::default(), 9), None, "no renderer");
        assert_eq!(refused(&tight, &Outlook { costs: CostModel::default(), ..outlook() }, 9), None, "no costs");
        let kept = brief(json!({"prompt": "", "deadline_ms": 1, "subjects": [{"references": [{"blob": "x"}]}]}));
        assert_eq!(refused(&kept, &outlook(), 9), None, "no cost of placing a subject");
        let in_scene = Brief { prompt: "on linen".into(), ..kept };
        assert!(refused(&in_scene, &outlook(), 9).is_some(), "its scene is drawn");
    }
}
