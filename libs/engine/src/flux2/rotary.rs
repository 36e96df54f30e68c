use super::Flux2Config;
use tch::{Device, Kind, Tensor};

/// How the tokens of a forward lie: the text first, then the image row by row, then each reference row by row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TokenLayout {
    /// Text tokens, positions (0, 0, 0, index).
    pub text: i64,
    /// The latent grid of the image, positions (0, row, column, 0).
    pub image: Grid,
    /// The latent grids of references that take part in the forward, positions (10 · n, row, column, 0), n from 1.
    pub references: Vec<Grid>,
}

/// A grid of latent tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Grid {
    /// Rows.
    pub rows: i64,
    /// Columns.
    pub columns: i64,
}

impl Grid {
    /// Tokens.
    #[must_use]
    pub fn tokens(self) -> i64 {
        self.rows * self.columns
    }

    /// Positions with `time` as their first axis.
    fn positions(self, time: i64) -> impl Iterator<Item = [i64; 4]> {
        (0..self.rows).flat_map(move |row| (0..self.columns).map(move |column| [time, row, column, 0]))
    }
}

/// Distance of one reference from the next on the first axis (diffusers 0.42, `_prepare_image_ids`).
const REFERENCE_SPACING: i64 = 10;

impl TokenLayout {
    fn positions(&self) -> impl Iterator<Item = [i64; 4]> {
        let text = (0..self.text).map(|index| [0, 0, 0, index]);
        let references = (1..).zip(&self.references).flat_map(|(n, grid)| grid.positions(REFERENCE_SPACING * n));
        text.chain(self.image.positions(0)).chain(references)
    }

    /// All tokens.
    #[must_use]
    pub fn tokens(&self) -> i64 {
        self.text + self.image.tokens() + self.references.iter().map(|grid| grid.tokens()).sum::<i64>()
    }
}

/// Rotations of queries and keys for one layout of tokens.
///
/// Depends on the resolution and the text length only: made once per layout, used by every block and step.
#[derive(Debug)]
pub struct Rotary {
    layout: TokenLayout,
    cos: Tensor,   // (tokens, head_dim / 2), f32
    sin: Tensor,   // (tokens, head_dim / 2), f32
    turns: Tensor, // complex (1, tokens, 1, head_dim / 2)
}

impl Rotary {
    /// Angles in f64 (as the reference), rotations in f32.
    #[must_use]
    pub fn new(config: &Flux2Config, layout: TokenLayout, device: Device) -> Self {
        let angles: Vec<f64> = layout.positions().flat_map(|at| angles(config, at)).collect();
        let half = config.attention_head_dim / 2;
        let angles = Tensor::from_slice(&angles).view([-1, half]);
        let [cos, sin] = [angles.cos(), angles.sin()].map(|x| x.to_kind(Kind::Float).to_device(device));
        let turns = Tensor::complex(&cos, &sin).view([1, -1, 1, half]);
        Self { layout, cos, sin, turns }
    }

    /// The layout the rotations are for.
    #[must_use]
    pub fn layout(&self) -> &TokenLayout {
        &self.layout
    }

    pub(super) fn cos(&self) -> &Tensor {
        &self.cos
    }

    pub(super) fn sin(&self) -> &Tensor {
        &self.sin
    }

    /// Turns neighbouring pairs of channels of `x`: (batch, tokens, heads, head_dim).
    pub(super) fn apply(&self, x: &Tensor) -> Tensor {
        let (kind, shape) = (x.kind(), x.size());
        let pairs = [&shape[..3], &[shape[3] / 2, 2]].concat();
        let turned = x.to_kind(Kind::Float).reshape(pairs).view_as_complex() * &self.turns;
        turned.view_as_real().flatten(3, 4).to_kind(kind)
    }
}

/// The angles of one token: each axis turns its own share of a head's channels.
fn angles(config: &Flux2Config, at: [i64; 4]) -> Vec<f64> {
    let axes = at.into_iter().zip(config.axes_dims_rope);
    axes.flat_map(|(position, dim)| {
        let frequency = move |pair: i64| config.rope_theta.powf(-((2 * pair) as f64 / dim as f64));
        (0..dim / 2).map(move |pair| position as f64 * frequency(pair))
    })
    .collect()
}
