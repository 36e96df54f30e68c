//! Sizes: at which a model draws, and how the wanted one is reached from there.

use cavendish_renderer::MAX_SIDE;
use serde::Deserialize;

/// Width and height in pixels; `[width, height]` in TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "[u32; 2]")]
pub struct Size {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl From<[u32; 2]> for Size {
    fn from([width, height]: [u32; 2]) -> Self {
        Self { width, height }
    }
}

impl Size {
    fn aspect(self) -> f64 {
        f64::from(self.width) / f64::from(self.height)
    }

    /// Pixels.
    #[must_use]
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Both sides times `factor`, rounded, at least 1.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        let side = |side: u32| (f64::from(side) * factor).round().max(1.0) as u32;
        Self { width: side(self.width), height: side(self.height) }
    }

    /// The nearest size whose sides are multiples of `multiple`, at least one each.
    pub(crate) fn on_grid(self, multiple: u32) -> Self {
        let side = |side: u32| ((side + multiple / 2) / multiple).max(1) * multiple;
        Self { width: side(self.width), height: side(self.height) }
    }

    /// The largest size whose sides are multiples of `multiple` and within this one, at least one each.
    pub(crate) fn within_grid(self, multiple: u32) -> Self {
        let side = |side: u32| (side / multiple).max(1) * multiple;
        Self { width: side(self.width), height: side(self.height) }
    }
}

/// The sizes a model draws at.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Native {
    /// These and no others; the first is the default.
    Listed(Vec<Size>),
    /// Any, within limits.
    Free {
        /// Sides are multiples of this many pixels.
        multiple: u32,
        /// Pixels of an image, at most.
        most_pixels: u64,
        /// When nothing is asked for.
        default: Size,
    },
}

/// How an image of a wanted size comes about: drawn, enlarged, and brought to its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Frame {
    /// What the model draws.
    pub native: Size,
    /// How many times as large the upscaler makes it: 1 leaves it as it is.
    pub enlarge: u32,
    /// What comes out.
    pub output: Size,
}

impl Native {
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let empty = |size: &Size| size.width == 0 || size.height == 0;
        match self {
            Self::Listed(sizes) if sizes.is_empty() || sizes.iter().any(empty) => {
                Err("native_sizes needs at least one size, none of them empty")
            }
            Self::Free { multiple: 0, .. } => Err("native_sizes.multiple is 0"),
            Self::Free { multiple, most_pixels, .. } if *most_pixels < u64::from(*multiple).pow(2) => {
                Err("native_sizes.most_pixels is less than one multiple squared")
            }
            _ => Ok(()),
        }
    }

    /// The size that is drawn when nothing is asked for.
    #[must_use]
    pub fn default_size(&self) -> Size {
        match self {
            Self::Listed(sizes) => sizes.first().copied().unwrap_or(Size { width: 1, height: 1 }),
            Self::Free { default, .. } => *default,
        }
    }

    /// Whether the model draws exactly this size.
    #[must_use]
    pub fn has(&self, size: Size) -> bool {
        match self {
            Self::Listed(sizes) => sizes.contains(&size),
            Self::Free { multiple, most_pixels, .. } => {
                let on_grid = |side: u32| side > 0 && side.is_multiple_of(*multiple);
                on_grid(size.width) && on_grid(size.height) && size.pixels() <= *most_pixels
            }
        }
    }

    /// How an image of the wanted size is made with an upscaler that enlarges up to `most` times (1 without one).
    ///
    /// A model of listed sizes draws the one nearest in shape, the earlier of two equally near, and keeps that shape:
    /// the longer side is the wanted one's where the upscaler reaches that far. Cutting or stretching it is for those
    /// who know where the subject is. A model of any size gives exactly the wanted one.
    #[must_use]
    pub fn frame(&self, wanted: Size, most: u32) -> Frame {
        self.frame_from(None, wanted, most)
    }

    /// As [`Self::frame`], from the native size that is named, if it is a listed one.
    #[must_use]
    pub fn frame_from(&self, native: Option<Size>, wanted: Size, most: u32) -> Frame {
        match self {
            Self::Listed(sizes) => {
                let named = native.filter(|size| sizes.contains(size));
                listed_frame(named.unwrap_or_else(|| nearest(sizes, wanted)), wanted, most)
            }
            Self::Free { multiple, most_pixels, .. } => free_frame(wanted, *multiple, *most_pixels, most),
        }
    }
}

