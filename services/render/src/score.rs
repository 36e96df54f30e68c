//! How like themselves the subjects of a render are. The render's consistency is that of the subject least like itself;
//! one that is missing has 0.

use crate::handler::render_error;
use crate::kept::{Kept, alpha_pixels};
use cavendish_conveyor::HandlerError;
use cavendish_imaging::image::{RgbImage, RgbaImage};
use cavendish_imaging::{PixelBox, Region, regions};
use cavendish_renderer::{Embedding, Pixels, Vision};
use cavendish_service_kit::blocking;
use serde::Serialize;

/// The scores of a render.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Score {
    /// That of the subject least like itself, 0..=1.
    pub(crate) least: f32,
    /// In the order of the shot's subjects.
    pub(crate) subjects: Vec<SubjectScore>,
}

/// How like itself one subject is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SubjectScore {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Calibrated, 0..=1; of a subject that was placed, no more than its cut-out is sure.
    consistency: f32,
    /// To the nearest of its references; absent where it was not found.
    #[serde(skip_serializing_if = "Option::is_none")]
    cosine: Option<f32>,
    /// Where it was found: left, top, width, height in pixels of the render.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<[u32; 4]>,
}

/// Looks for the subjects in a drawn image: what stands out, part by part, each given to the subject it is most like.
///
/// # Errors
/// As seeing goes wrong.
pub(crate) async fn drawn(vision: &dyn Vision, image: &RgbImage, kept: &[Kept]) -> Result<Score, HandlerError> {
    let (width, height) = image.dimensions();
    let picture = Pixels { width, height, rgb: image.as_raw().clone() };
    let matte = vision.matte(picture).await.map_err(render_error)?;
    let (image, wanted) = (image.clone(), kept.len());
    let (found, cuts) = blocking(move || {
        let found = regions(&matte.alpha, matte.width, matte.height, wanted)?;
        let cuts: Vec<RgbaImage> = found.iter().map(|region| region.cut(&image, &matte.alpha)).collect();
        Ok::<_, cavendish_imaging::ImageError>((found, cuts))
    })
    .await?
    .map_err(|error| HandlerError::permanent("score", error))?;
    let embeddings = vision.embed(cuts.into_iter().map(alpha_pixels).collect()).await.map_err(render_error)?;
    let bounds: Vec<PixelBox> = found.into_iter().map(|Region { bounds, .. }| bounds).collect();
    Ok(score(vision, kept, &bounds, &assign(vision, kept, &embeddings), &embeddings, |_| 1.0))
}

/// Looks at the subjects of a composed image where they were placed, each cropped to its own visible pixels. What is placed
/// is the product only as surely as its cut-out is.
///
/// # Errors
/// As seeing goes wrong.
pub(crate) async fn placed(
    vision: &dyn Vision,
    cuts: Vec<RgbaImage>,
    bounds: &[PixelBox],
    kept: &[Kept],
) -> Result<Score, HandlerError> {
    let embeddings = vision.embed(cuts.into_iter().map(alpha_pixels).collect()).await.map_err(render_error)?;
    let own: Vec<Option<usize>> = (0..kept.len()).map(|at| (at < embeddings.len()).then_some(at)).collect();
    Ok(score(vision, kept, bounds, &own, &embeddings, |kept| kept.confidence))
}

fn score(
    vision: &dyn Vision,
    kept: &[Kept],
    bounds: &[PixelBox],
    given: &[Option<usize>],
    embeddings: &[Embedding],
    at_most: impl Fn(&Kept) -> f32,
) -> Score {
    let one = |(kept, given): (&Kept, &Option<usize>)| {
        let cosine = given.and_then(|at| embeddings.get(at)?.nearest(&kept.embeddings));
        let region = given.and_then(|at| bounds.get(at)).map(|b| [b.x, b.y, b.width, b.height]);
        let consistency = cosine.map_or(0.0, |cosine| vision.consistency(cosine)).min(at_most(kept));
        SubjectScore { name: kept.name.clone(), consistency, cosine, region }
    };
    let subjects: Vec<SubjectScore> = kept.iter().zip(given).map(one).collect();
    let least = subjects.iter().map(|subject| subject.consistency).fold(1.0, f32::min);
    Score { least, subjects }
}

