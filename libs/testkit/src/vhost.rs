use crate::cleanup::run_now;
use crate::stack::{Stack, unique};
use anyhow::{Context, Result, bail};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use std::time::Duration;

/// An empty RabbitMQ vhost, deleted with all its queues and connections when this is dropped.
#[derive(Debug)]
pub struct TestVhost {
    url: Url,
    management: Url,
    name: String,
}

impl TestVhost {
    /// A fresh vhost on the running stack.
    ///
    /// # Errors
    /// When there is no stack, or its management API does not answer.
    pub async fn create() -> Result<Self> {
        Self::create_on(&Stack::from_env()?).await
    }

    /// A fresh vhost on `stack`.
    ///
    /// # Errors
    /// When the management API does not answer or refuses.
    pub async fn create_on(stack: &Stack) -> Result<Self> {
        let mut url = Url::parse(&stack.broker.url).context("the stack's broker URL")?;
        let management = Url::parse(&stack.broker.management_url).context("the stack's management URL")?;
        let name = unique("-");
        let user = if url.username().is_empty() { "guest" } else { url.username() }.to_owned();
        url.set_path(&name);
        let vhost = Self { url, management, name };

        vhost.call(Method::PUT, &["vhosts", &vhost.name], &json!({"description": "a test's own"})).await?;
        let everything = json!({"configure": ".*", "write": ".*", "read": ".*"});
        vhost.call(Method::PUT, &["permissions", &vhost.name, &decoded(&user)], &everything).await?;
        Ok(vhost)
    }

    /// `amqp://…/test-…`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.to_string()
    }

    /// The vhost's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Calls the management API: `path` below `/api`, one element a segment. Answers the JSON body, or null.
    ///
    /// # Errors
    /// When the API does not answer, or answers with an error status.
    pub async fn call(&self, method: Method, path: &[&str], body: &Value) -> Result<Value> {
        call(self.management.clone(), method, path, body).await
    }
}

impl Drop for TestVhost {
    fn drop(&mut self) {
        let (management, name) = (self.management.clone(), self.name.clone());
        run_now(format!("vhost {name}"), async move {
            settled(&management, &name).await?;
            call(management, Method::DELETE, &["vhosts", &name], &Value::Null).await.map(drop)
        });
    }
}

/// Waits until no queue is being declared any more. RabbitMQ (seen in 3.10) does not survive the deletion of a quorum queue
/// in the moment in which it becomes one: its worker for at-least-once dead letters crashes, twice is too often for the
/// workers' supervisor, and without that every such queue that is declared later crashes, in all vhosts.
async fn settled(management: &Url, name: &str) -> Result<()> {
    const PAUSE: Duration = Duration::from_millis(400);
    let mut before = None;
    for _ in 0..25 {
        let queues = call(management.clone(), Method::GET, &["queues", name], &Value::Null).await?;
        let count = queues.as_array().map(Vec::len);
        if count == Some(0) || (before.is_some() && before == count) {
            return Ok(());
        }
        before = count;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

async fn call(mut url: Url, method: Method, path: &[&str], body: &Value) -> Result<Value> {
    // Fails when one is installed already, which is as good; the client wants one even for plain HTTP.
    rustls::crypto::ring::default_provider().install_default().ok();
    // Segments are percent-encoded as they are pushed: the default vhost is called `/`.
    match url.path_segments_mut() {
        Ok(mut segments) => _ = segments.pop_if_empty().push("api").extend(path),
        Err(()) => bail!("the management URL cannot have a path"),
    }
    let request = reqwest::Client::new().request(method.clone(), url);
    let request = if body.is_null() { request } else { request.json(body) };
    let what = || format!("{method} /api/{} on RabbitMQ; is the stack up? run `cargo xtask up`", path.join("/"));
    let answer = request.send().await.map_err(reqwest::Error::without_url).with_context(what)?;
    let status = answer.status();
    let text = answer.text().await.with_context(what)?;
    if !status.is_success() {
        bail!("{}: {status} {text}", what());
    }
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

/// A URL's user name as it is meant.
fn decoded(user: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = user.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_are_decoded() {
        assert_eq!(decoded("a%40b%zz%4"), "a@b%zz%4");
    }
}
