//! `cavendish campaign`: a product feed and a plan in, named files, an index and pages out.

mod entry;
mod estimate;
mod feed;
mod files;
mod index;
mod item;
mod ledger;
mod page;
mod pictures;
mod plan;
mod publish;
mod share;
mod template;
mod work;

use crate::cli::{CampaignArgs, CampaignCommand, RunArgs};
use crate::client::Client;
use crate::{Exit, output, up};
use anyhow::{Context, bail};
use console::style;
use estimate::Survey;
use feed::{BadProduct, Product, Products};
use futures::StreamExt;
use index::Sum;
use indicatif::ProgressBar;
use ledger::Ledger;
use page::Contents;
use pictures::Pictures;
use plan::Plan;
use publish::Shelf;
use serde_json::json;
use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};
use template::path_part;
use tokio::sync::Semaphore;
use work::{Shop, Tally};

/// Products that are profiled at once: enough to fetch the next photographs while jobs are drawn.
const PROFILED: usize = 4;

/// Runs the command.
///
/// # Errors
/// When the feed or the plan cannot be read, the gateway stays away, or nothing can be written.
pub(crate) async fn run(args: CampaignArgs, config: Option<&Path>) -> anyhow::Result<Exit> {
    let CampaignCommand::Run(args) = args.command;
    let plan = Plan::read(&args.plan)?;
    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    let ledger = Ledger::open(&args.out)?;
    let survey = estimate::survey(&args, &ledger, &plan)?;
    if args.dry_run {
        return estimate::estimate(&args, &plan, &ledger, &survey);
    }
    let work = async |client| campaign(&args, config, &plan, client, ledger, &survey).await;
    up::served(&args.line, config, args.quiet, work).await
}

/// The feed's products, those left out whose ids come twice, or look alike as names of folders.
fn products(args: &RunArgs) -> anyhow::Result<Products> {
    let mut seen = HashSet::new();
    let mut number = 0;
    let distinct = feed::open(&args.feed)?.map(move |product| {
        number += 1;
        Ok(product?.and_then(|product| match seen.insert(path_part(&product.id)) {
            true => Ok(product),
            false => {
                let reason = "comes twice, or differs from another one in punctuation only".into();
                Err(BadProduct { number, id: Some(product.id), field: "id".into(), reason })
            }
        }))
    });
    Ok(Box::new(distinct.take(args.limit.unwrap_or(usize::MAX))))
}

async fn campaign(
    args: &RunArgs,
    config: Option<&Path>,
    plan: &Plan,
    client: Client,
    ledger: Ledger,
    survey: &Survey,
) -> anyhow::Result<Exit> {
    let began = Instant::now();
    let folder = args.feed.parent().unwrap_or(Path::new("."));
    let shelf = if args.publish { Some(Shelf::open(config, &plan.name)?) } else { None };
    let shop = Shop {
        plan,
        client,
        pictures: Pictures::new(folder, args.allow_private, config)?,
        ledger,
        shelf,
        out: &args.out,
        profiling: Semaphore::new(PROFILED),
        jobs: Semaphore::new(plan.at_once),
        bar: bar((survey.products * plan.jobs_each()) as u64, args.quiet),
    };
    shop.bar.suspend(|| survey.tell_doubts());
    let tally = tokio::select! {
        tally = serve_all(args, &shop) => tally?,
        _ = tokio::signal::ctrl_c() => {
            shop.bar.abandon();
            output::next("the same command goes on where this one was");
            bail!("interrupted; jobs under way are finished by the line");
        }
    };
    shop.bar.finish_and_clear();
    let sum = index::write(&shop.ledger, &plan.name, &args.out)?;
    pages(args, &shop)?;
    report(args, &tally, survey, sum, began.elapsed())
}

/// All products, a few at a time, read as they are wanted.
async fn serve_all(args: &RunArgs, shop: &Shop<'_>) -> anyhow::Result<Tally> {
    let good = products(args)?.filter_map(|product| match product {
        Ok(Ok(product)) => Some(Ok(product)),
        Ok(Err(_)) => None,
        Err(error) => Some(Err(error)),
    });
    let serve = |product: anyhow::Result<Product>| async move { shop.serve(&product?).await };
    // A product may have one job under way only, while its locales wait for their picture.
    let mut served = futures::stream::iter(good).map(serve).buffer_unordered(PROFILED + shop.plan.at_once);
    let mut tally = Tally::default();
    while let Some(one) = served.next().await {
        tally.add(one?);
        shop.bar.set_message(if tally.failed > 0 { format!("{} failed", tally.failed) } else { String::new() });
    }
    Ok(tally)
}

fn pages(args: &RunArgs, shop: &Shop<'_>) -> anyhow::Result<()> {
    let mut contents = Contents::begin(&args.out, &shop.plan.name)?;
    for product in products(args)? {
        if let Ok(product) = product? {
            contents.add(&args.out, &shop.ledger, shop.plan, &product)?;
        }
    }
    contents.end()
}

fn report(args: &RunArgs, tally: &Tally, survey: &Survey, sum: Sum, took: Duration) -> anyhow::Result<Exit> {
    let Tally { made, kept, failed } = *tally;
    let bad = survey.bad();
    if args.json {
        output::json(&json!({"made": made, "kept": kept, "failed": failed, "bad_products": bad, "index": sum}))?;
    }
    if !args.quiet {
        let mark = if failed + bad == 0 && sum.doubtful == 0 { style("✓").green() } else { style("!").yellow() };
        let took = output::span(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        output::note(&format!(
            "{} {made} jobs made, {kept} as they were, {failed} failed, {bad} bad products; {} files, {} on spec{}, {}, in {took}",
            mark.for_stderr(),
            sum.files,
            sum.compliant,
            output::doubtful(usize::try_from(sum.doubtful).unwrap_or(usize::MAX)),
            output::bytes(sum.bytes),
        ));
        ["index.html", "index.csv", "index.json"]
            .iter()
            .for_each(|name| output::note(&format!("  {}", args.out.join(name).display())));
        if failed > 0 {
            output::next("the same command tries again what failed");
        }
    }
    Ok(match (failed + bad, sum.compliant == sum.files) {
        (0, true) => Exit::Done,
        (0, false) => Exit::NotCompliant,
        _ => Exit::Failed,
    })
}

fn bar(jobs: u64, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let template = "{spinner} {wide_bar} {pos}/{len} jobs · {per_sec} · {eta} left {msg:.red}";
    let bar = ProgressBar::new(jobs).with_style(output::bar_style(template));
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
