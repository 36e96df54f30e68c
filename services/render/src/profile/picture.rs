//! One picture: decoded under limits, cut out, and what it is worth.

use super::vision_error;
use bytes::Bytes;
use cavendish_conveyor::HandlerError;
use cavendish_domain::{ProfileKind, Reason, Verdict};
use cavendish_imaging::image::imageops::{FilterType, crop_imm, replace, resize, thumbnail};
use cavendish_imaging::image::{ExtendedColorType, ImageEncoder, RgbaImage, codecs::png};
use cavendish_imaging::{
    Cutout, CutoutHint, Decoded, Flaw, ImageError, Limits, Measures, decode, inspect, inspect_whole, reduced,
};
use cavendish_renderer::{PixelsAlpha, Vision};
use cavendish_service_kit::blocking;
use cavendish_store::ProfiledReference;
use cavendish_subjects::{SubjectError, cut_out};
use serde_json::json;
use sha2::{Digest, Sha256};

/// Longer side in pixels of what is embedded.
const EMBEDDED_SIDE: u32 = 384;
/// Room round the subject in its cut-out, as a share of its longer side.
const MARGIN: f32 = 0.03;

/// A picture that was looked at.
pub(super) struct Looked {
    /// The subject, cropped to itself and small enough for the encoder.
    pub(super) subject: PixelsAlpha,
    /// The subject as it is kept, PNG; none for a style.
    pub(super) cutout: Option<Bytes>,
    /// Names the file's bytes.
    pub(super) digest: [u8; 32],
    size: [u32; 2],
    confidence: f32,
    method: &'static str,
    measures: Measures,
    flaws: Vec<Flaw>,
}

impl Looked {
    /// What is written down of it.
    pub(super) fn row(&self, index: i32) -> ProfiledReference {
        let fatal = self.flaws.iter().any(Flaw::is_fatal);
        let verdict = match (fatal, self.flaws.is_empty()) {
            (true, _) => Verdict::Rejected,
            (false, true) => Verdict::Good,
            (false, false) => Verdict::Flagged,
        };
        let mut measures = json!(self.measures);
        measures["method"] = json!(self.method);
        ProfiledReference {
            index,
            cutout: None,
            size: Some(self.size),
            confidence: Some(self.confidence),
            verdict,
            reasons: self.flaws.iter().map(|flaw| Reason::new(flaw.code(), flaw.text())).collect(),
            measures,
            embedding: None,
        }
    }

    /// Width over height of the subject.
    pub(super) fn aspect(&self) -> f32 {
        self.subject.width as f32 / self.subject.height.max(1) as f32
    }

    /// Colours of the subject, evenly spread: about as many from every picture.
    pub(super) fn samples(&self) -> impl Iterator<Item = [u8; 3]> {
        const SAMPLES: usize = 8_192;
        let stride = (self.subject.rgba.len() / 4 / SAMPLES).max(1);
        let solid = self.subject.rgba.chunks_exact(4).step_by(stride).filter(|pixel| pixel[3] >= 200);
        solid.map(|pixel| [pixel[0], pixel[1], pixel[2]])
    }
}

/// Looks at a picture; the inner error says why it cannot be used at all.
///
/// # Errors
/// As the network says, or when the work panicked.
pub(super) async fn look(
    bytes: Bytes,
    kind: ProfileKind,
    vision: &dyn Vision,
) -> Result<Result<Looked, Reason>, HandlerError> {
    let opened = blocking(move || open(&bytes)).await?;
    let opened = match opened {
        Ok(opened) => opened,
        Err(error) => return Ok(Err(refused(&error))),
    };
    if !kind.is_cut_out() {
        return finish(opened, None).await;
    }
    match cut_out(vision, opened.picture.clone(), CutoutHint::default()).await {
        Ok(cut) => finish(opened, Some(cut)).await,
        Err(SubjectError::Picture(_)) => Ok(Err(Reason::new(Flaw::NothingFound.code(), Flaw::NothingFound.text()))),
        Err(SubjectError::Vision(error)) => Err(vision_error(error)),
        Err(error @ SubjectError::Panicked(_)) => Err(HandlerError::retryable("panicked", error)),
    }
}

