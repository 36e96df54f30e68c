use clap::{Args, Subcommand};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  cavendish template list
  cavendish template show story --as ours > templates/ours.toml
  cavendish template preview templates/ours.toml
  cavendish template preview price-tag --brief coffee.toml --locale ar-EG --spec meta-story

Templates of your own are TOML files in the folder that `templates_dir` in section `[type]` of the configuration names:
docs/templates.md.";

/// Arguments of `template`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct TemplateArgs {
    /// Whose templates, besides those that everyone may use
    #[arg(long, global = true, default_value = "default", value_name = "SLUG")]
    pub tenant: String,
    /// What to do.
    #[command(subcommand)]
    pub command: TemplateCommand,
}

/// What to do with layout templates.
#[derive(Debug, Subcommand)]
pub enum TemplateCommand {
    /// All layout templates that briefs can name
    List {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// One template as it is written down, to begin one of your own with
    Show {
        /// Its name
        name: String,
        /// Give it another name on the way
        #[arg(long = "as", value_name = "NAME")]
        renamed: Option<String>,
    },
    /// Set copy by a template in every shape that it is for, and make a page of it, with the rooms that it gives
    Preview(PreviewArgs),
}

/// Arguments of `template preview`.
#[derive(Debug, Args)]
pub struct PreviewArgs {
    /// Its name, or a file: it need not be installed
    #[arg(value_name = "NAME|FILE.toml")]
    pub template: String,
    /// A brief whose copy, locale and brand are used; copy of some lines and a logo stand in
    #[arg(long, value_name = "FILE")]
    pub brief: Option<PathBuf>,
    /// BCP 47, instead of the brief's
    #[arg(long, value_name = "TAG")]
    pub locale: Option<String>,
    /// A spec to show it in, instead of those of usual shapes; may be given several times
    #[arg(long = "spec", value_name = "ID")]
    pub specs: Vec<String>,
    /// The page
    #[arg(short, long, default_value = "template-preview.html", value_name = "FILE.html")]
    pub out: PathBuf,
    /// Print what became of every element to stdout
    #[arg(long)]
    pub json: bool,
}
