//! The pictures of a page: fetched, reduced, and written into it, so that it can be sent around as one file.

use crate::client::Client;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cavendish_gateway::api::subjects::{ReferenceStatus, SubjectStatus};
use cavendish_imaging::image::ImageFormat;
use cavendish_imaging::{ImageError, Limits, Reason, decode, reduced, resize_rgba, transparent_webp};
use futures::{StreamExt, TryStreamExt};
use std::io::Cursor;

/// Bytes of one picture, at most.
const MOST_BYTES: usize = 64 << 20;
/// Longer side in pixels on the page.
const SIDE: u32 = 480;
/// Of cut-outs at 100 %: their edges are what is looked at, and alpha loses nothing.
const QUALITY: u8 = 90;
/// Pictures in hand at once.
const AT_ONCE: usize = 3;

/// A reference's pictures as data URLs; `None` for what there is not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Picture {
    pub(crate) source: Option<String>,
    pub(crate) cutout: Option<String>,
    pub(crate) actual: Option<Actual>,
}

/// A cut-out pixel by pixel, without what is empty round it.
#[derive(Debug, Clone)]
pub(crate) struct Actual {
    pub(crate) url: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Fetches the pictures of the references, in their order.
///
/// # Errors
/// When one cannot be fetched; one that cannot be read is left out.
pub(crate) async fn pictures(client: &Client, status: &SubjectStatus) -> anyhow::Result<Vec<Picture>> {
    let rows: Vec<ReferenceStatus> = status.profile.pictures.clone();
    futures::stream::iter(rows.into_iter().map(|row| of(client, row))).buffered(AT_ONCE).try_collect().await
}

async fn of(client: &Client, row: ReferenceStatus) -> anyhow::Result<Picture> {
    let source = client.fetch(&row.url, MOST_BYTES).await?;
    let cutout = match &row.cutout_url {
        Some(url) => Some(client.fetch(url, MOST_BYTES).await?),
        None => None,
    };
    Ok(tokio::task::spawn_blocking(move || Picture {
        source: small(&source, false).ok(),
        cutout: cutout.as_ref().and_then(|bytes| small(bytes, true).ok()),
        actual: cutout.and_then(|bytes| actual(&bytes).ok()),
    })
    .await?)
}

/// The picture at the page's size: PNG where alpha counts, otherwise JPEG.
fn small(bytes: &[u8], alpha: bool) -> Result<String, ImageError> {
    let picture = decode(bytes, &Limits::default())?;
    let image = reduced(&picture, Some(SIDE))?;
    let (width, height) = image.dimensions();
    let (image, format) = match alpha {
        true => (resize_rgba(&picture.to_rgba(), width, height)?.into(), ImageFormat::Png),
        false => (cavendish_imaging::image::DynamicImage::from(image), ImageFormat::Jpeg),
    };
    let mut file = Cursor::new(vec![]);
    image.write_to(&mut file, format).map_err(|error| Reason::Codec(error.to_string()))?;
    Ok(url(format, &file.into_inner()))
}

fn actual(bytes: &[u8]) -> Result<Actual, ImageError> {
    let image = decode(bytes, &Limits::stored())?.to_rgba();
    let seen = |x: u32, y: u32| image.get_pixel(x, y).0[3] > 0;
    let (mut left, mut top, mut right, mut bottom) = (image.width(), image.height(), 0, 0);
    for (x, y) in
        (0..image.height()).flat_map(|y| (0..image.width()).map(move |x| (x, y))).filter(|(x, y)| seen(*x, *y))
    {
        (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1));
    }
    let (width, height) = (right.saturating_sub(left).max(1), bottom.saturating_sub(top).max(1));
    let part = cavendish_imaging::image::imageops::crop_imm(&image, left, top, width, height).to_image();
    Ok(Actual { url: url(ImageFormat::WebP, &transparent_webp(&part, QUALITY)?), width, height })
}

fn url(format: ImageFormat, file: &[u8]) -> String {
    format!("data:{};base64,{}", format.to_mime_type(), STANDARD.encode(file))
}