/// A decoded picture.
struct Opened {
    picture: Decoded,
    digest: [u8; 32],
}

/// Decodes under limits.
fn open(bytes: &[u8]) -> Result<Opened, ImageError> {
    Ok(Opened { picture: decode(bytes, &Limits::allowed())?, digest: Sha256::digest(bytes).into() })
}

async fn finish(opened: Opened, cut: Option<Cutout>) -> Result<Result<Looked, Reason>, HandlerError> {
    let looked = blocking(move || assemble(&opened, cut.as_ref())).await?;
    Ok(looked.map_err(|error| refused(&error)))
}

fn assemble(opened: &Opened, cut: Option<&Cutout>) -> Result<Looked, ImageError> {
    let Opened { picture, digest } = opened;
    let (size, digest) = ([picture.image.width(), picture.image.height()], *digest);
    let (original, image) = (size[0].max(size[1]), &reduced(picture, None)?);
    let Some(cut) = cut else {
        let (measures, flaws) = inspect_whole(image, original)?;
        let rgba = cavendish_imaging::image::DynamicImage::ImageRgb8(image.clone()).to_rgba8();
        let (subject, cutout) = (embeddable(&rgba), None);
        return Ok(Looked { subject, cutout, digest, size, confidence: 1.0, method: "whole", measures, flaws });
    };
    let (measures, flaws) = inspect(image, cut, original)?;
    let bbox = cut.bbox;
    let own = crop_imm(&cut.rgba, bbox.x, bbox.y, bbox.width, bbox.height).to_image();
    let method = match cut.method {
        cavendish_imaging::Method::Alpha => "alpha",
        cavendish_imaging::Method::PlainBackdrop => "plain_backdrop",
        cavendish_imaging::Method::GrabCut => "grab_cut",
        cavendish_imaging::Method::Network => "network",
        cavendish_imaging::Method::Mask => "mask",
    };
    let cutout = Some(kept(&own)?.into());
    let subject = embeddable(&own);
    Ok(Looked { subject, cutout, digest, size, confidence: cut.confidence, method, measures, flaws })
}

/// At most as large as the encoder looks at.
fn embeddable(own: &RgbaImage) -> PixelsAlpha {
    let (width, height) = own.dimensions();
    let scale = EMBEDDED_SIDE as f32 / width.max(height) as f32;
    let small = match scale < 1.0 {
        true => {
            let [w, h] = [width, height].map(|side| ((side as f32 * scale).round() as u32).max(1));
            if scale < 0.5 { thumbnail(own, w, h) } else { resize(own, w, h, FilterType::Triangle) }
        }
        false => own.clone(),
    };
    PixelsAlpha { width: small.width(), height: small.height(), rgba: small.into_raw() }
}

/// The cut-out with a little room round it, so that its edge is never that of the file.
fn kept(own: &RgbaImage) -> Result<Vec<u8>, ImageError> {
    let (width, height) = own.dimensions();
    let margin = ((width.max(height) as f32 * MARGIN).round() as u32).max(2);
    let mut canvas = RgbaImage::new(width + 2 * margin, height + 2 * margin);
    replace(&mut canvas, own, i64::from(margin), i64::from(margin));
    let mut bytes = vec![];
    let encoder = png::PngEncoder::new_with_quality(&mut bytes, png::CompressionType::Fast, png::FilterType::Sub);
    encoder
        .write_image(canvas.as_raw(), canvas.width(), canvas.height(), ExtendedColorType::Rgba8)
        .map_err(|error| cavendish_imaging::Reason::Codec(error.to_string()))?;
    Ok(bytes)
}

fn refused(error: &ImageError) -> Reason {
    Reason::new("unreadable", error.reason.to_string())
}
