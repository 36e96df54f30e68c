//! Cuts subjects out and says how long each took: `cutout OUT_DIR PHOTO…`.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use cavendish_imaging::{CutoutHint, Limits, cutout, decode};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let out = arguments.next().context("usage: cutout OUT_DIR PHOTO…")?;
    std::fs::create_dir_all(&out)?;
    for photo in arguments {
        let bytes = std::fs::read(&photo).with_context(|| photo.display().to_string())?;
        let picture = decode(&bytes, &Limits::default())?;
        let started = Instant::now();
        let cut = cutout(&picture, &CutoutHint::default())?;
        let took = started.elapsed();
        let name = PathBuf::from(photo.file_name().context("a file's name")?).with_extension("png");
        println!("{}: {} ms by {:?}, confidence {:.2}", name.display(), took.as_millis(), cut.method, cut.confidence);
        cut.rgba.save(out.join(name))?;
    }
    Ok(())
}
