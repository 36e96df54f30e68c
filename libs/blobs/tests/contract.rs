//! The promises of `BlobStore`, over real HTTP.

#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use cavendish_blobs::{
    BlobErrorKind, BlobStore, Blobs, ConditionalWrites, EmbeddedError, EmbeddedHandle, EmbeddedS3, Put,
};
use cavendish_domain::{BlobKey, JobId, ShotId, TenantId};
use std::time::Duration;
use tempfile::TempDir;

struct World {
    server: EmbeddedHandle,
    blobs: Blobs,
    folder: TempDir,
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let server = server_over(&folder).start().await.unwrap();
    let blobs = Blobs::connect(&server.config("contract")).unwrap();
    blobs.ensure_bucket().await.unwrap();
    World { server, blobs, folder }
}

fn server_over(folder: &TempDir) -> EmbeddedS3 {
    EmbeddedS3 {
        root: folder.path().to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
        access_key: "access".into(),
        secret_key: "secret".into(),
        sync: true,
    }
}

/// The longest kind of key that the line has.
fn key() -> BlobKey {
    BlobKey::asset(TenantId::new(), JobId::new(), ShotId::new(), 12, 34, "demand-gen-landscape-logo", "webp")
}

#[tokio::test]
async fn what_was_written_is_read_and_never_overwritten() {
    let World { blobs, server: _server, folder: _folder } = world().await;
    let key = key();
    assert_eq!(blobs.put_new(&key, Bytes::from_static(b"first"), "image/webp").await.unwrap(), Put::Created);
    assert_eq!(blobs.put_new(&key, Bytes::from_static(b"second"), "image/png").await.unwrap(), Put::AlreadyThere);
    assert_eq!(blobs.get(&key, 5).await.unwrap(), "first");
    let info = blobs.head(&key).await.unwrap().unwrap();
    assert_eq!((info.bytes, info.mime.as_deref()), (5, Some("image/webp")));

    blobs.delete(&key).await.unwrap();
    blobs.delete(&key).await.unwrap();
    assert_eq!(blobs.head(&key).await.unwrap(), None);
    let missing = blobs.get(&key, 5).await.unwrap_err();
    assert_eq!((missing.kind(), missing.is_retryable()), (BlobErrorKind::NotFound, false));
    assert_eq!(blobs.put_new(&key, Bytes::from_static(b"third"), "image/webp").await.unwrap(), Put::Created);
}

#[tokio::test]
async fn of_many_writers_at_once_one_wins_and_its_bytes_stay() {
    let World { blobs, server: _server, folder: _folder } = world().await;
    for round in 0..10 {
        let key = key();
        let writers = (0..16).map(|writer| {
            let (blobs, key) = (blobs.clone(), key.clone());
            // Sizes differ, so that a mixture would show.
            let body = Bytes::from(vec![writer; 1000 * (usize::from(writer) + 1)]);
            async move { (writer, blobs.put_new(&key, body, "image/png").await.unwrap()) }
        });
        let outcome = futures::future::join_all(writers).await;
        let winners: Vec<u8> = outcome.iter().filter(|(_, put)| *put == Put::Created).map(|(w, _)| *w).collect();
        assert_eq!(winners.len(), 1, "round {round}: {outcome:?}");
        let kept = blobs.get(&key, 1 << 20).await.unwrap();
        assert_eq!(kept, vec![winners[0]; 1000 * (usize::from(winners[0]) + 1)]);
    }
    assert_eq!(blobs.probe_conditional_writes().await.unwrap(), ConditionalWrites::Honoured);
}

#[tokio::test]
async fn deletes_beside_writes_in_one_folder_lose_nothing() {
    let World { blobs, server: _server, folder: _folder } = world().await;
    let (tenant, job) = (TenantId::new(), JobId::new());
    for index in 0..40 {
        let (gone, new) = (BlobKey::input(tenant, job, index), BlobKey::input(tenant, job, index + 1));
        blobs.put_new(&gone, Bytes::from_static(b"gone"), "image/png").await.unwrap();
        let (deleted, written) = tokio::join!(blobs.delete(&gone), blobs.put_new(&new, Bytes::new(), "image/png"));
        deleted.unwrap();
        written.unwrap();
        assert_eq!(blobs.get(&new, 1).await.unwrap(), "");
        blobs.delete(&new).await.unwrap();
    }
}

