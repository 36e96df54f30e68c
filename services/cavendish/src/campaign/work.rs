//! A product from its photographs to its files: profiled once, then a job for every scene and locale.

use super::feed::Product;
use super::index;
use super::item::{self, Item, items};
use super::ledger::{Entry, Ledger, MadeFile, Outcome};
use super::pictures::Pictures;
use super::plan::Plan;
use super::publish::Shelf;
use super::template::path_part;
use crate::client::Client;
use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cavendish_domain::{JobState, ProfileKind, ProfileName, ProfileRef, Reference};
use cavendish_gateway::api::{AssetStatus, JobStatus};
use cavendish_specs::Format;
use futures::future::join_all;
use indicatif::ProgressBar;
use reqwest::Url;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::time::Instant;
use tokio::sync::Semaphore;
use uuid::Uuid;

/// What products are worked with.
pub(super) struct Shop<'a> {
    pub(super) plan: &'a Plan,
    pub(super) client: Client,
    pub(super) pictures: Pictures,
    pub(super) ledger: Ledger,
    pub(super) shelf: Option<Shelf>,
    pub(super) out: &'a Path,
    /// Jobs under way.
    pub(super) jobs: Semaphore,
    pub(super) bar: ProgressBar,
}

/// What came of a product: jobs, not files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) made: usize,
    /// As they were.
    pub(super) kept: usize,
    pub(super) failed: usize,
}

impl Shop<'_> {
    /// Everything of one product. What goes wrong with it is written down, and the campaign goes on.
    ///
    /// # Errors
    /// When the ledger cannot be written: nothing would be remembered.
    pub(super) async fn serve(&self, product: &Product) -> anyhow::Result<Tally> {
        let key = item::subject_key(&product.id);
        let profile = match self.profile(&key, product).await {
            Ok(profile) => profile,
            Err(error) => {
                let each = self.plan.jobs_each();
                self.fail(&key, "", None, &error)?;
                self.bar.inc(each as u64);
                return Ok(Tally { failed: each, ..Tally::default() });
            }
        };
        let items = items(self.plan, product, &profile);
        let mut tally = Tally::default();
        for outcome in join_all(items.iter().map(|item| self.make(product, item))).await {
            match outcome? {
                Some(true) => tally.made += 1,
                Some(false) => tally.kept += 1,
                None => tally.failed += 1,
            }
        }
        Ok(tally)
    }

    /// The profile that is kept of a product: made anew when its photographs are others than before.
    async fn profile(&self, key: &str, product: &Product) -> anyhow::Result<String> {
        let links = product.images.iter().take(self.plan.photos);
        let photos = join_all(links.map(|link| self.pictures.fetch(link))).await;
        let photos = photos.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        let fingerprint = hex(&photos.iter().fold(Sha256::new(), |hash, photo| {
            hash.chain_update((photo.len() as u64).to_le_bytes()).chain_update(photo)
        }));
        let known = self.ledger.known(key).filter(|known| known.fingerprint == fingerprint);
        if let Some(profile) = known.and_then(|known| known.profile) {
            return Ok(profile);
        }
        let profile = self.add(&profile_name(&product.id)?, &photos).await?;
        let outcome = Outcome::Profiled { profile: profile.clone() };
        self.ledger.write(&Entry { key: key.into(), fingerprint, outcome })?;
        Ok(profile)
    }

    async fn add(&self, name: &ProfileName, photos: &[Vec<u8>]) -> anyhow::Result<String> {
        let references: Vec<_> = photos.iter().map(|photo| Reference::Data(STANDARD.encode(photo))).collect();
        let latest = ProfileRef { name: name.clone(), version: None };
        let accepted = match self.client.find_subject(&latest).await? {
            Some(_) => self.client.add_version(name, references).await?,
            None => self.client.add_subject(name, ProfileKind::Product, references).await?,
        };
        let named = ProfileRef { name: name.clone(), version: Some(accepted.version) };
        let head = self.client.settled_subject(&named).await?.profile.head;
        let why = head.error.as_deref().unwrap_or("no reason given");
        ensure!(head.status == "profiled", "its photographs were {}: {why}", head.status);
        Ok(named.to_string())
    }

    /// One job: whether it was made, or was there; nothing when it failed, which is written down.
    async fn make(&self, product: &Product, item: &Item) -> anyhow::Result<Option<bool>> {
        let known = self.ledger.known(&item.key).filter(|known| known.fingerprint == item.fingerprint);
        let kept = known.as_ref().is_some_and(|known| known.done);
        let done =
            if kept { Some(false) } else { self.attempt(product, item, known.map_or(0, |k| k.failures)).await? };
        self.bar.inc(1);
        Ok(done)
    }

    async fn attempt(&self, product: &Product, item: &Item, failures: u32) -> anyhow::Result<Option<bool>> {
        let Ok(_permit) = self.jobs.acquire().await else { return Ok(None) };
        let began = Instant::now();
        // The same job again after a crash, and another one after a failure.
        let once = Sha256::new().chain_update(format!("{}\n{}\n{failures}", self.plan.name, item.key));
        let once = hex(&once.chain_update(&item.fingerprint));
        let mut job = None;
        let made = async {
            job = Some(self.client.submit_once(&item.brief, &once).await?.id);
            let status = self.client.follow(job.unwrap_or_default(), |_| {}).await?;
            let why = status.head.error.as_deref().unwrap_or("no reason given");
            ensure!(status.head.status == JobState::Completed, "the job is {}: {why}", status.head.status);
            self.collect(product, item, &status).await
        };
        match made.await {
            Ok(files) => {
                let outcome = Outcome::Made {
                    job: job.unwrap_or_default(),
                    product: product.id.clone(),
                    title: product.title.clone(),
                    locale: item.locale.clone(),
                    scene: item.scene.clone(),
                    files,
                    seconds: began.elapsed().as_secs_f64(),
                };
                let (key, fingerprint) = (item.key.clone(), item.fingerprint.clone());
                self.ledger.write(&Entry { key, fingerprint, outcome })?;
                Ok(Some(true))
            }
            Err(error) => self.fail(&item.key, &item.fingerprint, job, &error).map(|()| None),
        }
    }

    fn fail(&self, key: &str, fingerprint: &str, job: Option<Uuid>, error: &anyhow::Error) -> anyhow::Result<()> {
        let error = format!("{error:#}");
        self.bar.suspend(|| crate::output::note(&format!("{} {key}: {error}", console::style("✗").red().for_stderr())));
        let outcome = Outcome::Failed { job, error };
        self.ledger.write(&Entry { key: key.into(), fingerprint: fingerprint.into(), outcome })
    }

    /// Downloads a job's files to where the plan names them.
    async fn collect(&self, product: &Product, item: &Item, job: &JobStatus) -> anyhow::Result<Vec<MadeFile>> {
        let mut files = vec![];
        for asset in &job.assets {
            let mut file = self.named(product, item, asset);
            let path = self.out.join(&file.path);
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            }
            let bytes = asset.bytes.cast_unsigned();
            if self.client.download(&asset.url, &path, bytes).await.is_err() {
                self.client
                    .download(&asset.url, &path, bytes)
                    .await
                    .with_context(|| format!("cannot download {}", file.path))?;
            }
            if let Some(shelf) = &self.shelf {
                file.key = shelf.put(&file.path, &path, &file.mime).await?;
            }
            files.push(file);
        }
        Ok(files)
    }

    fn named(&self, product: &Product, item: &Item, asset: &AssetStatus) -> MadeFile {
        let variant = char::from(b'A' + u8::try_from(asset.variant).unwrap_or(0).min(25));
        let (letter, extension) =
            (variant.to_string(), Format::from_mime(&asset.mime).map_or("bin", Format::extension));
        let network = index::network(&asset.spec);
        let mut values = item::values(self.plan, product, &item.locale, &item.scene);
        values.extend([("spec", asset.spec.as_str()), ("network", network), ("variant", &letter), ("ext", extension)]);
        let failed =
            asset.report["checks"].as_array().into_iter().flatten().filter(|check| check["outcome"] == "failed");
        let told = |check: &Value| format!("{}: {}", text(&check["name"]), text(&check["measured"]));
        MadeFile {
            path: self.plan.naming.fill(&values, path_part),
            spec: asset.spec.clone(),
            variant,
            width: asset.width,
            height: asset.height,
            bytes: asset.bytes,
            mime: asset.mime.clone(),
            compliant: asset.compliant,
            problems: failed.map(told).collect::<Vec<_>>().join("; "),
            consistency: asset.consistency,
            link: tagged(self.plan, &values),
            key: asset.key.clone(),
        }
    }
}

