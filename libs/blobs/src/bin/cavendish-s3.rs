//! S3 over a folder, for one machine.

use cavendish_blobs::EmbeddedS3;
use clap::Parser;
use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Serves a folder over the S3 protocol, on loopback, until SIGTERM or SIGINT.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Folder that holds the buckets.
    #[arg(long)]
    root: PathBuf,
    /// Loopback address and port; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Access key that clients sign with.
    #[arg(long, env = "CAVENDISH_S3_ACCESS_KEY")]
    access_key: String,
    /// Secret key that clients sign with.
    #[arg(long, env = "CAVENDISH_S3_SECRET_KEY", hide_env_values = true)]
    secret_key: String,
    /// Answer writes before the disk has them. Faster; a power cut may lose objects.
    #[arg(long)]
    no_sync: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cavendish-s3: {error}");
            let mut cause = error.source();
            while let Some(because) = cause {
                eprintln!("because: {because}");
                cause = because.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let server = EmbeddedS3 {
        root: arguments.root,
        listen: arguments.listen,
        access_key: arguments.access_key,
        secret_key: arguments.secret_key,
        sync: !arguments.no_sync,
    };
    let server = server.start().await?;
    eprintln!("listening on {}", server.endpoint());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    server.shutdown().await;
    Ok(())
}
