//! What a campaign comes to, before anything of it is made.

use super::feed::{BadProduct, Product};
use super::item::{self, items};
use super::ledger::{Ledger, Pace};
use super::plan::Plan;
use super::products;
use super::share::{is_done, pictures};
use crate::cli::RunArgs;
use crate::{Exit, output};
use anyhow::bail;
use console::style;
use serde_json::json;
use std::collections::BTreeMap;

/// What a feed comes to.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Survey {
    pub(super) products: usize,
    /// Jobs that were done before; the photographs of their products may have changed since.
    done: usize,
    /// Jobs that have a picture drawn.
    to_draw: usize,
    /// Jobs that finish another one's renders.
    to_finish: usize,
    bad: Vec<BadProduct>,
    /// Bad products beyond those that are told.
    more_bad: usize,
    /// Fields that the plan names and no product has, with where it does.
    unknown: BTreeMap<String, String>,
}

/// Bad products that are told one by one, at most.
const TOLD: usize = 20;

/// Reads the whole feed once, and keeps nothing of it.
///
/// # Errors
/// When it cannot be read, or has no products.
pub(super) fn survey(args: &RunArgs, ledger: &Ledger, plan: &Plan) -> anyhow::Result<Survey> {
    let mut survey = Survey { unknown: plan.named(), ..Survey::default() };
    for product in products(args)? {
        match product? {
            Ok(product) => survey.add(ledger, plan, &product),
            Err(bad) if survey.bad.len() < TOLD => survey.bad.push(bad),
            Err(_) => survey.more_bad += 1,
        }
    }
    if survey.products == 0 && survey.bad.is_empty() {
        bail!("{} has no products", args.feed.display());
    }
    Ok(survey)
}

impl Survey {
    fn add(&mut self, ledger: &Ledger, plan: &Plan, product: &Product) {
        self.products += 1;
        self.unknown.retain(|name, _| !product.fields.contains_key(name));
        let profile = ledger.known(&item::subject_key(&product.id)).and_then(|known| known.profile);
        let items = items(plan, product, &profile.unwrap_or_default());
        for (picture, shown_by) in pictures(&items) {
            let left = shown_by.iter().filter(|item| !is_done(ledger, item)).count();
            let drawn = usize::from(left > 0 && ledger.known(picture).is_none());
            self.done += shown_by.len() - left;
            self.to_draw += drawn;
            self.to_finish += left - drawn;
        }
    }

    /// Products that cannot be used.
    pub(super) fn bad(&self) -> usize {
        self.bad.len() + self.more_bad
    }

    /// Says which products cannot be used, and why, and what the plan names in vain.
    pub(super) fn tell_doubts(&self) {
        self.bad.iter().for_each(|bad| output::note(&format!("{} {bad}", style("✗").red().for_stderr())));
        if self.more_bad > 0 {
            output::note(&format!("  and {} more", self.more_bad));
        }
        for (name, place) in self.unknown.iter().filter(|_| self.products > 0) {
            let mark = style("!").yellow().for_stderr();
            output::note(&format!(
                "{mark} {place}: no product of the feed has `{name}`, so nothing stands for {{{name}}}"
            ));
        }
    }

    /// How long it may take, by what jobs took; a kind that was never made is taken to be like the other one.
    fn seconds(&self, pace: Pace, at_once: usize) -> Option<f64> {
        let (drawn, finished) = (pace.drawn.or(pace.finished)?, pace.finished.or(pace.drawn)?);
        Some((drawn * self.to_draw as f64 + finished * self.to_finish as f64) / at_once as f64)
    }
}

/// Tells what would be made, and how long it may take by what was measured.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn estimate(args: &RunArgs, plan: &Plan, ledger: &Ledger, survey: &Survey) -> anyhow::Result<Exit> {
    let (jobs, files) = (survey.products * plan.jobs_each(), survey.products * plan.files_each());
    let seconds = survey.seconds(ledger.pace()?, plan.at_once);
    let cost = plan.cost.as_ref().zip(seconds).map(|(cost, seconds)| (cost.per_hour * seconds / 3600.0, cost));
    if args.json {
        output::json(&json!({
            "products": survey.products, "bad_products": survey.bad(), "jobs": jobs,
            "jobs_done": survey.done, "files": files, "seconds": seconds,
            "cost": cost.map(|(amount, cost)| json!({"amount": amount, "currency": cost.currency})),
        }))?;
        return Ok(Exit::Done);
    }
    survey.tell_doubts();
    println!("{}", style(&plan.name).bold());
    println!(
        "  {} products, {jobs} jobs ({} done before, {} to draw, {} to finish from their renders), {files} files",
        survey.products, survey.done, survey.to_draw, survey.to_finish,
    );
    match seconds {
        Some(seconds) => {
            let cost = cost.map(|(amount, cost)| format!(", {amount:.2} {}", cost.currency)).unwrap_or_default();
            println!("  about {}{cost}, by what jobs took so far", output::span((seconds * 1e3) as u64));
        }
        None => {
            println!("  time and cost are not known before something was made");
            output::next("the same with --limit 2 instead of --dry-run");
        }
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::super::entry::{Entry, Outcome};
    use super::*;
    use std::collections::BTreeMap;
    use uuid::Uuid;

    #[test]
    fn what_some_product_has_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        let plan: Plan = toml::from_str(
            "name = 's'\ndeliverables = ['x']\n[[scenes]]\nname = 'a'\nprompt = 'on {colour} {titel}'\n",
        )
        .unwrap();
        let fields = BTreeMap::from([("colour".to_owned(), "teal".to_owned())]);
        let product = Product { id: "mug".into(), title: "Mug".into(), images: vec![], fields };
        let mut survey = Survey { unknown: plan.named(), ..Survey::default() };
        survey.add(&ledger, &plan, &product);
        assert_eq!(survey.unknown.keys().collect::<Vec<_>>(), ["titel"]);
    }

    #[test]
    fn a_picture_counts_once_however_many_locales_show_it() {
        let plan: Plan = toml::from_str(
            "name = 'spring'\nlocales = ['en-US', 'de-DE', 'ja-JP']\ndeliverables = ['meta-story']\n\
             [[scenes]]\nname = 'linen'\nprompt = 'on linen'\n[[scenes]]\nname = 'street'\nprompt = 'in {locale}'\n",
        )
        .unwrap();
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        let product = Product { id: "mug".into(), title: "Mug".into(), images: vec![], fields: BTreeMap::new() };
        let surveyed = || {
            let mut survey = Survey::default();
            survey.add(&ledger, &plan, &product);
            survey
        };
        assert_eq!((surveyed().to_draw, surveyed().to_finish), (4, 2), "streets differ");
        let pace = |drawn, finished| surveyed().seconds(Pace { drawn, finished }, 2);
        assert_eq!(pace(Some(10.0), Some(1.0)), Some(21.0));
        assert_eq!((pace(Some(10.0), None), pace(None, None)), (Some(30.0), None));
        let linen = items(&plan, &product, "").into_iter().find(|item| item.scene == "linen").unwrap();
        let outcome = Outcome::Drawn { job: Uuid::nil(), once: String::new() };
        ledger.write(&Entry { key: linen.picture, fingerprint: linen.fingerprint, outcome }).unwrap();
        assert_eq!((surveyed().to_draw, surveyed().to_finish), (3, 3));
    }
}
