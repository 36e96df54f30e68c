use super::*;
use cavendish_domain::{Cost, CostModel, Method, ModelFacts, Outpaint};
use serde_json::json;

fn brief(extra: serde_json::Value) -> Brief {
    let mut wanted = json!({"prompt": "hamburger", "seed": 7, "deliverables": ["tiktok-square"]});
    wanted.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    serde_json::from_value(wanted).unwrap()
}

/// A model of two square sizes and a wide one, 12 steps by itself: an image of 1024 × 1024 takes 6 s, surely.
fn outlook() -> Outlook {
    let facts = ModelFacts {
        model: "m".into(),
        native_sizes: vec![[1024, 1024], [512, 512], [1248, 832]],
        default_steps: 12,
        ..ModelFacts::default()
    };
    let mut cost = Cost::default();
    (0..50).for_each(|_| cost.observe(6.0));
    Outlook::new(&[(facts, 1)], CostModel::from_iter([(lone("m", [1024, 1024], 12, 0), cost)]))
}

fn under(outlook: &Outlook, deadline: Option<Deadline>) -> Circumstances<'_> {
    Circumstances { specs: Catalogue::builtin(), outlook, deadline }
}

fn shots(brief: &Brief, outlook: &Outlook, left: Option<f64>) -> Vec<ShotRequest> {
    let deadline = left.map(|left| Deadline { left, backlog: Backlog::default() });
    let subjects: Vec<_> = brief.subjects.iter().map(|subject| shown(subject.references.len())).collect();
    let planned = plan(JobId(uuid::Uuid::nil()), brief, &subjects, &under(outlook, deadline));
    planned.unwrap().into_iter().map(|shot| shot.request).collect()
}

/// A subject with so many cut-outs.
fn shown(cutouts: usize) -> ShotSubject {
    let key = "tenants/t/inputs/k.png";
    serde_json::from_value(json!({"cutouts": vec![json!({"key": key, "confidence": 1.0}); cutouts.max(1)]})).unwrap()
}

fn codes(shot: &ShotRequest) -> Vec<&str> {
    shot.decision.as_ref().unwrap().reasons.iter().map(|reason| reason.code.as_str()).collect()
}

/// Steps, native side and what the deadline had to do with it, for `left` seconds.
fn pressed(quality: &str, left: f64) -> (u32, u32, Vec<String>) {
    let shot = shots(&brief(json!({"quality": quality})), &outlook(), Some(left)).remove(0);
    let why = codes(&shot).into_iter().filter(|code| code.starts_with("deadline")).map(String::from).collect();
    (shot.steps.unwrap(), shot.decision.unwrap().native.unwrap()[0], why)
}

#[test]
fn one_shot_per_variant_feeds_every_deliverable_and_replanning_changes_nothing() {
    let wanted = brief(json!({"variants": 3, "seed": u64::MAX, "deliverables": ["amazon-main", "meta-story"]}));
    let planned = shots(&wanted, &outlook(), Some(1.0));
    assert_eq!(planned.len(), 3);
    assert!(planned.iter().all(|shot| shot.deliverables == [0, 1]));
    assert_eq!(planned.iter().map(|shot| shot.seed).collect::<Vec<_>>(), [u64::MAX, 0, 1]);
    assert_eq!(planned, shots(&wanted, &outlook(), Some(1.0)));
    let reused: Vec<_> = planned.iter().map(|shot| shot.decision.as_ref().unwrap().reuse.expected).collect();
    assert_eq!(reused, [false, true, true]);
    // The decision is kept with the shot.
    let stored = serde_json::to_value(&planned[1]).unwrap();
    assert_eq!(serde_json::from_value::<ShotRequest>(stored).unwrap(), planned[1]);
}

#[test]
fn a_shot_from_before_there_were_decisions_is_still_read() {
    let old = json!({"variant": 0, "prompt": "x", "seed": 1, "width": 64, "height": 64,
                     "method": {"kind": "draw"}, "deliverables": [0]});
    assert_eq!(serde_json::from_value::<ShotRequest>(old).unwrap().decision, None);
}

