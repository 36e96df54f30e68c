//! PDF, as printers take it: a page that is the picture, with the line along which it is cut and the press it is made for.
//! Lossless. What [`crate::measure`] reads again is what is written here.

use flate2::{Compression, write::ZlibEncoder};
use image::RgbImage;
use pdf_writer::types::{OutputIntentSubtype, Predictor};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, TextStr};
use std::io::Write;

use super::profile::{OutputProfile, Samples};
use crate::error::{ImageError, Reason};

/// Points of an inch and of a millimetre.
pub(crate) const POINTS_PER_INCH: f32 = 72.0;
pub(crate) const POINTS_PER_MM: f32 = POINTS_PER_INCH / 25.4;

// The objects, in their order.
const CATALOG: i32 = 1;
const PAGES: i32 = 2;
const PAGE: i32 = 3;
const PICTURE: i32 = 4;
const CONTENT: i32 = 5;
const PROFILE: i32 = 6;
const METADATA: i32 = 7;

pub(super) fn encode(
    image: &RgbImage,
    profile: &OutputProfile,
    dpi: Option<u32>,
    bleed_mm: f32,
    xmp: Option<&str>,
) -> Result<Vec<u8>, ImageError> {
    let samples = profile.samples(image)?;
    let id = Ref::new;
    let dpi = dpi.unwrap_or(POINTS_PER_INCH as u32) as f32;
    let [width, height] = [image.width(), image.height()].map(|side| side as f32 / dpi * POINTS_PER_INCH);
    let bleed = bleed_mm * POINTS_PER_MM;
    let sheet = Rect::new(0.0, 0.0, width, height);
    let mut pdf = Pdf::new();
    let mut catalog = pdf.catalog(id(CATALOG));
    catalog.pages(id(PAGES));
    if xmp.is_some() {
        catalog.metadata(id(METADATA));
    }
    if samples.channels == 4 {
        let mut intents = catalog.output_intents();
        let mut intent = intents.push();
        intent.subtype(OutputIntentSubtype::PDFX).output_condition_identifier(TextStr("Custom"));
        intent.dest_output_profile(id(PROFILE));
    }
    catalog.finish();
    pdf.pages(id(PAGES)).kids([id(PAGE)]).count(1);
    let mut page = pdf.page(id(PAGE));
    page.parent(id(PAGES)).media_box(sheet).bleed_box(sheet).contents(id(CONTENT));
    page.trim_box(Rect::new(bleed, bleed, width - bleed, height - bleed));
    page.resources().x_objects().pair(Name(b"Picture"), id(PICTURE));
    page.finish();
    picture(&mut pdf, image, &samples)?;
    let mut content = Content::new();
    content.save_state().transform([width, 0.0, 0.0, height, 0.0, 0.0]).x_object(Name(b"Picture")).restore_state();
    pdf.stream(id(CONTENT), &content.finish());
    pdf.icc_profile(id(PROFILE), profile.icc()).n(samples.channels as i32);
    if let Some(xmp) = xmp {
        pdf.metadata(id(METADATA), xmp.as_bytes());
    }
    Ok(pdf.finish())
}

fn picture(pdf: &mut Pdf, image: &RgbImage, samples: &Samples<'_>) -> Result<(), ImageError> {
    let (width, channels) = (image.width() as usize, samples.channels);
    let packed = packed(&samples.data, width * channels, channels).map_err(|e| Reason::Codec(e.to_string()))?;
    let mut object = pdf.image_xobject(Ref::new(PICTURE), &packed);
    object.width(image.width() as i32).height(image.height() as i32).bits_per_component(8);
    object.color_space().icc_based(Ref::new(PROFILE));
    object.filter(Filter::FlateDecode);
    let mut parameters = object.decode_parms();
    parameters.predictor(Predictor::Tiff).colors(channels as i32).bits_per_component(8).columns(width as i32);
    Ok(())
}

/// Every sample less the one to the left of it, deflated: neighbours are alike.
fn packed(data: &[u8], row: usize, channels: usize) -> std::io::Result<Vec<u8>> {
    let mut deflate = ZlibEncoder::new(Vec::new(), Compression::fast());
    let mut line = vec![0; row];
    for samples in data.chunks_exact(row) {
        line.copy_from_slice(samples);
        for at in (channels..row).rev() {
            line[at] = line[at].wrapping_sub(samples[at - channels]);
        }
        deflate.write_all(&line)?;
    }
    deflate.finish()
}
