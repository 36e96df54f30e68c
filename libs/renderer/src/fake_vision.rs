use crate::{Embedding, Matte, Pixels, PixelsAlpha, RenderError, Vision, VisionInfo};
use async_trait::async_trait;

/// Sees by arithmetic, without libtorch: what differs from the corners' colour is the subject, and a subject is the
/// histogram of its colours. For tests of the line.
#[derive(Debug, Clone, Copy, Default)]
pub struct FakeVision;

/// Levels of each channel that the histogram tells apart.
const LEVELS: usize = 4;

#[async_trait]
impl Vision for FakeVision {
    fn info(&self) -> VisionInfo {
        let dimensions = LEVELS.pow(3) as u32;
        VisionInfo { cutout: "fake".into(), encoder: "fake".into(), dimensions }
    }

    async fn matte(&self, picture: Pixels) -> Result<Matte, RenderError> {
        if !picture.is_whole() {
            return Err(RenderError::Invalid { field: "picture", reason: "is empty or lacks bytes".into() });
        }
        let corner = &picture.rgb[..3];
        let differs = |pixel: &[u8]| pixel.iter().zip(corner).any(|(a, b)| a.abs_diff(*b) > 12);
        let alpha = picture.rgb.chunks_exact(3).map(|pixel| if differs(pixel) { 255 } else { 0 }).collect();
        Ok(Matte { width: picture.width, height: picture.height, alpha, confidence: 1.0 })
    }

    async fn embed(&self, subjects: Vec<PixelsAlpha>) -> Result<Vec<Embedding>, RenderError> {
        subjects.iter().map(histogram).collect()
    }

    fn consistency(&self, cosine: f32) -> f32 {
        cosine.clamp(0.0, 1.0)
    }
}

fn histogram(subject: &PixelsAlpha) -> Result<Embedding, RenderError> {
    let invalid = |reason: &str| RenderError::Invalid { field: "subjects", reason: reason.into() };
    if subject.rgba.len() != subject.width as usize * subject.height as usize * 4 {
        return Err(invalid("a picture lacks bytes"));
    }
    let mut counts = vec![0.0_f32; LEVELS.pow(3)];
    for pixel in subject.rgba.chunks_exact(4).filter(|pixel| pixel[3] >= 128) {
        let bin = |value: u8| usize::from(value) * LEVELS / 256;
        counts[(bin(pixel[0]) * LEVELS + bin(pixel[1])) * LEVELS + bin(pixel[2])] += 1.0;
    }
    let length = counts.iter().map(|count| count * count).sum::<f32>().sqrt();
    if length == 0.0 {
        return Err(invalid("a picture shows nothing"));
    }
    Ok(Embedding(counts.into_iter().map(|count| count / length).collect()))
}
