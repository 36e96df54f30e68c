//! `cavendish campaign run` on a real line: everything of every product, once.

use crate::common::{Up, cavendish, configured, text};
use cavendish_blobs::BlobStore;
use cavendish_domain::{BlobKey, TenantId};
use serde_json::Value;
use std::fs;
use std::path::Path;

const PLAN: &str = "name = 'spring'\nlocales = ['en-US', 'de-DE']\ndeliverables = ['amazon-main', 'meta-story']\n\
    seed = 7\ntags.utm_content = '{scene}-{variant}'\ncost = { per_hour = 3.0, currency = 'EUR' }\n\
    [copy.default]\nheadline = '{title}'\nprice = '{price}'\n\
    [[scenes]]\nname = 'warm'\nbackdrop = 'warm'\n";

/// A square of this colour on white.
pub(crate) fn photo(path: &Path, [r, g, b]: [u8; 3]) {
    use cavendish_imaging::image::{Rgb, RgbImage};
    let inside = |x: u32, y: u32| (120..480).contains(&x) && (160..470).contains(&y);
    RgbImage::from_fn(600, 600, |x, y| if inside(x, y) { Rgb([r, g, b]) } else { Rgb([252; 3]) }).save(path).unwrap();
}

pub(crate) fn run(up: &Up, extra: &[&str]) -> (Option<i32>, Value, String) {
    let args = ["campaign", "run", "feed.csv", "--plan", "plan.toml", "--out", "out", "--json"];
    let server = ["--server", &up.url, "--key", &up.key];
    let output = cavendish(up.folder(), &[&args[..], &server, extra].concat()).output().unwrap();
    let said = text(&output);
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default(), said)
}

#[tokio::test]
async fn a_feed_becomes_files_once_and_what_changed_again() {
    let (world, folder) = configured().await;
    let up = Up::start(world, folder);
    let at = |name: &str| up.folder().join(name);
    photo(&at("red.png"), [205, 30, 35]);
    photo(&at("blue.png"), [40, 95, 200]);
    fs::write(at("plan.toml"), PLAN).unwrap();
    let head = "id,title,image_link,link,price\n";
    let products = "mug-1,Red mug,red.png,https://shop.example/mug?x=1,1234.50 EUR\nmug-2,Blue mug,blue.png,,\n";
    let feed = format!("{head}{products}mug-3,No photograph,gone.png,,\nmug-1,Twice,red.png,,\n,No id,red.png,,\n");
    fs::write(at("feed.csv"), feed).unwrap();

    let (code, planned, _) = run(&up, &["--dry-run"]);
    assert_eq!((code, planned["products"].as_u64(), planned["files"].as_u64()), (Some(0), Some(3), Some(12)));
    assert!(planned["seconds"].is_null(), "nothing was measured yet");

    let (code, made, said) = run(&up, &[]);
    assert_eq!((code, made["made"].as_u64(), made["failed"].as_u64()), (Some(1), Some(4), Some(2)), "{said}");
    assert_eq!(made["bad_products"], 2);
    for why in ["cannot fetch gone.png", "(mug-1): id: comes twice", "product 5: id: is missing"] {
        assert!(said.contains(why), "{why} in {said}");
    }
    let rows: Value = serde_json::from_slice(&fs::read(at("out/index.json")).unwrap()).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 8);
    for row in rows {
        let file = at("out").join(row["path"].as_str().unwrap());
        assert_eq!(Some(fs::metadata(file).unwrap().len()), row["bytes"].as_u64());
    }
    let linked = rows.iter().find(|row| row["id"] == "mug-1").unwrap();
    assert_eq!(linked["link"], "https://shop.example/mug?x=1&utm_content=warm-A");
    copy_is_set_where_it_may_be(&up, rows);
    let page = fs::read_to_string(at("out/products/mug-3.html")).unwrap();
    assert!(page.contains("not made yet") && page.contains("cannot fetch gone.png"));

    // The photograph is there now, one title is another one: those three jobs, and no other.
    photo(&at("gone.png"), [30, 160, 90]);
    fs::write(at("feed.csv"), format!("{head}{}mug-3,No photograph,gone.png,,\n", products.replace("Blue", "Azure")))
        .unwrap();
    let (code, made, said) = run(&up, &["--publish"]);
    assert_eq!((code, made["made"].as_u64(), made["kept"].as_u64()), (Some(0), Some(4), Some(2)), "{said}");
    assert_eq!(made["index"]["files"], 12);
    let rows: Value = serde_json::from_slice(&fs::read(at("out/index.json")).unwrap()).unwrap();
    let published = rows.as_array().unwrap().iter().find(|row| row["id"] == "mug-3").unwrap();
    let key: String = published["key"].as_str().unwrap().into();
    assert!(key.starts_with("published/spring/mug-3/"), "{key}");
    let key: BlobKey = serde_json::from_value(key.into()).unwrap();
    let there = up.world.blobs.head(&key).await.unwrap();
    assert_eq!(there.map(|blob| blob.bytes), published["bytes"].as_u64());

    let (code, made, _) = run(&up, &[]);
    assert_eq!((code, made["made"].as_u64(), made["kept"].as_u64()), (Some(0), Some(0), Some(6)));
    let (_, planned, _) = run(&up, &["--dry-run"]);
    assert_eq!((planned["jobs_done"].as_u64(), &planned["cost"]["currency"]), (Some(6), &"EUR".into()));
    assert!(planned["seconds"].is_number(), "what was measured tells what is left: {planned}");
}

