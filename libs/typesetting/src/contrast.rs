//! Contrast as WCAG 2 defines it, against the pixels that are really behind the type.

use cavendish_specs::PixelBox;
use image::RgbImage;
use std::sync::LazyLock;

/// An sRGB colour.
pub(crate) type Colour = [u8; 3];

pub(crate) const INK: Colour = [0x14; 3];
pub(crate) const PAPER: Colour = [0xff; 3];

/// Level AA of WCAG 2, for type and for large type.
const AA: f32 = 4.5;
const AA_LARGE: f32 = 3.0;

/// CSS pixels from which type is large, and bold type is.
const LARGE: f32 = 24.0;
const LARGE_BOLD: f32 = 18.66;

/// CSS pixels that the shorter side of a picture has on the narrowest screens where pictures are shown whole: WCAG counts
/// in these, and larger pictures are shown smaller.
const SCREEN: f32 = 360.0;

static LINEAR: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|value| {
        let share = value as f32 / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    })
});

/// Relative luminance, 0..=1.
pub(crate) fn luminance([r, g, b]: Colour) -> f32 {
    let linear = |value: u8| LINEAR[usize::from(value)];
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

/// Contrast of two luminances, 1..=21.
pub(crate) fn ratio(a: f32, b: f32) -> f32 {
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The contrast that type of `size` pixels needs in a picture whose shorter side has `side` pixels.
pub(crate) fn required(size: f32, weight: u16, side: u32) -> f32 {
    let shown = size / (side as f32 / SCREEN).max(1.0);
    let large = if weight >= 700 { LARGE_BOLD } else { LARGE };
    if shown >= large { AA_LARGE } else { AA }
}

/// The darkest and the lightest luminance of the pixels in boxes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Extremes {
    darkest: f32,
    lightest: f32,
}

impl Extremes {
    /// Of `image` under `veil`, a colour with its opacity. None where the boxes are empty.
    pub(crate) fn of(image: &RgbImage, boxes: &[PixelBox], veil: Option<(Colour, f32)>) -> Option<Self> {
        let mut found = None;
        for frame in boxes {
            for y in frame.y..(frame.y + frame.height).min(image.height()) {
                for x in frame.x..(frame.x + frame.width).min(image.width()) {
                    let pixel = image.get_pixel(x, y).0;
                    let here = luminance(veil.map_or(pixel, |(colour, opacity)| blend(pixel, colour, opacity)));
                    let so_far = found.unwrap_or(Self { darkest: here, lightest: here });
                    found = Some(Self { darkest: so_far.darkest.min(here), lightest: so_far.lightest.max(here) });
                }
            }
        }
        found
    }

    /// The least contrast of `colour` with any of the pixels; 1 where it lies between them.
    pub(crate) fn contrast(self, colour: Colour) -> f32 {
        let own = luminance(colour);
        match () {
            () if own > self.lightest => ratio(own, self.lightest),
            () if own < self.darkest => ratio(own, self.darkest),
            () => 1.0,
        }
    }
}

/// `over` on `under`, in the values of sRGB as every browser blends.
pub(crate) fn blend(under: Colour, over: Colour, opacity: f32) -> Colour {
    std::array::from_fn(|k| {
        let (below, above) = (f32::from(under[k]), f32::from(over[k]));
        (below + (above - below) * opacity).round() as u8
    })
}

/// Reads `#rrggbb`, which the brief has been checked for.
pub(crate) fn parse(text: &str) -> Option<Colour> {
    let hex = text.strip_prefix('#').filter(|hex| hex.len() == 6)?;
    let value = u32::from_str_radix(hex, 16).ok()?;
    let [_, r, g, b] = value.to_be_bytes();
    Some([r, g, b])
}

pub(crate) fn written([r, g, b]: Colour) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_the_standard() {
        let of = |a: &str, b: &str| ratio(luminance(parse(a).unwrap()), luminance(parse(b).unwrap()));
        assert!((of("#000000", "#ffffff") - 21.0).abs() < 1e-4);
        assert!((of("#777777", "#ffffff") - 4.478).abs() < 1e-3, "the well-known grey that just fails");
        assert!((of("#ff0000", "#ffffff") - 3.998).abs() < 1e-3);
        assert_eq!((parse("red"), written([1, 171, 255])), (None, "#01abff".into()));
    }

    #[test]
    fn large_type_is_counted_as_it_is_shown() {
        assert_eq!((required(24.0, 400, 300), required(23.0, 400, 300)), (3.0, 4.5));
        assert_eq!((required(57.0, 700, 1080), required(57.0, 400, 1080)), (3.0, 4.5));
    }

    #[test]
    fn the_worst_pixel_counts() {
        let mut image = RgbImage::from_pixel(10, 10, image::Rgb([255; 3]));
        image.put_pixel(3, 3, image::Rgb([0; 3]));
        let extremes = |x| Extremes::of(&image, &[PixelBox { x, y: 0, width: 2, height: 10 }], None).unwrap();
        assert!(extremes(5).contrast([0; 3]) > 20.9);
        assert_eq!(extremes(2).contrast([0x14; 3]), 1.0);
        assert!(Extremes::of(&image, &[], None).is_none());
    }
}
