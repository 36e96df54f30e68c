//! The colours that a file is written in: its profile, and the way there from sRGB.

use cavendish_specs::Colour;
use image::RgbImage;
use moxcms::{ColorDateTime, ColorProfile, DataColorSpace, Layout, RenderingIntent, TransformOptions};
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock};

use crate::error::{ImageError, Reason};

/// Coated paper as ISO 12647-2 prints it, made with ArgyllCMS 2.3 from the characterisation data FOGRA39L (zlib licence):
/// `colprof -qm -bl -l 320 -kr -S sRGB.icc -cmt -dpp`.
const COATED: &[u8] = include_bytes!("../../profiles/coated.icc");

/// An output profile.
#[derive(Clone)]
pub struct OutputProfile {
    colour: Colour,
    icc: Arc<[u8]>,
    /// From sRGB to its colours; None for sRGB itself.
    way: Option<Arc<moxcms::Transform8BitExecutor>>,
}

impl fmt::Debug for OutputProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutputProfile").field("colour", &self.colour).field("icc_bytes", &self.icc.len()).finish()
    }
}

impl Default for OutputProfile {
    fn default() -> Self {
        Self::srgb()
    }
}

/// A picture in the colours of a profile, row by row.
pub(super) struct Samples<'a> {
    /// `channels` bytes a pixel; of CMYK 255 is all of the ink.
    pub(super) data: Cow<'a, [u8]>,
    /// 3 or 4.
    pub(super) channels: usize,
}

impl OutputProfile {
    /// sRGB.
    pub fn srgb() -> Self {
        static ICC: LazyLock<Arc<[u8]>> = LazyLock::new(|| dated(ColorProfile::new_srgb()));
        Self { colour: Colour::Srgb, icc: ICC.clone(), way: None }
    }

    /// Display P3.
    pub fn display_p3() -> Self {
        static PROFILE: LazyLock<OutputProfile> = LazyLock::new(|| {
            let profile = ColorProfile::new_display_p3();
            let way = way(&profile, Layout::Rgb, RenderingIntent::RelativeColorimetric);
            let way = Some(way.expect("matrices lead from sRGB to Display P3"));
            OutputProfile { colour: Colour::DisplayP3, icc: dated(profile), way }
        });
        PROFILE.clone()
    }

    /// Coated paper by ISO 12647-2, the most usual press in Europe, for who does not name another.
    pub fn coated() -> Self {
        static PROFILE: LazyLock<OutputProfile> =
            LazyLock::new(|| OutputProfile::press(COATED).expect("the built-in profile is one of CMYK"));
        PROFILE.clone()
    }

    /// The press of an ICC profile.
    ///
    /// # Errors
    /// [`Reason::Invalid`] when it is no profile, or not of a CMYK press.
    pub fn press(icc: &[u8]) -> Result<Self, ImageError> {
        let wrong = |what: String| ImageError::from(Reason::Invalid(what));
        let profile = ColorProfile::new_from_slice(icc).map_err(|e| wrong(format!("it is no ICC profile: {e}")))?;
        if profile.color_space != DataColorSpace::Cmyk {
            return Err(wrong(format!("it is a profile of {:?}, not of CMYK", profile.color_space)));
        }
        let way = way(&profile, Layout::Rgba, RenderingIntent::Perceptual)
            .map_err(|e| wrong(format!("it tells no way from sRGB to its inks: {e}")))?;
        Ok(Self { colour: Colour::Cmyk, icc: icc.into(), way: Some(way) })
    }

    /// Which colours they are.
    pub fn colour(&self) -> Colour {
        self.colour
    }

    /// The ICC profile that is written into files.
    pub fn icc(&self) -> &[u8] {
        &self.icc
    }

    /// The picture in these colours.
    ///
    /// # Errors
    /// [`Reason::Codec`] when the conversion fails.
    pub(super) fn samples<'a>(&self, image: &'a RgbImage) -> Result<Samples<'a>, ImageError> {
        let channels = if self.colour == Colour::Cmyk { 4 } else { 3 };
        let Some(way) = &self.way else { return Ok(Samples { data: Cow::Borrowed(image.as_raw()), channels }) };
        let (width, height) = (image.width() as usize, image.height() as usize);
        let mut data = vec![0; width * height * channels];
        for (from, to) in image.as_raw().chunks_exact(width * 3).zip(data.chunks_exact_mut(width * channels)) {
            way.transform(from, to).map_err(|e| Reason::Codec(format!("colour conversion: {e}")))?;
        }
        Ok(Samples { data: Cow::Owned(data), channels })
    }
}

fn way(
    to: &ColorProfile,
    layout: Layout,
    rendering_intent: RenderingIntent,
) -> Result<Arc<moxcms::Transform8BitExecutor>, moxcms::CmsError> {
    let options = TransformOptions { rendering_intent, ..TransformOptions::default() };
    ColorProfile::new_srgb().create_transform_8bit(Layout::Rgb, to, layout, options)
}

/// The bytes of a built-in profile, the same on every day.
fn dated(mut profile: ColorProfile) -> Arc<[u8]> {
    profile.creation_date_time =
        ColorDateTime { year: 2026, month: 1, day_of_the_month: 1, hours: 0, minutes: 0, seconds: 0 };
    // Built-in profiles always encode; without its profile a file would only lose its tag.
    profile.encode().unwrap_or_default().into()
}