/// The headline and the price are on the story and not on the packshot, in the words of each locale.
fn copy_is_set_where_it_may_be(up: &Up, rows: &[Value]) {
    let row = |spec: &str, locale: &str| {
        rows.iter().find(|row| row["id"] == "mug-1" && row["spec"] == spec && row["locale"] == locale).unwrap()
    };
    let told = |spec: &str, locale: &str| {
        let job = row(spec, locale)["job"].as_str().unwrap();
        let shown = cavendish(up.folder(), &["job", "show", job, "--json"]).output().unwrap();
        let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
        let assets = shown["job"]["assets"].as_array().unwrap();
        assets.iter().find(|asset| asset["spec"] == spec).unwrap()["report"]["type"].clone()
    };
    let story = told("meta-story", "de-DE");
    let elements = story["elements"].as_array().unwrap();
    assert_eq!((story["locale"].as_str(), elements.len()), (Some("de-DE"), 2), "{story}");
    assert!(elements.iter().all(|element| element["fit"] == "set"), "{story}");
    assert!(told("amazon-main", "de-DE")["left_out"].as_str().is_some_and(|why| why.contains("forbids text")));
}

#[tokio::test(flavor = "multi_thread")]
async fn photographs_are_fetched_from_where_the_feed_says_and_from_private_networks_only_when_told() {
    let (world, folder) = configured().await;
    let up = Up::start(world, folder);
    let at = |name: &str| up.folder().join(name);
    photo(&at("red.png"), [205, 30, 35]);
    let bytes = fs::read(at("red.png")).unwrap();
    let served = bytes.clone();
    let app = axum::Router::new().route("/red.png", axum::routing::get(async move || served));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let web = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app).await });
    up.world.blobs.put_new(&BlobKey::published("feed", "red.png"), bytes.into(), "image/png").await.unwrap();
    let bucket = up.world.blobs.bucket();
    let feed = format!(
        "id,title,image_link\nweb,On the web,http://{web}/red.png\nstore,In the store,s3://{bucket}/published/feed/red.png\n"
    );
    fs::write(at("feed.csv"), feed).unwrap();
    fs::write(at("plan.toml"), PLAN).unwrap();
    let run = async |extra: &'static [&'static str]| tokio::task::block_in_place(|| run(&up, extra));
    let (code, made, said) = run(&[]).await;
    assert_eq!((code, made["made"].as_u64(), made["failed"].as_u64()), (Some(1), Some(2), Some(2)), "{said}");
    assert!(said.contains("private network; --allow-private"), "{said}");
    let (code, made, said) = run(&["--allow-private"]).await;
    assert_eq!((code, made["made"].as_u64(), made["kept"].as_u64()), (Some(0), Some(2), Some(2)), "{said}");
}

#[tokio::test]
async fn a_run_that_was_killed_goes_on() {
    let (world, folder) = configured().await;
    let up = Up::start(world, folder);
    let at = |name: &str| up.folder().join(name);
    let mut feed = "id,title,image_link\n".to_owned();
    for n in 0..6 {
        photo(&at(&format!("{n}.png")), [200, 30 * n, 40]);
        feed.push_str(&format!("sku-{n},Thing {n},{n}.png\n"));
    }
    fs::write(at("feed.csv"), feed).unwrap();
    fs::write(at("plan.toml"), PLAN).unwrap();
    let args = ["campaign", "run", "feed.csv", "--plan", "plan.toml", "--out", "out", "--quiet"];
    let lines = |is: &str| {
        let ledger = fs::read_to_string(at("out/campaign.jsonl")).unwrap_or_default();
        ledger.matches(&format!("\"is\":\"{is}\"")).count()
    };
    let store = up.world.store().await.unwrap();
    let versions = async || {
        let profiles = store.profiles(TenantId::DEFAULT, 100).await.unwrap();
        profiles.iter().map(|profile| profile.versions as usize).sum::<usize>()
    };
    // Before anything is written down, once as soon as something was drawn, and once when something is done.
    for (is, enough) in [("sent", 1), ("drawn", 1), ("made", 3)] {
        let server = ["--server", &up.url, "--key", &up.key];
        let mut run = cavendish(up.folder(), &[&args[..], &server].concat()).spawn().unwrap();
        let patience = std::time::Duration::from_secs(60);
        cavendish_testkit::wait_until("some jobs", patience, async || match is {
            "sent" => versions().await >= enough,
            is => lines(is) >= enough,
        })
        .await;
        run.kill().unwrap();
        run.wait().unwrap();
    }
    let before = lines("made") as u64;
    let (code, made, said) = run(&up, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!((made["made"].as_u64(), made["kept"].as_u64()), (Some(12 - before), Some(before)));
    let rows: Value = serde_json::from_slice(&fs::read(at("out/index.json")).unwrap()).unwrap();
    let mut jobs: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["job"].to_string()).collect();
    jobs.sort();
    jobs.dedup();
    let listed = cavendish(up.folder(), &["job", "list", "--limit", "100", "--json"]).output().unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let listed = listed["jobs"].as_array().or(listed.as_array()).unwrap().len();
    assert_eq!((jobs.len(), listed), (12, 12), "a job that was under way is taken up, not made again");
    assert_eq!(crate::locales::drawn(&up).await, 6, "the locales of a product share its picture");
    assert_eq!(versions().await, 6, "photographs that were sent are not sent again as another version");
}
