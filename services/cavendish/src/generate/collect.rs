//! Downloads the files of finished jobs.

use crate::brief_file::BriefFile;
use crate::client::Client;
use crate::manifest::{self, AssetRecord, Manifest};
use crate::sheet::preview;
use anyhow::Context;
use cavendish_gateway::api::JobStatus;
use chrono::Utc;
use futures::{StreamExt, TryStreamExt};
use std::path::Path;
use std::time::Instant;

/// Downloads under way at once.
const AT_ONCE: usize = 6;

/// Downloads everything that `jobs` made into `out` and puts down what it is.
pub(super) async fn collect(
    client: &Client,
    out: &Path,
    briefs: &[BriefFile],
    jobs: &[JobStatus],
    begun: Instant,
) -> anyhow::Result<Manifest> {
    let (mut records, mut wanted) = (Vec::new(), Vec::new());
    for (brief, job) in briefs.iter().zip(jobs) {
        let folder = out.join(&brief.slug);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        records.push(manifest::brief_record(brief, job, copy_photo(brief, out)?));
        wanted.extend(manifest::asset_records(brief, job));
    }
    let downloads = wanted.iter().map(|(asset, url)| download(client, out, asset, url));
    futures::stream::iter(downloads).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    let mut assets: Vec<AssetRecord> = wanted.into_iter().map(|(asset, _)| asset).collect();
    for asset in &mut assets {
        asset.preview = preview::of(&out.join(&asset.path));
    }
    Ok(Manifest {
        cavendish: env!("CARGO_PKG_VERSION").into(),
        created_at: Utc::now(),
        elapsed_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        briefs: records,
        assets,
    })
}

async fn download(client: &Client, out: &Path, asset: &AssetRecord, url: &str) -> anyhow::Result<()> {
    let path = out.join(&asset.path);
    let outcome = match client.download(url, &path, asset.bytes).await {
        Ok(()) => Ok(()),
        // Once more: a connection may break, and the file is written whole or not at all.
        Err(_) => client.download(url, &path, asset.bytes).await,
    };
    outcome.with_context(|| format!("cannot download {}", asset.path))
}

/// Puts the subject's photograph beside the results, for the contact sheet.
fn copy_photo(brief: &BriefFile, out: &Path) -> anyhow::Result<Option<String>> {
    let Some(photo) = &brief.photo else { return Ok(None) };
    let extension = photo.extension().map_or_else(|| "png".into(), |e| e.to_string_lossy().to_ascii_lowercase());
    let extension: String = extension.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = format!("{}/source.{extension}", brief.slug);
    std::fs::copy(photo, out.join(&name)).with_context(|| format!("cannot copy {}", photo.display()))?;
    Ok(Some(name))
}
