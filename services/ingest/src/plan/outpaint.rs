//! Which deliverables may show more than the render that feeds them: a model that can draws on what lies beyond its edges.

use super::Circumstances;
use cavendish_domain::{Brief, Frame, Outpaint, Reason, Way};

/// Difference of two aspect ratios, as that of their logarithms, from which a frame may show more than the render.
const OTHER_RATIO: f64 = 0.05;

/// What is drawn on beyond renders of this size, should their backdrops not be plain; None where the model cannot, subjects
/// are placed into every shape anew, or every shape is the render's.
pub(super) fn of(brief: &Brief, way: Way, size: [u32; 2], under: &Circumstances<'_>) -> Option<Outpaint> {
    let outpaints = under.outlook.model.as_ref().is_some_and(|facts| facts.outpaints);
    if !outpaints || matches!(way, Way::Placed { .. }) {
        return None;
    }
    let mut frames: Vec<Frame> = vec![];
    for spec in brief.deliverables.iter().filter_map(|wanted| under.specs.get(&wanted.spec).ok()) {
        let (width, height) = (spec.size.width, spec.size.height);
        let frame = Frame { width, height, safe: spec.safe_area(width, height) };
        if !spec.is_packshot() && is_other(&frame, size) && !frames.contains(&frame) {
            frames.push(frame);
        }
    }
    (!frames.is_empty()).then(|| Outpaint { prompt: brief.continued_scene(), frames })
}

/// Whether a frame is of another shape than a render of this size, or keeps its subject from its edges.
fn is_other(frame: &Frame, [width, height]: [u32; 2]) -> bool {
    let ratio = f64::from(frame.width) / f64::from(frame.height) / (f64::from(width) / f64::from(height));
    ratio.ln().abs() > OTHER_RATIO || frame.safe != [0.0, 0.0, frame.width as f32, frame.height as f32]
}

pub(super) fn reason(outpaint: &Outpaint) -> Reason {
    let count = outpaint.frames.len();
    let shapes = if count == 1 { "1 shape".into() } else { format!("{count} shapes") };
    let text = format!("a scene is drawn on beyond its edges where {shapes} of the deliverables show more than it");
    Reason::new("outpaint", text)
}