#[tokio::test]
async fn a_reader_never_takes_more_than_it_allows() {
    let World { blobs, server: _server, folder: _folder } = world().await;
    let key = key();
    blobs.put_new(&key, Bytes::from(vec![7; 3 << 20]), "image/png").await.unwrap();
    let error = blobs.get(&key, (3 << 20) - 1).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (BlobErrorKind::TooLarge, false));
    assert_eq!(blobs.get(&key, 3 << 20).await.unwrap().len(), 3 << 20);
}

#[tokio::test]
async fn a_presigned_url_reads_without_keys_and_names_the_download() {
    let World { blobs, server, folder: _folder } = world().await;
    let key = key();
    blobs.put_new(&key, Bytes::from_static(b"0123456789"), "image/webp").await.unwrap();
    let url = blobs.presign_get(&key, Duration::from_secs(60), Some("Frühling 1.webp")).await.unwrap();
    let answer = http().get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "image/webp");
    let disposition = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(disposition.contains("filename*=UTF-8''Fr%C3%BChling%201.webp"), "{disposition}");
    assert_eq!(answer.bytes().await.unwrap(), "0123456789");

    let part = http().get(&url).header("range", "bytes=2-4").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.text().await.unwrap().as_str()), (206, "234"));

    let forged = url.replace("/34-demand", "/35-demand");
    assert_ne!(forged, url);
    assert_eq!(http().get(forged).send().await.unwrap().status(), 403);
    let plain = format!("{}/contract/{key}", server.endpoint());
    assert_eq!(http().get(plain).send().await.unwrap().status(), 403);

    let century = blobs.presign_get(&key, Duration::from_secs(1 << 32), None).await.unwrap_err();
    assert_eq!(century.kind(), BlobErrorKind::Invalid);
}

fn http() -> reqwest::Client {
    // Fails when another test was first, which is as good.
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::new()
}

#[tokio::test]
async fn errors_say_what_kind_they_are() {
    let World { blobs, server, folder: _folder } = world().await;
    let key = key();

    let mut wrong = server.config("contract");
    wrong.secret_access_key = "guess".into();
    let denied = Blobs::connect(&wrong).unwrap().get(&key, 1).await.unwrap_err();
    assert_eq!((denied.kind(), denied.is_retryable()), (BlobErrorKind::Denied, false));

    let nowhere = Blobs::connect(&server.config("no-such-bucket")).unwrap();
    let no_bucket = nowhere.put_new(&key, Bytes::new(), "image/png").await.unwrap_err();
    assert_eq!(no_bucket.kind(), BlobErrorKind::NoBucket);

    server.shutdown().await;
    let down = blobs.get(&key, 1).await.unwrap_err();
    assert_eq!((down.kind(), down.is_retryable()), (BlobErrorKind::Unavailable, true));
    assert!(down.to_string().contains(key.as_str()), "{down}");
}

#[tokio::test]
async fn a_bucket_is_made_once_and_goes_with_all_that_it_holds() {
    let World { blobs, server: _server, folder: _folder } = world().await;
    let again = futures::future::join_all((0..8).map(|_| blobs.ensure_bucket())).await;
    assert!(again.iter().all(Result::is_ok), "{again:?}");
    for _ in 0..5 {
        blobs.put_new(&key(), Bytes::from_static(b"x"), "image/png").await.unwrap();
    }
    blobs.delete_bucket_and_contents().await.unwrap();
    blobs.delete_bucket_and_contents().await.unwrap();
    assert_eq!(blobs.get(&key(), 1).await.unwrap_err().kind(), BlobErrorKind::NoBucket);
}

#[tokio::test]
async fn the_embedded_server_keeps_to_loopback() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = server_over(&folder);
    server.listen = "0.0.0.0:0".parse().unwrap();
    let refused = server.start().await.err().unwrap();
    assert!(matches!(refused, EmbeddedError::NotLoopback(_)), "{refused}");
}

#[tokio::test]
async fn objects_outlive_the_server() {
    let World { blobs, server, folder } = world().await;
    let key = key();
    blobs.put_new(&key, Bytes::from_static(b"kept"), "image/png").await.unwrap();
    server.shutdown().await;

    let server = server_over(&folder).start().await.unwrap();
    let blobs = Blobs::connect(&server.config("contract")).unwrap();
    assert_eq!(blobs.get(&key, 10).await.unwrap(), "kept");
}
