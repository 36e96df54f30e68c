use super::*;

fn brief(json: serde_json::Value) -> Brief {
    serde_json::from_value(json).unwrap()
}

fn fields(json: serde_json::Value) -> Vec<String> {
    let known = |id: &str| (id != "amazon-main").then(|| format!("unknown spec `{id}`"));
    match brief(json).validate(known) {
        Ok(()) => vec![],
        Err(invalid) => invalid.errors.into_iter().map(|error| error.field).collect(),
    }
}

#[test]
fn the_shortest_brief_is_a_prompt_and_a_deliverable() {
    let brief = brief(serde_json::json!({"prompt": "hamburger", "deliverables": ["amazon-main"], "new_field": 1}));
    assert_eq!((brief.variants, brief.lane, brief.quality), (1, Lane::Standard, Quality::Auto));
    assert!(brief.validate(|_| None).is_ok());
}

#[test]
fn what_is_finished_anew_is_not_asked_for_again() {
    let job = JobId::new();
    assert_eq!(fields(serde_json::json!({"renders_of": job, "deliverables": ["amazon-main"]})), [""; 0]);
    let again = serde_json::json!({"renders_of": job, "prompt": "x", "variants": 2, "seed": 1, "backdrop": "warm",
                                   "deliverables": ["amazon-main"]});
    assert_eq!(fields(again), ["prompt", "backdrop", "variants", "seed"]);
}

#[test]
fn marks_are_points_or_boxes_within_the_picture() {
    let marked = |keep: serde_json::Value| {
        let subject = serde_json::json!({"references": [{"blob": "b"}], "keep": keep, "remove": [[0.1, 0.1]]});
        fields(serde_json::json!({"subjects": [subject], "deliverables": ["amazon-main"]}))
    };
    assert_eq!(marked(serde_json::json!([[0.5, 0.5], [0.1, 0.1, 0.2, 0.3]])), [""; 0]);
    assert_eq!(
        marked(serde_json::json!([[0.5, 1.5], [0.4, 0.1, 0.2, 0.3]])),
        ["subjects[0].keep[0]", "subjects[0].keep[1]"]
    );
    let profiled = serde_json::json!({"profile": "cup", "mask": {"blob": "b"}});
    assert_eq!(fields(serde_json::json!({"subjects": [profiled], "deliverables": ["amazon-main"]})), ["subjects[0]"]);
}

#[test]
fn every_fault_is_named_with_its_field() {
    assert_eq!(
        fields(serde_json::json!({
            "prompt": "x".repeat(100_000),
            "variants": 0,
            "backdrop": "plaid",
            "deliverables": ["amazon-main", {"spec": "nope"}],
            "subjects": [{"references": [], "box": [0.5, 0.0, 0.2, 1.0]}],
        })),
        ["prompt", "variants", "backdrop", "deliverables[1].spec", "subjects[0].references", "subjects[0].box"]
    );
    assert_eq!(fields(serde_json::json!({"deliverables": []})), ["prompt", "deliverables"]);
    let subject = |subject| fields(serde_json::json!({"deliverables": ["amazon-main"], "subjects": [subject]}));
    assert!(subject(serde_json::json!({"profile": "cup@3"})).is_empty());
    assert_eq!(subject(serde_json::json!({})), ["subjects[0].references"]);
    let both = serde_json::json!({"profile": "cup", "references": [{"blob": "x"}], "box": [0.1, 0.1, 0.9, 0.9]});
    assert_eq!(subject(both), ["subjects[0].profile", "subjects[0].box"]);
    for deadline in [0, 86_400_001] {
        let brief = serde_json::json!({"prompt": "x", "deliverables": ["amazon-main"], "deadline_ms": deadline});
        assert_eq!(fields(brief), ["deadline_ms"]);
    }
    assert_eq!(fields(serde_json::json!({"prompt": "a\u{0}b", "deliverables": ["amazon-main"]})), ["prompt"]);
}

#[test]
fn subjects_keep_each_other_company() {
    let with = |subjects: serde_json::Value| serde_json::json!({"prompt": "x", "deliverables": ["amazon-main"], "subjects": subjects});
    let (pixels, identity) = (serde_json::json!("pixels"), serde_json::json!("identity"));
    let of = |preserve: &serde_json::Value, references: usize| {
        let photos = vec![serde_json::json!({"blob": "k"}); references];
        serde_json::json!({"preserve": preserve, "references": photos})
    };
    assert_eq!(fields(with(vec![of(&pixels, 14); 5].into())), Vec::<String>::new());
    assert_eq!(fields(with(vec![of(&pixels, 1); 6].into())), ["subjects"]);
    assert_eq!(fields(with([of(&identity, 7), of(&identity, 8)].into())), ["subjects"]);
    assert_eq!(fields(with([of(&identity, 7), of(&identity, 7)].into())), Vec::<String>::new());
    assert_eq!(fields(with([of(&identity, 15)].into())), ["subjects[0].references"]);
    assert_eq!(fields(with([of(&pixels, 1), of(&identity, 1)].into())), ["subjects[1].preserve"]);
    let mut odd = with(serde_json::json!([{"references": [{"blob": "k"}], "size": 11.0}]));
    odd["min_consistency"] = serde_json::json!(1.5);
    assert_eq!(fields(odd), ["min_consistency", "subjects[0].size"]);
}

#[test]
fn copy_is_checked_with_its_locale_and_its_brand() {
    let with = |copy: serde_json::Value| {
        let mut brief = serde_json::json!({"prompt": "x", "deliverables": ["amazon-main"]});
        brief.as_object_mut().unwrap().extend(copy.as_object().unwrap().clone());
        fields(brief)
    };
    let good = serde_json::json!({"copy": {"headline": "Hi", "price": {"amount": 1.5, "currency": "EUR"}},
                                  "locale": "de-DE", "template": "story", "brand": "acme"});
    assert_eq!(with(good), Vec::<String>::new());
    let bad = serde_json::json!({"copy": {"headline": "So cheap"}, "locale": "de_DE",
                                 "brand": {"forbidden_words": ["cheap"]}});
    assert_eq!(with(bad), ["locale", "copy.headline"]);
}

#[test]
fn debug_output_never_spills_a_photograph() {
    assert_eq!(format!("{:?}", Reference::Data("aGk=".into())), "Data(4 characters)");
}
