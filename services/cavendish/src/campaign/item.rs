//! What a plan makes of a product: a brief for every scene and locale.

use super::feed::Product;
use super::plan::{Plan, Scene};
use super::template::{Template, Values, path_part};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A job of a campaign.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    /// Names it within its campaign: product, locale and scene.
    pub(crate) key: String,
    pub(crate) locale: String,
    pub(crate) scene: String,
    /// The brief.
    pub(crate) brief: Value,
    /// Of everything that makes its files: another one is another job.
    pub(crate) fingerprint: String,
    /// Names the picture that it shows, within its campaign. Items of one picture differ only in what is set onto it.
    pub(crate) picture: String,
}

/// The fields of a brief that make its picture, and go without saying where renders are finished anew.
const DRAWN: [&str; 6] = ["prompt", "subjects", "variants", "quality", "backdrop", "seed"];

impl Item {
    /// The brief that finishes the renders of `job`, which drew the same picture.
    pub(crate) fn finishing(&self, job: Uuid) -> Value {
        let mut brief = self.brief.clone();
        if let Some(fields) = brief.as_object_mut() {
            fields.retain(|name, _| !DRAWN.contains(&name.as_str()));
            fields.insert("renders_of".into(), json!(job));
        }
        brief
    }
}

/// Names a job within its campaign.
pub(crate) fn key(product: &str, locale: &str, scene: &str) -> String {
    [product, locale, scene].map(path_part).join("/")
}

/// Names the profiling of a product within its campaign.
pub(crate) fn subject_key(product: &str) -> String {
    format!("subject/{}", path_part(product))
}

/// What templates may name of a product, beside its own fields.
pub(crate) fn values<'a>(plan: &'a Plan, product: &'a Product, locale: &'a str, scene: &'a str) -> Values<'a> {
    let mut values: Values<'a> = product.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    values.extend([
        ("id", product.id.as_str()),
        ("title", product.title.as_str()),
        ("campaign", plan.name.as_str()),
        ("locale", locale),
        ("scene", scene),
    ]);
    values
}

/// The jobs of a product that is kept as `profile`.
pub(crate) fn items(plan: &Plan, product: &Product, profile: &str) -> Vec<Item> {
    let pairs = plan.locales.iter().flat_map(|locale| plan.scenes.iter().map(move |scene| (locale, scene)));
    pairs.map(|(locale, scene)| item(plan, product, locale, scene, profile)).collect()
}

fn item(plan: &Plan, product: &Product, locale: &str, scene: &Scene, profile: &str) -> Item {
    let values = values(plan, product, locale, &scene.name);
    let fill = |template: &Template| template.fill(&values, str::to_owned);
    let mut brief = json!({
        "name": format!("{} · {} · {locale}", product.title, scene.name),
        "prompt": fill(&scene.prompt),
        "subjects": [{"profile": profile, "name": product.title, "preserve": plan.preserve}],
        "deliverables": plan.deliverables,
        "variants": plan.variants,
        "quality": plan.quality,
        "lane": plan.lane,
        "locale": locale,
    });
    let mut set = |name: &str, value: Option<Value>| {
        if let (Some(value), Some(object)) = (value, brief.as_object_mut()) {
            object.insert(name.into(), value);
        }
    };
    set("backdrop", scene.backdrop.as_ref().map(|backdrop| json!(backdrop)));
    set("seed", plan.seed.map(|seed| json!(seed)));
    set("template", plan.template.as_ref().map(|template| json!(template)));
    set("brand", plan.brand.as_ref().map(|brand| json!(brand)));
    set("copy", copy(plan, locale, |template| template.fill_copy(&values)));
    let (key, fingerprint) = (key(&product.id, locale, &scene.name), digest(&brief));
    let picture = picture(&product.id, &scene.name, &brief);
    Item { key, locale: locale.into(), scene: scene.name.clone(), brief, fingerprint, picture }
}

/// Names the picture of a brief. The deliverables count too: the size that is drawn follows from their shapes.
fn picture(product: &str, scene: &str, brief: &Value) -> String {
    let made_of: Vec<&Value> = DRAWN.iter().chain(&["deliverables"]).map(|name| &brief[*name]).collect();
    let [product, scene] = [product, scene].map(path_part);
    format!("picture:{product}/{scene}/{}", digest(&json!(made_of)))
}