#[test]
fn the_tier_decides_steps_and_size() {
    let of = |quality: &str| {
        let shot = shots(&brief(json!({"quality": quality})), &outlook(), None).remove(0);
        let decision = shot.decision.clone().unwrap();
        (shot.steps.unwrap(), decision.native.unwrap(), decision.upscale, codes(&shot)[0].to_owned())
    };
    assert_eq!(of("flash"), (6, [512, 512], 2.0, "tier_flash".into()));
    assert_eq!(of("balanced"), (12, [1024, 1024], 1.0, "tier_balanced".into()));
    assert_eq!(of("auto"), (12, [1024, 1024], 1.0, "tier_auto".into()));
    assert_eq!(of("best"), (24, [1024, 1024], 1.0, "tier_best".into()));
    let prompt = "two cups left of a pot, a plate behind it, and a sign \"OPEN\" next to three spoons, on linen";
    let complex = shots(&brief(json!({"prompt": prompt})), &outlook(), None).remove(0);
    assert!(complex.steps.unwrap() > 12, "{complex:#?}");
}

#[test]
fn a_wide_deliverable_is_drawn_wide() {
    let shot = shots(&brief(json!({"deliverables": ["linkedin-landscape"]})), &outlook(), None).remove(0);
    assert_eq!((shot.width, shot.height, shot.decision.unwrap().native), (1248, 832, Some([1248, 832])));
}

#[test]
fn the_less_time_is_left_the_cheaper_the_plan_and_it_says_so() {
    let says = |codes: &[&str]| codes.iter().map(ToString::to_string).collect::<Vec<_>>();
    // 24 steps would take 12 s, up to 18 s, for they were never measured.
    assert_eq!(pressed("best", 60.0), (24, 1024, says(&["deadline_met"])));
    assert_eq!(pressed("best", 10.0), (12, 1024, says(&["deadline_steps"])));
    assert_eq!(pressed("best", 5.0), (6, 1024, says(&["deadline_steps"])));
    assert_eq!(pressed("best", 2.0), (6, 512, says(&["deadline_steps", "deadline_size"])));
    assert_eq!(pressed("best", 1.0), (4, 512, says(&["deadline_steps", "deadline_size"])));
    assert_eq!(pressed("best", 0.1), (4, 512, says(&["deadline_tight", "deadline_steps", "deadline_size"])));
    assert_eq!(pressed("flash", -3.0), (4, 512, says(&["deadline_tight", "deadline_steps"])));
    let shot = shots(&brief(json!({"quality": "best"})), &outlook(), Some(10.0)).remove(0);
    let said = &shot.decision.unwrap().reasons[0].text;
    assert_eq!(said, "the deadline leaves 10.0 s, and the plan as asked for may take 18.2 s: 12 steps instead of 24");
}

#[test]
fn what_waits_ahead_takes_of_the_time() {
    let wanted = brief(json!({"quality": "balanced"}));
    let backlog = Backlog { images: [0, 2, 0] };
    let deadline = Some(Deadline { left: 16.0, backlog });
    let planned = plan(JobId(uuid::Uuid::nil()), &wanted, &[], &under(&outlook(), deadline));
    assert_eq!(planned.unwrap().remove(0).request.steps, Some(6), "12 of the 16 seconds are others'");
}

#[test]
fn while_nothing_is_known_the_model_decides() {
    let nobody = Outlook::default();
    let of = |quality: &str| shots(&brief(json!({"quality": quality})), &nobody, Some(0.001)).remove(0);
    assert_eq!(["flash", "balanced", "auto", "best"].map(|tier| of(tier).steps), [Some(6), None, None, Some(24)]);
    assert_eq!((of("auto").width, codes(&of("auto"))[0]), (1024, "no_renderer"));
    let unmeasured = Outlook { costs: CostModel::default(), ..outlook() };
    let shot = shots(&brief(json!({"quality": "best"})), &unmeasured, Some(0.001)).remove(0);
    assert_eq!((shot.steps, codes(&shot)[0]), (Some(24), "deadline_blind"));
    assert_eq!(shot.decision.unwrap().seconds, None);
}

fn with_references(max_references: u32) -> Outlook {
    let known = outlook();
    Outlook { model: known.model.map(|facts| ModelFacts { max_references, ..facts }), ..known }
}

fn two_kept(preserve: &str, prompt: &str, extra: serde_json::Value) -> Brief {
    let subject = |name: &str| json!({"name": name, "preserve": preserve, "references": [{"blob": "k"}]});
    let mut wanted = json!({"prompt": prompt, "subjects": [subject("mug"), subject("pot")]});
    wanted.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    brief(wanted)
}

