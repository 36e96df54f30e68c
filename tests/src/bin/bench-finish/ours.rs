//! Our side: decoded once, fitted and encoded on all cores.

use crate::pixels;
use anyhow::{Context, Result};
use cavendish_imaging::image::{Rgb, RgbImage};
use cavendish_imaging::{Format, Metadata, Quality, Render, Target, encode, similarity_of_luma};
use cavendish_specs::{Catalogue, Spec};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const SIDE: u32 = 2048;
/// From here on our JPEGs keep their colours whole; see `cavendish_imaging`.
const WHOLE_CHROMA: u8 = 85;

/// A file to make.
pub(crate) struct Task {
    spec: Spec,
}

/// A file that was made.
pub(crate) struct File {
    pub(crate) spec: String,
    pub(crate) bytes: usize,
    pub(crate) quality: u8,
    pub(crate) ssim: f64,
    format: Format,
    size: [u32; 2],
    /// Whether its colours have all of the resolution, and whether it is progressive.
    whole: bool,
    progressive: bool,
}

impl File {
    /// The same for the peer.
    pub(crate) fn order(&self) -> Value {
        self.ordered(self.whole, self.progressive)
    }

    /// A file of the same quality for the peer, made as ours are where bytes are not scarce.
    pub(crate) fn order_of_quality(&self) -> Value {
        self.ordered(self.quality >= WHOLE_CHROMA, false)
    }

    fn ordered(&self, full: bool, progressive: bool) -> Value {
        let [width, height] = self.size;
        json!({
            "width": width, "height": height, "format": self.format, "quality": self.quality,
            "full": full, "progressive": progressive,
        })
    }

    pub(crate) fn is_lossy(&self) -> bool {
        self.format != Format::Png
    }
}

/// The specs of these ids.
pub(crate) fn tasks(ids: &[&str]) -> Result<Vec<Task>> {
    let catalogue = Catalogue::builtin();
    ids.iter().map(|id| Ok(Task { spec: catalogue.get(id)?.clone() })).collect()
}

/// The first placements of the catalogue that one of our formats serves, native ratios left out.
pub(crate) fn some_placements(count: usize) -> Result<Vec<String>> {
    let ours = |spec: &&Spec| spec.formats.iter().any(is_ours) && spec.network != "ratio";
    let ids: Vec<String> = Catalogue::builtin().iter().filter(ours).map(|spec| spec.id.clone()).take(count).collect();
    anyhow::ensure!(ids.len() == count, "the catalogue has only {} placements", ids.len());
    Ok(ids)
}

fn is_ours(format: &Format) -> bool {
    format.is_written()
}

/// A picture with smooth ground, edges and fine grain, as renders have them.
pub(crate) fn write_render(path: &Path) -> Result<()> {
    let middle = SIDE as f32 / 2.0;
    let picture = RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let (dx, dy) = ((x as f32 - middle) / middle, (y as f32 - middle) / middle);
        let away = (dx * dx + dy * dy).sqrt();
        let grain = ((x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 13 & 7) as f32 - 3.5;
        let ground = [214.0 - 30.0 * dy, 206.0 - 34.0 * dy, 196.0 - 40.0 * dy];
        let stripes = 18.0 * (x as f32 / 9.0).sin() * (y as f32 / 23.0).cos();
        let thing = [168.0 + stripes - 60.0 * dx, 62.0 + stripes, 48.0 + 0.5 * stripes];
        let share = ((0.55 - away) * 120.0).clamp(0.0, 1.0);
        Rgb(std::array::from_fn(|c| (ground[c] * (1.0 - share) + thing[c] * share + grain).clamp(0.0, 255.0) as u8))
    });
    picture.save(path).context("cannot write the render")
}

/// Makes every file; at these qualities, or at those that the encoder finds. Seconds, and what was made.
pub(crate) fn round(source: &Path, tasks: &[Task], qualities: Option<&[u8]>) -> Result<(f64, Vec<File>)> {
    let began = Instant::now();
    let render = Render::from(pixels(&std::fs::read(source)?)?);
    let (next, made) = (AtomicUsize::new(0), Mutex::new(vec![]));
    // The largest first, so that no core is left with one at the end.
    let mut order: Vec<usize> = (0..tasks.len()).collect();
    order.sort_by_key(|&at| {
        std::cmp::Reverse(u64::from(tasks[at].spec.size.width) * u64::from(tasks[at].spec.size.height))
    });
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(tasks.len());
    std::thread::scope(|scope| {
        let work = || -> Result<()> {
            loop {
                let Some(&at) = order.get(next.fetch_add(1, Ordering::Relaxed)) else { return Ok(()) };
                let file = finish(&render, &tasks[at].spec, qualities.map(|qualities| qualities[at]))?;
                made.lock().map_err(|_| anyhow::anyhow!("a thread panicked"))?.push((at, file));
            }
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?)
    })?;
    let seconds = began.elapsed().as_secs_f64();
    let mut made = made.into_inner().map_err(|_| anyhow::anyhow!("a thread panicked"))?;
    made.sort_by_key(|(at, _)| *at);
    let files = made.into_iter().map(|(_, (picture, file))| judged(picture, file)).collect::<Result<_>>()?;
    Ok((seconds, files))
}

type Made = (RgbImage, (String, cavendish_imaging::Encoded));

fn finish(render: &Render<'_>, spec: &Spec, quality: Option<u8>) -> Result<Made> {
    // Where the subject is, a render's scoring has found out before.
    let fitted = render.fit(spec.size.width, spec.size.height, Some([0.22, 0.22, 0.78, 0.78]), None)?;
    let format = spec.formats.iter().copied().find(is_ours).context("no format")?;
    let target = match quality {
        Some(quality) => Target::of(format).at(Quality { min: quality.max(1), max: quality.max(1) }),
        None => Target::of(format).within(spec.max_bytes.and_then(|bytes| usize::try_from(bytes).ok())),
    };
    let file = encode(&fitted.image, &target, &Metadata::default())?;
    Ok((fitted.image, (spec.id.clone(), file)))
}

fn judged(picture: RgbImage, (spec, file): (String, cavendish_imaging::Encoded)) -> Result<File> {
    let (whole, progressive) = frame(&file.bytes);
    Ok(File {
        spec,
        bytes: file.bytes.len(),
        quality: file.quality.unwrap_or(100),
        ssim: similarity_of_luma(&pixels(&file.bytes)?, &picture),
        format: file.format,
        size: [picture.width(), picture.height()],
        whole,
        progressive,
    })
}

/// Whether a JPEG has its colours whole, and whether it is progressive, by its frame header; other formats are neither.
fn frame(file: &[u8]) -> (bool, bool) {
    let header = file.windows(2).position(|pair| matches!(pair, [0xff, 0xc0..=0xc2]));
    let header = header.filter(|_| file.starts_with(&[0xff, 0xd8])).and_then(|at| file.get(at..at + 12));
    header.map_or((false, false), |header| (header[11] == 0x11, header[1] == 0xc2))
}

/// The most memory that this process had so far.
pub(crate) fn peak_mib() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("peak memory is read from /proc")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}
