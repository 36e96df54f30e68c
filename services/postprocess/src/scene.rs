//! The pixels of a shot, ready to be set into any shape.

use crate::source::Source;
use cavendish_domain::ShotRequest;
use cavendish_imaging::image::RgbImage;
use cavendish_imaging::{
    Backdrop, Cutout, CutoutHint, DOUBTFUL, Decoded, FitMode, Fitted, Ground, ImageError, Marking, Piece, PixelBox,
    Placement, Render, compose_on, cutout, cutout_by_alpha,
};
use cavendish_specs::Spec;
use serde::Serialize;

/// Share of the frame that a placed subject fills where its spec does not say.
const USUAL_FILL: f32 = 0.72;

/// What the assets of a shot are made from.
#[derive(Debug)]
pub(crate) struct Scene {
    /// The subjects and how tall they stand beside each other; in a drawn scene what could be told from its surroundings.
    subjects: Vec<(Cutout, f32)>,
    /// The whole render, when the model drew it, and where its subject is, `[left, top, right, bottom]` as shares of it, if
    /// one stands out.
    render: Option<(Render<'static>, Option<[f32; 4]>)>,
    /// The drawn scene that the subjects are placed in.
    surroundings: Option<RgbImage>,
    backdrop: Backdrop,
    /// What is doubtful about the cut-outs.
    pub(crate) uncertain: Option<String>,
    variant: u32,
}

/// A scene in the shape of one spec.
pub(crate) struct Picture {
    pub(crate) image: RgbImage,
    pub(crate) layout: Layout,
    /// Where the subjects are together; None where none was found.
    pub(crate) subject: Option<PixelBox>,
}

/// How the scene was brought into shape, for the report.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Layout {
    /// `composed`, `composed-in-scene`, or how the render was fitted.
    pub(crate) mode: String,
    /// Pixels of the picture per pixel of the source; above 1 the source had too few.
    pub(crate) scale: f32,
}

impl Scene {
    /// Takes cut-outs (placed) or a render (drawn) apart; of a render the subject itself where there are `packshots` to make.
    ///
    /// # Errors
    /// When a subject that is to be kept cannot be read.
    pub(crate) fn new(source: Source, request: &ShotRequest, packshots: bool) -> Result<Self, ImageError> {
        match source {
            Source::Drawn(picture, wider) => Ok(Self::drawn(&picture, wider, request, packshots)),
            Source::Placed { cutouts, surroundings, backdrop } => {
                let kept = request.kept();
                let size = |at: usize| kept.get(at).and_then(|subject| subject.size).unwrap_or(1.0);
                // What was cut out once is not looked for again, however little is left round it.
                let read = |(at, picture): (usize, &Decoded)| Ok((cutout_by_alpha(picture, &hint(request))?, size(at)));
                Ok(Self {
                    subjects: cutouts.iter().enumerate().map(read).collect::<Result<_, ImageError>>()?,
                    render: None,
                    surroundings: surroundings.map(|picture| picture.to_rgb()),
                    backdrop: Backdrop::named(&backdrop.0).unwrap_or_else(Backdrop::light_grey),
                    uncertain: doubts(request),
                    variant: request.variant,
                })
            }
        }
    }

    fn drawn(picture: &Decoded, wider: Vec<(RgbImage, [u32; 2])>, request: &ShotRequest, packshots: bool) -> Self {
        let mut render = Render::from(picture.to_rgb());
        let found = render.found(request.most_side());
        let bounds = found.as_ref().and_then(Cutout::standing_out);
        let subject = match packshots && !render.is_plain() {
            true => cutout(picture, &hint(request)).ok(),
            false => found,
        };
        let uncertain = match &subject {
            None => Some("no subject stands out in the render".into()),
            Some(cut) if cut.confidence < DOUBTFUL => cut.uncertain.clone(),
            Some(_) => None,
        };
        for (wider, at) in wider {
            render = render.outpainted(wider, at);
        }
        let subjects = subject.into_iter().map(|cut| (cut, 1.0)).collect();
        let (backdrop, variant) = (Backdrop::white(), request.variant);
        Self { subjects, render: Some((render, bounds)), surroundings: None, backdrop, uncertain, variant }
    }

    /// Whether a model drew any of what a file for `spec` shows.
    pub(crate) fn is_drawn(&self, spec: &Spec) -> bool {
        self.marking(spec) != Marking::Composite
    }

    /// How the pixels of a file for `spec` came to be.
    pub(crate) fn marking(&self, spec: &Spec) -> Marking {
        match (&self.render, &self.surroundings) {
            (Some(_), _) => Marking::TrainedAlgorithmicMedia,
            (None, Some(_)) if !spec.is_packshot() => Marking::CompositeWithTrainedAlgorithmicMedia,
            // The subjects' own pixels on a computed backdrop: no model drew any of it.
            (None, _) => Marking::Composite,
        }
    }

    /// Brings the scene into the shape of `spec`: packshots are set on white, kept subjects on their backdrop or in their
    /// scene, a drawn scene is cropped or continued. The subjects stay within `area` (left, top, right, bottom in pixels; None:
    /// the spec's safe area), but a packshot fills its frame as its spec wants it.
    ///
    /// # Errors
    /// When the spec's size or safe area is empty.
    pub(crate) fn shape(&self, spec: &Spec, area: Option<[f32; 4]>) -> Result<Picture, ImageError> {
        let (width, height) = (spec.size.width, spec.size.height);
        let packshot = spec.is_packshot();
        match (&self.render, &self.surroundings) {
            (Some((render, subject)), _) if !packshot || self.subjects.is_empty() => {
                let fitted = fitted(render, *subject, spec, area)?;
                let mode = serde_json::to_value(fitted.mode).ok().and_then(|mode| mode.as_str().map(String::from));
                let layout = Layout { mode: mode.unwrap_or_default(), scale: fitted.scale };
                let subject = fitted.subject.or_else(|| self.seen(render.image(), fitted.scale, (width, height)));
                Ok(Picture { image: fitted.image, layout, subject })
            }
            (None, Some(scene)) if !packshot => self.compose(Ground::Scene(scene), "composed-in-scene", spec, area),
            _ => self.compose(Ground::Studio(&self.varied(packshot)), "composed", spec, area.filter(|_| !packshot)),
        }
    }