/// The product's page with the plan's tags; empty where the feed names none.
fn tagged(plan: &Plan, values: &super::template::Values<'_>) -> String {
    let Some(Ok(mut link)) = values.get("link").map(|link| Url::parse(link)) else { return String::new() };
    for (name, template) in &plan.tags {
        link.query_pairs_mut().append_pair(name, &template.fill(values, str::to_owned));
    }
    link.into()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A product's id as the name of a profile; what the id has beyond letters and digits is told apart by a digest.
fn profile_name(id: &str) -> anyhow::Result<ProfileName> {
    let plain: String = id.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
    let (joined, digest) = (parts.join("-"), hex(&Sha256::new().chain_update(id)));
    let kept: String = joined.chars().take(40).collect();
    let name = format!("feed-{}-{}", kept.trim_matches('-'), &digest[..8]).replace("--", "-");
    name.parse().map_err(anyhow::Error::msg)
}

/// The first 128 bits, in hexadecimal.
fn hex(hash: &Sha256) -> String {
    hash.clone().finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_names_of_their_own() {
        let names: Vec<_> = ["SKU 1/a", "sku-1-a", "日本", "x".repeat(90).as_str()]
            .iter()
            .map(|id| profile_name(id).unwrap().to_string())
            .collect();
        assert!(names[0].starts_with("feed-sku-1-a-") && names[1].starts_with("feed-sku-1-a-"));
        assert!(names[0] != names[1] && names[2].starts_with("feed-"));
    }
}
