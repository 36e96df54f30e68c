//! Whole pipelines: a tiny klein of random weights, in the layout that Hugging Face publishes, draws and edits what
//! diffusers' pipelines draw and edit with it. `tests/reference/pipeline.py` made folder and fixture.

use crate::support::{Fixture, assert_close, count};
use cavendish_engine::flux2::ReferenceKv;
use cavendish_engine::qwen3::{PromptShape, Qwen3PromptEncoder};
use cavendish_engine::{Batch, Image, Pipeline, Precision, ReferenceUse, Size, Unwatched};
use cavendish_renderer::{Edit, Pixels, Reference};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

const SIZE: Size = Size { width: 80, height: 64 };
const PROMPT: &str = "a coffee cup beside a red apple";
const REFERENCES: [Size; 2] = [Size { width: 64, height: 64 }, Size { width: 64, height: 80 }];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/klein")
}

fn klein() -> Pipeline {
    Pipeline::load(&folder(), Path::new("nowhere"), Device::Cpu, Precision::F32).unwrap().with_forward_images(count(1))
}

fn fixture() -> Fixture {
    Fixture::open("pipeline.safetensors")
}

fn bytes(x: &Tensor) -> Vec<u8> {
    Vec::<u8>::try_from(&x.to_kind(Kind::Uint8)).unwrap()
}

fn pixels(name: &str, size: Size) -> Arc<Pixels> {
    Arc::new(Pixels { width: size.width, height: size.height, rgb: bytes(&fixture().tensor(name)) })
}

fn references() -> Vec<Reference> {
    let reference =
        |(n, size)| Reference { key: format!("picture-{n}"), pixels: pixels(&format!("reference.{n}"), size) };
    REFERENCES.into_iter().enumerate().map(reference).collect()
}

fn edit(strength: f64) -> Edit {
    let mask = Some(Arc::new(bytes(&fixture().tensor("mask"))));
    Edit { source: pixels("source", SIZE), mask, strength }
}

fn batch(pipeline: &Pipeline, guidance: f64, image: Image) -> Batch {
    let image = Image { prompt: PROMPT.into(), ..image };
    Batch { frame: pipeline.frame(SIZE), steps: 4, guidance, settle: 0.0, images: vec![image] }
}

#[track_caller]
fn assert_draws(pipeline: &Pipeline, name: &str, batch: &Batch) {
    let fixture = fixture();
    let latents = pipeline.latents(batch, &fixture.tensor("noise")).unwrap();
    assert_close(name, &latents, &fixture.tensor(name));
    let pixels = (pipeline.decode(&latents, SIZE).unwrap() + 1.0) / 2.0;
    assert_close("pixels", &pixels.clamp(0.0, 1.0), &fixture.tensor(&format!("{name}.pixels")));
}

#[test]
fn the_prompts_states() {
    let shape = PromptShape { tokens: 32, layers: vec![1, 2, 3] };
    let encoder = Qwen3PromptEncoder::load(&folder().join("text_encoder"), shape, Device::Cpu, Kind::Float).unwrap();
    assert_close("states", &encoder.encode(PROMPT).unwrap(), &fixture().tensor("states"));
}

#[test]
fn text_to_image_plain_and_guided() {
    let pipeline = klein();
    assert_draws(&pipeline, "text", &batch(&pipeline, 1.0, Image::default()));
    assert_draws(&pipeline, "guided", &batch(&pipeline, 3.0, Image::default()));
}

#[test]
fn editing_with_references_beside_the_image_and_kept() {
    let wanted = Image { references: references(), ..Image::default() };
    let kept = klein();
    assert_eq!(kept.manifest().references, ReferenceUse::Kept { side: None });
    assert_draws(&kept, "kept", &batch(&kept, 1.0, wanted.clone()));
    assert_draws(&kept, "kept", &batch(&kept, 1.0, wanted.clone()));
    let beside = klein().with_references_beside();
    assert_draws(&beside, "references", &batch(&beside, 1.0, wanted));
}

#[test]
fn what_a_mask_leaves_alone_is_the_sources_own_pixels() {
    let pipeline = klein().with_references_beside();
    let wanted = batch(&pipeline, 1.0, Image { edit: Some(edit(0.8)), ..Image::default() });
    assert_draws(&pipeline, "inpaint", &wanted);
    let drawn = pipeline.draw(&wanted, &mut Unwatched).unwrap().images.remove(0).unwrap();
    let (source, mask) = (pixels("source", SIZE), bytes(&fixture().tensor("mask")));
    let changed = |at: usize| drawn.pixels.rgb[3 * at..3 * at + 3] != source.rgb[3 * at..3 * at + 3];
    let kept_but_changed = (0..mask.len()).filter(|&at| mask[at] == 0 && changed(at)).count();
    let drawn_anew = (0..mask.len()).filter(|&at| mask[at] == 255 && changed(at)).count();
    assert_eq!(kept_but_changed, 0);
    assert!(drawn_anew > 900, "{drawn_anew} of 1024");
}

