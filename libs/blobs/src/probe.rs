use crate::{BlobError, Blobs, Put};
use bytes::Bytes;
use uuid::Uuid;

/// Writers raced on one key by [`Blobs::probe_conditional_writes`].
const WRITERS: usize = 8;

/// Whether the store keeps the promise that keys are written once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionalWrites {
    /// Of several writers at once exactly one won, and its bytes are what is there.
    Honoured,
    /// More or fewer than one writer were told that they won, or the bytes there are not the winner's. Work is
    /// still correct as long as attempts have keys of their own; the operator should know.
    Broken {
        /// How many of the writers were told that they created the key.
        winners: usize,
    },
}

impl Blobs {
    /// Start-up check: races several conditional writers on one fresh key and says whether exactly one won.
    /// Some S3-compatible stores let all of them succeed. The key is removed afterwards.
    ///
    /// # Errors
    /// Denied, unavailable, or no such bucket.
    pub async fn probe_conditional_writes(&self) -> Result<ConditionalWrites, BlobError> {
        let key = format!("probe/conditional-write-{}", Uuid::new_v4());
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let (blobs, key) = (self.clone(), key.clone());
            let body = Bytes::from(format!("writer {writer}"));
            writers
                .spawn(async move { blobs.put_new_at(&key, body.clone(), "text/plain").await.map(|put| (put, body)) });
        }
        let outcome = writers.join_all().await.into_iter().collect::<Result<Vec<_>, _>>();
        let kept = self.get_at(&key, 64).await;
        self.delete_at(&key).await?;

        let winners: Vec<Bytes> =
            outcome?.into_iter().filter(|(put, _)| *put == Put::Created).map(|(_, body)| body).collect();
        Ok(match winners.as_slice() {
            [only] if *only == kept? => ConditionalWrites::Honoured,
            others => ConditionalWrites::Broken { winners: others.len() },
        })
    }
}
