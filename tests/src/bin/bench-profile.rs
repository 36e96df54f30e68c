//! `cargo xtask bench profile`: how long a subject profile of 14 photographs takes, from the event to the stored
//! version, before the table they were taken on and before white. Prints `{"metrics", "detail"}` as JSON.

use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use cavendish_domain::{ProfileRef, TenantId};
use cavendish_imaging::image::{self, DynamicImage, RgbImage, codecs::jpeg::JpegEncoder, imageops};
use cavendish_imaging::{CutoutHint, Limits, cutout, decode, flatten};
use cavendish_store::Store;
use cavendish_testkit::{TestWorld, wait_until};
use cavendish_tests::{Fleet, Producer, Service};
use clap::Parser;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// References of a profile, as many as it may have.
const REFERENCES: u32 = 14;
/// Longer side of each in pixels.
const SIDE: u32 = 1500;
const PATIENCE: Duration = Duration::from_secs(300);

/// Times how profiles are built.
#[derive(Debug, Parser)]
struct Args {
    /// Timed profiles of each kind, in turns.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// `-` prints the result.
    #[arg(long, default_value = "-")]
    json: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    ensure!(args.rounds > 0, "--rounds must be at least 1");
    let cache = PathBuf::from(std::env::var("CAVENDISH_CACHE").context("run this with `cargo xtask bench profile`")?);
    let world = TestWorld::create().await?;
    let store = world.store().await?;
    let mut fleet = Fleet::new(&world)?;
    let encoder = cache.join("models/minilm");
    fleet.settings.set("CAVENDISH_RENDERER__KIND", "engine");
    fleet.settings.set("CAVENDISH_RENDERER__ENCODER_DIR", &encoder.to_string_lossy());
    fleet.settings.set("CAVENDISH_PROFILE__LEASE_MS", "30000");
    let _render = fleet.start(Service::Render)?;
    let photo = image::open(cache.join("demo/coffee.png")).context("the demo's photograph")?.to_rgb8();
    let kinds = [("table", photo.clone()), ("white", before_white(&photo)?)];
    let mut samples = [vec![], vec![]];
    let mut looked = [vec![], vec![]];
    for round in 0..=args.rounds {
        for (kind, (name, photo)) in kinds.iter().enumerate() {
            let profile = format!("{name}-{round}");
            let references: Vec<Value> = (0..REFERENCES).map(|i| view(photo, round, i)).collect::<Result<_>>()?;
            let wanted = json!({"name": profile, "references": references});
            let (seconds, report) = timed(&world, &store, &profile, &wanted).await?;
            eprintln!("round {round}: {name} {seconds:.2} s, {:.2} s of it in the service", took(&report));
            // The first round loads the networks.
            if round > 0 {
                samples[kind].push(seconds);
                looked[kind].push(took(&report));
            }
        }
    }
    tell(&samples, &looked);
    Ok(())
}

/// Prints the seconds of both kinds: in all, and in the service.
fn tell(samples: &[Vec<f64>; 2], looked: &[Vec<f64>; 2]) {
    let [table, white] = samples;
    println!(
        "{}",
        json!({
            "metrics": {"seconds_table": median(table), "seconds_white": median(white)},
            "detail": {
                "samples": {"seconds_table": table, "seconds_white": white},
                "in_the_service": {"table": looked[0], "white": looked[1]},
                "references": REFERENCES, "side": SIDE, "method": METHOD,
            },
        })
    );
}

const METHOD: &str = "One render service with the default vision networks; an event with 14 JPEG files, each another crop \
    of the demo's photograph in another light, enlarged to 1500 pixels. Timed from its publishing until the version is \
    profiled in PostgreSQL: decoding, cutting out, judging, embedding, and storing of the references and of the \
    cut-outs. `table`: as photographed, cut out by network and colours; `white`: cut out beforehand and laid on white. \
    The first round of each is not counted.";

/// Seconds from asking for a profile to having it, and what the service says of it.
async fn timed(world: &TestWorld, store: &Store, name: &str, wanted: &Value) -> Result<(f64, Value)> {
    let profile: ProfileRef = name.parse().map_err(|error| anyhow::anyhow!("{name}: {error}"))?;
    let began = Instant::now();
    Producer::new(world).request_subject(name, wanted).await;
    wait_until(name, PATIENCE, async || {
        let view = store.profile(TenantId::DEFAULT, &profile).await;
        view.is_ok_and(|view| view.shown.head.state != "requested")
    })
    .await;
    let seconds = began.elapsed().as_secs_f64();
    let view = store.profile(TenantId::DEFAULT, &profile).await?;
    ensure!(view.shown.head.state == "profiled", "{name} is {}: {:?}", view.shown.head.state, view.shown.head.error);
    let kept = view.references.iter().filter(|row| row.verdict.as_deref() != Some("rejected")).count();
    ensure!(kept == REFERENCES as usize, "{name}: {kept} of {REFERENCES} references are kept");
    Ok((seconds, view.shown.report.unwrap_or_default()))
}

fn took(report: &Value) -> f64 {
    report["took_ms"].as_f64().unwrap_or_default() / 1e3
}

/// One reference: a crop of the photograph in its own light, as JPEG.
fn view(photo: &RgbImage, round: u32, i: u32) -> Result<Value> {
    let (width, height) = photo.dimensions();
    let (left, top) = (i % 4, i / 4);
    let part = imageops::crop_imm(photo, left, top, width - 8, height - 8).to_image();
    let scale = SIDE as f32 / width.max(height) as f32;
    let [w, h] = [width, height].map(|side| (side as f32 * scale) as u32);
    let light = (i * 2 + round) as i32 % 31 - 14;
    let lit = imageops::brighten(&imageops::resize(&part, w, h, imageops::FilterType::CatmullRom), light);
    let mut bytes = vec![];
    DynamicImage::from(lit).write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 90))?;
    Ok(json!({"data": STANDARD.encode(bytes)}))
}

/// The cup alone, on white.
fn before_white(photo: &RgbImage) -> Result<RgbImage> {
    let mut png = std::io::Cursor::new(vec![]);
    photo.write_to(&mut png, image::ImageFormat::Png)?;
    let hint = CutoutHint { bounds: Some([0.07, 0.02, 0.87, 0.97]), ..CutoutHint::default() };
    Ok(flatten(&cutout(&decode(&png.into_inner(), &Limits::default())?, &hint)?.rgba, [255; 3]))
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
