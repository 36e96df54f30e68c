//! The files of a job: fetched, named as the plan says, and told.

use super::entry::MadeFile;
use super::feed::Product;
use super::index;
use super::item::{self, Item};
use super::plan::Plan;
use super::template::path_part;
use super::work::Shop;
use crate::manifest;
use anyhow::Context;
use cavendish_gateway::api::{AssetStatus, JobStatus};
use cavendish_specs::Format;
use reqwest::Url;
use serde_json::Value;

impl Shop<'_> {
    /// Downloads a job's files to where the plan names them.
    ///
    /// # Errors
    /// When one cannot be fetched, written or published.
    pub(super) async fn collect(
        &self,
        product: &Product,
        item: &Item,
        job: &JobStatus,
    ) -> anyhow::Result<Vec<MadeFile>> {
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
        MadeFile {
            path: self.plan.naming.fill(&values, path_part),
            spec: asset.spec.clone(),
            variant,
            width: asset.width,
            height: asset.height,
            bytes: asset.bytes,
            mime: asset.mime.clone(),
            compliant: asset.compliant,
            problems: problems(&asset.report),
            doubt: manifest::doubt(&asset.report).unwrap_or_default(),
            consistency: asset.consistency,
            link: tagged(self.plan, &values),
            key: asset.key.clone(),
        }
    }
}

/// What a file does not meet, and what of the copy had no room in it, by its report.
fn problems(report: &Value) -> String {
    let failed = report["checks"].as_array().into_iter().flatten().filter(|check| check["outcome"] == "failed");
    let told = failed.map(|check| format!("{}: {}", text(&check["name"]), text(&check["measured"])));
    told.chain(manifest::no_room(report)).collect::<Vec<_>>().join("; ")
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_on_spec_still_tells_what_had_no_room_in_it() {
        let elements = json!([{"element": "headline", "fit": "set"}, {"element": "cta", "fit": "did-not-fit"}]);
        let checks = json!([{"name": "size", "measured": "9×16", "outcome": "failed"}, {"outcome": "passed"}]);
        assert_eq!(problems(&json!({"type": {"elements": elements}})), "no room for cta");
        assert_eq!(problems(&json!({"checks": checks, "type": {"elements": elements}})), "size: 9×16; no room for cta");
        assert_eq!(problems(&json!({"type": {"left_out": "the spec forbids text"}})), "");
    }
}
