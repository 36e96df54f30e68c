//! The peer's side: sharp in a node process of its own.

use crate::ours::File;
use crate::pixels;
use anyhow::{Context, Result};
use cavendish_imaging::similarity_of_luma;
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// sharp, waiting for orders; ended when dropped.
pub(crate) struct Peer {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// The most memory it had so far.
    pub(crate) peak_mib: f64,
}

/// What it answers.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    pub(crate) bytes: Vec<usize>,
    pub(crate) seconds: f64,
    peak_mib: f64,
}

impl Peer {
    pub(crate) fn start() -> Result<Self> {
        let modules =
            std::env::var_os("CAVENDISH_PEER_NODE_MODULES").context("run this with `cargo xtask bench finish`")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peer/finish.mjs");
        let mut command = Command::new("node");
        command.arg(script).env("CAVENDISH_PEER_NODE_MODULES", modules);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot run node")?;
        let orders = process.stdin.take().context("no stdin")?;
        let answers = BufReader::new(process.stdout.take().context("no stdout")?);
        Ok(Self { process, orders, answers, peak_mib: 0.0 })
    }

    /// Has these outputs made, and written to `files` where there are any.
    pub(crate) fn make(&mut self, source: &Path, outputs: &[Value], files: Option<&[PathBuf]>) -> Result<Answer> {
        writeln!(self.orders, "{}", json!({"source": source, "outputs": outputs, "files": files}))?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let answer: Answer = serde_json::from_str(&line).context("the peer ended")?;
        self.peak_mib = self.peak_mib.max(answer.peak_mib);
        Ok(answer)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// Our bytes over the peer's, where the peer's files are as good as ours; and every file.
pub(crate) fn at_equal_quality(files: &[File], source: &Path, peer: &mut Peer, dir: &Path) -> Result<(f64, Value)> {
    let paths: Vec<PathBuf> = (0..files.len()).map(|at| dir.join(format!("peer-{at}"))).collect();
    let with = |change: &dyn Fn(usize, &mut Value)| -> Vec<Value> {
        let order = |(at, file): (usize, &File)| {
            let mut order = file.order();
            change(at, &mut order);
            order
        };
        files.iter().enumerate().map(order).collect()
    };
    let read = |path: &PathBuf| pixels(&std::fs::read(path)?);
    peer.make(source, &with(&|_, order| order["format"] = json!("png")), Some(&paths))?;
    let lossless = paths.iter().map(read).collect::<Result<Vec<_>>>()?;
    // The lowest quality that is as good, for all files at once, by halving.
    let (mut low, mut high) = (vec![1u8; files.len()], vec![100u8; files.len()]);
    while low.iter().zip(&high).any(|(low, high)| low < high) {
        let tried: Vec<u8> = low.iter().zip(&high).map(|(low, high)| u8::midpoint(*low, *high)).collect();
        peer.make(source, &with(&|at, order| order["quality"] = json!(tried[at])), Some(&paths))?;
        for (at, file) in files.iter().enumerate() {
            if low[at] >= high[at] {
                continue;
            }
            let good = !file.is_lossy() || similarity_of_luma(&read(&paths[at])?, &lossless[at]) >= file.ssim;
            if good { high[at] = tried[at] } else { low[at] = tried[at] + 1 }
        }
    }
    let peers = peer.make(source, &with(&|at, order| order["quality"] = json!(low[at])), None)?.bytes;
    let told = files.iter().zip(&peers).zip(&low).map(|((file, peer), quality)| {
        json!({"spec": file.spec, "bytes": file.bytes, "peer_bytes": peer, "quality": file.quality,
               "peer_quality": quality, "ssim": file.ssim})
    });
    let told: Vec<Value> = told.collect();
    let ratio = files.iter().map(|file| file.bytes).sum::<usize>() as f64 / peers.iter().sum::<usize>().max(1) as f64;
    Ok((ratio, json!(told)))
}
