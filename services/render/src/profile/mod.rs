//! `subject.requested` → references looked at, cut out and embedded → `subject.profiled`; and pictures that are compared
//! with what came of it.

mod admit;
mod compare;
mod picture;
mod report;

use cavendish_blobs::{BlobErrorKind, BlobStore, Blobs};
use cavendish_conveyor::{ConveyorConfig, Handler, HandlerError, Turn};
use cavendish_domain::{BlobKey, ProfileKind, ProfileVersionId, Reason, Stage, Verdict};
use cavendish_imaging::{attributes, palette};
use cavendish_intake::MAX_REFERENCE_BYTES;
use cavendish_messages::Envelope;
use cavendish_renderer::{Embedding, RenderError, Vision};
use cavendish_service_kit::blob_error;
use cavendish_store::{Outcome, ProfileCommit, ProfileOutcome, ProfiledReference, ProfiledVersion, Store, StoreError};
use futures::{FutureExt, StreamExt};
use picture::Looked;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Pictures that are in hand at once, at most, whosever they are: each may be large.
const MOST_AT_ONCE: usize = 4;

/// A profile keeps every core busy by itself.
pub(crate) fn config() -> ConveyorConfig {
    ConveyorConfig { concurrency: 2, lease_ms: 30_000, ..ConveyorConfig::default() }
}

/// Profile as a stage of the conveyor.
#[derive(Clone)]
pub struct ProfileHandler {
    store: Store,
    blobs: Arc<Blobs>,
    vision: Arc<dyn Vision>,
    /// One permit is one picture in hand.
    hands: Arc<Semaphore>,
}

/// What the profile claim hands over.
#[derive(Debug, Deserialize)]
pub struct Input {
    kind: ProfileKind,
    /// What made the embeddings of the version; none before it is profiled.
    encoder: Option<String>,
    /// For a test: the picture that is compared with the version.
    picture: Option<BlobKey>,
    references: Vec<InputReference>,
}

#[derive(Debug, Deserialize)]
struct InputReference {
    index: i32,
    source_key: BlobKey,
    /// The subject cut out of it; none for a style, and before it is profiled.
    #[serde(default)]
    cutout_key: Option<BlobKey>,
    verdict: Option<Verdict>,
    embedding: Option<Embedding>,
}

impl ProfileHandler {
    /// A handler on these servers that sees with `vision`.
    pub fn new(store: Store, blobs: Arc<Blobs>, vision: Arc<dyn Vision>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { store, blobs, vision, hands: Arc::new(Semaphore::new(cores.min(MOST_AT_ONCE))) }
    }

    /// Looks at every reference, and tells what they have in common.
    async fn profile(&self, turn: &Turn<Input>) -> Result<ProfiledVersion, HandlerError> {
        let began = Instant::now();
        let looking = turn.input.references.iter().map(|reference| self.look(turn, reference).boxed());
        let looking: Vec<_> = looking.collect();
        let looked: Vec<_> = futures::stream::iter(looking).buffered(MOST_AT_ONCE).collect().await;
        let mut looked: Vec<(ProfiledReference, Option<Looked>)> = looked.into_iter().collect::<Result<_, _>>()?;
        report::mark_duplicates(&mut looked);
        let looked_ms = began.elapsed().as_secs_f64() * 1e3;
        self.embed(&mut looked).await?;
        let vision = &*self.vision;
        let likeness = report::self_similarity(&mut looked, |cosine| vision.consistency(cosine));
        let used = || looked.iter().filter(|(row, _)| row.verdict != Verdict::Rejected);
        let colours = palette(used().filter_map(|(_, looked)| looked.as_ref()).flat_map(Looked::samples));
        let aspects: Vec<f32> = used().filter_map(|(_, looked)| Some(looked.as_ref()?.aspect())).collect();
        let took_ms = began.elapsed().as_secs_f64() * 1e3;
        let references = looked.into_iter().map(|(row, _)| row).collect();
        Ok(ProfiledVersion {
            encoder: vision.info().encoder,
            attributes: json!(attributes(&colours, &aspects)),
            palette: json!(colours),
            report: json!({
                "self_similarity": likeness, "cutout": vision.info().cutout,
                "looked_ms": looked_ms, "embedded_ms": took_ms - looked_ms, "took_ms": took_ms,
            }),
            references,
        })
    }

