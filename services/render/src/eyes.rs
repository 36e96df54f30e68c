//! What sees: cuts subjects out of renders and tells how like themselves they are.

use crate::renderer::{RendererConfig, RendererKind};
use cavendish_renderer::{FakeVision, Vision};
use std::sync::Arc;

/// The eyes that go with the configured renderer. The one place where they are chosen.
pub(crate) fn start(config: &RendererConfig) -> Arc<dyn Vision> {
    match config.kind {
        RendererKind::Fake => Arc::new(FakeVision),
        // Colour histograms, until the engine has eyes of its own: its `Vision` goes here.
        RendererKind::Engine => Arc::new(FakeVision),
    }
}