/// Which region each subject is given, so that all together are most like themselves. There are few of both, so every
/// way is tried.
fn assign(vision: &dyn Vision, kept: &[Kept], regions: &[Embedding]) -> Vec<Option<usize>> {
    let like = |kept: &Kept, region: &Embedding| {
        region.nearest(&kept.embeddings).map_or(0.0, |cosine| vision.consistency(cosine))
    };
    let table: Vec<Vec<f32>> =
        kept.iter().map(|kept| regions.iter().map(|region| like(kept, region)).collect()).collect();
    let (mut best, mut way) = ((-1.0, vec![None; kept.len()]), vec![]);
    try_all(&table, 0.0, &mut way, &mut best);
    best.1
}

fn try_all(table: &[Vec<f32>], sum: f32, way: &mut Vec<Option<usize>>, best: &mut (f32, Vec<Option<usize>>)) {
    let Some(row) = table.get(way.len()) else {
        if sum > best.0 {
            *best = (sum, way.clone());
        }
        return;
    };
    let free: Vec<usize> = (0..row.len()).filter(|at| !way.contains(&Some(*at))).collect();
    for at in &free {
        way.push(Some(*at));
        try_all(table, sum + row[*at], way, best);
        way.pop();
    }
    // Nobody needs to be given anything: what is left may be more like another.
    way.push(None);
    try_all(table, sum, way, best);
    way.pop();
}

#[cfg(test)]
mod tests {
    use super::*;
    use cavendish_imaging::image::{Rgb, Rgba};
    use cavendish_renderer::FakeVision;

    const RED: [u8; 3] = [200, 20, 20];
    const BLUE: [u8; 3] = [20, 20, 200];

    async fn kept(name: &str, colour: [u8; 3]) -> Kept {
        let [r, g, b] = colour;
        let square = cavendish_renderer::PixelsAlpha { width: 4, height: 4, rgba: [r, g, b, 255].repeat(16) };
        let embeddings = FakeVision.embed(vec![square]).await.unwrap();
        Kept { name: Some(name.into()), cutouts: vec![], confidence: 1.0, size: 1.0, embeddings }
    }

    /// Squares of 20 pixels side by side on white.
    fn squares(colours: &[[u8; 3]]) -> RgbImage {
        RgbImage::from_fn(30 * colours.len() as u32 + 10, 40, |x, y| {
            let inside = x >= 10 && (x - 10) % 30 < 20 && (10..30).contains(&y);
            let colour = colours.get(((x.max(10) - 10) / 30) as usize).filter(|_| inside);
            Rgb(*colour.unwrap_or(&[255; 3]))
        })
    }

    async fn scores(image: &RgbImage) -> Vec<f32> {
        let kept = [kept("red", RED).await, kept("blue", BLUE).await];
        let score = drawn(&FakeVision, image, &kept).await.unwrap();
        let each: Vec<f32> = score.subjects.iter().map(|subject| subject.consistency).collect();
        assert_eq!(score.least, each[0].min(each[1]));
        each.into_iter().map(|consistency| (consistency * 100.0).round() / 100.0).collect()
    }

    #[tokio::test]
    async fn every_subject_is_found_wherever_it_stands_and_a_missing_one_has_nothing() {
        assert_eq!(scores(&squares(&[RED, BLUE])).await, [1.0, 1.0]);
        assert_eq!(scores(&squares(&[[20, 200, 20], BLUE, RED])).await, [1.0, 1.0]);
        assert_eq!(scores(&squares(&[BLUE])).await, [0.0, 1.0]);
        assert_eq!(scores(&squares(&[])).await, [0.0, 0.0]);
    }

    #[tokio::test]
    async fn a_region_is_given_to_one_subject_only() {
        let image = squares(&[RED]);
        let twins = [kept("one", RED).await, kept("two", RED).await];
        let score = drawn(&FakeVision, &image, &twins).await.unwrap();
        assert_eq!(score.subjects.iter().filter(|subject| subject.region.is_some()).count(), 1);
        assert_eq!(score.least, 0.0);
    }

    #[tokio::test]
    async fn a_placed_subject_is_no_surer_than_its_cut_out() {
        let cut = || RgbaImage::from_pixel(4, 4, Rgba([RED[0], RED[1], RED[2], 255]));
        let bounds = [PixelBox { x: 0, y: 0, width: 4, height: 4 }];
        for (confidence, consistency) in [(1.0, 1.0), (0.3, 0.3)] {
            let kept = [Kept { confidence, ..kept("red", RED).await }];
            let score = placed(&FakeVision, vec![cut()], &bounds, &kept).await.unwrap();
            assert!((score.least - consistency).abs() < 0.01, "{}", score.least);
        }
    }
}
