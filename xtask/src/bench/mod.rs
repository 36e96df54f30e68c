//! `cargo xtask bench`: one entry per bench. A bench is a program of the workspace that prints
//! `{"metrics":{name: number},"detail":…}`; here it is built, given servers and its peer, and written down.

mod report;

use crate::{
    cargo,
    paths::Paths,
    say,
    setup::{self, node, python},
    stack::Stack,
    test,
};
use anyhow::{Context, Result, bail};
use report::Report;
use std::{
    path::Path,
    process::{Command, ExitCode, Stdio},
};

/// A bench and what it is compared with.
struct Bench {
    name: &'static str,
    /// The program, wherever in the workspace it is.
    program: &'static str,
    /// What of it, where it does several things.
    subcommand: Option<&'static str>,
    /// Whether it talks to the line's servers.
    servers: bool,
    /// Python packages of the peer, pinned; none when there is no peer.
    peer: &'static [&'static str],
    /// Packages of the npm registry that the peer is, pinned.
    node: &'static [&'static str],
}

const BENCHES: &[Bench] = &[
    Bench {
        name: "line",
        program: "bench-line",
        subcommand: None,
        servers: true,
        peer: &["celery==5.7.0", "psycopg[binary]==3.3.9"],
        node: &[],
    },
    Bench { name: "chaos", program: "bench-chaos", subcommand: None, servers: true, peer: &[], node: &[] },
    Bench { name: "profile", program: "bench-profile", subcommand: None, servers: true, peer: &[], node: &[] },
    Bench {
        name: "quality",
        program: "cavendish-train",
        subcommand: Some("quality"),
        servers: false,
        peer: &[],
        node: &[],
    },
    Bench {
        name: "identity",
        program: "cavendish-train",
        subcommand: Some("identity"),
        servers: false,
        peer: &[],
        node: &[],
    },
    Bench {
        name: "finish",
        program: "bench-finish",
        subcommand: None,
        servers: false,
        peer: &[],
        node: &["sharp@0.35.5"],
    },
    Bench {
        name: "cutout",
        program: "bench-cutout",
        subcommand: None,
        servers: false,
        peer: &[
            "rembg==2.0.86",
            "onnxruntime==1.32.0",
            "pymatting==1.1.16",
            "scikit-image==0.26.0",
            "scipy==1.17.1",
            "numpy==2.4.6",
            "pillow==13.0.0",
        ],
        node: &[],
    },
    Bench {
        name: "engine",
        program: "bench-engine",
        subcommand: None,
        servers: false,
        peer: &[
            "torch==2.11.0",
            "diffusers==0.42.0",
            "transformers==5.24.0",
            "tokenizers==0.23.3",
            "safetensors==0.8.0",
            "numpy==2.4.6",
            "pillow==13.0.0",
        ],
        node: &[],
    },
];

/// The benches there are.
pub(crate) fn names() -> Vec<&'static str> {
    BENCHES.iter().map(|bench| bench.name).collect()
}

/// Runs the bench `what`, prints its table and writes its report to `json`. Stops the servers it started.
pub(crate) fn run(paths: &Paths, what: &str, json: Option<&Path>, args: &[String]) -> Result<ExitCode> {
    let bench = BENCHES.iter().find(|bench| bench.name == what).with_context(|| format!("no bench {what}"))?;
    setup::all(paths, false)?;
    match bench.name {
        "quality" => setup::training(paths)?,
        "identity" => {
            setup::training(paths)?;
            setup::cutout(paths, false)?;
        }
        "cutout" => setup::cutout(paths, args.iter().any(|arg| arg == "--large"))?,
        _ => {}
    }
    let program = cargo::build(paths, bench.program)?;
    let report = match bench.servers {
        true => with_servers(paths, || measure(paths, bench, &program, args)),
        false => measure(paths, bench, &program, args),
    };
    let report = report?;
    eprintln!("\n{}", report.table());
    if let Some(file) = json {
        report.write(file)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Stops the servers afterwards unless they ran before.
fn with_servers<T>(paths: &Paths, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let mut stack = Stack::open(paths)?;
    let was_up = stack.is_up();
    stack.up()?;
    let result = work();
    if !was_up {
        stack.down()?;
    }
    result
}

fn measure(paths: &Paths, bench: &Bench, program: &Path, args: &[String]) -> Result<Report> {
    // What a bench runs beside itself, the services for one, is built before the clock starts.
    cargo::run(cargo::command(paths).args(["build", "--workspace", "--bins"]))?;
    let mut command = Command::new(program);
    command.args(bench.subcommand).args(["--json", "-"]).args(args).current_dir(&paths.root).stderr(Stdio::inherit());
    test::export(&mut command, paths)?;
    if !bench.peer.is_empty() {
        python::environment(paths, &format!("venv-{}", bench.name), bench.peer)?
            .export(&mut command, "CAVENDISH_PEER_PYTHON");
    }
    if !bench.node.is_empty() {
        let modules = node::modules(paths, &format!("node-{}", bench.name), bench.node)?;
        command.env("CAVENDISH_PEER_NODE_MODULES", modules);
    }
    say::headline(&format!("bench {}", bench.name));
    let output = command.output().with_context(|| format!("cannot run {}", program.display()))?;
    if !output.status.success() {
        bail!("{} failed ({})", bench.program, output.status);
    }
    let mut line = format!("cargo xtask bench {}", bench.name);
    if !args.is_empty() {
        line = format!("{line} -- {}", args.join(" "));
    }
    Report::new(paths, bench.name, &line, &output.stdout)
}
