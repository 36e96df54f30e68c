//! A producer published `job.requested` itself: the brief becomes a job, once per event id.

use cavendish_blobs::BlobStore;
use cavendish_conveyor::HandlerError;
use cavendish_domain::{Brief, InvalidBrief, JobId};
use cavendish_intake::{IntakeError, Known};
use cavendish_messages::{DecodeError, Envelope, EventType, JobRequested};
use cavendish_service_kit::blob_error;
use cavendish_store::{NewJob, Store, StoreError};
use chrono::Utc;
use uuid::Uuid;

/// The job that an event is about; made here when the event brings its brief.
///
/// # Errors
/// Permanent with the faults for a brief that cannot be taken; retryable when a server is away.
pub(crate) async fn admit(
    store: &Store,
    blobs: &dyn BlobStore,
    known: &Known,
    event: &Envelope,
) -> Result<Uuid, HandlerError> {
    match event.known_type() {
        Ok(EventType::JobRequested) => {}
        Ok(_) | Err(_) => {
            return Err(HandlerError::permanent(
                "unknown_type",
                format!("type: `{}` is not for ingest", event.event_type),
            ));
        }
    }
    let requested: JobRequested = event.payload().map_err(|error| match error {
        DecodeError::Data { field, reason } => InvalidBrief::one(field, reason).into(),
        other => HandlerError::permanent("undecodable", other),
    })?;
    match (requested.brief, requested.job_id) {
        (Some(brief), _) => take_in(store, blobs, known, event, &requested.tenant, brief).await,
        (None, Some(job)) => Ok(job.uuid()),
        (None, None) => Err(InvalidBrief::one("data.brief", "is missing").into()),
    }
}

async fn take_in(
    store: &Store,
    blobs: &dyn BlobStore,
    known: &Known,
    event: &Envelope,
    tenant: &str,
    mut brief: Brief,
) -> Result<Uuid, HandlerError> {
    let job = JobId::of_event(&event.source, &event.id);
    if store.was_admitted(&event.source, &event.id).await? {
        return Ok(job.uuid());
    }
    cavendish_intake::check(&brief, tenant, known)?;
    if brief.deadline_ms.is_some() {
        let (outlook, backlog) = store.prospects().await?;
        let shape = cavendish_intake::shape(&brief, known.specs.of(tenant));
        cavendish_intake::admission(&brief, shape, &outlook, &backlog, Utc::now())
            .map_err(|late| HandlerError { reason: "deadline_unreachable", ..late.into() })?;
    }
    let tenant_id = store.tenant(tenant).await.map_err(|error| match error {
        StoreError::NotFound(_) => InvalidBrief::one("tenant", format!("`{tenant}` is not known")).into(),
        other => HandlerError::from(other),
    })?;
    if let Some(earlier) = brief.renders_of {
        store.rendered_shots(tenant_id, earlier).await?;
    }
    let mut standings = vec![];
    for named in cavendish_intake::named_profiles(&brief) {
        standings.push(store.profile_standing(tenant_id, named).await?);
    }
    cavendish_intake::pin_profiles(&mut brief, &standings)?;
    cavendish_intake::store_references(blobs, tenant_id, job, &mut brief).await.map_err(|error| match error {
        IntakeError::Invalid(invalid) => invalid.into(),
        IntakeError::Conflict => HandlerError::permanent("conflict", error),
        IntakeError::Blobs(error) => blob_error(error),
    })?;
    // The same event always draws the same lot, so a crash between here and the commit changes nothing.
    brief.seed.get_or_insert(u64::from(job.uuid().as_fields().0));
    let tenant = tenant.to_owned();
    let new = NewJob { id: job, tenant_id, tenant, brief, idempotency_key: None, traceparent: None };
    store.admit(&event.source, &event.id, &new).await?;
    Ok(job.uuid())
}
