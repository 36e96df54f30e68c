//! A server that is killed in the middle of writes leaves whole objects or none.

#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use cavendish_blobs::{BlobErrorKind, BlobStore, Blobs, BlobsConfig, Put};
use cavendish_domain::{BlobKey, JobId, TenantId};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const BODY: usize = 1 << 20;
const WRITERS: usize = 4;

struct Server {
    process: Child,
    endpoint: String,
}

impl Server {
    fn start(root: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_cavendish-s3"))
            .args(["--listen", "127.0.0.1:0", "--access-key", "access", "--secret-key", "secret", "--root"])
            .arg(root)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
        let endpoint = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned();
        Self { process, endpoint }
    }

    fn blobs(&self) -> Blobs {
        Blobs::connect(&BlobsConfig {
            endpoint: Some(self.endpoint.clone()),
            region: "us-east-1".into(),
            bucket: "killed".into(),
            access_key_id: "access".into(),
            secret_access_key: "secret".into(),
            path_style: None,
        })
        .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

#[tokio::test]
async fn sigkill_during_writes_leaves_no_half_object() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path());
    let blobs = server.blobs();
    blobs.ensure_bucket().await.unwrap();

    let (tenant, job) = (TenantId::new(), JobId::new());
    let (next, answered) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let (blobs, next, answered) = (blobs.clone(), next.clone(), answered.clone());
        writers.spawn(async move {
            let mut written = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let body = Bytes::from(vec![index as u8; BODY]);
                match blobs.put_new(&BlobKey::input(tenant, job, index), body, "image/png").await {
                    Ok(Put::Created) => written.push(index),
                    Ok(Put::AlreadyThere) => panic!("nobody else writes {index}"),
                    Err(error) => return (written, error.kind()),
                }
                answered.fetch_add(1, Ordering::Release);
            }
        });
    }
    // With four writers at work, some write is always under way.
    while answered.load(Ordering::Acquire) < 20 {
        tokio::task::yield_now().await;
    }
    server.process.kill().unwrap();
    server.process.wait().unwrap();
    let outcome = writers.join_all().await;

    let server = Server::start(folder.path());
    let blobs = server.blobs();
    let mut written = Vec::new();
    for (indices, end) in outcome {
        assert_eq!(end, BlobErrorKind::Unavailable);
        written.extend(indices);
    }
    for index in 0..next.load(Ordering::Relaxed) {
        match blobs.get(&BlobKey::input(tenant, job, index), BODY as u64).await {
            Ok(body) => assert_eq!(body, vec![index as u8; BODY], "object {index} is torn"),
            Err(error) => {
                assert_eq!(error.kind(), BlobErrorKind::NotFound, "{error}");
                assert!(!written.contains(&index), "object {index} was acknowledged and is gone");
            }
        }
    }
    let drafts = std::fs::read_dir(folder.path().join(".drafts")).unwrap().count();
    assert_eq!(drafts, 0, "drafts of the killed server are cleared");
}
