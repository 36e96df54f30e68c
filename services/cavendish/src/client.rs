//! A client of the gateway's jobs API.

mod subjects;

pub(crate) use subjects::POLL;

use crate::output;
use crate::sse::SseParser;
use anyhow::{Context, bail};
use cavendish_gateway::api::{ErrorBody, JobAccepted, JobEntry, JobStatus};
use futures::StreamExt;
use reqwest::header::RETRY_AFTER;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use uuid::Uuid;

/// How long a gateway that is away or busy is asked again.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(500);
/// The gateway sends a sign of life every 15 seconds.
const SILENCE: Duration = Duration::from_secs(60);

/// One gateway and one key. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    server: String,
    key: String,
}

impl Client {
    /// For the gateway at `server`, a URL without path.
    ///
    /// # Errors
    /// When no HTTP client can be set up.
    pub fn new(server: &str, key: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(SILENCE)
            .user_agent(concat!("cavendish/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, server: server.trim_end_matches('/').into(), key: key.into() })
    }

    /// For the gateway at `server` with the key that was given on the command line or in the environment.
    ///
    /// # Errors
    /// When there is no key, or no HTTP client can be set up.
    pub fn with_key(server: &str, key: Option<&str>) -> anyhow::Result<Self> {
        let how = "no API key: give --key or set CAVENDISH_KEY (`cavendish key create` makes one)";
        Self::new(server, key.context(how)?)
    }

    /// Sends a brief. Asking again is safe: the request carries an idempotency key of its own.
    ///
    /// # Errors
    /// What the gateway says about the brief, field by field.
    pub async fn submit(&self, brief: &Value) -> anyhow::Result<JobAccepted> {
        self.submit_once(brief, &Uuid::new_v4().to_string()).await
    }

    /// Sends a brief under an idempotency key: a job that was made under it before is given again.
    ///
    /// # Errors
    /// As [`Client::submit`].
    pub async fn submit_once(&self, brief: &Value, idempotency_key: &str) -> anyhow::Result<JobAccepted> {
        self.call(|| {
            let request = self.request(Method::POST, "/v1/jobs").timeout(Duration::from_secs(120));
            request.header("idempotency-key", idempotency_key).json(brief)
        })
        .await
    }

    /// How a job stands.
    ///
    /// # Errors
    /// As the gateway says.
    pub async fn status(&self, job: Uuid) -> anyhow::Result<JobStatus> {
        self.call(|| self.request(Method::GET, &format!("/v1/jobs/{job}")).timeout(Duration::from_secs(30))).await
    }

    /// Gives a job up.
    ///
    /// # Errors
    /// As the gateway says.
    pub async fn cancel(&self, job: Uuid) -> anyhow::Result<JobStatus> {
        self.call(|| self.request(Method::POST, &format!("/v1/jobs/{job}/cancel")).timeout(Duration::from_secs(30)))
            .await
    }

    /// Follows a job until nothing more happens to it by itself, and tells every line of its history and every step once.
    /// A stream that breaks off is taken up where it ended.
    ///
    /// # Errors
    /// When the gateway refuses, or stays away for a minute.
    pub async fn follow(&self, job: Uuid, mut tell: impl FnMut(&JobEntry)) -> anyhow::Result<JobStatus> {
        let mut last = None;
        let mut heard = Instant::now();
        loop {
            if let Err(error) = self.listen(job, &mut last, &mut heard, &mut tell).await {
                if heard.elapsed() > PATIENCE || error.is::<Refused>() {
                    return Err(error);
                }
                tokio::time::sleep(PAUSE).await;
            }
            let status = self.status(job).await?;
            if status.head.status.is_at_rest() {
                return Ok(status);
            }
        }
    }

    /// One connection to the event stream, until it ends.
    async fn listen(
        &self,
        job: Uuid,
        last: &mut Option<String>,
        heard: &mut Instant,
        tell: &mut impl FnMut(&JobEntry),
    ) -> anyhow::Result<()> {
        let mut request = self.request(Method::GET, &format!("/v1/jobs/{job}/events"));
        if let Some(id) = &last {
            request = request.header("last-event-id", id);
        }
        let response = checked(request.send().await?).await?;
        let (mut parser, mut bytes) = (SseParser::default(), response.bytes_stream());
        while let Some(piece) = bytes.next().await {
            *heard = Instant::now();
            for event in parser.push(&piece?) {
                let entry: JobEntry = serde_json::from_str(&event.data).context("an event is unreadable")?;
                if event.id.is_some() {
                    *last = event.id;
                }
                tell(&entry);
                // A held job's stream stays open for whoever waits for its release.
                if entry.event == "job.held" {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Downloads a presigned URL to `path`, whole or not at all, and checks its size.
    ///
    /// # Errors
    /// When the store refuses, or sends another number of bytes than `bytes`.
    pub async fn download(&self, url: &str, path: &Path, bytes: u64) -> anyhow::Result<()> {
        let response = checked(self.http.get(url).send().await?).await?;
        let partial = path.with_extension("part");
        let mut file = tokio::fs::File::create(&partial).await?;
        let (mut stream, mut written) = (response.bytes_stream(), 0);
        while let Some(piece) = stream.next().await {
            let piece = piece?;
            written += piece.len() as u64;
            file.write_all(&piece).await?;
        }
        file.flush().await?;
        drop(file);
        if written != bytes {
            bail!("got {written} bytes of {bytes}");
        }
        Ok(tokio::fs::rename(&partial, path).await?)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.server)).bearer_auth(&self.key)
    }

    /// Sends a request that may be repeated, until there is an answer that will stay.
    async fn call<T: DeserializeOwned>(&self, request: impl Fn() -> RequestBuilder) -> anyhow::Result<T> {
        let deadline = Instant::now() + PATIENCE;
        let mut told = false;
        loop {
            let outcome = request().send().await;
            let again = match &outcome {
                Ok(response) => matches!(response.status().as_u16(), 408 | 429 | 502..=504),
                Err(error) => error.is_connect() || error.is_timeout() || error.is_request(),
            };
            if again && Instant::now() < deadline {
                if outcome.is_err() && !std::mem::replace(&mut told, true) {
                    let patience = PATIENCE.as_secs();
                    output::note(&format!("no answer from {} yet, trying for {patience} s", self.server));
                }
                let asked = outcome.ok().and_then(|response| retry_after(&response)).unwrap_or(PAUSE);
                tokio::time::sleep(asked.min(Duration::from_secs(10))).await;
                continue;
            }
            let response = outcome
                .with_context(|| format!("cannot reach a gateway at {}; `cavendish up` starts one", self.server))?;
            return Ok(checked(response).await?.json().await?);
        }
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

/// An answer that will not change by asking again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

/// The response if it is a success, otherwise what it says.
async fn checked(response: Response) -> anyhow::Result<Response> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let text = response.text().await.unwrap_or_default();
    let mut said = said(status, &text);
    if status == StatusCode::UNAUTHORIZED {
        said += "; `cavendish key create` makes one";
    }
    if status.is_client_error() { Err(Refused(said).into()) } else { bail!(said) }
}

fn said(status: StatusCode, body: &str) -> String {
    let Ok(ErrorBody { error }) = serde_json::from_str(body) else {
        let body: String = body.chars().take(300).collect();
        return format!("{status}: {body}");
    };
    if error.errors.is_empty() {
        return error.message;
    }
    let faults: Vec<String> =
        error.errors.iter().map(|fault| format!("\n  {}: {}", fault.field, fault.reason)).collect();
    format!("{}{}", error.code.replace('_', " "), faults.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_field_by_field() {
        let body =
            r#"{"error":{"code":"invalid_brief","message":"m","errors":[{"field":"prompt","reason":"is empty"}]}}"#;
        assert_eq!(said(StatusCode::UNPROCESSABLE_ENTITY, body), "invalid brief\n  prompt: is empty");
        assert_eq!(said(StatusCode::BAD_GATEWAY, "<html>"), "502 Bad Gateway: <html>");
    }
}
