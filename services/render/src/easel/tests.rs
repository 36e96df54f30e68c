use super::*;
use async_trait::async_trait;
use cavendish_domain::{BlobKey, JobId, KnownEmbeddings, Preserve, ShotCutout, ShotSubject, TenantId};
use cavendish_imaging::image::{ImageFormat, Rgba, RgbaImage};
use cavendish_renderer::{
    FakeRenderer, FakeVision, Pixels, PixelsAlpha, RenderError, RenderOutput, RenderRequest, RendererInfo,
};
use cavendish_testkit::TestBucket;
use std::io::Cursor;

const RED: [u8; 3] = [230, 10, 10];
const BLUE: [u8; 3] = [10, 10, 230];

/// Paints a square in the colour of every reference side by side on white, when it likes the request; else nothing.
struct Painter(fn(&RenderRequest) -> bool);

#[async_trait]
impl Renderer for Painter {
    fn info(&self) -> RendererInfo {
        FakeRenderer::default().info()
    }

    async fn render(
        &self,
        request: RenderRequest,
        on_step: OnStep,
        cancel: CancellationToken,
    ) -> Result<RenderOutput, RenderError> {
        let colours: Vec<[u8; 3]> = request.references.iter().map(|reference| middle(&reference.pixels)).collect();
        match &request.prompt {
            _ if request.edit.is_none() => {}
            prompt if prompt.contains("cancelled") => return Err(RenderError::Cancelled),
            prompt if prompt.contains("glass") => return Err(RenderError::Failed("no glass".into())),
            prompt if prompt.contains("three steps") => assert_eq!(request.steps, Some(3)),
            _ => {}
        }
        let likes = (self.0)(&request);
        let mut output = FakeRenderer::default().render(request, on_step, cancel).await?;
        if likes && !colours.is_empty() {
            let Pixels { width, height, rgb } = &mut output.pixels;
            let column = *width as usize / colours.len();
            for (at, pixel) in rgb.chunks_exact_mut(3).enumerate() {
                let (x, y) = (at % *width as usize, at / *width as usize);
                let inside = (column / 4..column * 3 / 4).contains(&(x % column));
                let inside = inside && (*height as usize / 4..*height as usize * 3 / 4).contains(&y);
                pixel.copy_from_slice(if inside { &colours[x / column] } else { &[255; 3] });
            }
        }
        Ok(output)
    }
}

fn middle(pixels: &Pixels) -> [u8; 3] {
    let at = (pixels.height as usize / 2 * pixels.width as usize + pixels.width as usize / 2) * 3;
    [pixels.rgb[at], pixels.rgb[at + 1], pixels.rgb[at + 2]]
}

/// An easel on a bucket of its own, with two subjects in it.
struct World {
    _bucket: TestBucket,
    easel: Easel,
    subjects: Vec<ShotSubject>,
}

impl World {
    async fn new(likes: fn(&RenderRequest) -> bool) -> Self {
        let bucket = TestBucket::create().await.unwrap();
        let blobs: Arc<dyn BlobStore> = Arc::new(bucket.blobs().clone());
        let mut subjects = vec![];
        for (index, (name, colour)) in [("red", RED), ("blue", BLUE)].into_iter().enumerate() {
            let key = BlobKey::cutout(TenantId::DEFAULT, JobId::new(), 1, index, 0);
            blobs.put_new(&key, square(colour).into(), "image/png").await.unwrap();
            let cutout = ShotCutout { key, confidence: 1.0, uncertain: None };
            let (preserve, embeddings, size) = (Preserve::Identity, None, None);
            let name = Some(name.into());
            subjects.push(ShotSubject { name, preserve, cutouts: vec![cutout], embeddings, size });
        }
        let (renderer, vision) = (Arc::new(Painter(likes)), Arc::new(FakeVision));
        let (ledger, memory) = (Arc::default(), Arc::default());
        Self {
            _bucket: bucket,
            easel: Easel { blobs, renderer, vision, recall: Recall::default(), ledger, memory },
            subjects,
        }
    }

