//! The fake keeps the contract.

use cavendish_renderer::{FakeBehaviour, FakeRenderer, FakeVision, contract};
use std::time::Duration;

#[tokio::test]
async fn the_fake_keeps_the_contract() {
    contract::suite(&FakeRenderer::default()).await;
    contract::suite(&FakeRenderer::new(FakeBehaviour { step: Duration::from_millis(1), ..Default::default() })).await;
}
#[tokio::test]
async fn the_fake_sees_as_the_contract_says() {
    contract::vision_suite(&FakeVision).await;
}
