use super::LineArgs;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Arguments of `campaign`.
#[derive(Debug, Args)]
pub struct CampaignArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CampaignCommand,
}

/// What to do with campaigns.
#[derive(Debug, Subcommand)]
pub enum CampaignCommand {
    /// Make everything that a plan asks for of every product in a feed; go on where an earlier run was
    #[command(after_help = RUN_HELP)]
    Run(RunArgs),
}

/// Arguments of `campaign run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The products: a Google Merchant feed (.xml, .tsv, .csv), or JSON lines (.jsonl)
    #[arg(value_name = "FEED")]
    pub feed: PathBuf,
    /// What is made of every product
    #[arg(long, value_name = "PLAN.toml")]
    pub plan: PathBuf,
    /// Where files, ledger, index and pages go
    #[arg(short, long, default_value = "cavendish-campaign", value_name = "DIR")]
    pub out: PathBuf,
    /// Make nothing; say how much it would be
    #[arg(long)]
    pub dry_run: bool,
    /// Only the first products of the feed
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Also put the files into the configuration's bucket, under published/CAMPAIGN/…
    #[arg(long)]
    pub publish: bool,
    /// Fetch photographs from private networks, too
    #[arg(long)]
    pub allow_private: bool,
    /// Who makes them.
    #[command(flatten)]
    pub line: LineArgs,
    /// Print what came of it to stdout
    #[arg(long)]
    pub json: bool,
    /// Say nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}

const RUN_HELP: &str = "\
Every product becomes a subject profile, and then a job for every scene and locale. A scene is drawn once; the words of
every locale are set onto the same picture. What is done is kept in DIR/campaign.jsonl: the same command again makes only
what is missing, failed or changed, and draws only what looks different.

Examples:
  cavendish campaign run feed.xml --plan plan.toml --dry-run
  cavendish campaign run feed.tsv --plan plan.toml --limit 2 --key cav_…
  cavendish campaign run feed.csv --plan plan.toml --out spring --publish --config cavendish.toml --key cav_…

A plan:
  name = \"spring\"
  locales = [\"en-US\", \"de-DE\"]
  deliverables = [\"amazon-main\", \"meta-story\"]
  variants = 2
  [[scenes]]
  name = \"studio\"
  backdrop = \"warm\"
  [[scenes]]
  name = \"teal\"
  prompt = \"on a teal background\"
  [copy.default]
  headline = \"{title}\"
  price = \"{price}\"
  legal = \"Until {date:2026-12-24}\"
  [tags]
  utm_campaign = \"{campaign}\"
  utm_content = \"{scene}-{variant}\"

Exit codes: 0 everything is there, 1 some products or jobs failed, 3 some files do not meet their spec.";
