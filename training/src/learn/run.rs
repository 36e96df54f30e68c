use super::adamw::{AdamW, Rates};
use anyhow::{Context, Result};
use cavendish_engine::{NamedWeights, save};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tch::{Kind, Tensor};

/// How long, how fast, where.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Folder of the state and the curve.
    pub(crate) folder: PathBuf,
    /// Steps in all, those of earlier runs included.
    pub(crate) steps: u64,
    /// The highest learning rate.
    pub(crate) learning: f64,
    /// Of the moving average.
    pub(crate) average: f64,
    /// Share of the steps after which the learning rate sinks to nothing, as a cosine.
    pub(crate) decay_from: f64,
}

/// How far a run is.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Progress {
    /// Batches that were learnt from.
    batches: u64,
    samples: u64,
    /// Seconds of learning, over all runs.
    seconds: f64,
}

/// Steps until the learning rate is at its highest.
const WARM_UP: f64 = 100.0;
/// How often the state is stored.
const STORE_EVERY: Duration = Duration::from_secs(180);
/// Steps between points of the curve.
const POINT_EVERY: u64 = 25;

/// A training that can be interrupted at any time and goes on where its state was last stored.
pub(crate) struct Run {
    plan: Plan,
    optimiser: AdamW,
    progress: Progress,
    bar: ProgressBar,
    began: Instant,
    stored: Instant,
    losses: Vec<f64>,
    fresh: bool,
}

impl Run {
    /// Goes on from the folder's state, or begins.
    pub(crate) fn open(plan: Plan, weights: &NamedWeights) -> Result<Self> {
        std::fs::create_dir_all(&plan.folder)?;
        let mut optimiser = AdamW::new(weights.parameters());
        let mut progress = Progress::default();
        let state = plan.folder.join("state.safetensors");
        if state.is_file() {
            let tensors: std::collections::HashMap<String, Tensor> =
                Tensor::read_safetensors(&state)?.into_iter().collect();
            let find = |name: &str| tensors.get(name).map(Tensor::shallow_clone).with_context(|| format!("no {name}"));
            optimiser.resume(find).with_context(|| format!("{} is of another network", state.display()))?;
            let numbers = Vec::<f32>::try_from(find("progress")?)?;
            let whole = |n: usize| u64::from(numbers[n] as u32) * 1_000_000 + u64::from(numbers[n + 1] as u32);
            progress = Progress { batches: whole(0), samples: whole(2), seconds: f64::from(numbers[4]) };
        }
        let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} steps, {eta} left, loss {msg}")?;
        let bar = ProgressBar::new(plan.steps).with_style(style).with_position(progress.batches);
        let name = plan.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        bar.set_prefix(name);
        let now = Instant::now();
        Ok(Self { plan, optimiser, progress, bar, began: now, stored: now, losses: vec![], fresh: false })
    }

    /// The number of the next batch.
    pub(crate) fn next(&self) -> u64 {
        self.progress.batches
    }

    /// Whether steps are left to take.
    pub(crate) fn goes_on(&self) -> bool {
        self.progress.batches < self.plan.steps
    }

    /// Steps along the gradient of the `loss` of so many samples, notes it, and stores the state every few minutes.
    pub(crate) fn learn(&mut self, loss: &Tensor, samples: u64) -> Result<()> {
        loss.backward();
        let rates = Rates { learning: self.rate(), decay: 0.01, average: self.plan.average };
        let norm = self.optimiser.step(rates);
        self.losses.push(loss.double_value(&[]));
        self.progress.batches += 1;
        self.progress.samples += samples;
        self.bar.set_position(self.progress.batches);
        if self.progress.batches.is_multiple_of(POINT_EVERY) {
            self.point(norm)?;
        }
        if self.stored.elapsed() > STORE_EVERY || !self.goes_on() {
            self.store()?;
        }
        Ok(())
    }

    /// Writes the moving average as the network's weights.
    pub(crate) fn export(&mut self, weights: &NamedWeights, path: &Path, kind: Kind) -> Result<()> {
        Ok(self.optimiser.averaged(|| weights.save(path, kind))?)
    }

    /// Whether the state was stored since this was asked last: a good moment to export.
    pub(crate) fn has_stored(&mut self) -> bool {
        std::mem::take(&mut self.fresh)
    }

    fn rate(&self) -> f64 {
        let warm = ((self.progress.batches + 1) as f64 / WARM_UP).min(1.0);
        let done = self.progress.batches as f64 / self.plan.steps as f64;
        let left = ((done - self.plan.decay_from) / (1.0 - self.plan.decay_from)).clamp(0.0, 1.0);
        self.plan.learning * warm * (0.5 + 0.5 * (left * std::f64::consts::PI).cos()).max(0.01)
    }

    /// A line of the curve: what was learnt from so far, and the mean loss since the last one.
    fn point(&mut self, norm: f64) -> Result<()> {
        let mean = self.losses.iter().sum::<f64>() / self.losses.len().max(1) as f64;
        self.losses.clear();
        self.bar.set_message(format!("{mean:.4}"));
        let line = serde_json::json!({
            "samples": self.progress.samples,
            "seconds": (self.progress.seconds + self.began.elapsed().as_secs_f64()).round(),
            "loss": mean,
            "gradient": norm,
            "rate": self.rate(),
        });
        let mut curve = OpenOptions::new().create(true).append(true).open(self.plan.folder.join("curve.jsonl"))?;
        Ok(writeln!(curve, "{line}")?)
    }

    fn store(&mut self) -> Result<()> {
        self.progress.seconds += self.began.elapsed().as_secs_f64();
        self.fresh = true;
        (self.began, self.stored) = (Instant::now(), Instant::now());
        // Numbers of f32 are whole up to sixteen million.
        let split = |n: u64| [(n / 1_000_000) as f32, (n % 1_000_000) as f32];
        let numbers =
            [&split(self.progress.batches)[..], &split(self.progress.samples), &[self.progress.seconds as f32]];
        let mut state = self.optimiser.state();
        state.push(("progress".into(), Tensor::from_slice(&numbers.concat())));
        Ok(save(state, &self.plan.folder.join("state.safetensors"))?)
    }
}
