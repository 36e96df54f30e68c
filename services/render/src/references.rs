//! What the model makes of references, kept in S3: made once per set of pictures and size, used by every job and process.

use async_trait::async_trait;
use cavendish_blobs::{BlobErrorKind, BlobStore};
use cavendish_domain::BlobKey;
use cavendish_renderer::ReferenceStore;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::Arc;

/// Bytes of a file that is read back, at most; the engine writes none that are larger.
const MOST_BYTES: u64 = 256 << 20;

/// The blob store as the engine's memory.
pub(crate) struct ReferenceBlobs(pub(crate) Arc<dyn BlobStore>);

#[async_trait]
impl ReferenceStore for ReferenceBlobs {
    async fn get(&self, owner: &str, key: &str) -> Option<Vec<u8>> {
        match self.0.get(&blob_key(owner, key), MOST_BYTES).await {
            Ok(file) => Some(file.into()),
            Err(error) if error.kind() == BlobErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(%error, key, "kept references could not be read");
                None
            }
        }
    }

    async fn put(&self, owner: &str, key: &str, file: Vec<u8>) {
        if let Err(error) = self.0.put_new(&blob_key(owner, key), file.into(), "application/octet-stream").await {
            tracing::warn!(%error, key, "references could not be kept");
        }
    }
}

/// Owners are apart: each has its own, even of the same pictures.
fn blob_key(owner: &str, key: &str) -> BlobKey {
    let digest = Sha256::new().chain_update(owner).chain_update([0]).chain_update(key).finalize();
    let hex = digest.iter().fold(String::new(), |mut hex, byte| {
        let _infallible = write!(hex, "{byte:02x}");
        hex
    });
    BlobKey::kept_references(&hex)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cavendish_engine::{EngineOptions, EngineRenderer};
    use cavendish_renderer::{Pixels, Reference, RenderOutput, RenderRequest, Renderer, Share};
    use cavendish_service_kit::CancellationToken;
    use cavendish_testkit::TestBucket;
    use std::path::Path;
    use std::sync::Mutex;

    /// Notes what is put.
    struct Noted(ReferenceBlobs, Arc<Mutex<Vec<BlobKey>>>);

    #[async_trait]
    impl ReferenceStore for Noted {
        async fn get(&self, owner: &str, key: &str) -> Option<Vec<u8>> {
            self.0.get(owner, key).await
        }

        async fn put(&self, owner: &str, key: &str, file: Vec<u8>) {
            self.1.lock().unwrap().push(blob_key(owner, key));
            self.0.put(owner, key, file).await;
        }
    }

    fn engine(store: &Arc<dyn BlobStore>, puts: &Arc<Mutex<Vec<BlobKey>>>) -> EngineRenderer {
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../libs/engine/tests/fixtures/klein");
        let options = EngineOptions { devices: vec!["cpu".parse().unwrap()], ..EngineOptions::new(model, "none") };
        let noted = Noted(ReferenceBlobs(Arc::clone(store)), Arc::clone(puts));
        EngineRenderer::start(options).unwrap().with_reference_store(Arc::new(noted))
    }

    async fn draw(engine: &EngineRenderer, owner: &str, prompt: &str) -> RenderOutput {
        let pixels =
            Arc::new(Pixels { width: 64, height: 64, rgb: (0..64 * 64 * 3).map(|n| (n % 251) as u8).collect() });
        let request = RenderRequest {
            prompt: prompt.into(),
            width: 64,
            height: 64,
            references: vec![Reference { key: "a-photograph".into(), pixels }],
            share: Share { owner: owner.into(), weight: 1 },
            ..RenderRequest::default()
        };
        engine.render(request, Arc::new(|_, _| {}), CancellationToken::new()).await.unwrap()
    }

    #[tokio::test]
    async fn references_are_kept_in_s3_for_every_process_and_apart_for_every_owner() {
        let bucket = TestBucket::create().await.unwrap();
        let blobs: Arc<dyn BlobStore> = Arc::new(bucket.blobs().clone());
        let puts = Arc::default();
        let first = draw(&engine(&blobs, &puts), "one", "a red apple").await;
        let again = draw(&engine(&blobs, &puts), "one", "a red apple").await;
        assert!(again.pixels == first.pixels, "from what was kept as from the picture");
        assert_eq!(puts.lock().unwrap().len(), 1, "the second process found it");
        draw(&engine(&blobs, &puts), "two", "a red apple").await;
        let keys = puts.lock().unwrap().clone();
        assert!(keys.len() == 2 && keys[0] != keys[1], "another owner's is another: {keys:?}");
        for key in keys {
            assert!(blobs.head(&key).await.unwrap().unwrap().bytes > 1_000);
        }
    }
}
