//! S3 for one machine, over a folder. See [`EmbeddedS3`].

mod backend;
mod disk;
mod listing;
mod object;

use crate::BlobsConfig;
use backend::Backend;
use disk::Disk;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder as Connections;
use hyper_util::server::graceful::GracefulShutdown;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long open requests may take to end after shutdown was asked for.
const GRACE: Duration = Duration::from_secs(10);
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// An S3 server over a folder, for a single machine: demo, tests, small installations.
///
/// Signed requests only, one key pair, loopback only (there is no TLS). `If-None-Match: *` is atomic, also between
/// writers at the same instant; an object is there whole, with its type, or not at all, whatever kills the server.
/// Buckets, put, get (ranges, presigned), head, delete and list; no multipart uploads, versions or copies.
#[derive(Clone)]
pub struct EmbeddedS3 {
    /// Folder that holds one folder per bucket. Created when missing; one server at a time.
    pub root: PathBuf,
    /// Loopback address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Access key that clients sign with.
    pub access_key: String,
    /// Secret key that clients sign with.
    pub secret_key: String,
    /// Whether a write is answered only after the disk has it (`fsync`): objects then survive a power cut, not
    /// just a crash of the server.
    pub sync: bool,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The address is not a loopback address.
    #[error("listen address {0}: the embedded S3 server has no TLS and serves loopback addresses (127.0.0.1) only")]
    NotLoopback(SocketAddr),
    /// A key pair is needed.
    #[error("access key and secret key must not be empty")]
    NoKeys,
    /// The folder cannot be used, or another server serves it.
    #[error("cannot serve folder {path}")]
    Root {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The address is taken.
    #[error("cannot listen on {listen}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

impl EmbeddedS3 {
    /// Starts serving in the background.
    ///
    /// # Errors
    /// See [`EmbeddedError`].
    pub async fn start(self) -> Result<EmbeddedHandle, EmbeddedError> {
        if !self.listen.ip().is_loopback() {
            return Err(EmbeddedError::NotLoopback(self.listen));
        }
        if self.access_key.is_empty() || self.secret_key.is_empty() {
            return Err(EmbeddedError::NoKeys);
        }
        let disk = Disk::open(&self.root, self.sync)
            .map_err(|source| EmbeddedError::Root { path: self.root.clone(), source })?;
        let listen_error = |source| EmbeddedError::Listen { listen: self.listen, source };
        let listener = TcpListener::bind(self.listen).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;

        let mut service = S3ServiceBuilder::new(Backend::new(disk));
        service.set_auth(SimpleAuth::from_single(self.access_key.clone(), self.secret_key.clone()));
        let stop = CancellationToken::new();
        let task = tokio::spawn(serve(listener, service.build(), stop.clone()));
        Ok(EmbeddedHandle { address, access_key: self.access_key, secret_key: self.secret_key, stop, task })
    }
}

/// A running server. Dropping it stops the server without waiting.
pub struct EmbeddedHandle {
    address: SocketAddr,
    access_key: String,
    secret_key: String,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl EmbeddedHandle {
    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What a client needs to use `bucket` on this server.
    #[must_use]
    pub fn config(&self, bucket: &str) -> BlobsConfig {
        BlobsConfig {
            endpoint: Some(self.endpoint()),
            region: "us-east-1".into(),
            bucket: bucket.into(),
            access_key_id: self.access_key.clone(),
            secret_access_key: self.secret_key.clone(),
            path_style: Some(true),
        }
    }

    /// Stops accepting, lets open requests end (at most 10 seconds), and frees the folder.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        // A panic in the server has been printed already; there is nothing left to stop.
        (&mut self.task).await.ok();
    }
}

impl Drop for EmbeddedHandle {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn serve(listener: TcpListener, service: S3Service, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => spawn_connection(socket, service.clone(), &graceful),
                Err(error) => {
                    // Out of file descriptors: give open requests time to free some.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still open {} s after shutdown was asked for", GRACE.as_secs());
    }
}

fn spawn_connection(socket: TcpStream, service: S3Service, graceful: &GracefulShutdown) {
    // Without it, small answers wait for the client's delayed acknowledgement.
    socket.set_nodelay(true).ok();
    let mut http = Connections::new(TokioExecutor::new()).http1_only();
    http.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    let connection = graceful.watch(http.serve_connection(TokioIo::new(socket), service).into_owned());
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection ended");
        }
    });
}
