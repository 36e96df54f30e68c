//! The locales of a campaign: one picture is drawn, and every locale's words are set onto it.

use crate::campaign::{photo, run};
use crate::common::{Up, cavendish, configured};
use cavendish_blobs::BlobStore;
use cavendish_domain::{JobId, Made, TenantId};
use cavendish_store::{JobView, Retention};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

const FEED: &str = "id,title,image_link\nmug-1,Red mug,red.png\nmug-2,Blue mug,blue.png\n";

/// A plan for three locales, with these words.
fn plan(variants: u32, prompt: &str, copy: &str) -> String {
    format!(
        "name = 'fair'\nlocales = ['en-US', 'de-DE', 'ja-JP']\ndeliverables = ['meta-story']\nvariants = {variants}\n\
         {copy}\n[[scenes]]\nname = 'table'\nprompt = '{prompt}'\n"
    )
}

fn words(de: &str, ja: &str) -> String {
    format!("copy.default.headline = '{{title}}'\ncopy.de-DE.headline = '{de}'\ncopy.ja-JP.headline = '{ja}'")
}

/// A line, two photographs and a feed.
async fn begun(brands: &[(&str, &str)]) -> Up {
    let (world, folder) = configured().await;
    let at = |name: &str| folder.path().join(name);
    let config = fs::read_to_string(at("cavendish.toml")).unwrap();
    fs::write(at("cavendish.toml"), config.replace("[type]\n", "[type]\nbrands_dir = \"brands\"\n")).unwrap();
    fs::create_dir(at("brands")).unwrap();
    brands.iter().for_each(|(name, kit)| fs::write(at("brands").join(name), kit).unwrap());
    photo(&at("red.png"), [205, 30, 35]);
    photo(&at("blue.png"), [40, 95, 200]);
    fs::write(at("feed.csv"), FEED).unwrap();
    Up::start(world, folder)
}

fn write_plan(up: &Up, plan: String) {
    fs::write(up.folder().join("plan.toml"), plan).unwrap();
}

/// What a dry run says to people.
fn foretold(up: &Up) -> String {
    let args = ["campaign", "run", "feed.csv", "--plan", "plan.toml", "--out", "out", "--dry-run"];
    String::from_utf8(cavendish(up.folder(), &args).output().unwrap().stdout).unwrap()
}

async fn views(up: &Up) -> Vec<JobView> {
    let store = up.world.store().await.unwrap();
    let mut views = vec![];
    for job in store.jobs(TenantId::DEFAULT, 100).await.unwrap() {
        views.push(store.job(TenantId::DEFAULT, JobId(job.id)).await.unwrap());
    }
    views
}

/// How many renders were made, by the history of all jobs.
pub(crate) async fn drawn(up: &Up) -> usize {
    let store = up.world.store().await.unwrap();
    let mut drawn = 0;
    for job in store.jobs(TenantId::DEFAULT, 100).await.unwrap() {
        let history = store.history(TenantId::DEFAULT, JobId(job.id), 0).await.unwrap();
        drawn += history.iter().filter(|entry| entry.event == "shot.rendered").count();
    }
    drawn
}

fn count(said: &Value) -> [u64; 3] {
    ["made", "kept", "failed"].map(|name| said[name].as_u64().unwrap_or_else(|| panic!("no {name} in {said}")))
}

