//! A product from its photographs to its files: profiled once, then a job for every scene and locale.

use super::entry::{Entry, MadeFile, Outcome};
use super::feed::Product;
use super::item::{self, Item, items};
use super::ledger::Ledger;
use super::pictures::Pictures;
use super::plan::Plan;
use super::publish::Shelf;
use super::share::{Came, Order, pictures};
use crate::client::Client;
use anyhow::ensure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cavendish_domain::{JobState, ProfileKind, ProfileName, ProfileRef, Reference};
use futures::future::join_all;
use indicatif::ProgressBar;
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
    /// Products whose photographs are held in memory.
    pub(super) profiling: Semaphore,
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

impl Tally {
    pub(super) fn add(&mut self, one: Self) {
        self.made += one.made;
        self.kept += one.kept;
        self.failed += one.failed;
    }
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
        let shared = pictures(&items).into_values().map(|of_one| self.share(product, of_one));
        let mut tally = Tally::default();
        for one in join_all(shared).await {
            tally.add(one?);
        }
        Ok(tally)
    }

    /// The profile that is kept of a product: made anew when its photographs are others than before.
    async fn profile(&self, key: &str, product: &Product) -> anyhow::Result<String> {
        let _permit = self.profiling.acquire().await?;
        let links = product.images.iter().take(self.plan.photos);
        let photos = join_all(links.map(|link| self.pictures.fetch(link))).await;
        let photos = photos.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        let fingerprint = hex(&photos.iter().fold(Sha256::new(), |hash, photo| {
            hash.chain_update((photo.len() as u64).to_le_bytes()).chain_update(photo)
        }));
        let known = self.ledger.known(key);
        if let Some(profile) =
            known.as_ref().filter(|known| known.fingerprint == fingerprint).and_then(|k| k.profile.clone())
        {
            return Ok(profile);
        }
        let name = profile_name(&product.id)?;
        // A campaign that ended while it waited for this finds what it sent; what failed is sent anew.
        let failures = known.map_or(0, |known| known.failures);
        let once = format!("campaign/{}/{name}/{fingerprint}/{failures}", self.ledger.id());
        let profile = self.add(&name, &photos, &once).await?;
        let outcome = Outcome::Profiled { profile: profile.clone() };
        self.ledger.write(&Entry { key: key.into(), fingerprint, outcome })?;
        Ok(profile)
    }

    async fn add(&self, name: &ProfileName, photos: &[Vec<u8>], once: &str) -> anyhow::Result<String> {
        let references: Vec<_> = photos.iter().map(|photo| Reference::Data(STANDARD.encode(photo))).collect();
        let latest = ProfileRef { name: name.clone(), version: None };
        let accepted = match self.client.find_subject(&latest).await? {
            Some(_) => self.client.add_version(name, references, once).await?,
            None => self.client.add_subject(name, ProfileKind::Product, references, once).await?,
        };
        let named = ProfileRef { name: name.clone(), version: Some(accepted.version) };
        let head = self.client.settled_subject(&named).await?.profile.head;
        let why = head.error.as_deref().unwrap_or("no reason given");
        ensure!(head.status == "profiled", "its photographs were {}: {why}", head.status);
        Ok(named.to_string())
    }

    /// One job. What went wrong with it is written down, but not that renders are gone.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub(super) async fn make(&self, product: &Product, item: &Item, order: &Order) -> anyhow::Result<Came> {
        let Ok(_permit) = self.jobs.acquire().await else { return Ok(Came::Failed) };
        let began = Instant::now();
        let mut job = None;
        let files = self.obtain(product, item, order, &mut job).await;
        let (key, fingerprint) = (item.key.clone(), item.fingerprint.clone());
        match (files, job) {
            (Ok(files), Some(job)) => {
                let outcome = Outcome::Made {
                    job,
                    product: product.id.clone(),
                    title: product.title.clone(),
                    locale: item.locale.clone(),
                    scene: item.scene.clone(),
                    files,
                    seconds: began.elapsed().as_secs_f64(),
                    renders_of: order.renders_of,
                };
                self.ledger.write(&Entry { key, fingerprint, outcome })?;
                Ok(Came::Made)
            }
            (Err(error), _) if order.misses_renders(&error) => Ok(Came::Gone),
            (Err(error), job) => self.fail(&key, &fingerprint, job, &error).map(|()| Came::Failed),
            (Ok(_), None) => Ok(Came::Failed),
        }
    }

    /// The files of a job, which is told as soon as it is known.
    async fn obtain(
        &self,
        product: &Product,
        item: &Item,
        order: &Order,
        job: &mut Option<Uuid>,
    ) -> anyhow::Result<Vec<MadeFile>> {
        let id = self.client.submit_once(&order.brief, &order.once).await?.id;
        *job = Some(id);
        let status = self.client.follow(id, |_| {}).await?;
        let rendered = !status.shots.is_empty() && status.shots.iter().all(|shot| shot.render.is_some());
        if order.renders_of.is_none() && rendered {
            // Before its files are fetched, and even if it failed later: the others need its renders only.
            let outcome = Outcome::Drawn { job: id, once: order.once.clone() };
            let (key, fingerprint) = (item.picture.clone(), item.fingerprint.clone());
            self.ledger.write(&Entry { key, fingerprint, outcome })?;
        }
        let why = status.head.error.as_deref().unwrap_or("no reason given");
        ensure!(status.head.status == JobState::Completed, "the job is {}: {why}", status.head.status);
        self.collect(product, item, &status).await
    }

    fn fail(&self, key: &str, fingerprint: &str, job: Option<Uuid>, error: &anyhow::Error) -> anyhow::Result<()> {
        let error = format!("{error:#}");
        self.bar.suspend(|| crate::output::note(&format!("{} {key}: {error}", console::style("✗").red().for_stderr())));
        let outcome = Outcome::Failed { job, error };
        self.ledger.write(&Entry { key: key.into(), fingerprint: fingerprint.into(), outcome })
    }
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
pub(super) fn hex(hash: &Sha256) -> String {
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
