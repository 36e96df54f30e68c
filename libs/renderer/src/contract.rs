//! What every [`Renderer`] has to do. An implementation calls [`suite`] in its own tests; a breach panics with its reason.

use crate::{Edit, OnStep, Pixels, PixelsAlpha, RenderError, RenderOutput, RenderRequest, Renderer, Vision};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;

/// Runs every check on `renderer`. Draws about a dozen images of few steps.
///
/// # Panics
/// When the renderer breaks the contract.
pub async fn suite(renderer: &dyn Renderer) {
    pixels_are_whole(renderer).await;
    seeds_decide(renderer).await;
    company_changes_nothing(renderer).await;
    steps_are_reported(renderer).await;
    cancellation_is_heard(renderer).await;
    nonsense_is_refused(renderer).await;
    a_masked_edit_keeps_its_source(renderer).await;
}

/// Runs every check on `vision`.
///
/// # Panics
/// When it breaks the contract.
pub async fn vision_suite(vision: &dyn Vision) {
    let matte = vision.matte(on_white([200, 30, 30])).await.expect("a red square on white is cut out");
    assert_eq!((matte.width, matte.height, matte.alpha.len()), (64, 64, 64 * 64), "the matte has the picture's size");
    assert!(matte.alpha[32 * 64 + 32] > 200 && matte.alpha[0] < 50, "the middle is subject, the corner is not");
    assert!((0.0..=1.0).contains(&matte.confidence));

    let embeddings = vision.embed(vec![cut_out([200, 30, 30]), cut_out([30, 30, 200]), cut_out([200, 30, 30])]).await;
    let embeddings = embeddings.expect("squares are embedded");
    assert_eq!(embeddings.len(), 3);
    for embedding in &embeddings {
        assert_eq!(embedding.0.len(), vision.info().dimensions as usize);
        let length = embedding.0.iter().map(|value| value * value).sum::<f32>();
        assert!((length - 1.0).abs() < 1e-3, "embeddings have length 1, not {length}");
    }
    let (same, other) = (embeddings[0].cosine(&embeddings[2]), embeddings[0].cosine(&embeddings[1]));
    assert!(same > 0.999 && other < same, "the same is nearer than another: {same}, {other}");
    assert!(vision.consistency(same) > vision.consistency(other), "consistency follows the cosine");
    assert!((0.0..=1.0).contains(&vision.consistency(-1.0)) && (0.0..=1.0).contains(&vision.consistency(1.0)));

    let lacking = Pixels { width: 4, height: 4, rgb: vec![0; 3] };
    assert!(matches!(vision.matte(lacking).await, Err(RenderError::Invalid { .. })), "a picture must be whole");
    let nothing = PixelsAlpha { width: 4, height: 4, rgba: vec![0; 64] };
    assert!(matches!(vision.embed(vec![nothing]).await, Err(RenderError::Invalid { .. })), "nothing has no embedding");
}

/// A square on white, half as wide as the picture of 64 pixels.
fn on_white(colour: [u8; 3]) -> Pixels {
    let inside = |index: usize| (16..48).contains(&(index % 64)) && (16..48).contains(&(index / 64));
    let rgb = (0..64 * 64).flat_map(|index| if inside(index) { colour } else { [255; 3] }).collect();
    Pixels { width: 64, height: 64, rgb }
}

/// A square cropped to itself.
fn cut_out([red, green, blue]: [u8; 3]) -> PixelsAlpha {
    PixelsAlpha { width: 32, height: 32, rgba: [red, green, blue, 255].repeat(32 * 32) }
}

/// A small request of two steps.
#[must_use]
pub fn request(prompt: &str, seed: u64) -> RenderRequest {
    RenderRequest { prompt: prompt.into(), width: 64, height: 64, steps: Some(2), seed, ..RenderRequest::default() }
}

/// Draws without watching.
async fn draw(renderer: &dyn Renderer, request: RenderRequest) -> Result<RenderOutput, RenderError> {
    renderer.render(request, Arc::new(|_, _| {}), CancellationToken::new()).await
}

async fn drawn(renderer: &dyn Renderer, request: RenderRequest) -> RenderOutput {
    draw(renderer, request).await.expect("a plain request is drawn")
}

async fn pixels_are_whole(renderer: &dyn Renderer) {
    let output = drawn(renderer, request("red apple on a white background", 1)).await;
    let pixels = &output.pixels;
    assert_eq!(pixels.rgb.len(), pixels.width as usize * pixels.height as usize * 3, "three bytes for every pixel");
    assert!(pixels.width > 0 && pixels.height > 0, "there is an image");
    assert_eq!(output.steps, 2, "the steps that were asked for");
    assert_eq!(output.model, renderer.info().model, "the model says its name");
    assert!((1..=renderer.info().max_batch).contains(&output.batch), "the batch is within its limit");
}

