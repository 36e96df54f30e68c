//! The built-in catalogue: complete, sound, and helpful about wrong ids.

#![allow(clippy::unwrap_used)]

use cavendish_specs::{Background, Catalogue, CatalogueFault, Format, Trust};

const PROMISED: &[&str] = &[
    "amazon-main",
    "google-merchant",
    "google-pmax-landscape",
    "google-pmax-square",
    "google-pmax-portrait",
    "google-pmax-logo",
    "google-rda-landscape",
    "google-rda-square",
    "meta-feed-square",
    "meta-feed-portrait",
    "meta-story",
    "meta-reels",
    "tiktok-landscape",
    "tiktok-square",
    "tiktok-portrait",
    "pinterest-pin",
    "linkedin-landscape",
    "linkedin-square",
    "linkedin-portrait",
    "x-square",
    "x-landscape",
    "shopify-product",
    "ebay-listing",
    "walmart-main",
    "etsy-listing",
    "iab-billboard",
    "iab-leaderboard",
    "iab-super-leaderboard",
    "iab-portrait",
    "iab-skyscraper",
    "iab-medium-rectangle",
    "iab-mobile-banner",
    "iab-mobile-interstitial",
    "dv360-billboard",
];

#[test]
fn every_promised_spec_is_there_and_names_its_source() {
    let catalogue = Catalogue::builtin();
    for id in PROMISED {
        let spec = catalogue.get(id).unwrap();
        assert!(!spec.source.is_empty() && !spec.read_on.is_empty(), "{id}");
        assert!(id.starts_with(&format!("{}-", spec.network)), "{id} is of {}", spec.network);
    }
}

#[test]
fn figures_are_those_that_were_read() {
    let get = |id| Catalogue::builtin().get(id).unwrap();
    let story = get("meta-story");
    assert_eq!((story.size.width, story.size.height), (1440, 2560));
    assert_eq!((story.safe_zone.top, story.safe_zone.bottom), (250, 340));
    assert_eq!(get("tiktok-square").max_bytes, Some(100_000));
    assert_eq!(get("iab-mobile-banner").max_bytes, Some(50_000));
    assert_eq!(get("amazon-main").background, Background::PureWhite);
    assert_eq!(get("linkedin-landscape").formats[0], Format::Jpeg);
    assert_eq!(get("walmart-main").size.width, 2200);
    let merchant = get("google-merchant").fill.unwrap();
    assert_eq!((merchant.min, merchant.max), (0.75, 0.9));
}

#[test]
fn a_wrong_id_names_its_neighbours() {
    let catalogue = Catalogue::builtin();
    let say = |id| catalogue.get(id).unwrap_err().to_string();
    assert_eq!(say("amazon-man"), "unknown spec `amazon-man`; did you mean `amazon-main`?");
    assert_eq!(say("Amazon_Main"), "unknown spec `Amazon_Main`; did you mean `amazon-main`?");
    assert!(say("meta-billboard").contains("meta-feed-portrait"));
    assert_eq!(say("qqqqqqqqqqqqqq"), "unknown spec `qqqqqqqqqqqqqq`");
    assert!(say(&"a".repeat(100_000)).len() < 300, "a hostile id is not echoed whole");
}

/// Any single edit of any id still leads back to it.
#[test]
fn every_id_survives_a_typo() {
    let catalogue = Catalogue::builtin();
    for id in catalogue.ids() {
        for cut in 0..id.len() {
            let typo = format!("{}{}", &id[..cut], &id[cut + 1..]);
            if let Err(error) = catalogue.get(&typo) {
                assert!(error.near.iter().any(|near| near == id), "{typo}: {:?}", error.near);
            }
        }
    }
}

#[test]
fn specs_survive_json() {
    for spec in Catalogue::builtin().iter() {
        let json = serde_json::to_string(spec).unwrap();
        assert_eq!(&serde_json::from_str::<cavendish_specs::Spec>(&json).unwrap(), spec);
    }
}

fn head() -> &'static str {
    "network='a'\nversion=1\nsource='s'\nread_on='2026-09'\n"
}

fn spec(id: &str, rest: &str) -> String {
    format!("[[spec]]\nid='{id}'\ntitle='t'\nformats=['png']\n{rest}\n")
}

/// What is said of a file with these specs.
fn refusal(specs: &str) -> String {
    let mut catalogue = Catalogue::builtin().clone();
    let count = catalogue.ids().count();
    let error = catalogue.add("own.toml", &format!("{}{specs}", head())).unwrap_err();
    assert_eq!(catalogue.ids().count(), count, "nothing of a bad file is taken");
    error.to_string()
}

