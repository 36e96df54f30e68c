use crate::{OnStep, RenderError, RenderOutput, RenderRequest, Renderer, RendererInfo};
use async_trait::async_trait;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Two models as one renderer: a small model that learnt to draw what prompts name, and one that learnt to draw what
/// references show, are each better at it than one that learnt both.
#[derive(Clone)]
pub struct ByReferences {
    /// Draws requests without references.
    pub named: Arc<dyn Renderer>,
    /// Draws requests with references.
    pub shown: Arc<dyn Renderer>,
}

#[async_trait]
impl Renderer for ByReferences {
    fn info(&self) -> RendererInfo {
        let shown = self.shown.info();
        let max_references = shown.max_references;
        RendererInfo { max_references, for_references: Some(Box::new(shown)), ..self.named.info() }
    }

    async fn render(
        &self,
        request: RenderRequest,
        on_step: OnStep,
        cancel: CancellationToken,
    ) -> Result<RenderOutput, RenderError> {
        let renderer = if request.references.is_empty() { &self.named } else { &self.shown };
        renderer.render(request, on_step, cancel).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FakeRenderer, Pixels, Reference};

    /// A fake that calls itself something else.
    struct Called(&'static str);

    #[async_trait]
    impl Renderer for Called {
        fn info(&self) -> RendererInfo {
            RendererInfo { model: self.0.into(), ..FakeRenderer::default().info() }
        }

        async fn render(
            &self,
            request: RenderRequest,
            on_step: OnStep,
            cancel: CancellationToken,
        ) -> Result<RenderOutput, RenderError> {
            let drawn = FakeRenderer::default().render(request, on_step, cancel).await?;
            Ok(RenderOutput { model: self.0.into(), ..drawn })
        }
    }

    #[tokio::test]
    async fn references_decide_who_draws() {
        let pair = ByReferences { named: Arc::new(Called("named")), shown: Arc::new(Called("shown")) };
        let draw = async |references| {
            let request = RenderRequest { references, ..RenderRequest::default() };
            pair.render(request, Arc::new(|_, _| {}), CancellationToken::new()).await.map(|drawn| drawn.model)
        };
        let pixels = Arc::new(Pixels { width: 1, height: 1, rgb: vec![0; 3] });
        let reference = Reference { key: "a".into(), pixels };
        assert_eq!(draw(vec![]).await.unwrap(), "named");
        assert_eq!(draw(vec![reference]).await.unwrap(), "shown");
        let info = pair.info();
        assert_eq!((info.drawing(false).model.as_str(), info.drawing(true).model.as_str()), ("named", "shown"));
    }
}