    /// A shot of both subjects, with `extra` fields of its request.
    fn shot(&self, extra: Value) -> ShotRequest {
        let mut shot = json!({"variant": 0, "prompt": "red and blue", "seed": 7, "width": 256, "height": 256,
                              "deliverables": [0], "method": {"kind": "draw"}, "keeping": {"least": 0.9},
                              "instead": {"backdrop": "warm", "scene": "on linen"}, "subjects": self.subjects});
        shot.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        serde_json::from_value(shot).unwrap()
    }

    async fn make(&self, request: &ShotRequest, until: Option<Instant>) -> Result<Drawn, HandlerError> {
        let (share, on_step, cancel): (_, OnStep, _) =
            (Share::default(), Arc::new(|_, _| {}), CancellationToken::new());
        self.easel.make(&Sitting { request, share, until, on_step, cancel }).await
    }

    async fn made(&self, extra: Value) -> Drawn {
        self.make(&self.shot(extra), None).await.unwrap()
    }
}

fn square([r, g, b]: [u8; 3]) -> Vec<u8> {
    let inside = |x: u32, y: u32| (10..70).contains(&x) && (10..70).contains(&y);
    let image = RgbaImage::from_fn(80, 80, |x, y| Rgba([r, g, b, if inside(x, y) { 255 } else { 0 }]));
    let mut file = Cursor::new(vec![]);
    image.write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

/// How every try was made.
fn methods(drawn: &Drawn) -> Vec<String> {
    let tries = drawn.report["consistency"]["tries"].as_array().unwrap();
    tries.iter().map(|tried| tried["method"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_drawing_that_keeps_its_subjects_is_taken_at_once() {
    let drawn = World::new(|_| true).await.made(json!({})).await;
    assert_eq!((methods(&drawn), drawn.seed, drawn.consistency), (vec!["draw".into()], 7, Some(1.0)));
    assert!(drawn.placed.is_none());
    let told = &drawn.report["consistency"];
    assert_eq!((&told["stopped"], &told["below"]), (&json!("reached"), &json!(false)));
    assert_eq!(told["subjects"][1]["name"], "blue");
}

#[tokio::test]
async fn another_seed_comes_before_stronger_conditioning() {
    let drawn = World::new(|request| request.seed != 7).await.made(json!({})).await;
    assert_eq!(methods(&drawn), ["draw", "draw"]);
    assert_eq!(drawn.report["consistency"]["tries"][1]["seed"], json!(drawn.seed));
    let drawn = World::new(|request| request.guidance.is_some()).await.made(json!({})).await;
    assert_eq!((methods(&drawn).len(), drawn.steps, drawn.consistency), (3, 6, Some(1.0)));
}

#[tokio::test]
async fn what_cannot_be_drawn_is_placed_in_a_scene_and_the_same_every_time() {
    let world = World::new(|_| false).await;
    let drawn = world.made(json!({})).await;
    assert_eq!(methods(&drawn), ["draw", "draw", "draw", "compose_in_scene"]);
    assert!(drawn.consistency.unwrap() > 0.9, "{:#}", drawn.report);
    assert!(drawn.placed.as_ref().unwrap().scene.is_some());
    let again = world.made(json!({})).await;
    assert!(again.image == drawn.image, "the same brief and seed give the same pixels");
    let studio = world.made(json!({"instead": {"backdrop": "warm"}})).await;
    assert_eq!(methods(&studio).last().unwrap(), "compose");
    assert!(studio.placed.unwrap().scene.is_none());
}

#[tokio::test]
async fn what_reaches_nothing_is_flagged_or_fails_as_the_brief_says() {
    let world = World::new(|_| false).await;
    let only_drawn = |then: &str| {
        let keeping = json!({"least": 0.9, "fallback": "none", "on_inconsistent": then});
        json!({"instead": null, "keeping": keeping})
    };
    let drawn = world.made(only_drawn("flag")).await;
    assert_eq!((methods(&drawn).len(), drawn.consistency), (3, Some(0.0)));
    assert_eq!((&drawn.report["consistency"]["below"], drawn.seed), (&json!(true), 7), "of equals the first");
    let error = world.make(&world.shot(only_drawn("fail")), None).await.err().unwrap();
    assert_eq!((error.reason, error.retryable), ("below_consistency", false));
    assert!(error.detail.starts_with("consistency: 0.00 is below min_consistency 0.9 after 3 tries"), "{error}");
}

#[tokio::test]
async fn a_deadline_ends_the_tries_and_says_so() {
    let world = World::new(|_| false).await;
    let drawn = world.make(&world.shot(json!({})), Some(Instant::now())).await.unwrap();
    assert_eq!(methods(&drawn), ["draw"]);
    let told = &drawn.report["consistency"];
    assert_eq!((&told["stopped"], &told["below"]), (&json!("deadline"), &json!(true)));
}

#[tokio::test]
async fn embeddings_that_are_known_are_believed_when_this_encoder_made_them() {
    let mut world = World::new(|_| true).await;
    let green = PixelsAlpha { width: 2, height: 2, rgba: [10, 230, 10, 255].repeat(4) };
    let vectors: Vec<Vec<f32>> = FakeVision.embed(vec![green]).await.unwrap().into_iter().map(|e| e.0).collect();
    let known = |encoder: &str| Some(KnownEmbeddings { encoder: encoder.into(), vectors: vectors.clone() });
    let only_drawn = json!({"instead": null, "keeping": {"least": 0.0}});
    world.subjects[0].embeddings = known("another");
    assert_eq!(world.made(only_drawn.clone()).await.consistency, Some(1.0));
    world.subjects[0].embeddings = known("fake");
    assert_eq!(world.made(only_drawn).await.consistency, Some(0.0));
}

/// A drawing on checks in three steps, for a frame four times as wide as high.
async fn on_checks(scene: &str, until: Option<Instant>) -> Result<Drawn, HandlerError> {
    let world = World::new(|_| true).await;
    let frame = json!({"width": 400, "height": 100, "safe": [0.0, 0.0, 400.0, 100.0]});
    let outpaint = json!({"prompt": scene, "frames": [frame]});
    let shot = json!({"prompt": "checks", "steps": 3, "subjects": [], "instead": null, "outpaint": outpaint});
    world.make(&world.shot(shot), until).await
}

#[tokio::test]
async fn a_scene_is_drawn_on_beyond_its_edges_as_far_as_a_frame_shows_it() {
    let drawn = on_checks("checks in three steps", None).await.unwrap();
    let DrawnOn { image, at: [x, y], drawn: parts } = drawn.outpainted.as_ref().unwrap();
    let told = &drawn.report["outpainted"];
    assert!(told["windows"] == told["needed"] && told["stopped"].is_null(), "{told}");
    assert!(*x > 0 && *y == 0 && image.height() == 256 && image.width() % 128 == 0, "{x} {y} {:?}", image.dimensions());
    assert_eq!(image.get_pixel(x + 128, 128), drawn.image.get_pixel(128, 128));
    assert_eq!(*parts, [[0, 0, image.width(), 256]]);
    let again = on_checks("checks in three steps", None).await.unwrap();
    assert!(again.outpainted.unwrap().image == *image, "the same seed gives the same pixels");
}

#[tokio::test]
async fn a_drawing_is_not_lost_to_what_lies_beyond_its_edges() {
    let late = on_checks("checks", Some(Instant::now())).await.unwrap();
    assert_eq!((&late.report["outpainted"]["stopped"], late.outpainted.is_none()), (&json!("deadline"), true));
    let failed = on_checks("checks on glass", None).await.unwrap();
    let told = &failed.report["outpainted"];
    assert_eq!((&told["windows"], failed.outpainted.is_none()), (&json!(0), true), "{told}");
    assert!(told["stopped"].as_str().unwrap().contains("no glass"), "{told}");
    let other = on_checks("another colour", None).await.unwrap();
    let told = &other.report["outpainted"];
    assert!(told["stopped"].as_str().unwrap().contains("does not go with the picture"), "{told}");
    assert!(other.outpainted.is_none());
    assert_eq!(on_checks("cancelled", None).await.err().unwrap().reason, "cancelled");
}
