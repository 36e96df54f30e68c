//! The model hub's file protocol: what a repository holds at a revision, and its files over HTTP.
//!
//! The hub's own crate is not used: hf-hub 1.0 brings some fifty crates and a second TLS provider for a transfer protocol of
//! its own, and 0.5 keeps files in a cache of links. The two requests needed here go through the client that is there anyway.

mod fetch;
mod record;
mod selection;

pub(crate) use record::Record;
pub(crate) use selection::{Selection, select};

use anyhow::{Context, bail};
use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;

/// The hub, unless another is named.
pub(crate) const ENDPOINT: &str = "https://huggingface.co";

/// A client of one hub.
pub(crate) struct Hub {
    http: reqwest::Client,
    endpoint: String,
    token: Option<String>,
}

/// A repository at a commit.
#[derive(Debug, Deserialize)]
pub(crate) struct Listing {
    /// The commit.
    pub(crate) sha: String,
    /// All its files.
    pub(crate) siblings: Vec<RemoteFile>,
}

/// A file of a repository.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RemoteFile {
    /// Its path in the repository.
    #[serde(rename = "rfilename")]
    pub(crate) name: String,
    /// Bytes.
    pub(crate) size: u64,
    /// What git calls the content.
    #[serde(rename = "blobId")]
    blob: String,
    /// For large files: the hash of the content itself.
    lfs: Option<LargeFile>,
}

#[derive(Debug, Clone, Deserialize)]
struct LargeFile {
    sha256: String,
}

impl RemoteFile {
    /// Changes when and only when the content does.
    pub(crate) fn identity(&self) -> &str {
        self.sha256().unwrap_or(&self.blob)
    }

    /// SHA-256 of the content, where the hub tells it.
    fn sha256(&self) -> Option<&str> {
        self.lfs.as_ref().map(|lfs| lfs.sha256.as_str())
    }
}

impl Hub {
    pub(crate) fn new(endpoint: &str, token: Option<String>) -> anyhow::Result<Self> {
        let agent = concat!("cavendish/", env!("CARGO_PKG_VERSION"));
        let http = reqwest::Client::builder().user_agent(agent).build().context("cannot start an HTTP client")?;
        let token = token.filter(|token| !token.is_empty());
        Ok(Self { http, endpoint: endpoint.trim_end_matches('/').to_owned(), token })
    }

    /// What a repository holds at a revision.
    pub(crate) async fn list(&self, repo: &str, revision: &str) -> anyhow::Result<Listing> {
        check_repo(repo)?;
        let revision = escaped(revision, false);
        let url = format!("{}/api/models/{repo}/revision/{revision}?blobs=true", self.endpoint);
        let asked = self.request(&url).send().await;
        let response = asked.with_context(|| format!("cannot reach {}", self.endpoint))?;
        match response.status() {
            StatusCode::OK => response.json().await.with_context(|| format!("{url} did not answer with a listing")),
            StatusCode::NOT_FOUND => bail!("there is no {repo} at revision {revision} on {}", self.endpoint),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => bail!(
                "{} does not show {repo}: it does not exist, or its terms must be accepted there and HF_TOKEN be set \
                 to a token of that account",
                self.endpoint
            ),
            status => bail!("{url} answered {status}"),
        }
    }

    fn request(&self, url: &str) -> RequestBuilder {
        let request = self.http.get(url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    fn file_url(&self, repo: &str, commit: &str, name: &str) -> String {
        format!("{}/{repo}/resolve/{}/{}", self.endpoint, escaped(commit, false), escaped(name, true))
    }
}

fn check_repo(repo: &str) -> anyhow::Result<()> {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    match repo.split('/').collect::<Vec<_>>()[..] {
        [owner, name] if plain(owner) && plain(name) => Ok(()),
        _ => bail!("{repo:?} is no repository: OWNER/NAME"),
    }
}

/// For use in the path of a URL.
fn escaped(text: &str, keep_slashes: bool) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || (keep_slashes && byte == b'/');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_an_owner_and_a_name() {
        assert!(check_repo("black-forest-labs/FLUX.2-klein-4B").is_ok());
        for wrong in ["gpt2", "a/b/c", "../b", "a/..", "a/", "/b", "a/b c", "a/b?x", "https://host/a/b"] {
            assert!(check_repo(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn urls_are_escaped() {
        assert_eq!(escaped("refs/pr/1", false), "refs%2Fpr%2F1");
        assert_eq!(escaped("a folder/é?.json", true), "a%20folder/%C3%A9%3F.json");
    }
}
