use crate::data::Object;
use crate::scene::{SceneKind, chance, scene};
use cavendish_engine::noise;
use rand::Rng;
use tch::{Kind, Tensor};

/// Tokens of image and text in a batch, about: few, since at first many small steps teach more than few
/// large ones.
const TOKENS: usize = 2048;
/// Side of a patch in pixels, and tokens of a caption.
const PATCH: usize = 8;
pub(super) const TEXT: usize = 24;
/// Share of captions that are left out, for guidance.
const UNSAID: f64 = 0.1;

/// Scenes of one kind.
pub(super) struct Batch {
    pub(super) kind: SceneKind,
    pub(super) captions: Vec<String>,
    pictures: Vec<f32>,
    cover: Vec<f32>,
    laid: Vec<f32>,
    /// The time of each scene, 0..=1, 1 being noise.
    times: Vec<f32>,
    seed: u64,
}

impl Batch {
    /// The batch of this number.
    pub(super) fn compose(kind: SceneKind, objects: &[&Object], seed: u64, number: u64) -> Self {
        let mut batch = Self {
            kind,
            captions: vec![],
            pictures: vec![],
            cover: vec![],
            laid: vec![],
            times: vec![],
            seed: seed << 40 ^ number,
        };
        let tokens = kind.width * kind.height / PATCH.pow(2) + TEXT;
        for n in 0..TOKENS / tokens {
            let mut rng = chance(seed, number * 256 + n as u64);
            let scene = scene(kind, objects, &mut rng);
            let said = !rng.random_bool(UNSAID);
            batch.captions.push(if said { scene.caption } else { String::new() });
            batch.pictures.extend(scene.picture);
            batch.cover.extend(scene.cover);
            batch.laid.extend(scene.laid);
            // Logit-normal (Esser et al. 2024), towards noise: with four steps most is decided there.
            let normal: f32 = (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0;
            batch.times.push(1.0 / (1.0 + (-(normal + 0.5)).exp()));
        }
        batch
    }

    pub(super) fn scenes(&self) -> usize {
        self.captions.len()
    }

    /// (scenes, 3, height, width).
    pub(super) fn pictures(&self) -> Tensor {
        let (width, height) = (self.kind.width as i64, self.kind.height as i64);
        Tensor::from_slice(&self.pictures).view([-1, 3, height, width])
    }

    /// The references in their places: (scenes, 3, height, width).
    pub(super) fn laid(&self) -> Option<Tensor> {
        let (width, height) = (self.kind.width as i64, self.kind.height as i64);
        self.kind.references.then(|| Tensor::from_slice(&self.laid).view([-1, 3, height, width]))
    }

    /// (scenes).
    pub(super) fn times(&self) -> Tensor {
        Tensor::from_slice(&self.times)
    }

    /// Standard normal numbers of this shape.
    pub(super) fn noise(&self, shape: &[i64]) -> Tensor {
        let count: i64 = shape.iter().product();
        Tensor::from_slice(&noise::normal(self.seed, count as usize)).view(shape)
    }

    /// How much of every patch subjects cover: (scenes, patches, 1).
    pub(super) fn cover(&self) -> Tensor {
        let (width, height) = (self.kind.width as i64, self.kind.height as i64);
        let cover = Tensor::from_slice(&self.cover).view([-1, 1, height, width]);
        let patch = [PATCH as i64; 2];
        cover.avg_pool2d(patch, patch, [0, 0], false, true, None).flatten(2, 3).transpose(1, 2).to_kind(Kind::Float)
    }
}