    /// One reference: what it is worth, and its subject if there is one.
    async fn look(
        &self,
        turn: &Turn<Input>,
        reference: &InputReference,
    ) -> Result<(ProfiledReference, Option<Looked>), HandlerError> {
        let index = reference.index;
        let nothing = |reason: Reason| {
            let row = ProfiledReference {
                index,
                cutout: None,
                size: None,
                confidence: None,
                verdict: Verdict::Rejected,
                reasons: vec![reason],
                measures: json!({}),
                embedding: None,
            };
            (row, None)
        };
        let _hand = self.hands.acquire().await.map_err(|error| HandlerError::retryable("closing", error))?;
        let bytes = match self.blobs.get(&reference.source_key, MAX_REFERENCE_BYTES).await {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), BlobErrorKind::NotFound | BlobErrorKind::TooLarge) => {
                return Ok(nothing(Reason::new("unreadable", format!("the picture cannot be fetched: {error}"))));
            }
            Err(error) => return Err(blob_error(error)),
        };
        let looked = match picture::look(bytes, turn.input.kind, &*self.vision).await? {
            Ok(looked) => looked,
            Err(reason) => return Ok(nothing(reason)),
        };
        let mut row = looked.row(index);
        if row.verdict != Verdict::Rejected
            && let Some(png) = &looked.cutout
        {
            let version = ProfileVersionId(turn.claim.subject_id);
            let key = BlobKey::profile_cutout(
                turn.claim.tenant_id,
                version,
                turn.claim.attempt,
                index.cast_unsigned() as usize,
            );
            self.blobs.put_new(&key, png.clone(), "image/png").await.map_err(blob_error)?;
            row.cutout = Some(key);
        }
        Ok((row, Some(looked)))
    }

    /// Embeds all subjects that can be used, in one go.
    async fn embed(&self, looked: &mut [(ProfiledReference, Option<Looked>)]) -> Result<(), HandlerError> {
        let used = |(row, looked): &&mut (ProfiledReference, Option<Looked>)| {
            row.verdict != Verdict::Rejected && looked.is_some()
        };
        let mut used: Vec<_> = looked.iter_mut().filter(used).collect();
        let subjects = used.iter().filter_map(|(_, looked)| Some(looked.as_ref()?.subject.clone())).collect();
        if used.is_empty() {
            return Ok(());
        }
        let embeddings = self.vision.embed(subjects).await.map_err(vision_error)?;
        for ((row, _), embedding) in used.iter_mut().zip(embeddings) {
            row.embedding = Some(embedding.0);
        }
        Ok(())
    }
}

impl Handler for ProfileHandler {
    const STAGE: Stage = Stage::Profile;
    type Input = Input;
    type Output = ProfileCommit;

    async fn admit(&self, event: &Envelope) -> Result<Uuid, HandlerError> {
        admit::admit(&self.store, &*self.blobs, event).await
    }

    async fn work(&self, turn: &Turn<Input>) -> Result<ProfileCommit, HandlerError> {
        let outcome = match &turn.input.picture {
            Some(picture) => {
                let compared = compare::compare(&*self.blobs, &*self.vision, &turn.input, picture).await?;
                ProfileOutcome::Test(compared)
            }
            None => ProfileOutcome::Version(self.profile(turn).await?),
        };
        Ok(ProfileCommit { claim: turn.claim.clone(), outcome })
    }

    async fn commit(&self, batch: &[ProfileCommit]) -> Result<Vec<Outcome>, StoreError> {
        self.store.commit_profiles(batch).await
    }
}

fn vision_error(error: RenderError) -> HandlerError {
    match error {
        RenderError::Invalid { field, reason } => {
            HandlerError::permanent("invalid_picture", format!("{field}: {reason}"))
        }
        error => HandlerError::retryable("vision", error),
    }
}
