//! The samples of a TIFF, as a picture.

use cavendish_specs::Format;
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, LumaA, Rgb, RgbImage, Rgba, RgbaImage};
use tiff::decoder::DecodingResult;

use super::pages::{PALETTE, PREMULTIPLIED, Page};
use crate::decode::alpha::straighten;
use crate::decode::malformed;
use crate::error::{ImageError, Reason};

/// What is needed to make a picture of samples.
pub(super) struct Samples<'a> {
    pub(super) page: &'a Page,
    /// How many samples a pixel has.
    pub(super) channels: usize,
    /// The colours of a palette: all reds, all greens, all blues.
    pub(super) map: Option<Vec<u16>>,
}

/// PhotometricInterpretation of CIE L*a*b*.
const CIELAB: u16 = 8;
const ICCLAB: u16 = 9;

fn unsupported(found: &'static str) -> ImageError {
    Reason::UnsupportedColour { found }.into()
}

fn short() -> ImageError {
    malformed(Format::Tiff, "it holds fewer pixels than it says")
}

impl Samples<'_> {
    /// The picture; of inks, they lie in four channels.
    pub(super) fn picture(&self, samples: DecodingResult) -> Result<DynamicImage, ImageError> {
        if matches!(self.page.photometric, CIELAB | ICCLAB) {
            return Err(unsupported("CIE L*a*b* in TIFF"));
        }
        if self.page.photometric == PALETTE {
            return self.indexed(samples);
        }
        let image = match samples {
            DecodingResult::U8(data) => self.of_bytes(self.unpacked(data)?)?,
            DecodingResult::U16(data) => self.of_words(data)?,
            _ => return Err(unsupported("TIFF of floating-point or 32-bit samples")),
        };
        Ok(self.with_sound_alpha(image))
    }

    /// Samples of fewer than 8 bits, one to a byte and over the whole range. Rows begin at whole bytes.
    fn unpacked(&self, data: Vec<u8>) -> Result<Vec<u8>, ImageError> {
        let bits = usize::from(self.page.bit_depth);
        if bits == 8 {
            return Ok(data);
        }
        let indices = self.indices(&data, bits)?;
        let most = (1u16 << bits) - 1;
        Ok(indices.into_iter().map(|index| (u16::from(index) * 255 / most) as u8).collect())
    }

    fn indices(&self, data: &[u8], bits: usize) -> Result<Vec<u8>, ImageError> {
        if !matches!(bits, 1 | 2 | 4 | 8) {
            return Err(unsupported("TIFF of an odd number of bits"));
        }
        let in_row = self.page.width as usize * self.channels;
        let row = (in_row * bits).div_ceil(8).max(1);
        let of_row = |row: &[u8]| -> Vec<u8> {
            let at = |index: usize| row[index * bits / 8] >> (8 - bits - index * bits % 8) & ((1u16 << bits) - 1) as u8;
            (0..in_row).map(at).collect()
        };
        Ok(data.chunks_exact(row).take(self.page.height as usize).flat_map(of_row).collect())
    }

    fn indexed(&self, samples: DecodingResult) -> Result<DynamicImage, ImageError> {
        let (DecodingResult::U8(data), Some(map)) = (samples, &self.map) else {
            return Err(unsupported("TIFF of 16-bit indices"));
        };
        let bits = usize::from(self.page.bit_depth);
        let indices = self.indices(&data, bits)?;
        let size = map.len() / 3;
        let level = |at: usize| map.get(at).map(|level| (level >> 8) as u8);
        let colour = |index: u8| {
            let index = usize::from(index);
            Some([level(index)?, level(size + index)?, level(2 * size + index)?])
        };
        let rgb: Option<Vec<[u8; 3]>> = indices.into_iter().map(colour).collect();
        let rgb = rgb.ok_or_else(|| malformed(Format::Tiff, "it has fewer colours than it uses"))?.concat();
        let image = RgbImage::from_raw(self.page.width, self.page.height, rgb);
        image.map(DynamicImage::ImageRgb8).ok_or_else(short)
    }

    fn of_bytes(&self, data: Vec<u8>) -> Result<DynamicImage, ImageError> {
        let (width, height) = (self.page.width, self.page.height);
        let (channels, data) = self.shaped(data)?;
        let image = match channels {
            1 => GrayImage::from_raw(width, height, data).map(DynamicImage::ImageLuma8),
            2 => ImageBuffer::<LumaA<u8>, _>::from_raw(width, height, data).map(DynamicImage::ImageLumaA8),
            3 => RgbImage::from_raw(width, height, data).map(DynamicImage::ImageRgb8),
            _ => RgbaImage::from_raw(width, height, data).map(DynamicImage::ImageRgba8),
        };
        image.ok_or_else(short)
    }

    fn of_words(&self, data: Vec<u16>) -> Result<DynamicImage, ImageError> {
        let (width, height) = (self.page.width, self.page.height);
        let (channels, data) = self.shaped(data)?;
        let image = match channels {
            1 => ImageBuffer::<Luma<u16>, _>::from_raw(width, height, data).map(DynamicImage::ImageLuma16),
            2 => ImageBuffer::<LumaA<u16>, _>::from_raw(width, height, data).map(DynamicImage::ImageLumaA16),
            3 => ImageBuffer::<Rgb<u16>, _>::from_raw(width, height, data).map(DynamicImage::ImageRgb16),
            _ => ImageBuffer::<Rgba<u16>, _>::from_raw(width, height, data).map(DynamicImage::ImageRgba16),
        };
        image.ok_or_else(short)
    }

    /// The samples pixel by pixel, with those left out that no picture here has room for, and how many a pixel has.
    fn shaped<T: Copy>(&self, data: Vec<T>) -> Result<(usize, Vec<T>), ImageError> {
        let pixels = self.page.width as usize * self.page.height as usize;
        let (all, wanted) = (self.channels, self.wanted());
        let data = data.get(..pixels * all).ok_or_else(short)?;
        match wanted == all {
            true => Ok((wanted, data.to_vec())),
            false => Ok((wanted, data.chunks_exact(all).flat_map(|pixel| &pixel[..wanted]).copied().collect())),
        }
    }

    /// Channels of the picture: the colours, and alpha where the first sample beyond them is that. Alpha beside inks is
    /// left out: presses have no use for it.
    fn wanted(&self) -> usize {
        let all = self.channels;
        let has_alpha = matches!(self.page.extra.first(), Some(1 | 2)) || self.page.is_unspecified();
        match self.page.photometric {
            0 | 1 => {
                if has_alpha {
                    2
                } else {
                    1
                }
            }
            5 => 4,
            _ if self.page.extra.is_empty() => 4,
            _ => {
                if has_alpha {
                    4
                } else {
                    3
                }
            }
        }
        .min(all)
    }

    /// Straight alpha; none where it hides everything though it never said that it was alpha.
    fn with_sound_alpha(&self, image: DynamicImage) -> DynamicImage {
        if self.page.inks || !image.color().has_alpha() {
            return image;
        }
        let mut image = match image {
            DynamicImage::ImageLumaA8(_) => DynamicImage::ImageRgba8(image.into_rgba8()),
            DynamicImage::ImageLumaA16(_) => DynamicImage::ImageRgba16(image.into_rgba16()),
            other => other,
        };
        if self.page.extra.first() == Some(&PREMULTIPLIED) {
            straighten(&mut image);
        }
        let hides_all = match &image {
            DynamicImage::ImageRgba8(image) => image.pixels().all(|pixel| pixel.0[3] == 0),
            DynamicImage::ImageRgba16(image) => image.pixels().all(|pixel| pixel.0[3] == 0),
            _ => false,
        };
        if self.page.is_unspecified() && hides_all { crate::decode::alpha::dropped(image) } else { image }
    }
}
