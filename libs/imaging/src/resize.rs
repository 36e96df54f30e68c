//! Resampling, cropping and padding of 8-bit pictures.

use fast_image_resize as fir;
use fir::images::{Image, ImageRef};
use image::{RgbImage, Rgba, RgbaImage};

use crate::error::{ImageError, Reason};

fn options() -> fir::ResizeOptions {
    fir::ResizeOptions::new().resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::Lanczos3))
}

fn run(source: &ImageRef<'_>, width: u32, height: u32, options: &fir::ResizeOptions) -> Result<Vec<u8>, ImageError> {
    if width == 0 || height == 0 {
        return Err(Reason::Invalid("a picture cannot be resized to nothing".into()).into());
    }
    let mut out = Image::new(width, height, source.pixel_type());
    fir::Resizer::new().resize(source, &mut out, options).map_err(|e| Reason::Codec(e.to_string()))?;
    Ok(out.into_vec())
}

fn source(raw: &[u8], width: u32, height: u32, kind: fir::PixelType) -> Result<ImageRef<'_>, ImageError> {
    ImageRef::new(width, height, raw, kind).map_err(|e| Reason::Codec(e.to_string()).into())
}

/// Every size is checked before it comes here, so the buffer fits.
fn rgb(width: u32, height: u32, raw: Vec<u8>) -> Result<RgbImage, ImageError> {
    RgbImage::from_raw(width, height, raw).ok_or_else(|| Reason::Codec("wrong buffer size".into()).into())
}

/// Resizes with Lanczos-3 on the sRGB values.
///
/// # Errors
/// [`Reason::Invalid`] when a side is 0.
pub fn resize_rgb(image: &RgbImage, width: u32, height: u32) -> Result<RgbImage, ImageError> {
    if image.dimensions() == (width, height) {
        return Ok(image.clone());
    }
    let source = source(image.as_raw(), image.width(), image.height(), fir::PixelType::U8x3)?;
    rgb(width, height, run(&source, width, height, &options())?)
}

/// Reduces with a triangle as wide as two pixels of the result: quick, and as good as any for what is blurred afterwards.
///
/// # Errors
/// [`Reason::Invalid`] when a side is 0.
pub(crate) fn reduced_softly(image: &RgbImage, width: u32, height: u32) -> Result<RgbImage, ImageError> {
    let source = source(image.as_raw(), image.width(), image.height(), fir::PixelType::U8x3)?;
    let options = fir::ResizeOptions::new().resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::Bilinear));
    rgb(width, height, run(&source, width, height, &options)?)
}

/// Resizes a part (left, top, width and height, pixels, fractions allowed) with Lanczos-3 on the sRGB values; what lies beside
/// it still counts at its edges.
///
/// # Errors
/// [`Reason::Invalid`] when a side is 0, [`Reason::Codec`] when the part reaches beyond the picture.
pub(crate) fn resize_part(image: &RgbImage, part: [f64; 4], size: [u32; 2]) -> Result<RgbImage, ImageError> {
    let of = [image.width(), image.height()].map(f64::from);
    if size == [image.width(), image.height()] && part == [0.0, 0.0, of[0], of[1]] {
        return Ok(image.clone());
    }
    let [left, top, width, height] = part;
    let options = options().crop(left, top, width.min(of[0] - left), height.min(of[1] - top));
    let source = source(image.as_raw(), image.width(), image.height(), fir::PixelType::U8x3)?;
    rgb(size[0], size[1], run(&source, size[0], size[1], &options)?)
}

/// Half as wide and high, every pixel the mean of four; sides must be even.
pub(crate) fn halved(image: &RgbImage) -> RgbImage {
    let (width, height) = (image.width() / 2, image.height() / 2);
    let row = image.width() as usize * 3;
    let mut out = Vec::with_capacity(width as usize * height as usize * 3);
    for rows in image.as_raw().chunks_exact(2 * row) {
        let (upper, lower) = rows.split_at(row);
        for (a, b) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
            let mean = |c: usize| {
                let sum = u16::from(a[c]) + u16::from(a[c + 3]) + u16::from(b[c]) + u16::from(b[c + 3]);
                ((sum + 2) >> 2) as u8
            };
            out.extend_from_slice(&[mean(0), mean(1), mean(2)]);
        }
    }
    RgbImage::from_raw(width, height, out).unwrap_or_default()
}

/// Resizes with Lanczos-3 in linear light, which keeps the brightness of fine detail; several times slower.
///
/// # Errors
/// [`Reason::Invalid`] when a side is 0.
pub fn resize_linear_rgb(image: &RgbImage, width: u32, height: u32) -> Result<RgbImage, ImageError> {
    let source = source(image.as_raw(), image.width(), image.height(), fir::PixelType::U8x3)?;
    rgb(width, height, linearly(&source, width, height, fir::PixelType::U16x3)?)
}

