//! The pictures of a page: fetched, reduced, and written into it, so that it can be sent around as one file.

use crate::client::Client;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cavendish_gateway::api::subjects::{ReferenceStatus, SubjectStatus};
use cavendish_imaging::image::ImageFormat;
use cavendish_imaging::{ImageError, Limits, Reason, decode, reduced, resize_rgba};
use futures::{StreamExt, TryStreamExt};
use std::io::Cursor;

/// Bytes of one picture, at most.
const MOST_BYTES: usize = 64 << 20;
/// Longer side in pixels on the page.
const SIDE: u32 = 480;
/// Pictures in hand at once.
const AT_ONCE: usize = 3;

/// A reference's pictures as data URLs; `None` for what there is not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Picture {
    pub(crate) source: Option<String>,
    pub(crate) cutout: Option<String>,
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
        cutout: cutout.and_then(|bytes| small(&bytes, true).ok()),
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
    Ok(format!("data:{};base64,{}", format.to_mime_type(), STANDARD.encode(file.into_inner())))
}
