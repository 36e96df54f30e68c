use clap::Args;
use std::path::PathBuf;

/// Arguments of `verify`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct VerifyArgs {
    /// Pictures of any format that is written here
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// For programs
    #[arg(long)]
    pub json: bool,
}

const HELP: &str = "\
Looks for Content Credentials (C2PA), which tell whether the file was changed since it was signed, for the XMP packet, which
anyone can write or strip, and for the invisible mark in the pixels, which survives JPEG, half the size and a crop of a tenth.
Marks of a line with a key of its own (`provenance.watermark_key`) need its --config. Exit code 1 when a file has none, was
changed, or cannot be read.

Examples:
  cavendish verify cavendish-output/*.jpg
  cavendish verify found-on-the-web.jpg --json | jq '.[].watermark'";
