//! The renderer on the real model: the contract, batches, cancellation and the bytes of an image.

use crate::support::{batch, count, minilm, nano, options, pipeline};
use cavendish_engine::{Batch, EngineRenderer, Image, Pipeline, Precision, Unwatched};
use cavendish_renderer::{OnStep, Pixels, RenderError, RenderRequest, Renderer, contract};
use std::sync::{Arc, Mutex, mpsc};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

fn quiet() -> OnStep {
    Arc::new(|_, _| {})
}

/// Keeps the model's thread busy: with the first step it reports it stays there until the gate is opened.
struct Gate {
    entered: Arc<Notify>,
    open: mpsc::Sender<()>,
}

fn gate() -> (Gate, OnStep) {
    let (open, opened) = mpsc::channel::<()>();
    let (entered, opened) = (Arc::new(Notify::new()), Mutex::new(opened));
    let enter = Arc::clone(&entered);
    let hold: OnStep = Arc::new(move |_, _| {
        enter.notify_one();
        let _open_or_gone = opened.lock().unwrap().recv();
    });
    (Gate { entered, open }, hold)
}

#[tokio::test]
async fn the_engine_keeps_the_contract() {
    let renderer = EngineRenderer::start(options(3)).unwrap();
    contract::suite(&renderer).await;
    assert_eq!(renderer.info().native_side, 1024);
    let tall = RenderRequest { width: 108, height: 192, ..contract::request("owl", 1) };
    let pixels = renderer.render(tall, quiet(), CancellationToken::new()).await.unwrap().pixels;
    assert_eq!((pixels.width, pixels.height), (192, 192), "the only shape nano was trained at, as long as was asked");
    drop(renderer);
}

#[tokio::test]
async fn what_waits_is_drawn_together_and_who_left_is_left_out() {
    let renderer = EngineRenderer::start(options(3)).unwrap();
    let render = |request, on_step, cancel| renderer.render(request, on_step, cancel);
    let (Gate { entered, open }, hold) = gate();
    let (leaver, never) = (CancellationToken::new(), CancellationToken::new());
    let other = RenderRequest { steps: Some(3), ..contract::request("rose", 6) };
    let (first, (gone, second, third, odd, ())) =
        tokio::join!(render(contract::request("owl", 1), hold, never.clone()), async {
            entered.notified().await;
            tokio::join!(
                render(contract::request("pig", 2), quiet(), leaver.clone()),
                render(contract::request("fox", 3), quiet(), never.clone()),
                render(contract::request("cat", 4), quiet(), never.clone()),
                render(other, quiet(), never.clone()),
                async {
                    leaver.cancel();
                    drop(open);
                },
            )
        });
    assert!(matches!(gone, Err(RenderError::Cancelled)));
    let batches = [first, second, third, odd].map(|answer| answer.unwrap().batch);
    assert_eq!(batches, [1, 2, 2, 1], "alone, two that waited, and one whose steps differ");
    drop(renderer);
}

#[tokio::test]
async fn one_who_cancels_midway_takes_no_one_along() {
    let renderer = EngineRenderer::start(options(2)).unwrap();
    let alone = renderer.render(contract::request("fox", 3), quiet(), CancellationToken::new()).await.unwrap();
    let (Gate { entered, open }, hold) = gate();
    let (cancel, never) = (CancellationToken::new(), CancellationToken::new());
    let from_within = cancel.clone();
    let cancels: OnStep = Arc::new(move |_, _| from_within.cancel());
    let panics: OnStep = Arc::new(|_, _| panic!("a caller's mistake"));
    let (_, (cancelled, kept, ())) =
        tokio::join!(renderer.render(contract::request("owl", 1), hold, never.clone()), async {
            entered.notified().await;
            tokio::join!(
                renderer.render(contract::request("pig", 2), cancels, cancel),
                renderer.render(contract::request("fox", 3), panics, never.clone()),
                async { drop(open) },
            )
        });
    assert!(matches!(cancelled, Err(RenderError::Cancelled)));
    let kept = kept.unwrap();
    assert_eq!(kept.batch, 2, "they began together");
    assert!(kept.pixels == alone.pixels, "the other's leaving changes nothing");
}

#[tokio::test]
async fn a_model_that_cannot_be_loaded_is_an_error() {
    let mut wrong = options(1);
    wrong.model_dir = nano().join("transformer");
    let error = EngineRenderer::start(wrong).err().unwrap();
    assert!(error.to_string().contains("model.toml"), "{error}");
}

fn draw(pipeline: &Pipeline, images: &[(&str, u64)]) -> Vec<Pixels> {
    let image = |&(prompt, seed): &(&str, u64)| Image { prompt: prompt.into(), seed, ..Image::default() };
    let batch = Batch { steps: 4, ..batch(pipeline, images.iter().map(image).collect()) };
    let drawn = pipeline.draw(&batch, &mut Unwatched).unwrap();
    drawn.images.into_iter().map(|image| image.unwrap().pixels).collect()
}

#[test]
fn bytes_depend_on_prompt_and_seed_only() {
    let burger = ("hamburger on a sky blue background", 5);
    let company = [("owl on a teal background", 1), burger, ("rose", 2), burger, ("", 3)];
    for images in [1, 2, 4] {
        let pipeline = pipeline().with_forward_images(count(images));
        let alone = draw(&pipeline, &[burger]).remove(0);
        let among = draw(&pipeline, &company);
        assert!(among[1] == alone && among[3] == alone, "the same bytes in forwards of {images}");
        let reloaded = Pipeline::load(&nano(), &minilm(), tch::Device::Cpu, Precision::F32)
            .unwrap()
            .with_forward_images(count(images));
        assert!(draw(&reloaded, &[burger])[0] == alone, "the same bytes after a restart");
    }
}

/// Forwards of another shape may round otherwise: by one step of a byte at most.
#[test]
fn forwards_of_any_size_agree_within_a_step_of_a_byte() {
    let burger = ("hamburger on a sky blue background", 5);
    let alone = draw(&pipeline().with_forward_images(count(1)), &[burger]).remove(0);
    for images in [2, 4, 8] {
        let padded = draw(&pipeline().with_forward_images(count(images)), &[burger]).remove(0);
        let apart = alone.rgb.iter().zip(&padded.rgb).map(|(a, b)| a.abs_diff(*b));
        let (differing, most) = (apart.clone().filter(|d| *d > 0).count(), apart.max().unwrap());
        println!("forwards of {images}: {differing} of {} bytes differ, by at most {most}", alone.rgb.len());
        assert!(most <= 1);
    }
}

#[test]
fn guidance_of_one_is_the_prompt_alone() {
    let pipeline = pipeline();
    let image = Image { prompt: "rose".into(), seed: 1, ..Image::default() };
    let with = |guidance| Batch { steps: 2, guidance, ..batch(&pipeline, vec![image.clone()]) };
    let pixels = |guidance| pipeline.draw(&with(guidance), &mut Unwatched).unwrap().images.remove(0).unwrap().pixels;
    let (off, nearly) = (pixels(1.0), pixels(1.0 + 1e-9));
    assert!(
        off.rgb.iter().zip(&nearly.rgb).all(|(a, b)| a.abs_diff(*b) <= 1),
        "leaving the other half out is a shortcut"
    );
    assert!(off != pixels(5.0), "guidance matters");
}
