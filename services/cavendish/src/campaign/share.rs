//! Items that differ only in what is set onto them show one picture: one of them has it drawn, the others finish its renders
//! anew. Which job drew it is in the ledger, so that a later run, for a changed word or one more locale, draws nothing.

use super::feed::Product;
use super::item::Item;
use super::ledger::Ledger;
use super::work::{Shop, Tally, hex};
use futures::future::join_all;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A picture that was drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Drawing {
    job: Uuid,
    /// The idempotency key of its job.
    once: String,
}

/// What is sent for an item.
#[derive(Debug, PartialEq)]
pub(super) struct Order {
    pub(super) brief: Value,
    /// Its idempotency key.
    pub(super) once: String,
    /// The job whose renders it finishes; none where it draws.
    pub(super) renders_of: Option<Uuid>,
}

/// What came of an order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Came {
    Made,
    Failed,
    /// The renders that it was to finish are there no longer.
    Gone,
}

/// Items by the picture that they show.
pub(super) fn pictures(items: &[Item]) -> BTreeMap<&str, Vec<&Item>> {
    let mut pictures: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
    for item in items {
        pictures.entry(&item.picture).or_default().push(item);
    }
    pictures
}

/// Whether the files of an item are there, as they would be made now.
pub(super) fn is_done(ledger: &Ledger, item: &Item) -> bool {
    ledger.known(&item.key).is_some_and(|known| known.done && known.fingerprint == item.fingerprint)
}

/// How often an item failed as it is now.
fn failures(ledger: &Ledger, item: &Item) -> u32 {
    ledger.known(&item.key).filter(|known| known.fingerprint == item.fingerprint).map_or(0, |known| known.failures)
}

/// The drawing of a picture, unless it is the one whose renders are `gone`.
fn drawing(ledger: &Ledger, picture: &str, gone: Option<Uuid>) -> anyhow::Result<Option<Drawing>> {
    let known = ledger.drawing(picture)?.filter(|(job, _)| Some(*job) != gone);
    Ok(known.map(|(job, once)| Drawing { job, once }))
}

impl Order {
    /// For an item that failed `failures` times: to finish `drawing`, or else to draw. The same job again after a crash, and
    /// another one after a failure.
    fn of(campaign: &str, item: &Item, failures: u32, drawing: Option<&Drawing>) -> Self {
        let once = Sha256::new().chain_update(format!("{campaign}\n{}\n{failures}", item.key));
        let once = once.chain_update(&item.fingerprint);
        let own = hex(&once);
        match drawing {
            // The job that drew the picture is the item's own, and was cut off before its files were fetched.
            Some(drawing) if drawing.once != own => Self {
                brief: item.finishing(drawing.job),
                once: hex(&once.chain_update(drawing.job)),
                renders_of: Some(drawing.job),
            },
            _ => Self { brief: item.brief.clone(), once: own, renders_of: None },
        }
    }

    /// Whether it failed for want of the renders: the line then names the brief's field, or a file of the job that drew.
    pub(super) fn misses_renders(&self, error: &anyhow::Error) -> bool {
        let said = format!("{error:#}");
        self.renders_of.is_some_and(|job| said.contains("renders_of: ") || said.contains(&format!("/jobs/{job}/")))
    }
}