fn digest(value: &Value) -> String {
    Sha256::digest(value.to_string().as_bytes())[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The words of a locale with the product's own in them; what came to nothing is left out.
fn copy(plan: &Plan, locale: &str, fill: impl Fn(&Template) -> String) -> Option<Value> {
    let filled = plan.copy_for(locale)?.iter().map(|(name, template)| (name.clone(), fill(template)));
    let mut copy = Map::new();
    for (name, text) in filled.filter(|(_, text)| !text.trim().is_empty()) {
        let value = if name == "price" { price(&text) } else { json!(text) };
        copy.insert(name, value);
    }
    (!copy.is_empty()).then_some(Value::Object(copy))
}

/// `15.00 EUR`, as feeds write prices, or `15.00EUR`, or `EUR 15.00`. What is none of these is told when the brief is checked.
fn price(text: &str) -> Value {
    let (text, letter) = (text.trim(), |c: char| c.is_ascii_alphabetic());
    let before = text.trim_end_matches(letter);
    let (amount, currency) = match before.len() < text.len() {
        true => (before, &text[before.len()..]),
        false => {
            let behind = text.trim_start_matches(letter);
            (behind, &text[..text.len() - behind.len()])
        }
    };
    json!({"amount": amount.trim(), "currency": currency})
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn product() -> Product {
        let fields = BTreeMap::from([("price".to_owned(), "15.00 EUR".to_owned())]);
        Product { id: "sku/1".into(), title: "Mug".into(), images: vec!["m.jpg".into()], fields }
    }

    fn plan(extra: &str) -> Plan {
        let scenes =
            "[[scenes]]\nname = 'linen'\nprompt = '{title} on linen'\n[[scenes]]\nname = 'warm'\nbackdrop = 'warm'";
        toml::from_str(&format!("name = 'spring'\ndeliverables = ['amazon-main', 'meta-story']\n{extra}\n{scenes}"))
            .unwrap()
    }

    #[test]
    fn every_scene_and_locale_is_a_job_of_its_own() {
        let plan =
            plan("locales = ['de-DE', 'en-US']\n[copy.default]\nheadline = '{title}'\nprice = '{price}'\ncta = '{no}'");
        let items = items(&plan, &product(), "sku-1@2");
        let keys: Vec<_> = items.iter().map(|item| item.key.as_str()).collect();
        assert_eq!(keys, ["sku-1/de-DE/linen", "sku-1/de-DE/warm", "sku-1/en-US/linen", "sku-1/en-US/warm"]);
        let linen = &items[0].brief;
        assert_eq!((linen["prompt"].as_str(), linen["lane"].as_str()), (Some("Mug on linen"), Some("bulk")));
        assert_eq!(linen["copy"], json!({"headline": "Mug", "price": {"amount": "15.00", "currency": "EUR"}}));
        assert_eq!(items[1].brief["backdrop"], "warm");
        let parsed: cavendish_domain::Brief = serde_json::from_value(linen.clone()).unwrap();
        assert_eq!(parsed.locale.as_deref(), Some("de-DE"));
    }

    #[test]
    fn prices_of_feeds_are_taken_apart_and_what_is_none_is_told_by_its_field() {
        for text in ["15.00 EUR", "15.00EUR", "EUR 15.00", " 15.00  EUR "] {
            assert_eq!(price(text), json!({"amount": "15.00", "currency": "EUR"}), "{text}");
        }
        for (text, field) in
            [("15.00", "copy.price.currency"), ("about 15", "copy.price.currency"), ("free", "copy.price.amount")]
        {
            let fields = BTreeMap::from([("price".to_owned(), text.to_owned())]);
            let plan = plan("[copy.default]\nheadline = '{title}'\nprice = '{price}'");
            let brief = items(&plan, &Product { fields, ..product() }, "sku-1@2").remove(0).brief;
            let brief: cavendish_domain::Brief = serde_json::from_value(brief).unwrap();
            let faults = brief.validate(|_| None).unwrap_err().errors;
            assert!(faults.iter().any(|fault| fault.field == field), "{text}: {faults:?}");
        }
    }

    #[test]
    fn what_the_locale_writes_is_left_to_it() {
        let copy =
            "[copy.default]\nheadline = '{title} {{price}}'\nlegal = 'Ends {date:2026-12-24}.'\nprice = '{price}'";
        let braced = Product { title: "Mug {L}".into(), ..product() };
        let brief = items(&plan(copy), &braced, "sku-1@2").remove(0).brief;
        assert_eq!(
            (&brief["copy"]["headline"], &brief["copy"]["legal"]),
            (&json!("Mug {{L}} {price}"), &json!("Ends {date:2026-12-24}."))
        );
        let brief: cavendish_domain::Brief = serde_json::from_value(brief).unwrap();
        assert!(brief.validate(|_| None).is_ok());
    }

    #[test]
    fn locales_show_the_same_picture_unless_the_scene_says_where_it_is() {
        let copy = "locales = ['de-DE', 'en-US']\nvariants = 2\nseed = 7\ncopy.de-DE.headline = 'Becher'";
        let shared = items(&plan(copy), &product(), "sku-1@2");
        assert_eq!((&shared[0].picture, &shared[1].picture), (&shared[2].picture, &shared[3].picture));
        assert!(shared[0].picture != shared[1].picture && shared[0].fingerprint != shared[2].fingerprint);
        let finishing = shared[0].finishing(Uuid::nil());
        let brief: cavendish_domain::Brief = serde_json::from_value(finishing.clone()).unwrap();
        brief.validate(|_| None).unwrap();
        assert_eq!((&finishing["copy"], &finishing["locale"]), (&json!({"headline": "Becher"}), &json!("de-DE")));
        let local = toml::from_str::<Plan>(
            "name = 's'\nlocales = ['de-DE', 'ja-JP']\ndeliverables = ['x']\n[[scenes]]\nname = 'a'\nprompt = '{locale}'",
        );
        let local = items(&local.unwrap(), &product(), "sku-1@2");
        assert_ne!(local[0].picture, local[1].picture);
        let wider = items(&Plan { deliverables: vec!["tiktok-square".into()], ..plan(copy) }, &product(), "sku-1@2");
        assert_ne!(wider[0].picture, shared[0].picture);
    }

    #[test]
    fn only_what_changes_files_changes_the_fingerprint() {
        let one = items(&plan(""), &product(), "sku-1@2");
        let more_at_once = items(&plan("at_once = 3\ntags.utm_source = 'x'"), &product(), "sku-1@2");
        assert_eq!(one, more_at_once);
        let newer = items(&plan(""), &product(), "sku-1@3");
        assert!(one.iter().zip(&newer).all(|(a, b)| a.key == b.key && a.fingerprint != b.fingerprint));
    }
}
