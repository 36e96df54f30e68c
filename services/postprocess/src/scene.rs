//! The pixels of a shot, ready to be set into any shape.

use crate::source::Source;
use cavendish_domain::ShotRequest;
use cavendish_imaging::image::RgbImage;
use cavendish_imaging::{
    Backdrop, Cutout, CutoutHint, Decoded, FitMode, Fitted, Ground, ImageError, Marking, Piece, PixelBox, Placement,
    Render, compose_on, cutout,
};
use cavendish_specs::{Background, Spec};
use serde::Serialize;

/// Cut-outs below this confidence are told to people.
const DOUBTFUL: f32 = 0.6;

/// Share of the frame's sides that a drawing's subject fills at most: more is the scene.
const MOST_OF_FRAME: f32 = 0.8;

/// How many times as large as it was drawn an image still says where its outline is.
const ENLARGED: u32 = 4;

/// Share of the frame that a placed subject fills where its spec does not say.
const USUAL_FILL: f32 = 0.72;

/// What the assets of a shot are made from.
#[derive(Debug)]
pub(crate) struct Scene {
    /// The subjects and how tall they stand beside each other; in a drawn scene what could be told from its surroundings.
    subjects: Vec<(Cutout, f32)>,
    /// The whole render, when the model drew it.
    render: Option<Render<'static>>,
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
    /// Takes cut-outs (placed) or a render (drawn) apart.
    ///
    /// # Errors
    /// When a subject that is to be kept cannot be read.
    pub(crate) fn new(source: Source, request: &ShotRequest) -> Result<Self, ImageError> {
        match source {
            Source::Drawn(picture) => Ok(Self::drawn(&picture, request)),
            Source::Placed { cutouts, surroundings, backdrop } => {
                let kept = request.kept();
                let size = |at: usize| kept.get(at).and_then(|subject| subject.size).unwrap_or(1.0);
                let read = |(at, picture): (usize, &Decoded)| Ok((cutout(picture, &hint(request))?, size(at)));
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

    fn drawn(picture: &Decoded, request: &ShotRequest) -> Self {
        let subject = cutout(picture, &hint(request)).ok();
        let uncertain = match &subject {
            None => Some("no subject stands out in the render".into()),
            Some(cut) if cut.confidence < DOUBTFUL => cut.uncertain.clone(),
            Some(_) => None,
        };
        let subjects = subject.into_iter().map(|cut| (cut, 1.0)).collect();
        let (render, backdrop, variant) = (Some(picture.to_rgb().into()), Backdrop::white(), request.variant);
        Self { subjects, render, surroundings: None, backdrop, uncertain, variant }
    }

    /// Whether a model drew any of what a file for `spec` shows.
    pub(crate) fn is_drawn(&self, spec: &Spec) -> bool {
        self.marking(spec) != Marking::Composite
    }

    /// How the pixels of a file for `spec` came to be.
    pub(crate) fn marking(&self, spec: &Spec) -> Marking {
        match (&self.render, &self.surroundings) {
            (Some(_), _) => Marking::TrainedAlgorithmicMedia,
            (None, Some(_)) if !is_packshot(spec) => Marking::CompositeWithTrainedAlgorithmicMedia,
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
        let packshot = is_packshot(spec);
        match (&self.render, &self.surroundings) {
            (Some(render), _) if !packshot || self.subjects.is_empty() => {
                let fitted = self.fitted(render, spec, area)?;
                let mode = serde_json::to_value(fitted.mode).ok().and_then(|mode| mode.as_str().map(String::from));
                let layout = Layout { mode: mode.unwrap_or_default(), scale: fitted.scale };
                let subject = fitted.subject.or_else(|| self.seen(render.image(), fitted.scale, (width, height)));
                Ok(Picture { image: fitted.image, layout, subject })
            }
            (None, Some(scene)) if !packshot => self.compose(Ground::Scene(scene), "composed-in-scene", spec, area),
            _ => self.compose(Ground::Studio(&self.varied(packshot)), "composed", spec, area.filter(|_| !packshot)),
        }
    }

    /// The render in the shape of `spec`, its subject within `area` where its surroundings can be continued for that.
    fn fitted(&self, render: &Render<'_>, spec: &Spec, area: Option<[f32; 4]>) -> Result<Fitted, ImageError> {
        let (width, height) = (spec.size.width, spec.size.height);
        let subject = self.subjects.first().and_then(|(cutout, _)| standing_out(cutout));
        if area.is_some() {
            let moved = render.fit(width, height, subject, area)?;
            if moved.mode != FitMode::Padded {
                return Ok(moved);
            }
        }
        render.fit(width, height, subject, Some(spec.safe_area(width, height)))
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

/// Where the subject of a drawing is, as shares of its frame, when it is surely the subject and leaves something round it:
/// what fills the frame is the scene.
fn standing_out(cutout: &Cutout) -> Option<[f32; 4]> {
    let PixelBox { x, y, width, height } = cutout.bbox;
    let of = [cutout.rgba.width(), cutout.rgba.height()].map(|side| side as f32);
    let bounds = [x as f32 / of[0], y as f32 / of[1], (x + width) as f32 / of[0], (y + height) as f32 / of[1]];
    let leaves = (0..2).all(|axis| bounds[axis + 2] - bounds[axis] <= MOST_OF_FRAME);
    (leaves && cutout.confidence >= DOUBTFUL).then_some(bounds)
}

fn is_packshot(spec: &Spec) -> bool {
    spec.background == Background::PureWhite || spec.fill.is_some()
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
    CutoutHint { most_side: most_side(request), ..CutoutHint::default() }
}

/// At which size the subject of a drawn shot is cut out, where it is known how large the model drew it.
fn most_side(request: &ShotRequest) -> Option<u32> {
    let [width, height] = request.decision.as_ref()?.native?;
    Some(width.max(height).saturating_mul(ENLARGED))
}
