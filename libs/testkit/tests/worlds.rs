//! Worlds are apart from each other, complete, and gone afterwards.

#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use cavendish_blobs::{BlobErrorKind, BlobStore, Blobs};
use cavendish_domain::{BlobKey, JobId, TenantId};
use cavendish_store::Store;
use cavendish_testkit::{Stack, TestVhost, TestWorld};
use serde_json::Value;
use std::path::Path;

#[tokio::test]
async fn a_world_is_of_its_own_and_leaves_nothing_behind() {
    let observer = TestVhost::create().await.unwrap();
    let worlds = tokio::try_join!(TestWorld::create(), TestWorld::create(), TestWorld::create()).unwrap();
    let (first, second, _) = &worlds;
    assert_ne!(first.database_url, second.database_url);
    assert_ne!(first.amqp_url, second.amqp_url);

    let store = first.store().await.unwrap();
    store.migrate().await.expect("the template has every migration");
    let key = BlobKey::input(TenantId::DEFAULT, JobId::new(), 0);
    first.blobs.put_new(&key, Bytes::from_static(b"x"), "image/png").await.unwrap();
    assert_eq!(second.blobs.get(&key, 1).await.unwrap_err().kind(), BlobErrorKind::NotFound);
    assert!(exists(&observer, first.vhost.name()).await);

    let (vhost, database, bucket) =
        (first.vhost.name().to_owned(), first.database_url.clone(), first.blobs_config.clone());
    // The store is still connected: a test that panics leaves its services running, too.
    drop(worlds);
    assert!(!exists(&observer, &vhost).await);
    assert!(Store::connect(&database, 1).await.is_err());
    let gone = Blobs::connect(&bucket).unwrap().get(&key, 1).await.unwrap_err();
    assert_eq!(gone.kind(), BlobErrorKind::NoBucket);
}

async fn exists(observer: &TestVhost, vhost: &str) -> bool {
    let all = observer.call(reqwest::Method::GET, &["vhosts"], &Value::Null).await.unwrap();
    all.as_array().unwrap().iter().any(|entry| entry["name"] == vhost)
}

#[test]
fn a_missing_stack_says_what_to_do() {
    let error = Stack::from_file(Path::new("no/such/env.toml")).unwrap_err();
    assert!(error.to_string().contains("cargo xtask up"), "{error}");
}
