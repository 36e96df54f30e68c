use cavendish_domain::{ProfileKind, ProfileName, ProfileRef};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  cavendish subject add cup front.jpg side.jpg handle.jpg
  cavendish subject add mood board/*.jpg --kind style
  cavendish subject show cup --page cup.html
  cavendish subject test cup candidate.png
  cavendish generate scene.toml --subject cup";

/// Arguments of `subject`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SubjectArgs {
    /// Where the subjects are.
    #[command(flatten)]
    pub server: ServerArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: SubjectCommand,
}

/// A gateway and a key.
#[derive(Debug, Args)]
pub struct ServerArgs {
    /// A running gateway
    #[arg(long, global = true, env = "CAVENDISH_SERVER", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub server: String,
    /// API key for that gateway
    #[arg(long, global = true, env = "CAVENDISH_KEY", hide_env_values = true, value_name = "KEY")]
    pub key: Option<String>,
    /// For programs: data as JSON on stdout
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with subjects.
#[derive(Debug, Subcommand)]
pub enum SubjectCommand {
    /// Make a profile from 1 to 14 photographs, or the next version of one that is there
    Add(AddArgs),
    /// All subjects
    List,
    /// A subject with its references, colours and the jobs that used it
    Show {
        /// NAME, or NAME@VERSION
        name: ProfileRef,
        /// Also write a page with the pictures
        #[arg(long, value_name = "FILE.html")]
        page: Option<PathBuf>,
    },
    /// Whether a picture shows the subject
    Test {
        /// NAME, or NAME@VERSION
        name: ProfileRef,
        /// The picture
        photo: PathBuf,
    },
    /// Forget a subject; jobs that use it already keep it
    Remove {
        /// Its name
        name: ProfileName,
    },
}

/// Arguments of `subject add`.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// Lower-case letters and digits with single hyphens between
    pub name: ProfileName,
    /// Photographs of it
    #[arg(required = true, num_args = 1..=14, value_name = "PHOTO")]
    pub photos: Vec<PathBuf>,
    /// What it is: product, unless there are versions already
    #[arg(long, value_enum)]
    pub kind: Option<Kind>,
    /// Return as soon as the photographs are taken in
    #[arg(long)]
    pub no_wait: bool,
}

/// What a subject is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A thing
    Product,
    /// Somebody
    Character,
    /// A look: whole pictures count, nothing is cut out
    Style,
}

impl From<Kind> for ProfileKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Product => Self::Product,
            Kind::Character => Self::Character,
            Kind::Style => Self::Style,
        }
    }
}
