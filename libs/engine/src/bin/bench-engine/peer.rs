//! The peer's process.

use crate::Args;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// PyTorch and diffusers with one model loaded.
pub(crate) struct Peer {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What a draw took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    /// From prompts to 8-bit pixels.
    pub(crate) seconds: f64,
    /// One denoising step.
    pub(crate) step: f64,
    /// From latents to pixels; not told by the peer.
    pub(crate) decode: f64,
}

impl Peer {
    /// Starts the peer and has it load a model.
    pub(crate) fn start(args: &Args, load: &Value) -> Result<Self> {
        let mut command = python(args);
        command.arg(args.peer.join("peer.py")).arg(&args.device).arg(dtype(args));
        command.args(args.threads.map(|threads| threads.to_string()));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the peer: run this with `cargo xtask bench engine`")?;
        let orders = child.stdin.take().context("no standard input")?;
        let answers = BufReader::new(child.stdout.take().context("no standard output")?);
        let mut peer = Self { child, orders, answers };
        let loaded = peer.order(load)?;
        let ours = i64::from(tch::get_num_threads());
        ensure!(loaded["threads"] == ours, "the peer has {} threads, we have {ours}", loaded["threads"]);
        Ok(peer)
    }

    /// Draws as ordered; `None` where `torch.compile` does not work.
    pub(crate) fn draw(&mut self, order: &Value) -> Result<Option<Took>> {
        let answer = self.order(order)?;
        if let Some(error) = answer["error"].as_str() {
            eprintln!("  torch.compile: {error}");
            return Ok(None);
        }
        let seconds = answer["seconds"].as_f64().context("the peer gave no seconds")?;
        Ok(Some(Took { seconds, step: answer["step_seconds"].as_f64().unwrap_or(f64::NAN), decode: f64::NAN }))
    }

    fn order(&mut self, order: &Value) -> Result<Value> {
        writeln!(self.orders, "{order}")?;
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            bail!("the peer ended ({}) over {order}", self.child.wait()?);
        }
        serde_json::from_str(&line).with_context(|| format!("the peer said {line:?}"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// A klein of random weights, made once.
pub(crate) fn random_klein(args: &Args, preset: &str) -> Result<PathBuf> {
    let place = args.scratch.join(format!("{preset}-{}", args.precision));
    if !place.join("model.toml").exists() {
        eprintln!("  making a {preset} klein of random weights in {}", place.display());
        std::fs::create_dir_all(&place)?;
        let status = python(args)
            .arg(args.peer.join("make_model.py"))
            .args([Path::new(preset), &place, Path::new(dtype(args))])
            .stdout(Stdio::null())
            .status()?;
        ensure!(status.success(), "make_model.py failed ({status})");
    }
    Ok(place)
}

/// How the default model is loaded there.
pub(crate) fn load_nano(args: &Args) -> Value {
    json!({"load": "nano", "model": args.nano, "encoder": args.minilm, "upscaler": args.upscaler})
}

fn python(args: &Args) -> Command {
    let program = std::env::var("CAVENDISH_PEER_PYTHON").unwrap_or_else(|_| "python3".into());
    let mut command = Command::new(program);
    command.env("HF_HUB_OFFLINE", "1").env("PYTHONWARNINGS", "ignore").env("TRANSFORMERS_VERBOSITY", "error");
    if let Some(threads) = args.threads {
        command.env("OMP_NUM_THREADS", threads.to_string());
    }
    command
}

fn dtype(args: &Args) -> &'static str {
    if args.precision == "bf16" { "bfloat16" } else { "float32" }
}
