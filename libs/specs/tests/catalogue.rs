//! The built-in catalogue: complete, sound, and helpful about wrong ids.

use cavendish_specs::{Background, Catalogue, CatalogueError, Format};

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

#[test]
fn a_bad_file_is_refused_whole() {
    let spec = |id: &str, size: &str| {
        format!("[[spec]]\nid='{id}'\ntitle='t'\nsize={size}\nformats=['png']\nsource='s'\nread_on='2026-09'\n")
    };
    let good = spec("a-one", "{width=10,height=10}");
    let mut catalogue = Catalogue::default();
    let text = format!("network='a'\n{good}{}", spec("a-two", "{width=10,height=10,max_width=5}"));
    assert!(matches!(catalogue.add(&text), Err(CatalogueError::Invalid { .. })));
    assert_eq!(catalogue.ids().count(), 0);
    assert!(matches!(catalogue.add(&format!("network='a'\n{good}{good}")), Err(CatalogueError::Duplicate(_))));
    assert!(matches!(catalogue.add("network = 3"), Err(CatalogueError::Malformed(_))));
    catalogue.add(&format!("network='a'\n{good}")).unwrap();
    assert_eq!(catalogue.get("a-one").unwrap().network, "a");
}
