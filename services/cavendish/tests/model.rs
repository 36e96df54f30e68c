//! `cavendish model` as a process, against a hub of the test's own.

#![allow(clippy::unwrap_used)]

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::{StreamExt, stream};
use safetensors::tensor::{Dtype, TensorView, serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const CAVENDISH: &str = env!("CARGO_BIN_EXE_cavendish");
const REPO: &str = "owner/Small-Model";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A hub with one repository. Speaks what `model pull` needs: the listing of a revision, and files with ranges.
#[derive(Default)]
struct Hub {
    files: BTreeMap<String, Vec<u8>>,
    /// Files that break off in the middle the first time.
    fragile: Mutex<Vec<String>>,
    /// Every request for a file, as `name` or `name from byte`.
    served: Mutex<Vec<String>>,
    token: Option<&'static str>,
    /// Tell the wrong hash of this file.
    lie: Option<&'static str>,
}

impl Hub {
    fn with(files: impl IntoIterator<Item = (&'static str, Vec<u8>)>) -> Self {
        Self { files: files.into_iter().map(|(name, bytes)| (name.into(), bytes)).collect(), ..Self::default() }
    }

    async fn start(self) -> (Arc<Self>, String) {
        let hub = Arc::new(self);
        let routes = Router::new()
            .route("/api/models/{owner}/{name}/revision/{revision}", get(listing))
            .route("/{owner}/{name}/resolve/{revision}/{*file}", get(file))
            .with_state(Arc::clone(&hub));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        (hub, url)
    }

    fn allows(&self, headers: &HeaderMap) -> bool {
        let wanted = self.token.map(|token| format!("Bearer {token}"));
        wanted.as_deref() == headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok())
    }

    fn served(&self) -> Vec<String> {
        std::mem::take(&mut *self.served.lock().unwrap())
    }
}

async fn listing(
    State(hub): State<Arc<Hub>>,
    UrlPath((owner, name, revision)): UrlPath<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    if !hub.allows(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if format!("{owner}/{name}") != REPO || revision != "main" {
        return StatusCode::NOT_FOUND.into_response();
    }
    let siblings = hub.files.iter().map(|(name, bytes)| {
        let mut file = json!({ "rfilename": name, "size": bytes.len(), "blobId": format!("blob-{}", bytes.len()) });
        if name.ends_with(".safetensors") {
            let content: &[u8] = if hub.lie == Some(name) { b"another" } else { bytes };
            let hash: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
            file["lfs"] = json!({ "sha256": hash, "size": bytes.len(), "pointerSize": 1 });
        }
        file
    });
    axum::Json(json!({ "sha": COMMIT, "siblings": siblings.collect::<Vec<_>>() })).into_response()
}

async fn file(
    State(hub): State<Arc<Hub>>,
    UrlPath((_, _, revision, name)): UrlPath<(String, String, String, String)>,
    headers: HeaderMap,
) -> Response {
    assert!(hub.allows(&headers));
    assert_eq!(revision, COMMIT, "files are asked for by commit");
    let bytes = &hub.files[&name];
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let from: usize = range.map_or(0, |range| range["bytes=".len()..range.len() - 1].parse().unwrap());
    hub.served.lock().unwrap().push(if from > 0 { format!("{name} from {from}") } else { name.clone() });
    let status = if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let rest = Bytes::copy_from_slice(&bytes[from..]);
    let breaks = {
        let mut fragile = hub.fragile.lock().unwrap();
        let at = fragile.iter().position(|fragile| *fragile == name);
        at.map(|at| fragile.swap_remove(at)).is_some()
    };
    if !breaks {
        return (status, Body::from(rest)).into_response();
    }
    let half = rest.slice(..rest.len() / 2);
    // A pause between the two lets the server send what it has before it fails.
    let plug = async {
        tokio::task::yield_now().await;
        Err(std::io::Error::other("pulled the plug"))
    };
    let chunks = stream::iter([Ok(half)]).chain(stream::once(plug));
    (status, Body::from_stream(chunks)).into_response()
}

/// A component that fits its configuration: a Qwen3 without layers, whose two names can be written down.
fn qwen3() -> (Vec<u8>, Vec<u8>) {
    let config = json!({ "architectures": ["Qwen3ForCausalLM"], "hidden_size": 8, "intermediate_size": 8,
        "num_hidden_layers": 0, "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 8, "vocab_size": 500,
        "tie_word_embeddings": true });
    let bytes = vec![0; 8000];
    let view = |shape: &[usize]| {
        let size = 2 * shape.iter().product::<usize>();
        TensorView::new(Dtype::BF16, shape.to_vec(), &bytes[..size]).unwrap()
    };
    let tensors = [("model.embed_tokens.weight", view(&[500, 8])), ("model.norm.weight", view(&[8]))];
    (config.to_string().into_bytes(), serialize(tensors, None).unwrap())
}

fn repository() -> Hub {
    let (config, weights) = qwen3();
    Hub::with([
        ("config.json", config),
        ("model.safetensors", weights),
        ("tokenizer/tokenizer.json", b"{}".to_vec()),
        ("pytorch_model.bin", b"a pickle".to_vec()),
        ("README.md", b"# words".to_vec()),
    ])
}

async fn cavendish(folder: &TempDir, url: &str, args: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(CAVENDISH);
    command.args(args).current_dir(folder.path()).env("HF_ENDPOINT", url).env_remove("HF_TOKEN");
    command.env_remove("CAVENDISH_CONFIG").stdin(Stdio::null()).output().await.unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn holds(dir: &Path, names: &[&str]) {
    let mut found: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name()).collect();
    found.sort();
    assert_eq!(found, names);
}

#[tokio::test]
async fn a_repository_is_pulled_once_and_inspected() {
    let (folder, (hub, url)) = (tempfile::tempdir().unwrap(), repository().start().await);
    let pulled = cavendish(&folder, &url, &["model", "pull", REPO]).await;
    let text = told(&pulled);
    assert!(pulled.status.success(), "{text}");
    let dir = folder.path().join("Small-Model");
    holds(&dir, &[".cavendish-pull.json", "config.json", "model.safetensors", "tokenizer"]);
    assert_eq!(std::fs::read(dir.join("model.safetensors")).unwrap(), hub.files["model.safetensors"]);
    for part in [
        "left out pytorch_model.bin: pickles",
        "left out README.md: not needed",
        "3 files fetched",
        "4.0 k",
        "next: cavendish up, with CAVENDISH_RENDERER__MODEL_DIR=Small-Model",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert_eq!(hub.served().len(), 3);

    let again = cavendish(&folder, &url, &["model", "pull", REPO]).await;
    assert!(again.status.success() && told(&again).contains("0 files fetched"), "{}", told(&again));
    assert_eq!(hub.served(), Vec::<String>::new());

    std::fs::remove_file(dir.join("config.json")).unwrap();
    std::fs::write(dir.join("model.safetensors"), "cut off").unwrap();
    let mended = cavendish(&folder, &url, &["model", "pull", REPO]).await;
    assert!(mended.status.success(), "{}", told(&mended));
    assert_eq!(hub.served(), ["config.json", "model.safetensors"]);
}

#[tokio::test]
async fn what_broke_off_goes_on_where_it_stopped() {
    let mut repository = repository();
    *repository.fragile.get_mut().unwrap() = vec!["model.safetensors".into()];
    let (folder, (hub, url)) = (tempfile::tempdir().unwrap(), repository.start().await);
    let half = hub.files["model.safetensors"].len() / 2;
    let pulled =
        cavendish(&folder, &url, &["model", "pull", REPO, "--to", "here", "--include", "model*", "config.json"]).await;
    assert!(pulled.status.success(), "{}", told(&pulled));
    let whole = ["config.json".to_owned(), "model.safetensors".to_owned()];
    assert_eq!(hub.served(), [&whole[..], &[format!("model.safetensors from {half}")]].concat());
    holds(&folder.path().join("here"), &[".cavendish-pull.json", "config.json", "model.safetensors"]);
}

#[tokio::test]
async fn a_damaged_file_is_not_kept() {
    let (folder, (_hub, url)) =
        (tempfile::tempdir().unwrap(), Hub { lie: Some("model.safetensors"), ..repository() }.start().await);
    let pulled = cavendish(&folder, &url, &["model", "pull", REPO]).await;
    assert_eq!(pulled.status.code(), Some(1));
    assert!(told(&pulled).contains("model.safetensors arrived damaged: its SHA-256 is"), "{}", told(&pulled));
    holds(&folder.path().join("Small-Model"), &[".cavendish-pull.json", "config.json"]);
}

#[tokio::test]
async fn hostile_and_absent_repositories_are_refused() {
    let hostile = Hub::with([("config.json", b"{}".to_vec()), ("../../evil.json", b"{}".to_vec())]);
    let (folder, (hub, url)) = (tempfile::tempdir().unwrap(), hostile.start().await);
    for (args, why) in [
        (["model", "pull", REPO].as_slice(), "unsafe name \"../../evil.json\"; nothing was fetched"),
        (&["model", "pull", "owner/Absent"], "there is no owner/Absent at revision main"),
        (&["model", "pull", REPO, "--revision", "v9"], "there is no owner/Small-Model at revision v9"),
        (&["model", "pull", "../evil"], "is no repository: OWNER/NAME"),
    ] {
        let pulled = cavendish(&folder, &url, args).await;
        assert_eq!(pulled.status.code(), Some(1), "{args:?}");
        assert!(told(&pulled).contains(why), "{why:?} is not in {}", told(&pulled));
    }
    assert_eq!(hub.served(), Vec::<String>::new());
    holds(folder.path(), &[]);
}

#[tokio::test]
async fn a_token_is_shown_to_the_hub_that_asks() {
    let (folder, (_hub, url)) =
        (tempfile::tempdir().unwrap(), Hub { token: Some("hf_t"), ..repository() }.start().await);
    let refused = cavendish(&folder, &url, &["model", "pull", REPO]).await;
    assert!(told(&refused).contains("HF_TOKEN be set"), "{}", told(&refused));
    let pulled = cavendish(&folder, &url, &["model", "pull", REPO, "--token", "hf_t"]).await;
    assert!(pulled.status.success(), "{}", told(&pulled));
}

#[tokio::test]
async fn inspect_says_what_fits_in_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let (config, weights) = qwen3();
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    std::fs::write(folder.path().join("model.safetensors"), &weights).unwrap();
    let good = cavendish(&folder, "", &["model", "inspect", ".", "--json"]).await;
    let report: Value = serde_json::from_slice(&good.stdout).unwrap();
    assert_eq!((good.status.code(), &report["components"][0]["parameters"]), (Some(0), &json!(4008)));
    std::fs::write(folder.path().join("model.safetensors"), &weights[..weights.len() - 1]).unwrap();
    let bad = cavendish(&folder, "", &["model", "inspect", "."]).await;
    assert_eq!(bad.status.code(), Some(1));
    assert!(told(&bad).contains("cannot read ./model.safetensors"), "{}", told(&bad));
}