async fn seeds_decide(renderer: &dyn Renderer) {
    let first = drawn(renderer, request("red apple on a white background", 1)).await.pixels;
    let again = drawn(renderer, request("red apple on a white background", 1)).await.pixels;
    let other_seed = drawn(renderer, request("red apple on a white background", 2)).await.pixels;
    let other_prompt = drawn(renderer, request("teddy bear on a pink background", 1)).await.pixels;
    assert!(first == again, "the same request gives the same bytes");
    assert!(first != other_seed, "another seed gives another image");
    assert!(first != other_prompt, "another prompt gives another image");
}

async fn company_changes_nothing(renderer: &dyn Renderer) {
    let alone = drawn(renderer, request("red apple on a white background", 1)).await.pixels;
    let [before, among, after] = [
        draw(renderer, request("teddy bear on a pink background", 8)),
        draw(renderer, request("red apple on a white background", 1)),
        draw(renderer, request("owl on a teal background", 9)),
    ];
    let (_, among, _) = tokio::join!(before, among, after);
    assert!(among.expect("drawn").pixels == alone, "an image does not depend on what is drawn beside it");
}

async fn steps_are_reported(renderer: &dyn Renderer) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let on_step: OnStep = Arc::new(move |done, all| sink.lock().expect("not poisoned").push((done, all)));
    let answer = renderer.render(request("owl on a teal background", 1), on_step, CancellationToken::new()).await;
    assert!(answer.is_ok(), "drawn");
    assert_eq!(*seen.lock().expect("not poisoned"), [(1, 2), (2, 2)], "every step is reported once");
}

async fn a_masked_edit_keeps_its_source(renderer: &dyn Renderer) {
    let plain = request("red apple on a white background", 1);
    let Pixels { width, height, .. } = drawn(renderer, plain.clone()).await.pixels;
    let left = |at: usize| at % (width as usize) < width as usize / 2;
    let count = width as usize * height as usize;
    let rgb: Vec<u8> = (0..count).flat_map(|at| [(at % 251) as u8, 40, 200]).collect();
    let mask = (0..count).map(|at| if left(at) { 0 } else { 255 }).collect();
    let source = Arc::new(Pixels { width, height, rgb });
    let edit = Edit { source: Arc::clone(&source), mask: Some(Arc::new(mask)), strength: 1.0 };
    let edited = drawn(renderer, RenderRequest { width, height, edit: Some(edit), ..plain }).await.pixels;
    assert_eq!((edited.width, edited.height), (width, height), "an edit has the size that was asked for");
    let far = |at: usize| (0..3).map(|k| edited.rgb[at * 3 + k].abs_diff(source.rgb[at * 3 + k])).max().unwrap_or(0);
    assert!((0..count).filter(|at| left(*at)).all(|at| far(at) <= 1), "what the mask keeps is the source's");
    assert!((0..count).filter(|at| !left(*at)).any(|at| far(at) > 8), "what the mask does not keep is drawn");
}

async fn cancellation_is_heard(renderer: &dyn Renderer) {
    let steps = Arc::new(AtomicUsize::new(0));
    let counting = |cancel: Option<CancellationToken>| -> OnStep {
        let steps = Arc::clone(&steps);
        Arc::new(move |_, _| {
            steps.fetch_add(1, Ordering::SeqCst);
            cancel.iter().for_each(CancellationToken::cancel);
        })
    };
    let early = CancellationToken::new();
    early.cancel();
    let answer = renderer.render(request("owl", 1), counting(None), early).await;
    assert!(matches!(answer, Err(RenderError::Cancelled)), "cancelled before it began");

    let cancel = CancellationToken::new();
    let long = RenderRequest { steps: Some(100), ..request("owl", 1) };
    let answer = renderer.render(long, counting(Some(cancel.clone())), cancel).await;
    assert!(matches!(answer, Err(RenderError::Cancelled)), "cancelled between steps");
    assert!(draw(renderer, request("owl", 1)).await.is_ok(), "the next request is served");
    assert_eq!(steps.load(Ordering::SeqCst), 1, "who left costs no step, who leaves costs none after the one at hand");
}

async fn nonsense_is_refused(renderer: &dyn Renderer) {
    let plain = request("owl", 1);
    for (wrong, expected) in [
        (RenderRequest { width: 0, ..plain.clone() }, "width"),
        (RenderRequest { height: 0, ..plain.clone() }, "height"),
        (RenderRequest { height: crate::MAX_SIDE + 1, ..plain.clone() }, "height"),
        (RenderRequest { steps: Some(0), ..plain.clone() }, "steps"),
        (RenderRequest { steps: Some(101), ..plain.clone() }, "steps"),
        (RenderRequest { guidance: Some(f64::NAN), ..plain.clone() }, "guidance"),
        (RenderRequest { settle: -0.1, ..plain.clone() }, "settle"),
    ] {
        match draw(renderer, wrong).await {
            Err(RenderError::Invalid { field, .. }) => assert_eq!(field, expected),
            other => panic!("{expected} was let through: {other:?}"),
        }
    }
}
