//! The pixels of a shot, ready to be set into any shape.

use cavendish_domain::{Method, ShotRequest};
use cavendish_imaging::image::RgbImage;
use cavendish_imaging::{Backdrop, Cutout, CutoutHint, Decoded, ImageError, Placement, Shadow, compose, cutout, fit};
use cavendish_specs::{Background, Spec};
use serde::Serialize;

/// Cut-outs below this confidence are told to people.
const DOUBTFUL: f32 = 0.6;

/// How many times as large as it was drawn an image still says where its outline is.
const ENLARGED: u32 = 4;

/// What the assets of a shot are made from.
#[derive(Debug)]
pub(crate) struct Scene {
    /// The subject, where it could be told from its surroundings.
    subject: Option<Cutout>,
    /// The whole render, when the model drew it.
    render: Option<RgbImage>,
    backdrop: Backdrop,
    /// What is doubtful about the cut-out.
    pub(crate) uncertain: Option<String>,
    variant: u32,
}

/// A scene in the shape of one spec.
pub(crate) struct Picture {
    pub(crate) image: RgbImage,
    pub(crate) layout: Layout,
}

/// How the scene was brought into shape, for the report.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Layout {
    /// `composed`, or how the render was fitted.
    pub(crate) mode: String,
    /// Pixels of the picture per pixel of the source; above 1 the source had too few.
    pub(crate) scale: f32,
}

impl Scene {
    /// Takes a cut-out (compose) or a render (draw) apart.
    ///
    /// # Errors
    /// When a subject that is to be kept cannot be read.
    pub(crate) fn new(picture: &Decoded, request: &ShotRequest) -> Result<Self, ImageError> {
        let found = cutout(picture, &CutoutHint { most_side: most_side(request), ..CutoutHint::default() });
        let variant = request.variant;
        Ok(match &request.method {
            Method::Compose { backdrop, uncertain, .. } => Self {
                subject: Some(found?),
                render: None,
                backdrop: Backdrop::named(&backdrop.0).unwrap_or_else(Backdrop::light_grey),
                uncertain: uncertain.clone(),
                variant,
            },
            Method::Draw => {
                let subject = found.ok();
                let uncertain = match &subject {
                    None => Some("no subject stands out in the render".into()),
                    Some(cut) if cut.confidence < DOUBTFUL => cut.uncertain.clone(),
                    Some(_) => None,
                };
                let render = Some(picture.to_rgb());
                Self { subject, render, backdrop: Backdrop::white(), uncertain, variant }
            }
        })
    }

    /// Whether a model drew any of it.
    pub(crate) fn is_drawn(&self) -> bool {
        self.render.is_some()
    }

    /// Brings the scene into the shape of `spec`: packshots are set on white, a kept subject on its backdrop, a drawn
    /// scene is cropped or continued.
    ///
    /// # Errors
    /// When the spec's size or safe area is empty.
    pub(crate) fn shape(&self, spec: &Spec) -> Result<Picture, ImageError> {
        let (width, height) = (spec.size.width, spec.size.height);
        let packshot = spec.background == Background::PureWhite || spec.fill.is_some();
        match (&self.subject, &self.render) {
            (Some(subject), None) => self.compose(subject, &self.varied(packshot), spec),
            (Some(subject), Some(_)) if packshot => self.compose(subject, &Backdrop::white(), spec),
            (_, Some(render)) => {
                let fitted = fit(render, width, height, None, Some(spec.safe_area(width, height)))?;
                let mode = serde_json::to_value(fitted.mode).ok().and_then(|mode| mode.as_str().map(String::from));
                let layout = Layout { mode: mode.unwrap_or_default(), scale: fitted.scale };
                Ok(Picture { image: fitted.image, layout })
            }
            (None, None) => unreachable!("a scene has a subject or a render"),
        }
    }

    fn compose(&self, subject: &Cutout, backdrop: &Backdrop, spec: &Spec) -> Result<Picture, ImageError> {
        let (width, height) = (spec.size.width, spec.size.height);
        let fill = spec.fill.map_or(0.72, |fill| fill.target);
        let placement = Placement {
            fill,
            safe: Some(spec.safe_area(width, height)),
            shadow: Some(Shadow::default()),
            ..Placement::default()
        };
        let scene = compose(width, height, backdrop, subject, &placement)?;
        Ok(Picture { image: scene.image, layout: Layout { mode: "composed".into(), scale: scene.scale } })
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

/// At which size the subject of a drawn shot is cut out, where it is known how large the model drew it.
fn most_side(request: &ShotRequest) -> Option<u32> {
    let [width, height] = request.decision.as_ref()?.native?;
    Some(width.max(height).saturating_mul(ENLARGED))
}
