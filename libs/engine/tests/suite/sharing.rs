//! The device is shared between owners, whoever came first.

use crate::support::options;
use cavendish_engine::{EngineOptions, EngineRenderer};
use cavendish_renderer::{OnStep, RenderRequest, Renderer, Share, contract};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

fn request(owner: &str, seed: u64) -> RenderRequest {
    RenderRequest { share: Share { owner: owner.into(), weight: 3 }, ..contract::request("owl", seed) }
}

#[tokio::test]
async fn an_owner_with_one_image_does_not_wait_for_anothers_backlog() {
    let renderer = EngineRenderer::start(options(1)).unwrap();
    let drawn = Arc::new(Mutex::new(Vec::new()));
    let note = |owner: &'static str| -> OnStep {
        let drawn = Arc::clone(&drawn);
        Arc::new(move |done, all| {
            if done == all {
                drawn.lock().unwrap().push(owner);
            }
        })
    };
    let (entered, (open, opened)) = (Arc::new(Notify::new()), mpsc::channel::<()>());
    let (enter, opened) = (Arc::clone(&entered), Mutex::new(opened));
    // The first image stays in its first step until everybody waits.
    let hold: OnStep = Arc::new(move |_, _| {
        enter.notify_one();
        let _open_or_gone = opened.lock().unwrap().recv();
    });
    let render = |request, on_step| renderer.render(request, on_step, CancellationToken::new());
    let (first, rest) = tokio::join!(render(request("many", 0), hold), async {
        entered.notified().await;
        tokio::join!(
            render(request("many", 1), note("many")),
            render(request("many", 2), note("many")),
            render(request("many", 3), note("many")),
            render(request("few", 4), note("few")),
            async { drop(open) },
        )
    });
    assert!(first.is_ok() && rest.0.is_ok() && rest.1.is_ok() && rest.2.is_ok() && rest.3.is_ok());
    assert_eq!(drawn.lock().unwrap()[0], "few", "its turn came before the backlog's second");
    drop(renderer);
}

/// Two replicas draw beside each other: each holds an image in its first step until the other has one as well.
#[tokio::test]
async fn several_devices_draw_at_the_same_time_and_the_same() {
    let two = EngineOptions { devices: vec!["cpu".parse().unwrap(); 2], ..options(1) };
    let renderer = EngineRenderer::start(two).unwrap();
    assert_eq!((renderer.info().devices, renderer.info().device.as_str()), (2, "cpu, cpu"));
    let both = Arc::new(Barrier::new(2));
    let meet = || -> OnStep {
        let both = Arc::clone(&both);
        Arc::new(move |done, _| {
            if done == 1 {
                both.wait();
            }
        })
    };
    let render = |on_step| renderer.render(contract::request("owl", 1), on_step, CancellationToken::new());
    let (one, other) = tokio::join!(render(meet()), render(meet()));
    assert!(one.unwrap().pixels == other.unwrap().pixels);
}