/// The size nearest in shape, the earlier of two equally near.
fn nearest(sizes: &[Size], wanted: Size) -> Size {
    let off = |size: &&Size| (size.aspect().ln() - wanted.aspect().ln()).abs();
    sizes.iter().min_by(|a, b| off(a).total_cmp(&off(b))).copied().unwrap_or(wanted)
}

fn listed_frame(native: Size, wanted: Size, most: u32) -> Frame {
    let longest = native.width.max(native.height);
    let wanted = wanted.width.max(wanted.height).min(MAX_SIDE);
    let enlarge = factor(f64::from(wanted) / f64::from(longest), most);
    let reached = native.scaled(f64::from(enlarge));
    let output = match wanted < longest * enlarge {
        true => reached.scaled(f64::from(wanted.max(longest)) / f64::from(longest * enlarge)),
        false => reached,
    };
    Frame { native, enlarge, output }
}

fn free_frame(wanted: Size, multiple: u32, most_pixels: u64, most: u32) -> Frame {
    let side = |side: u32| side.clamp(1, MAX_SIDE);
    let output = Size { width: side(wanted.width), height: side(wanted.height) };
    let shrink = (output.pixels() as f64 / most_pixels as f64).sqrt();
    let enlarge = factor(shrink, most);
    let mut native = output.scaled(1.0 / f64::from(enlarge).max(shrink)).on_grid(multiple);
    if native.pixels() > most_pixels {
        native = output.scaled(1.0 / f64::from(enlarge).max(shrink)).within_grid(multiple);
    }
    Frame { native, enlarge, output }
}

/// The least whole factor that is at least `wanted`, at most `most`.
fn factor(wanted: f64, most: u32) -> u32 {
    (wanted.ceil() as u32).clamp(1, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(width: u32, height: u32) -> Size {
        Size { width, height }
    }

    #[test]
    fn of_listed_sizes_the_nearest_shape_is_drawn_and_kept() {
        let several = Native::Listed(vec![size(64, 64), size(96, 48), size(48, 96)]);
        for (wanted, native, output) in [
            ([2000, 2000], [64, 64], [1024, 1024]),
            ([1200, 627], [96, 48], [1200, 600]),
            ([1080, 1920], [48, 96], [768, 1536]),
            ([1080, 1350], [64, 64], [1024, 1024]),
            ([64, 64], [64, 64], [64, 64]),
            ([200, 200], [64, 64], [200, 200]),
            ([10, 10], [64, 64], [64, 64]),
        ] {
            let frame = several.frame(wanted.into(), 16);
            assert_eq!((frame.native, frame.output), (native.into(), output.into()), "{wanted:?}");
        }
        assert_eq!(several.frame(size(2000, 2000), 1).output, size(64, 64), "no upscaler");
    }

    /// Sides at 1K of the aspect ratios that image services offer; the other sizes are half, twice and four times that.
    const AT_1K: [[u32; 2]; 14] = [
        [1024, 1024],
        [512, 2048],
        [2048, 512],
        [384, 3072],
        [3072, 384],
        [848, 1264],
        [1264, 848],
        [896, 1200],
        [1200, 896],
        [928, 1152],
        [1152, 928],
        [768, 1376],
        [1376, 768],
        [1584, 672],
    ];

    #[test]
    fn a_model_of_any_size_gives_every_ratio_at_every_size_exactly() {
        let klein = Native::Free { multiple: 16, most_pixels: 4 << 20, default: size(1024, 1024) };
        for [width, height] in AT_1K {
            for (numerator, denominator) in [(1, 2), (1, 1), (2, 1), (4, 1)] {
                let wanted = size(width * numerator / denominator, height * numerator / denominator);
                let frame = klein.frame(wanted, 4);
                assert_eq!(frame.output, wanted);
                assert!(klein.has(frame.native), "{wanted:?}: {frame:?}");
                let bent = frame.native.aspect() / frame.output.aspect();
                assert!((0.93..1.07).contains(&bent), "{wanted:?} is drawn at {frame:?}");
                assert_eq!(frame.enlarge == 1, wanted.pixels() <= 4 << 20, "{wanted:?}: {frame:?}");
            }
        }
        let odd = klein.frame(size(1081, 607), 4);
        assert_eq!((odd.native, odd.output), (size(1088, 608), size(1081, 607)));
    }

    #[test]
    fn nonsense_is_no_native_size() {
        assert!(Native::Listed(vec![]).check().is_err());
        assert!(Native::Listed(vec![size(0, 64)]).check().is_err());
        assert!(Native::Free { multiple: 0, most_pixels: 1, default: size(1, 1) }.check().is_err());
    }
}
