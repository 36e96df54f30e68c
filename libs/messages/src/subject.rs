//! The payloads about subject profiles, version 1.

use crate::payload::default_tenant;
use cavendish_domain::{FieldError, ProfileKind, ProfileName, ProfileTestId, ProfileVersionId, Reference};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// `subject.requested`: either references that a producer publishes, or the id of what the gateway stored. A name that
/// is known gets a new version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubjectRequested {
    /// Slug of the tenant; `default` when absent.
    #[serde(default = "default_tenant")]
    pub tenant: String,
    /// A version or a test that is stored already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// Name of the profile, from a producer that the gateway never saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ProfileName>,
    /// What the profile is of; `product`, or that of the versions before, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ProfileKind>,
    /// Pictures of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
}

/// What a listener learns about a version of a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubjectEvent {
    /// The version, or the test.
    pub id: Uuid,
    /// Slug of the tenant.
    pub tenant: String,
    /// Name of the profile.
    pub name: String,
    /// Number of the version.
    pub version: u32,
    /// What the profile is of.
    pub kind: ProfileKind,
    /// Where it stands now.
    pub state: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What is wrong with single references, each with its field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FieldError>,
}

/// `subject.rejected`: what is wrong with a request or its references.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubjectRejected {
    /// The version; absent when the request was refused at the door.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ProfileVersionId>,
    /// Name of the profile, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Number of the version, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The id of the producer's event that was refused at the door.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// The source of that event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_source: Option<String>,
    /// The faults, each with its field.
    pub errors: Vec<FieldError>,
}

/// `subject.tested`: how a picture compares with a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubjectTested {
    /// The test.
    pub id: ProfileTestId,
    /// Slug of the tenant.
    pub tenant: String,
    /// Name of the profile.
    pub name: String,
    /// Number of the version.
    pub version: u32,
    /// Consistency, cosine, nearest reference.
    pub result: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_producer_needs_a_name_and_references() {
        let json = serde_json::json!({"name": "cup", "references": [{"data": "aGk="}]});
        let requested: SubjectRequested = serde_json::from_value(json).unwrap();
        assert_eq!((requested.tenant.as_str(), requested.kind, requested.id), ("default", None, None));
        let wrong = serde_json::json!({"name": "A Cup"});
        assert!(serde_json::from_value::<SubjectRequested>(wrong).unwrap_err().to_string().contains("lower-case"));
    }
}