#[test]
fn a_bad_file_is_refused_whole_with_file_field_and_reason() {
    let good = spec("a-one", "size={width=10,height=10}");
    assert_eq!(
        refusal(&format!("{good}{}", spec("a-two", "size={width=10,height=10,max_width=5}"))),
        "spec file own.toml: spec[1].size: the target 10×10 breaks its own limit, width ≤ 5"
    );
    assert_eq!(
        refusal(&format!("{good}{good}")),
        "spec file own.toml: spec[1].id: `a-one` is taken by the file own.toml; choose another id"
    );
    let wrong = refusal(&spec("a-one", "size={width='wide',height=10}"));
    assert!(wrong.starts_with("spec file own.toml: spec[0].size.width: invalid type: string"), "{wrong}");
    let unknown = refusal(&spec("a-one", "size={width=9,height=9}\nsafe_zone={up=3}"));
    assert!(unknown.contains("spec[0].safe_zone.up: unknown field `up`, expected one of `top`"), "{unknown}");
    let missing = refusal(&spec("a-one", ""));
    assert_eq!(missing, "spec file own.toml: spec[0]: missing field `size` (line 5)");
    assert!(refusal("[[spec").starts_with("spec file own.toml: ") && refusal("[[spec").ends_with("(line 5)"));
    assert!(refusal(&spec("amazon-x", "size={width=9,height=9}")).contains("does not begin with its network, `a-…`"));
    assert!(refusal(&spec("A-x", "size={width=9,height=9}")).contains("spec[0].id: `A-x` is not"));
    for (rest, told) in [
        ("colour='cmyk'", "spec[0].colour: cmyk is written as tiff and pdf"),
        ("bleed_mm=3.0", "spec[0].bleed_mm: needs dpi"),
        ("dpi=300\nbleed_mm=0.5", "spec[0].bleed_mm: 0.5 is not above 0 and below half of the sheet"),
    ] {
        let wrong = refusal(&spec("a-one", &format!("size={{width=10,height=10}}\n{rest}")));
        assert!(wrong.contains(told), "{wrong}");
    }
    assert!(refusal("").contains("there is none in the file"));
    assert!(refusal("[grid]\nformats=['png']\nscale={x=0.3}\nsides={s=[5,5]}").contains("grid.sides.s: 1.5×1.5"));
}

#[test]
fn a_shipped_id_cannot_be_taken() {
    let mut catalogue = Catalogue::builtin().clone();
    let text = "network='amazon'\nversion=1\nsource='s'\nread_on='2026-09'\n";
    let text = format!("{text}{}", spec("amazon-main", "size={width=9,height=9}"));
    let error = catalogue.add("own.toml", &text).unwrap_err();
    assert!(matches!(error.fault, CatalogueFault::Taken { .. }));
    assert!(error.to_string().contains("taken by the file amazon.toml (shipped with Cavendish)"), "{error}");
}

#[test]
fn a_spec_inherits_what_the_head_of_its_file_says() {
    let mut catalogue = Catalogue::default();
    let own = "size={width=9,height=9}\nsource='other'\nread_on='2026-10'\ntrust='weak'";
    let text = format!("{}{}{}", head(), spec("a-one", "size={width=9,height=9}"), spec("a-two", own));
    catalogue.add("own.toml", &text).unwrap();
    let get = |id| catalogue.get(id).unwrap().clone();
    assert_eq!((get("a-one").network.as_str(), get("a-one").version), ("a", 1));
    assert_eq!((get("a-one").source.as_str(), get("a-two").source.as_str()), ("s", "other"));
    assert_eq!((get("a-one").trust, get("a-two").trust), (Trust::Primary, Trust::Weak));
}

#[test]
fn every_ratio_is_there_at_every_size() {
    let specs: Vec<_> = Catalogue::builtin().iter().filter(|spec| spec.network == "ratio").collect();
    assert_eq!(specs.len(), 14 * 4);
    let size = |id: &str| {
        let size = &Catalogue::builtin().get(id).unwrap().size;
        assert!(size.exact);
        (size.width, size.height)
    };
    assert_eq!([size("ratio-1x1-512"), size("ratio-1x1-4k")], [(512, 512), (4096, 4096)]);
    assert_eq!([size("ratio-16x9-2k"), size("ratio-9x16-1k")], [(2752, 1536), (768, 1376)]);
    assert_eq!([size("ratio-1x8-4k"), size("ratio-8x1-512")], [(1536, 12288), (1536, 192)]);
    for spec in specs {
        let (ratio, _) = spec.id["ratio-".len()..].split_once('-').unwrap();
        let (across, down) = ratio.split_once('x').unwrap();
        let named = across.parse::<f64>().unwrap() / down.parse::<f64>().unwrap();
        assert!((spec.size.aspect() / named - 1.0).abs() < 0.011, "{}: {}", spec.id, spec.size.aspect());
    }
}