    /// Where the subject of a render is in a picture that shows the middle of it at this scale.
    fn seen(&self, render: &RgbImage, scale: f32, picture: (u32, u32)) -> Option<PixelBox> {
        let (cutout, _) = self.subjects.first()?;
        let PixelBox { x, y, width, height } = cutout.bbox;
        // Along one side: from and to, in pixels of the picture.
        let along = |from: u32, length: u32, of: u32, render: u32, side: u32| {
            let corner = (side as f32 - render as f32 * scale) / 2.0;
            let at = |place: u32| (place as f32 / of as f32 * render as f32 * scale + corner).clamp(0.0, side as f32);
            (at(from).floor() as u32, at(from + length).ceil() as u32)
        };
        let (left, right) = along(x, width, cutout.rgba.width(), render.width(), picture.0);
        let (top, bottom) = along(y, height, cutout.rgba.height(), render.height(), picture.1);
        Some(PixelBox { x: left, y: top, width: right - left, height: bottom - top })
    }

    fn compose(
        &self,
        ground: Ground<'_>,
        mode: &str,
        spec: &Spec,
        area: Option<[f32; 4]>,
    ) -> Result<Picture, ImageError> {
        let (width, height) = (spec.size.width, spec.size.height);
        let usual = match ground {
            Ground::Studio(_) => Placement { fill: USUAL_FILL, ..Placement::default() },
            Ground::Scene(_) => Placement::in_scene(),
        };
        let fill = spec.fill.map_or(usual.fill, |fill| fill.target);
        let placement = Placement { fill, safe: area.or(Some(spec.safe_area(width, height))), ..usual };
        let pieces: Vec<_> = self.subjects.iter().map(|(cutout, size)| Piece { cutout, size: *size }).collect();
        let scene = compose_on(width, height, ground, &pieces, &placement)?;
        let layout = Layout { mode: mode.into(), scale: scene.scale };
        Ok(Picture { image: scene.image, layout, subject: Some(scene.subject) })
    }

    /// The backdrop of this variant: packshots are white, scenes are lit from another side each time.
    fn varied(&self, packshot: bool) -> Backdrop {
        if packshot {
            return Backdrop::white();
        }
        let light = [-0.6, 0.6, 0.0][self.variant as usize % 3];
        Backdrop { light, seed: u64::from(self.variant), ..self.backdrop.clone() }
    }
}

/// The render in the shape of `spec`, its subject within `area` where its surroundings can be continued for that.
fn fitted(
    render: &Render<'_>,
    subject: Option<[f32; 4]>,
    spec: &Spec,
    area: Option<[f32; 4]>,
) -> Result<Fitted, ImageError> {
    let (width, height) = (spec.size.width, spec.size.height);
    if area.is_some() {
        let moved = render.fit(width, height, subject, area)?;
        if moved.mode != FitMode::Padded {
            return Ok(moved);
        }
    }
    render.fit(width, height, subject, Some(spec.safe_area(width, height)))
}

/// What is doubtful about the cut-outs that are placed, named where there are several.
fn doubts(request: &ShotRequest) -> Option<String> {
    let kept = request.kept();
    let several = kept.len() > 1;
    let doubts = kept.iter().enumerate().filter_map(|(at, subject)| {
        let doubt = subject.cutouts.first()?.uncertain.clone()?;
        let name = subject.name.clone().unwrap_or_else(|| format!("subject {}", at + 1));
        Some(if several { format!("{name}: {doubt}") } else { doubt })
    });
    Some(doubts.collect::<Vec<_>>().join("; ")).filter(|doubts| !doubts.is_empty())
}

fn hint(request: &ShotRequest) -> CutoutHint {
    CutoutHint { most_side: request.most_side(), ..CutoutHint::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cavendish_imaging::image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
    use cavendish_imaging::{Limits, decode};
    use serde_json::json;

    #[test]
    fn a_subject_that_fills_its_picture_is_placed_as_it_was_cut_out() {
        // Like a bust that leaves the picture on three sides: hardly anything round it is transparent.
        let cut = RgbaImage::from_fn(200, 200, |x, y| Rgba([180, 40, 40, if x < 60 && y < 50 { 0 } else { 255 }]));
        let mut png = std::io::Cursor::new(vec![]);
        DynamicImage::from(cut).write_to(&mut png, ImageFormat::Png).expect("PNG is written");
        let cutouts = vec![decode(png.get_ref(), &Limits::stored()).expect("it is read")];
        let request: ShotRequest = serde_json::from_value(json!({
            "variant": 0, "prompt": "", "seed": 1, "width": 64, "height": 64, "deliverables": [0],
            "method": {"kind": "compose", "backdrop": "white"}
        }))
        .expect("a request");
        let backdrop = cavendish_domain::Backdrop("white".into());
        let scene = Scene::new(Source::Placed { cutouts, surroundings: None, backdrop }, &request, true);
        let scene = scene.expect("it is taken apart");
        let (placed, _) = &scene.subjects[0];
        assert_eq!((placed.rgba.get_pixel(10, 10).0[3], placed.rgba.get_pixel(150, 150).0[3]), (0, 255));
    }
}