#[test]
fn identity_is_drawn_from_references_where_the_model_takes_them() {
    let shot =
        shots(&two_kept("identity", "a mug and a pot on linen", json!({})), &with_references(14), None).remove(0);
    assert_eq!((&shot.method, codes(&shot)[0]), (&Method::Draw, "identity"));
    assert_eq!(shot.keeping.least, 0.5);
    let scene = shot.instead.unwrap().scene.unwrap();
    assert!(scene.ends_with(", on linen"), "{scene}");
    let few = shots(&two_kept("identity", "", json!({"backdrop": "warm"})), &with_references(1), None).remove(0);
    assert_eq!(codes(&few)[..2], ["references_left_out", "identity"]);
    assert_eq!(few.prompt, "product photograph of mug and pot on a warm studio backdrop");
}

#[test]
fn another_model_draws_what_references_show_each_in_its_place() {
    let sizes = vec![[64, 64], [96, 64], [144, 64]];
    let facts = ModelFacts { model: "shown".into(), native_sizes: sizes, default_steps: 4, ..ModelFacts::default() };
    let shown = ModelFacts { max_references: 3, place: Some(48), ..facts };
    let known = with_references(3);
    let model = known.model.map(|named| ModelFacts { for_references: Some(Box::new(shown)), ..named });
    let outlook = Outlook { model, ..known };
    let shot = shots(&two_kept("identity", "on linen", json!({})), &outlook, None).remove(0);
    let decision = shot.decision.unwrap();
    assert_eq!((decision.model.as_deref(), decision.native, shot.steps), (Some("shown"), Some([96, 64]), Some(4)));
    let named = shots(&brief(json!({})), &outlook, None).remove(0);
    assert_eq!((named.decision.unwrap().model.as_deref(), named.steps), (Some("m"), Some(12)));
}

#[test]
fn identity_without_references_falls_back_and_says_so_or_is_refused() {
    let shot = shots(&two_kept("identity", "on linen", json!({})), &with_references(0), None).remove(0);
    assert!(matches!(shot.method, Method::Compose { .. }) && shot.instead.is_none());
    assert_eq!(codes(&shot)[..2], ["identity_unsupported", "own_pixels_in_scene"]);
    let only = two_kept("identity", "on linen", json!({"fallback": "none"}));
    let outlook = with_references(0);
    let under = under(&outlook, None);
    let refused = plan(JobId(uuid::Uuid::nil()), &only, &[], &under).unwrap_err();
    let said = refused.to_string();
    assert!(said.starts_with("subjects[0].preserve: identity cannot be had: m takes no references"), "{said}");
}

#[test]
fn pixels_are_placed_in_a_drawn_scene_when_the_prompt_describes_one() {
    let shot = shots(&two_kept("pixels", "on linen", json!({})), &outlook(), None).remove(0);
    assert_eq!((codes(&shot)[0], shot.steps), ("own_pixels_in_scene", Some(12)));
    assert!(shot.placing().unwrap().scene.is_some());
    let studio = shots(&two_kept("pixels", "", json!({})), &outlook(), None).remove(0);
    assert_eq!((codes(&studio), studio.steps), (vec!["own_pixels"], None));
    assert_eq!(studio.placing().unwrap().scene, None);
}

#[test]
fn a_model_that_can_draws_on_what_other_shapes_show_beyond_the_render() {
    let can = |outpaints| {
        let known = outlook();
        Outlook { model: known.model.map(|facts| ModelFacts { outpaints, ..facts }), ..known }
    };
    let wide = json!({"prompt": "a mug on oak", "deliverables": ["meta-feed-square", "linkedin-landscape",
                      "linkedin-landscape", "amazon-main"]});
    let planned = |extra: &serde_json::Value, outpaints| shots(&brief(extra.clone()), &can(outpaints), None).remove(0);
    let shot = planned(&wide, true);
    let Outpaint { prompt, frames } = shot.outpaint.clone().unwrap();
    assert!(prompt.ends_with(": on oak"), "{prompt}");
    let sizes: Vec<_> = frames.iter().map(|frame| [frame.width, frame.height]).collect();
    let specs = Catalogue::builtin();
    let of = |id: &str| specs.get(id).map(|spec| [spec.size.width, spec.size.height]).unwrap();
    assert!(sizes.contains(&of("linkedin-landscape")) && !sizes.contains(&of("amazon-main")), "{sizes:?}");
    assert!(codes(&shot).contains(&"outpaint"));
    assert_eq!(planned(&wide, false).outpaint, None);
    let placed = two_kept("pixels", "a mug and a pot on oak", wide);
    assert_eq!(shots(&placed, &can(true), None).remove(0).outpaint, None);
}
