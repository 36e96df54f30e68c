//! CloudEvents 1.0, structured mode, JSON.

use crate::EventType;
use cavendish_domain::EventId;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// Bytes of one event, at most: room for a brief with inline photographs.
pub const MAX_EVENT_BYTES: usize = 64 * 1024 * 1024;

/// One event on the wire. `id` is stable across retries; unknown attributes are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Always `1.0`.
    pub specversion: String,
    /// Unique within `source`; for our own events a UUID v7.
    pub id: String,
    /// Who says it, for example `cavendish/ingest`.
    pub source: String,
    /// `cavendish.<noun>.<verb>.v1`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The job or shot it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<DateTime<Utc>>,
    /// Always JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datacontenttype: Option<String>,
    /// The payload, one of the types of this crate.
    #[serde(default)]
    pub data: Value,
}

/// Why bytes are not an event. Never worth a retry.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// The message is larger than [`MAX_EVENT_BYTES`].
    #[error("body: has {0} bytes, at most {MAX_EVENT_BYTES} are allowed")]
    TooLarge(usize),
    /// Not UTF-8.
    #[error("body: is not UTF-8 from byte {0}")]
    NotUtf8(usize),
    /// Not a CloudEvents JSON object.
    #[error("body: is not a CloudEvents 1.0 JSON object: {0}")]
    NotAnEvent(#[source] serde_json::Error),
    /// Another version of CloudEvents.
    #[error("specversion: is `{0}`, only `1.0` is understood")]
    SpecVersion(String),
    /// An empty or overlong attribute.
    #[error("{0}: must have 1 to 256 characters")]
    Attribute(&'static str),
    /// A type that this service does not handle.
    #[error("type: `{0}` is not handled here")]
    UnknownType(String),
    /// The payload does not have the shape of its type.
    #[error("{field}: {reason}")]
    Data {
        /// Path of the field, for example `data.brief.variants`.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Envelope {
    /// The content type of the body.
    pub const CONTENT_TYPE: &'static str = "application/cloudevents+json";

    /// An event of our own, with a new id.
    ///
    /// # Panics
    /// Never for the payloads of this crate: they all serialise.
    #[must_use]
    pub fn new(event_type: EventType, subject: impl ToString, data: &impl Serialize) -> Self {
        Self {
            specversion: "1.0".into(),
            id: EventId::new().to_string(),
            source: "cavendish".into(),
            event_type: event_type.as_str().into(),
            subject: Some(subject.to_string()),
            time: Some(Utc::now()),
            datacontenttype: Some("application/json".into()),
            data: serde_json::to_value(data).unwrap_or_default(),
        }
    }

    /// Reads an event and checks its attributes.
    ///
    /// # Errors
    /// Says which attribute is wrong and how.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        if body.len() > MAX_EVENT_BYTES {
            return Err(DecodeError::TooLarge(body.len()));
        }
        let text = std::str::from_utf8(body).map_err(|error| DecodeError::NotUtf8(error.valid_up_to()))?;
        let envelope: Self = serde_json::from_str(text).map_err(DecodeError::NotAnEvent)?;
        if envelope.specversion != "1.0" {
            return Err(DecodeError::SpecVersion(envelope.specversion));
        }
        let attributes = [("id", &envelope.id), ("source", &envelope.source), ("type", &envelope.event_type)];
        for (name, value) in attributes {
            if value.is_empty() || value.chars().count() > 256 {
                return Err(DecodeError::Attribute(name));
            }
        }
        Ok(envelope)
    }

    /// The type, if it is one of ours.
    ///
    /// # Errors
    /// [`DecodeError::UnknownType`].
    pub fn known_type(&self) -> Result<EventType, DecodeError> {
        self.event_type.parse().map_err(|()| DecodeError::UnknownType(self.event_type.clone()))
    }

    /// The payload as `T`.
    ///
    /// # Errors
    /// [`DecodeError::Data`] with the field that does not fit.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        serde_path_to_error::deserialize(&self.data).map_err(|error| {
            let path = error.path().to_string();
            let field = if path == "." { "data".into() } else { format!("data.{path}") };
            DecodeError::Data { field, reason: error.into_inner().to_string() }
        })
    }

    /// The body as JSON text.
    ///
    /// # Panics
    /// Never: strings and JSON values serialise.
    #[must_use]
    pub fn encode(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_survives_the_wire_and_unknown_attributes_are_ignored() {
        let event = Envelope::new(EventType::JobRequested, "j1", &serde_json::json!({"tenant": "default"}));
        let mut json: Value = serde_json::from_str(&event.encode()).unwrap();
        json["newattribute"] = 1.into();
        assert_eq!(Envelope::decode(json.to_string().as_bytes()).unwrap(), event);
    }

    #[test]
    fn each_fault_names_its_attribute() {
        let said = |body: &[u8]| Envelope::decode(body).unwrap_err().to_string();
        assert!(said(b"\xff{}").starts_with("body: is not UTF-8"));
        assert!(said(b"{").starts_with("body: is not a CloudEvents"));
        assert!(said(br#"{"specversion":"0.3","id":"1","source":"s","type":"t"}"#).starts_with("specversion"));
        assert!(said(br#"{"specversion":"1.0","id":"","source":"s","type":"t"}"#).starts_with("id: "));
        let other = Envelope::decode(br#"{"specversion":"1.0","id":"1","source":"s","type":"t"}"#).unwrap();
        assert!(other.known_type().unwrap_err().to_string().starts_with("type: `t`"));
    }
}
