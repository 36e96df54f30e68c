//! The fake keeps the contract.

use cavendish_renderer::{FakeBehaviour, FakeRenderer, contract};
use std::time::Duration;

#[tokio::test]
async fn the_fake_keeps_the_contract() {
    contract::suite(&FakeRenderer::default()).await;
    contract::suite(&FakeRenderer::new(FakeBehaviour { step: Duration::from_millis(1), ..Default::default() })).await;
}
