//! Subjects over HTTP.

use super::{Client, checked};
use anyhow::Context;
use cavendish_domain::{ProfileKind, ProfileName, ProfileRef, Reference};
use cavendish_gateway::api::subjects::{
    NewSubject, NewTest, NewVersion, SubjectAccepted, SubjectList, SubjectStatus, TestStatus,
};
use reqwest::{Method, StatusCode};
use serde::Serialize;
use std::time::Duration;
use uuid::Uuid;

/// Photographs may be many and large.
const UPLOAD: Duration = Duration::from_secs(300);
const SHORT: Duration = Duration::from_secs(30);
/// How often the gateway is asked whether something is done.
pub(crate) const POLL: Duration = Duration::from_millis(250);

impl Client {
    /// Makes a subject, or answers with what was made under this idempotency key before.
    ///
    /// # Errors
    /// What the gateway says about it, field by field.
    pub async fn add_subject(
        &self,
        name: &ProfileName,
        kind: ProfileKind,
        references: Vec<Reference>,
        idempotency_key: &str,
    ) -> anyhow::Result<SubjectAccepted> {
        self.send("/v1/subjects", &NewSubject { name: name.clone(), kind, references }, idempotency_key).await
    }

    /// Adds a version to a subject, likewise.
    ///
    /// # Errors
    /// As [`Client::add_subject`].
    pub async fn add_version(
        &self,
        name: &ProfileName,
        references: Vec<Reference>,
        idempotency_key: &str,
    ) -> anyhow::Result<SubjectAccepted> {
        self.send(&format!("/v1/subjects/{name}/versions"), &NewVersion { references }, idempotency_key).await
    }

    /// Waits until a version is profiled, rejected or failed.
    ///
    /// # Errors
    /// As the gateway says, or when the subject is removed meanwhile.
    pub async fn settled_subject(&self, named: &ProfileRef) -> anyhow::Result<SubjectStatus> {
        loop {
            let status = self.find_subject(named).await?;
            let status = status.with_context(|| format!("`{named}` was removed meanwhile"))?;
            if status.profile.head.status != "requested" {
                return Ok(status);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// All subjects.
    ///
    /// # Errors
    /// As the gateway says.
    pub async fn subjects(&self) -> anyhow::Result<SubjectList> {
        self.call(|| self.request(Method::GET, "/v1/subjects?limit=1000").timeout(SHORT)).await
    }

    /// A subject, `None` when there is none of that name.
    ///
    /// # Errors
    /// As the gateway says.
    pub async fn find_subject(&self, named: &ProfileRef) -> anyhow::Result<Option<SubjectStatus>> {
        let path = format!("/v1/subjects/{named}");
        let response = self.request(Method::GET, &path).timeout(SHORT).send().await;
        match response {
            Ok(response) if response.status() == StatusCode::NOT_FOUND => Ok(None),
            Ok(response) if response.status().is_success() => Ok(Some(response.json().await?)),
            // Away or busy: asked again with patience.
            _ => self.call(|| self.request(Method::GET, &path).timeout(SHORT)).await.map(Some),
        }
    }

    /// Has a picture compared with a subject.
    ///
    /// # Errors
    /// As the gateway says.
    pub async fn test_subject(&self, named: &ProfileRef, picture: Reference) -> anyhow::Result<TestStatus> {
        self.send(&format!("/v1/subjects/{named}/test"), &NewTest { picture }, &Uuid::new_v4().to_string()).await
    }

    /// How a test stands.
    ///
    /// # Errors
    /// As the gateway says.
    pub async fn subject_test(&self, test: &TestStatus) -> anyhow::Result<TestStatus> {
        let path = format!("/v1/subjects/{}@{}/tests/{}", test.name, test.version, test.id);
        self.call(|| self.request(Method::GET, &path).timeout(SHORT)).await
    }

    /// Removes a subject.
    ///
    /// # Errors
    /// As the gateway says.
    pub async fn remove_subject(&self, name: &ProfileName) -> anyhow::Result<()> {
        let request = self.request(Method::DELETE, &format!("/v1/subjects/{name}")).timeout(SHORT);
        checked(request.send().await?).await.map(drop)
    }

    /// What a presigned URL gives, at most `most` bytes.
    ///
    /// # Errors
    /// When the store refuses, or sends more.
    pub async fn fetch(&self, url: &str, most: usize) -> anyhow::Result<Vec<u8>> {
        let response = checked(self.http.get(url).timeout(SHORT).send().await?).await?;
        let bytes = response.bytes().await?;
        anyhow::ensure!(bytes.len() <= most, "the file has more than {most} bytes");
        Ok(bytes.into())
    }

    /// Posts with an idempotency key: asking again is safe.
    async fn send<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        key: &str,
    ) -> anyhow::Result<T> {
        self.call(|| self.request(Method::POST, path).timeout(UPLOAD).header("idempotency-key", key).json(body)).await
    }
}
