//! A producer published `subject.requested` itself: its references become a version, once per event id.

use cavendish_blobs::BlobStore;
use cavendish_conveyor::HandlerError;
use cavendish_domain::{InvalidBrief, ProfileName, ProfileVersionId, check_references};
use cavendish_intake::IntakeError;
use cavendish_messages::{DecodeError, Envelope, EventType, SubjectRequested};
use cavendish_service_kit::blob_error;
use cavendish_store::{NewProfile, RequestedAs, Store, StoreError};
use uuid::Uuid;

/// The version or test that an event is about; made here when the event brings references.
///
/// # Errors
/// Permanent with the faults for a request that cannot be taken; retryable when a server is away.
pub(super) async fn admit(store: &Store, blobs: &dyn BlobStore, event: &Envelope) -> Result<Uuid, HandlerError> {
    if !matches!(event.known_type(), Ok(EventType::SubjectRequested)) {
        let detail = format!("type: `{}` is not for profile", event.event_type);
        return Err(HandlerError::permanent("unknown_type", detail));
    }
    let requested: SubjectRequested = event.payload().map_err(|error| match error {
        DecodeError::Data { field, reason } => InvalidBrief::one(field, reason).into(),
        other => HandlerError::permanent("undecodable", other),
    })?;
    match (requested.id, requested.name.clone()) {
        (Some(id), _) => Ok(id),
        (None, Some(name)) => take_in(store, blobs, event, requested, name).await,
        (None, None) => Err(InvalidBrief::one("data.name", "is missing").into()),
    }
}

async fn take_in(
    store: &Store,
    blobs: &dyn BlobStore,
    event: &Envelope,
    requested: SubjectRequested,
    name: ProfileName,
) -> Result<Uuid, HandlerError> {
    let SubjectRequested { tenant, kind, references, .. } = requested;
    check_references(&references)?;
    let tenant_id = store.tenant(&tenant).await.map_err(|error| match error {
        StoreError::NotFound(_) => InvalidBrief::one("tenant", format!("`{tenant}` is not known")).into(),
        other => HandlerError::from(other),
    })?;
    let id = ProfileVersionId::of_event(&format!("{}/{tenant_id}", event.source), &event.id);
    let references = cavendish_intake::store_profile_references(blobs, tenant_id, id, &references).await.map_err(
        |error| match error {
            IntakeError::Invalid(invalid) => invalid.into(),
            IntakeError::Conflict => HandlerError::permanent("conflict", error),
            IntakeError::Blobs(error) => blob_error(error),
        },
    )?;
    let requested = RequestedAs::Any;
    let new = NewProfile { id, tenant_id, tenant, name, kind, requested, references, traceparent: None };
    match store.request_profile(&new).await {
        Ok(_) => Ok(id.uuid()),
        Err(StoreError::Conflict(why)) => Err(InvalidBrief::one("data.name", why).into()),
        Err(error) => Err(error.into()),
    }
}