/// As [`resize_linear_rgb`], of straight-alpha RGBA, premultiplied on the way.
///
/// # Errors
/// [`Reason::Invalid`] when a side is 0.
pub fn resize_linear_rgba(image: &RgbaImage, width: u32, height: u32) -> Result<RgbaImage, ImageError> {
    if image.dimensions() == (width, height) {
        return Ok(image.clone());
    }
    let source = source(image.as_raw(), image.width(), image.height(), fir::PixelType::U8x4)?;
    let raw = linearly(&source, width, height, fir::PixelType::U16x4)?;
    RgbaImage::from_raw(width, height, raw).ok_or_else(|| Reason::Codec("wrong buffer size".into()).into())
}

fn linearly(source: &ImageRef<'_>, width: u32, height: u32, words: fir::PixelType) -> Result<Vec<u8>, ImageError> {
    if width == 0 || height == 0 {
        return Err(Reason::Invalid("a picture cannot be resized to nothing".into()).into());
    }
    let failed = |e: &dyn std::fmt::Display| ImageError::from(Reason::Codec(e.to_string()));
    let mapper = fir::create_srgb_mapper();
    let mut linear = Image::new(source.width(), source.height(), words);
    mapper.forward_map(source, &mut linear).map_err(|e| failed(&e))?;
    let mut small = Image::new(width, height, words);
    fir::Resizer::new().resize(&linear, &mut small, &options()).map_err(|e| failed(&e))?;
    let mut out = Image::new(width, height, source.pixel_type());
    mapper.backward_map(&small, &mut out).map_err(|e| failed(&e))?;
    Ok(out.into_vec())
}

/// Resizes straight-alpha RGBA with Lanczos-3, premultiplied on the way, so that no colour bleeds out of what is
/// transparent.
///
/// # Errors
/// [`Reason::Invalid`] when a side is 0.
pub fn resize_rgba(image: &RgbaImage, width: u32, height: u32) -> Result<RgbaImage, ImageError> {
    if image.dimensions() == (width, height) {
        return Ok(image.clone());
    }
    let source = source(image.as_raw(), image.width(), image.height(), fir::PixelType::U8x4)?;
    let raw = run(&source, width, height, &options())?;
    RgbaImage::from_raw(width, height, raw).ok_or_else(|| Reason::Codec("wrong buffer size".into()).into())
}

/// One channel of floats, bilinear; for masks.
pub(crate) fn resize_plane(plane: &[f32], from: (u32, u32), to: (u32, u32)) -> Vec<f32> {
    let (fw, fh) = (from.0 as usize, from.1 as usize);
    let (sx, sy) = (fw as f32 / to.0 as f32, fh as f32 / to.1 as f32);
    let place = |i: u32, scale: f32, n: usize| {
        let p = ((i as f32 + 0.5) * scale - 0.5).clamp(0.0, (n - 1) as f32);
        (p as usize, (p as usize + 1).min(n - 1), p.fract())
    };
    let columns: Vec<_> = (0..to.0).map(|x| place(x, sx, fw)).collect();
    let mut out = Vec::with_capacity(to.0 as usize * to.1 as usize);
    for y in 0..to.1 {
        let (y0, y1, fy) = place(y, sy, fh);
        let (top, bottom) = (&plane[y0 * fw..][..fw], &plane[y1 * fw..][..fw]);
        out.extend(columns.iter().map(|&(x0, x1, fx)| {
            let upper = top[x0] + (top[x1] - top[x0]) * fx;
            let lower = bottom[x0] + (bottom[x1] - bottom[x0]) * fx;
            upper + (lower - upper) * fy
        }));
    }
    out
}

/// The part of a picture at `(x, y)`.
///
/// # Errors
/// [`Reason::Invalid`] when the part is empty or reaches beyond the picture.
pub fn crop(image: &RgbImage, x: u32, y: u32, width: u32, height: u32) -> Result<RgbImage, ImageError> {
    let inside = |at: u32, length: u32, of: u32| length > 0 && at.checked_add(length).is_some_and(|end| end <= of);
    if !inside(x, width, image.width()) || !inside(y, height, image.height()) {
        let all = image.dimensions();
        return Err(Reason::Invalid(format!("cannot crop {width}×{height} at ({x}, {y}) out of {all:?}")).into());
    }
    Ok(image::imageops::crop_imm(image, x, y, width, height).to_image())
}

/// The picture on a canvas of one colour, at `(x, y)`; what falls outside the canvas is cut.
pub fn pad(image: &RgbImage, width: u32, height: u32, x: i64, y: i64, colour: [u8; 3]) -> RgbImage {
    let mut canvas = RgbImage::from_pixel(width, height, image::Rgb(colour));
    image::imageops::replace(&mut canvas, image, x, y);
    canvas
}

/// The picture laid on one colour.
pub fn flatten(image: &RgbaImage, colour: [u8; 3]) -> RgbImage {
    let mut out = RgbImage::new(image.width(), image.height());
    for (to, &Rgba([r, g, b, a])) in out.pixels_mut().zip(image.pixels()) {
        let mix = |top: u8, under: u8| {
            let sum = u32::from(top) * u32::from(a) + u32::from(under) * (255 - u32::from(a));
            ((sum + 127) / 255) as u8
        };
        to.0 = [mix(r, colour[0]), mix(g, colour[1]), mix(b, colour[2])];
    }
    out
}