impl Shop<'_> {
    /// The items of one picture. Where none has it drawn yet the first one does, and if that fails the next; where its
    /// renders are gone it is drawn again.
    ///
    /// # Errors
    /// When the ledger cannot be read or written.
    pub(super) async fn share(&self, product: &Product, items: Vec<&Item>) -> anyhow::Result<Tally> {
        let (kept, mut waiting): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| is_done(&self.ledger, item));
        self.bar.inc(kept.len() as u64);
        let mut tally = Tally { kept: kept.len(), ..Tally::default() };
        let mut gone = None;
        while let Some(first) = waiting.first() {
            let drawing = drawing(&self.ledger, &first.picture, gone)?;
            let rest = match drawing {
                Some(_) => vec![],
                None => {
                    // One that failed before may do so again; and one that was cut off is taken up.
                    waiting.sort_by_key(|item| failures(&self.ledger, item));
                    waiting.split_off(1)
                }
            };
            let came = join_all(waiting.iter().map(|item| self.settle(product, item, drawing.as_ref()))).await;
            let mut again = vec![];
            for (item, came) in waiting.into_iter().zip(came) {
                match came? {
                    Came::Made => tally.made += 1,
                    Came::Failed => tally.failed += 1,
                    Came::Gone => again.push(item),
                }
            }
            gone = drawing.map(|drawing| drawing.job).or(gone);
            waiting = again.into_iter().chain(rest).collect();
        }
        Ok(tally)
    }

    async fn settle(&self, product: &Product, item: &Item, drawing: Option<&Drawing>) -> anyhow::Result<Came> {
        let order = Order::of(&self.plan.name, item, failures(&self.ledger, item), drawing);
        let came = self.make(product, item, &order).await?;
        if came != Came::Gone {
            self.bar.inc(1);
        }
        Ok(came)
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::{Entry, Outcome};
    use super::super::item::items;
    use super::super::plan::Plan;
    use super::*;
    use std::collections::BTreeMap;

    fn of(prompt: &str, copy: &[(&str, &str)]) -> Vec<Item> {
        let plan = format!(
            "name = 'spring'\nlocales = ['en-US', 'de-DE', 'ja-JP']\ndeliverables = ['meta-story']\n{}\
             [[scenes]]\nname = 'linen'\nprompt = '{prompt}'\n",
            copy.iter().map(|(locale, said)| format!("copy.{locale}.headline = '{said}'\n")).collect::<String>(),
        );
        let plan: Plan = toml::from_str(&plan).unwrap();
        let product = Product { id: "mug".into(), title: "Mug".into(), images: vec![], fields: BTreeMap::new() };
        items(&plan, &product, "mug@1")
    }

    /// Which locales would be made, and what each would send.
    fn run(ledger: &Ledger, items: &[Item]) -> Vec<(String, Order)> {
        let waiting = items.iter().filter(|item| !is_done(ledger, item));
        let order = |item: &Item| {
            let drawing = drawing(ledger, &item.picture, None).unwrap();
            Order::of("spring", item, failures(ledger, item), drawing.as_ref())
        };
        waiting.map(|item| (item.locale.clone(), order(item))).collect()
    }

    fn told(run: &[(String, Order)]) -> Vec<(&str, Option<Uuid>)> {
        run.iter().map(|(locale, order)| (locale.as_str(), order.renders_of)).collect()
    }

    fn write(ledger: &Ledger, key: &str, item: &Item, outcome: Outcome) {
        ledger.write(&Entry { key: key.into(), fingerprint: item.fingerprint.clone(), outcome }).unwrap();
    }

    fn made(ledger: &Ledger, item: &Item, job: Uuid, order: &Order) {
        let (product, title, locale, scene) = ("mug".into(), "Mug".into(), item.locale.clone(), item.scene.clone());
        let (files, seconds, renders_of) = (vec![], 1.0, order.renders_of);
        let outcome = Outcome::Made { job, product, title, locale, scene, files, seconds, renders_of };
        write(ledger, &item.key, item, outcome);
    }

    #[test]
    fn a_changed_word_is_set_onto_what_was_drawn_and_a_changed_prompt_is_drawn() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        let (first, drew) = (of("on linen", &[("de-DE", "Becher")]), Uuid::new_v4());
        assert_eq!(pictures(&first).len(), 1);
        let orders = run(&ledger, &first);
        assert_eq!(told(&orders), [("en-US", None), ("de-DE", None), ("ja-JP", None)]);
        let once = orders[0].1.once.clone();
        write(&ledger, &first[0].picture, &first[0], Outcome::Drawn { job: drew, once: once.clone() });

        // Killed here: the one that drew is taken up, the others follow.
        drop(ledger);
        let ledger = Ledger::open(dir.path()).unwrap();
        let orders = run(&ledger, &first);
        assert_eq!(told(&orders), [("en-US", None), ("de-DE", Some(drew)), ("ja-JP", Some(drew))]);
        assert_eq!(orders[0].1.once, once);
        assert!(orders[1].1.brief["prompt"].is_null() && orders[1].1.once != orders[2].1.once);
        first.iter().zip(&orders).for_each(|(item, (_, order))| made(&ledger, item, Uuid::new_v4(), order));
        assert!(run(&ledger, &first).is_empty());

        let other_word = of("on linen", &[("de-DE", "Tasse")]);
        assert_eq!(told(&run(&ledger, &other_word)), [("de-DE", Some(drew))]);
        let of_the_first = of("on linen", &[("de-DE", "Becher"), ("en-US", "Mug")]);
        assert_eq!(told(&run(&ledger, &of_the_first)), [("en-US", Some(drew))]);
        let other_prompt = of("on oak", &[("de-DE", "Becher")]);
        assert_eq!(told(&run(&ledger, &other_prompt)), [("en-US", None), ("de-DE", None), ("ja-JP", None)]);
    }

    #[test]
    fn want_of_renders_is_told_from_other_failures() {
        let item = &of("on linen", &[])[0];
        let job = Uuid::new_v4();
        let other = Drawing { job, once: "another".into() };
        let order = Order::of("spring", item, 0, Some(&other));
        let misses = |order: &Order, said: String| order.misses_renders(&anyhow::Error::msg(said));
        for said in [
            format!("invalid brief\n  renders_of: 0 of the 2 renders of {job} are there"),
            "the job is failed: ingest: renders_of: is no job of yours".into(),
            format!("the job is failed: postprocess: get `1/jobs/{job}/shots/2/render-1.png`: NoSuchKey (404)"),
        ] {
            assert!(misses(&order, said));
        }
        assert!(!misses(&order, "invalid brief\n  copy.headline: is empty".into()));
        assert!(!misses(&Order::of("spring", item, 0, None), "renders_of: ".into()));
    }
}
