//! `cargo xtask train`: the default model that Cavendish ships, trained here. Every step can be interrupted and goes on where
//! it was with the same command.

use crate::{cargo, paths::Paths, say, setup};
use anyhow::{Context, Result, bail};
use std::process::{Command, ExitCode};

/// Where a model's transformer is written while it learns: beside what is shipped, which it may not be better than.
const NAMES: &str = ".cache/training/names/transformer";
const REFERENCES: &str = ".cache/training/references/transformer";

/// Networks with the arguments of their training, as the model cards tell.
const NETWORKS: &[(&str, &[&str])] = &[
    (
        "names",
        &["model", "--lesson", "names", "--steps", "3000", "--rate", "4e-4", "--average", "0.99", "--out", NAMES],
    ),
    (
        "references",
        &[
            "model",
            "--lesson",
            "references",
            "--steps",
            "2700",
            "--rate",
            "5e-4",
            "--average",
            "0.99",
            "--out",
            REFERENCES,
        ],
    ),
];

/// The networks there are.
pub(crate) fn names() -> Vec<&'static str> {
    NETWORKS.iter().map(|(name, _)| *name).collect()
}

/// Trains the network `what`; `args` come after its own, and win.
pub(crate) fn run(paths: &Paths, what: &str, args: &[String]) -> Result<ExitCode> {
    let (_, own) = NETWORKS.iter().find(|(name, _)| *name == what).with_context(|| format!("no network {what}"))?;
    setup::all(paths, false)?;
    setup::training(paths)?;
    let program = cargo::build(paths, "cavendish-train")?;
    say::headline(&format!("training {what}"));
    let mut command = Command::new(&program);
    command.args(*own).args(args).current_dir(&paths.root);
    let status = command.status().with_context(|| format!("cannot run {}", program.display()))?;
    if !status.success() {
        bail!("the training of {what} ended early ({status}); the same command goes on where it was");
    }
    Ok(ExitCode::SUCCESS)
}
