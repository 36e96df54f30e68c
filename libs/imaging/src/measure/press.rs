//! Files for a press, which the pictures' codecs do not read: CMYK TIFF, and PDF as it is written here.

mod page;

use cavendish_specs::Format;
use image::RgbImage;
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};
use std::io::Cursor;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::{ColorType, TiffError};

use crate::decode::{beside_tiff, malformed, probe};
use crate::error::{ImageError, Reason};

/// A sheet for a press.
pub(super) struct Sheet {
    pub(super) format: Format,
    pub(super) width: u32,
    pub(super) height: u32,
    /// `channels` bytes a pixel; of CMYK 255 is all of the ink.
    pub(super) samples: Vec<u8>,
    pub(super) channels: usize,
    pub(super) icc: Option<Vec<u8>>,
    pub(super) xmp: Option<String>,
    /// PDF says them by its boxes.
    pub(super) dpi: Option<u32>,
    pub(super) bleed_mm: Option<f32>,
}

/// The sheet, where the file is one: PDF or CMYK TIFF within so many pixels.
///
/// # Errors
/// [`ImageError`] for one that is broken, too large, or not a page that is one picture.
pub(super) fn sheet(bytes: &[u8], max_pixels: u64) -> Result<Option<Sheet>, ImageError> {
    if bytes.starts_with(b"%PDF-") {
        return page::read(bytes, max_pixels).map(Some);
    }
    match probe(bytes) {
        Ok(header) if header.cmyk && header.format == Format::Tiff => {
            let pixels = u64::from(header.width) * u64::from(header.height);
            if pixels > max_pixels {
                let (width, height) = (header.width, header.height);
                return Err(Reason::TooManyPixels { width, height, max: max_pixels }.into());
            }
            tiff(bytes).map(Some).map_err(|error| malformed(Format::Tiff, error.to_string()))
        }
        _ => Ok(None),
    }
}

fn tiff(bytes: &[u8]) -> Result<Sheet, TiffError> {
    let unlike = |what: &str| TiffError::from(std::io::Error::other(what.to_owned()));
    let mut decoder = Decoder::new(Cursor::new(bytes))?.with_limits(Limits::default());
    let (width, height) = decoder.dimensions()?;
    if decoder.colortype()? != ColorType::CMYK(8) {
        return Err(unlike("CMYK of other than 8 bits a channel, or with more channels"));
    }
    let (icc, xmp) = beside_tiff(bytes);
    let DecodingResult::U8(samples) = decoder.read_image()? else { return Err(unlike("its samples are not bytes")) };
    Ok(Sheet {
        format: Format::Tiff,
        width,
        height,
        samples,
        channels: 4,
        icc,
        xmp,
        dpi: super::density::dpi(bytes, Format::Tiff),
        bleed_mm: None,
    })
}

impl Sheet {
    /// What it looks like on a screen: by its profile, and by the usual formula where it has none.
    ///
    /// # Errors
    /// [`Reason::Malformed`] when it has fewer samples than pixels.
    pub(super) fn shown(&self) -> Result<RgbImage, ImageError> {
        let (width, height) = (self.width as usize, self.height as usize);
        let short = || malformed(self.format, "it holds fewer pixels than it says");
        let samples = self.samples.get(..width * height * self.channels).ok_or_else(short)?;
        let rgb = match self.channels {
            3 => samples.to_vec(),
            _ => self.by_profile(samples).unwrap_or_else(|| by_formula(samples)),
        };
        RgbImage::from_raw(self.width, self.height, rgb).ok_or_else(short)
    }

    fn by_profile(&self, samples: &[u8]) -> Option<Vec<u8>> {
        let profile = ColorProfile::new_from_slice(self.icc.as_deref()?).ok()?;
        if profile.color_space != DataColorSpace::Cmyk {
            return None;
        }
        let (srgb, options) = (ColorProfile::new_srgb(), TransformOptions::default());
        let way = profile.create_transform_8bit(Layout::Rgba, &srgb, Layout::Rgb, options).ok()?;
        let width = self.width as usize;
        let mut rgb = vec![0; samples.len() / 4 * 3];
        for (from, to) in samples.chunks_exact(width * 4).zip(rgb.chunks_exact_mut(width * 3)) {
            way.transform(from, to).ok()?;
        }
        Some(rgb)
    }
}

fn by_formula(samples: &[u8]) -> Vec<u8> {
    let level = |ink: u8, black: u8| (u16::from(255 - ink) * u16::from(255 - black) / 255) as u8;
    samples.chunks_exact(4).flat_map(|p| [level(p[0], p[3]), level(p[1], p[3]), level(p[2], p[3])]).collect()
}