#[tokio::test]
async fn locales_share_one_picture_and_set_their_own_words_onto_it() {
    let up = begun(&[]).await;
    write_plan(&up, plan(2, "on a linen cloth", &words("Becher", "マグカップ")));
    let told = foretold(&up);
    assert!(told.contains("6 jobs (0 done before, 2 to draw, 4 to finish from their renders), 12 files"), "{told}");

    let (code, made, said) = run(&up, &[]);
    assert_eq!((code, count(&made)), (Some(0), [6, 0, 0]), "{said}");
    assert_eq!(made["index"]["files"], 12);
    let jobs = views(&up).await;
    let renders: BTreeSet<_> = jobs.iter().flat_map(|job| &job.shots).map(render_key).collect();
    assert_eq!((jobs.len(), renders.len(), drawn(&up).await), (6, 4, 4), "2 products in 2 variants");
    for job in &jobs {
        let (locale, headline) = (&job.brief["locale"], job.brief["copy"]["headline"].as_str().unwrap());
        assert_eq!((headline == "Becher", headline == "マグカップ"), (*locale == "de-DE", *locale == "ja-JP"));
        for asset in &job.assets {
            let set = &asset.report["type"];
            assert_eq!((&set["locale"], &set["elements"][0]["fit"]), (locale, &"set".into()), "{set}");
        }
    }

    // Another word in one locale: only that one is finished anew.
    write_plan(&up, plan(2, "on a linen cloth", &words("Tasse", "マグカップ")));
    let told = foretold(&up);
    assert!(told.contains("6 jobs (4 done before, 0 to draw, 2 to finish from their renders)"), "{told}");
    let (code, made, said) = run(&up, &[]);
    assert_eq!((code, count(&made), drawn(&up).await), (Some(0), [2, 4, 0], 4), "{said}");

    // Another prompt: everything.
    write_plan(&up, plan(2, "on an oak table", &words("Tasse", "マグカップ")));
    let (code, made, said) = run(&up, &[]);
    assert_eq!((code, count(&made), drawn(&up).await), (Some(0), [6, 0, 0], 8), "{said}");

    // Renders that are kept no longer are drawn again, once for both locales that changed.
    let store = up.world.store().await.unwrap();
    store.expire(Retention { renders: Some(Duration::ZERO), assets: None }).await.unwrap();
    write_plan(&up, plan(2, "on an oak table", &words("Humpen", "湯呑み")));
    let (code, made, said) = run(&up, &[]);
    assert_eq!((code, count(&made), drawn(&up).await), (Some(0), [4, 2, 0], 12), "{said}");
    assert_eq!(made["index"]["files"], 12);
    let (_, made, _) = run(&up, &[]);
    assert_eq!(count(&made), [0, 6, 0]);
}

fn render_key(shot: &cavendish_store::ShotView) -> String {
    shot.render.as_ref().unwrap().0.blob_key.clone()
}

#[tokio::test]
async fn a_locale_that_fails_leaves_the_picture_to_the_others() {
    let up = begun(&[("acme.toml", "forbidden_words = ['cheap']\n")]).await;
    // Refused at the door, so the next locale draws.
    write_plan(&up, plan(1, "on oak", "copy.en-US.price = '12,50 USD'\ncopy.default.headline = '{title}'"));
    let (code, made, said) = run(&up, &[]);
    assert_eq!((code, count(&made), drawn(&up).await), (Some(1), [4, 0, 2], 2), "{said}");
    assert!(said.contains("mug-1/en-US/table: invalid brief") && said.contains("copy.price.amount"), "{said}");
    write_plan(&up, plan(1, "on oak", "copy.en-US.price = '12.50 USD'\ncopy.default.headline = '{title}'"));
    let (code, made, said) = run(&up, &[]);
    assert_eq!((code, count(&made), drawn(&up).await), (Some(0), [2, 4, 0], 2), "{said}");

    // Refused when it is set, after the picture was drawn: the others have it, and so has the first one later.
    let branded = |headline: &str| {
        let copy = format!("brand = 'acme'\ncopy.en-US.headline = '{headline}'\ncopy.default.headline = '{{title}}'");
        write_plan(&up, plan(1, "on slate", &copy));
    };
    branded("A cheap mug");
    let (code, made, said) = run(&up, &[]);
    assert_eq!((code, count(&made), drawn(&up).await), (Some(1), [4, 0, 2], 4), "{said}");
    assert!(said.contains("cheap"), "{said}");
    branded("A fine mug");
    let (code, made, said) = run(&up, &[]);
    assert_eq!((code, count(&made), drawn(&up).await), (Some(0), [2, 4, 0], 4), "{said}");

    // The bucket lost what the database promises: drawn again.
    lose_scenes(&up).await;
    branded("A finer mug");
    let (code, made, said) = run(&up, &[]);
    assert_eq!((code, count(&made), drawn(&up).await), (Some(0), [2, 4, 0], 6), "{said}");
}

async fn lose_scenes(up: &Up) {
    for job in views(up).await {
        for render in job.shots.into_iter().filter_map(|shot| shot.render) {
            if let Some(Made::Compose { scene: Some(key), .. }) = render.0.made {
                up.world.blobs.delete(&key).await.unwrap();
            }
        }
    }
}
