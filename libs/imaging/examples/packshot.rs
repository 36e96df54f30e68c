//! Makes the first pictures of a product: `packshot PHOTO OUT_DIR [LEFT,TOP,RIGHT,BOTTOM]`, the last as shares of the photo.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use cavendish_imaging::{
    Backdrop, CutoutHint, Format, Limits, Marking, Metadata, Method, Placement, Target, compose, cutout, decode,
    encode, fit, measure,
};
use cavendish_specs::{Background, Catalogue};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(photo), Some(out)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("usage: packshot PHOTO OUT_DIR [LEFT,TOP,RIGHT,BOTTOM]");
    };
    let bounds = arguments.next().map(|words| bounds(&words.to_string_lossy())).transpose()?;
    let hint = CutoutHint { bounds, ..CutoutHint::default() };
    std::fs::create_dir_all(&out)?;
    let started = Instant::now();
    let picture = decode(&std::fs::read(&photo).with_context(|| photo.display().to_string())?, &Limits::default())?;
    println!("decoded in {:.0?}: {:?}", started.elapsed(), picture.header);
    let started = Instant::now();
    let subject = cutout(&picture, &hint)?;
    println!(
        "cut out in {:.0?} by {:?}, confidence {:.2}, {:?}",
        started.elapsed(),
        subject.method,
        subject.confidence,
        subject.uncertain
    );
    subject.rgba.save(out.join("cutout.png"))?;
    let scenes = [
        ("amazon-main", "white"),
        ("google-merchant", "white"),
        ("meta-feed-portrait", "light-grey"),
        ("meta-story", "warm"),
        ("linkedin-landscape", "cool"),
    ];
    for (id, backdrop) in scenes {
        let spec = Catalogue::builtin().get(id)?;
        let backdrop = Backdrop::named(backdrop).context("backdrop")?;
        let (w, h) = (spec.size.width, spec.size.height);
        let white = spec.background == Background::PureWhite;
        let fill = spec.fill.map_or(if white { 0.9 } else { 0.74 }, |fill| fill.target);
        let placement = Placement { fill, safe: Some(spec.safe_area(w, h)), ..Placement::default() };
        let started = Instant::now();
        let scene = compose(w, h, &backdrop, &subject, &placement)?;
        let composed = started.elapsed();
        let metadata = Metadata { marking: Some(Marking::CompositeWithTrainedAlgorithmicMedia), ..Metadata::default() };
        let started = Instant::now();
        let budget = spec.max_bytes.map(|b| b as usize);
        let file = encode(&scene.image, &Target::of(Format::Jpeg).within(budget), &metadata)?;
        let encoded = started.elapsed();
        let started = Instant::now();
        let report = spec.check(&measure(&file.bytes)?);
        println!(
            "{id}: composed in {composed:.0?}, encoded in {encoded:.0?} ({} bytes, quality {:?}), measured in {:.0?}, enlarged {:.2}×",
            file.bytes.len(),
            file.quality,
            started.elapsed(),
            scene.scale
        );
        for check in &report.checks {
            println!("    {:?} {}: {} — {}", check.outcome, check.name, check.rule, check.measured);
        }
        std::fs::write(out.join(format!("{id}.jpg")), &file.bytes)?;
        if subject.method == Method::PlainBackdrop {
            let fitted = fit(&picture.to_rgb(), w, h, None, Some(spec.safe_area(w, h)))?;
            fitted.image.save(out.join(format!("{id}-fitted.png")))?;
        }
    }
    Ok(())
}

fn bounds(words: &str) -> anyhow::Result<[f32; 4]> {
    let numbers = words.split(',').map(str::parse).collect::<Result<Vec<f32>, _>>().context("the box")?;
    numbers.try_into().map_err(|_| anyhow::anyhow!("a box has four numbers"))
}
