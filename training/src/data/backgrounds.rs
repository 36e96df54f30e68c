use anyhow::{Context, Result, ensure};
use image::imageops::FilterType;
use std::path::{Path, PathBuf};

/// The longer side that photographs are kept at.
const SIDE: u32 = 640;

/// A photograph, sRGB within 0..=1.
pub(crate) struct Photo {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) pixels: Vec<[f32; 3]>,
}

/// Photographs to put objects before; every eighth is held out.
pub(crate) struct Backgrounds {
    photos: Vec<Photo>,
}

impl Backgrounds {
    /// Reads what lies below `folder`, the largest picture of each set; small copies are kept beside in `cache`.
    pub(crate) fn read(folder: &Path, cache: &Path) -> Result<Self> {
        std::fs::create_dir_all(cache)?;
        let mut sets: Vec<PathBuf> = std::fs::read_dir(folder)
            .with_context(|| format!("cannot read {}", folder.display()))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<_>>()?;
        sets.sort();
        let mut photos = Vec::new();
        for set in sets {
            let Some(source) = largest(&set) else { continue };
            let name = set.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let small = cache.join(format!("{name}.png"));
            if !small.is_file() {
                let whole = image::open(&source).with_context(|| format!("cannot read {}", source.display()))?;
                whole.resize(SIDE, SIDE, FilterType::Triangle).to_rgb8().save(&small)?;
            }
            let picture = image::open(&small)?.to_rgb8();
            let pixels = picture.pixels().map(|pixel| pixel.0.map(|value| f32::from(value) / 255.0)).collect();
            photos.push(Photo { width: picture.width(), height: picture.height(), pixels });
        }
        ensure!(photos.len() >= 8, "{} holds only {} photographs", folder.display(), photos.len());
        Ok(Self { photos })
    }

    /// Those to learn from, or those held out.
    pub(crate) fn of(&self, held_out: bool) -> Vec<&Photo> {
        let wanted = |(index, photo)| {
            (index % 8 == 7) == held_out && {
                let _: &Photo = photo;
                true
            }
        };
        self.photos.iter().enumerate().filter(|&item| wanted(item)).map(|(_, photo)| photo).collect()
    }
}

/// The largest picture file below a folder.
fn largest(folder: &Path) -> Option<PathBuf> {
    let mut best: Option<(u64, PathBuf)> = None;
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).ok()?.flatten().map(|entry| entry.path()));
            continue;
        }
        let picture = path.extension().is_some_and(|kind| kind == "png" || kind == "jpg");
        let size = std::fs::symlink_metadata(&path).ok()?;
        if picture && size.is_file() && best.as_ref().is_none_or(|(most, _)| size.len() > *most) {
            best = Some((size.len(), path));
        }
    }
    best.map(|(_, path)| path)
}