#[test]
fn strength_decides_how_much_of_a_source_is_left() {
    let pipeline = klein();
    let draw = |edit: Option<Edit>| {
        let wanted = batch(&pipeline, 1.0, Image { edit, seed: 3, ..Image::default() });
        let drawn = pipeline.draw(&wanted, &mut Unwatched).unwrap().images.remove(0).unwrap();
        (drawn.steps, drawn.pixels)
    };
    let from = |source: &Arc<Pixels>, strength| draw(Some(Edit { source: Arc::clone(source), mask: None, strength }));
    let (one, other) = (pixels("source", SIZE), pixels("reference.0", REFERENCES[0]));
    assert!(from(&one, 1.0) == draw(None), "all of it is noise: nothing of the source is left");
    let (some, others) = (from(&one, 0.25), from(&other, 0.25));
    assert_eq!((some.0, from(&one, 0.5).0), (1, 2), "steps that are left");
    assert!(some.1 != others.1, "the source shows");
}

#[test]
fn kept_references_come_back_from_a_store_and_serve_other_prompts() {
    let wanted = Image { references: references(), ..Image::default() };
    let first = klein();
    let drawn = first.draw(&batch(&first, 1.0, wanted.clone()), &mut Unwatched).unwrap();
    let [kept] = drawn.kept_references.as_slice() else { panic!("one set of references, one file") };
    assert!(first.draw(&batch(&first, 1.0, wanted.clone()), &mut Unwatched).unwrap().kept_references.is_empty());

    let other = klein();
    let image = Image { kept_references: Some(kept.file.clone()), ..wanted.clone() };
    let again = other.draw(&batch(&other, 1.0, image), &mut Unwatched).unwrap();
    assert!(again.kept_references.is_empty(), "the store has it");
    let pixels = |drawn: &cavendish_engine::Drawn| drawn.images[0].as_ref().unwrap().pixels.clone();
    assert!(pixels(&again) == pixels(&drawn), "from the store as from the pictures");

    let image = Image { kept_references: Some(b"garbage".to_vec()), ..wanted };
    let mended = klein();
    let mended = mended.draw(&batch(&mended, 1.0, image), &mut Unwatched).unwrap();
    assert!(pixels(&mended) == pixels(&drawn) && mended.kept_references.len() == 1, "what is spoilt is made anew");
}

/// Weights that were not trained for it: the first image is drawn both ways, and what is kept is used only where that
/// changes little.
#[test]
fn references_are_kept_for_untrained_weights_only_where_that_changes_little() {
    let wanted = Image { references: references(), ..Image::default() };
    for (tolerance, trusted) in [(1e9, true), (1e-9, false)] {
        let pipeline = klein().with_reference_use(ReferenceUse::Joint { tolerance });
        let draw = || pipeline.draw(&batch(&pipeline, 1.0, wanted.clone()), &mut Unwatched).unwrap();
        let knew = |drawn: &cavendish_engine::Drawn| drawn.images[0].as_ref().unwrap().knew_references;
        let first = draw();
        assert!(!knew(&first), "the first is always computed in full");
        assert_eq!(first.kept_references.len(), usize::from(trusted), "what is of no use is not kept");
        assert_eq!(knew(&draw()), trusted);
    }
}

/// Two equal steps in a row: the rest of the way is straight.
#[test]
fn a_settled_image_takes_no_more_steps() {
    let pipeline = klein();
    let steps = |settle| {
        let wanted = Batch { settle, ..batch(&pipeline, 1.0, Image::default()) };
        pipeline.draw(&wanted, &mut Unwatched).unwrap().images.remove(0).unwrap().steps
    };
    assert_eq!((steps(0.0), steps(1e-9), steps(1e9)), (4, 4, 2));
}

/// A splinter of a picture, whose short side is rounded up to the grid, costs no more than any other reference.
#[test]
fn references_are_bounded_whatever_their_shape() {
    let pipeline = klein();
    let (width, height) = (1, 400_000);
    let pixels = Arc::new(Pixels { width, height, rgb: vec![100; 3 * height as usize] });
    let references = vec![Reference { key: "splinter".into(), pixels }];
    let drawn =
        pipeline.draw(&batch(&pipeline, 1.0, Image { references, ..Image::default() }), &mut Unwatched).unwrap();
    let (kept, _) = ReferenceKv::from_file(&drawn.kept_references[0].file, Device::Cpu, Kind::Float).unwrap();
    assert!(kept.tokens() <= 4096, "{}", kept.tokens());
}

#[test]
fn a_model_without_references_says_so() {
    let nano = crate::support::pipeline();
    let image = Image { references: references(), ..Image::default() };
    let error = nano.draw(&crate::support::batch(&nano, vec![image]), &mut Unwatched).unwrap_err();
    assert!(error.to_string().contains("not trained with references"), "{error}");
}
