use super::*;
use serde_json::json;

fn status() -> SubjectStatus {
    let version = json!({"version": 2, "status": "profiled", "references": 2, "good": 1, "flagged": 0, "rejected": 1,
                         "self_similarity": 0.9, "created_at": "2026-03-01T12:00:00Z"});
    let mut shown = version.clone();
    shown["palette"] = json!([{"hex": "#c81e23", "name": "red", "share": 0.75},
                              {"hex": "red;} body{x", "name": "bad", "share": 0.25}]);
    shown["attributes"] = json!({"form": "square"});
    shown["report"] = json!({"self_similarity": {"indices": [0, 3], "matrix": [[1.0, 0.9], [0.9, 1.0]]}});
    let picture = |index: i32, verdict: &str, reasons: Value| {
        json!({"index": index, "verdict": verdict, "reasons": reasons, "measures": {"side": 400, "sharpness": 0.8},
               "width": 600, "height": 400, "key": "k", "url": "http://x"})
    };
    shown["pictures"] = json!([
        picture(0, "good", json!([])),
        picture(1, "rejected", json!([{"code": "blurred", "text": "is <blurred>"}])),
    ]);
    serde_json::from_value(json!({
        "name": "cup", "kind": "product", "status": "profiled", "versions": 2, "current": 2, "jobs": 1,
        "created_at": "2026-03-01T12:00:00Z", "status_url": "/v1/subjects/cup", "profile": shown, "history": [version],
        "used_by": [{"id": "00000000-0000-0000-0000-000000000001", "name": "Spring & summer", "status": "completed",
                     "version": 2, "created_at": "2026-03-01T12:00:00Z", "status_url": "/v1/jobs/1"}],
    }))
    .unwrap()
}

#[test]
fn everything_that_is_known_is_on_the_page_and_nothing_gets_out_of_its_place() {
    let own = Picture { source: Some("data:image/jpeg;base64,AA".into()), ..Picture::default() };
    let actual = Actual { url: "data:image/webp;base64,BB".into(), width: 30, height: 40 };
    let html = page(&status(), &[Picture { actual: Some(actual), ..own.clone() }, own]);
    for part in [
        "cup@2",
        "#c81e23 · 75",
        "Reference 0",
        "is &lt;blurred&gt;",
        "subject 400 px",
        "--v:0.900",
        "Spring &amp; summer",
        "no cut-out",
        "--cutout:url(data:image/webp;base64,BB)",
        "<div class=\"black\"><i style=\"width:30px;height:40px\">",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("red;}") && !html.contains("<script") && !html.contains("http://x"));
}
