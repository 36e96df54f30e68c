use super::{Hub, RemoteFile};
use anyhow::{Context, bail};
use futures::StreamExt;
use reqwest::{StatusCode, header};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::AsyncWriteExt;

/// A transfer that broke off.
enum Broken {
    /// Worth going on where it stopped.
    Connection(anyhow::Error),
    /// Another try would end the same.
    Final(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Broken {
    fn from(error: E) -> Self {
        Self::Final(error.into())
    }
}

impl Hub {
    /// Fetches a file into `dir`, under its own name only once it is whole. `on_bytes` is told how many bytes there are.
    ///
    /// Bytes arrive in a `.part` file, which the next try goes on with, in this run or a later one.
    pub(crate) async fn fetch(
        &self,
        repo: &str,
        commit: &str,
        file: &RemoteFile,
        dir: &Path,
        on_bytes: &(dyn Fn(u64) + Sync),
    ) -> anyhow::Result<()> {
        let place = dir.join(&file.name);
        // The identity is part of the name: bytes of another version are never gone on with.
        let identity: String = file.identity().chars().filter(char::is_ascii_alphanumeric).take(12).collect();
        let part = PathBuf::from(format!("{}.{identity}.part", place.display()));
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).await.with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let url = self.file_url(repo, commit, &file.name);
        loop {
            let before = size_of(&part).await;
            match self.advance(&url, file, &part, on_bytes).await {
                Ok(()) => break,
                Err(Broken::Connection(error)) if size_of(&part).await > before => {
                    tracing::warn!(%error, file = %file.name, "the transfer broke off, going on");
                }
                Err(Broken::Connection(error) | Broken::Final(error)) => {
                    return Err(error.context(format!("cannot fetch {}", file.name)));
                }
            }
        }
        if let Err(error) = verify(file, part.clone()).await {
            fs::remove_file(&part).await.ok();
            return Err(error.context(format!("{} arrived damaged", file.name)));
        }
        fs::rename(&part, &place).await.with_context(|| format!("cannot write {}", place.display()))
    }

    /// One request, from the end of `part` to the end of the file.
    async fn advance(
        &self,
        url: &str,
        file: &RemoteFile,
        part: &Path,
        on_bytes: &(dyn Fn(u64) + Sync),
    ) -> Result<(), Broken> {
        let mut have = size_of(part).await;
        if have >= file.size && part.exists() {
            return Ok(());
        }
        let mut request = self.request(url);
        if have > 0 {
            request = request.header(header::RANGE, format!("bytes={have}-"));
        }
        let response = request.send().await.map_err(|e| Broken::Connection(e.into()))?;
        let mut output = match response.status() {
            StatusCode::PARTIAL_CONTENT => OpenOptions::new().append(true).open(part).await?,
            StatusCode::OK => {
                have = 0;
                File::create(part).await?
            }
            status => return Err(anyhow::anyhow!("the hub answered {status}").into()),
        };
        let mut body = response.bytes_stream();
        while let Some(chunk) = body.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    output.flush().await?;
                    return Err(Broken::Connection(error.into()));
                }
            };
            output.write_all(&chunk).await?;
            have += chunk.len() as u64;
            on_bytes(have);
        }
        output.sync_all().await?;
        Ok(())
    }
}

async fn size_of(path: &Path) -> u64 {
    fs::metadata(path).await.map_or(0, |found| found.len())
}

/// Whether the bytes are those the hub promised.
async fn verify(file: &RemoteFile, path: PathBuf) -> anyhow::Result<()> {
    let size = size_of(&path).await;
    if size != file.size {
        bail!("{size} bytes instead of {}", file.size);
    }
    let Some(wanted) = file.sha256().map(str::to_owned) else { return Ok(()) };
    let found = tokio::task::spawn_blocking(move || hash(&path)).await??;
    if !found.eq_ignore_ascii_case(&wanted) {
        bail!("its SHA-256 is {found}, not {wanted}");
    }
    Ok(())
}

fn hash(path: &Path) -> anyhow::Result<String> {
    let mut input = std::fs::File::open(path)?;
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match input.read(&mut buffer)? {
            0 => return Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            read => digest.update(&buffer[..read]),
        }
    }
}
