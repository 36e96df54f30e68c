//! Times the network alone, as `reference_sample.py` does: 12 steps with guidance, best and median of several runs.
//!
//! `cargo run -p cavendish-engine --example speed -- [RUNS [FORWARD_IMAGES]]`

use anyhow::Result;
use cavendish_engine::{Batch, Image, Pipeline, Precision, Unwatched};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

fn main() -> Result<()> {
    let runs: usize = std::env::args().nth(1).map_or(Ok(5), |text| text.parse())?;
    let only: Option<usize> = std::env::args().nth(2).map(|text| text.parse()).transpose()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cache = std::env::var_os("CAVENDISH_CACHE").map_or(root.join(".cache"), PathBuf::from);
    println!("threads {}", tch::get_num_threads());
    let cases = [(1, 1), (2, 1), (2, 2), (4, 4), (8, 8)];
    for (forward, images) in cases.into_iter().filter(|(forward, _)| only.is_none_or(|only| only == *forward)) {
        let pipeline =
            Pipeline::load(&root.join("models/nano"), &cache.join("models/minilm"), tch::Device::Cpu, Precision::F32)?
                .with_forward_images(NonZeroUsize::new(forward).unwrap_or(NonZeroUsize::MIN));
        let manifest = pipeline.manifest();
        let image = |seed| Image { prompt: "hamburger on a sky blue background".into(), seed, ..Image::default() };
        let batch = Batch {
            frame: pipeline.frame(manifest.native.default_size()),
            settle: 0.0,
            steps: manifest.sampling.steps,
            guidance: manifest.sampling.guidance,
            images: (0..images).map(image).collect(),
        };
        let mut times = Vec::new();
        let mut decode = Vec::new();
        for _ in 0..=runs {
            let drawn = pipeline.draw(&batch, &mut Unwatched)?;
            times.push(drawn.denoise.as_secs_f64());
            decode.push(drawn.decode.as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        decode.sort_by(f64::total_cmp);
        println!(
            "{images} images in forwards of {forward}: best {:.3} s, median {:.3} s; decoding and enlarging {:.3} s",
            times[0],
            times[times.len() / 2],
            decode[0]
        );
    }
    Ok(())
}
