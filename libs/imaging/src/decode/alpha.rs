//! Alpha: straight, or not at all.

use image::{DynamicImage, Rgba};

/// Divides the colours by alpha, which they are multiplied by.
pub(super) fn straighten(image: &mut DynamicImage) {
    match image {
        DynamicImage::ImageRgba8(image) => image.pixels_mut().for_each(|Rgba([r, g, b, a])| {
            let of = u32::from(*a).max(1);
            let straight = |v: u8| ((u32::from(v) * 255 + of / 2) / of).min(255) as u8;
            [*r, *g, *b] = [straight(*r), straight(*g), straight(*b)];
        }),
        DynamicImage::ImageRgba16(image) => image.pixels_mut().for_each(|Rgba([r, g, b, a])| {
            let of = u32::from(*a).max(1);
            let straight = |v: u16| ((u32::from(v) * 65_535 + of / 2) / of).min(65_535) as u16;
            [*r, *g, *b] = [straight(*r), straight(*g), straight(*b)];
        }),
        _ => {}
    }
}

/// The picture without the alpha channel that decoders add.
pub(super) fn dropped(image: DynamicImage) -> DynamicImage {
    match image {
        DynamicImage::ImageRgba16(_) => DynamicImage::ImageRgb16(image.into_rgb16()),
        _ => DynamicImage::ImageRgb8(image.into_rgb8()),
    }
}
