//! What is tried, and in which order, until a shot's subjects are like themselves.

use cavendish_domain::{Fallback, Method, ShotRequest};
use cavendish_renderer::RendererInfo;
use serde::Serialize;
use std::time::{Duration, Instant};

/// How many more steps the stronger drawing takes.
const MORE_STEPS: f64 = 1.5;
/// How much more the stronger drawing is guided.
const MORE_GUIDANCE: f64 = 1.5;
/// What the stronger drawing costs beside a plain one, at most: more steps, each of them twice where guidance is new.
const STRONGER_COSTS: f64 = 3.0;
/// Seconds that placing subjects takes, at most.
const PLACING: f64 = 0.5;
/// What is left for the rest of the line.
const REST: Duration = Duration::from_millis(200);

/// One way to make a shot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Try {
    /// How.
    pub(crate) how: How,
    /// Seed of everything random.
    pub(crate) seed: u64,
    /// `None` takes the model's default.
    pub(crate) steps: Option<u32>,
    /// `None` takes the model's default.
    pub(crate) guidance: Option<f64>,
}

/// Drawn or placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum How {
    /// The model draws the subjects.
    Draw,
    /// The model draws a scene, and the subjects are placed in it.
    ComposeInScene,
    /// The subjects are placed on their backdrop.
    Compose,
}

/// What became of a try, for the report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Tried {
    /// From 1.
    #[serde(rename = "try")]
    pub(crate) number: usize,
    pub(crate) method: How,
    pub(crate) seed: u64,
    pub(crate) steps: u32,
    pub(crate) guidance: Option<f64>,
    pub(crate) consistency: f32,
    pub(crate) ms: f64,
}

/// The tries of a shot with subjects, in their order: as planned, with another seed, with another seed and stronger
/// conditioning, and with the subjects' own pixels. Nothing of it is left to chance, so that the same brief and seed give
/// the same bytes. Empty when nothing that the shot allows can be done by this renderer.
pub(crate) fn ladder(request: &ShotRequest, info: &RendererInfo) -> Vec<Try> {
    let plain = |how, number| Try { how, seed: seed(request.seed, number), steps: request.steps, guidance: None };
    let place = |number| {
        let placing = request.placing()?;
        Some(plain(if placing.scene.is_some() { How::ComposeInScene } else { How::Compose }, number))
    };
    if request.method != Method::Draw {
        return place(0).into_iter().collect();
    }
    let draws = [plain(How::Draw, 0), plain(How::Draw, 1), stronger(plain(How::Draw, 2), info)];
    let draws = draws.into_iter().filter(|_| info.max_references > 0);
    // A shot may be placed instead only when the brief allows it; what it would look like is known then.
    let instead = place(0).filter(|_| request.keeping.fallback == Fallback::Compose);
    draws.chain(instead).collect()
}

fn stronger(plain: Try, info: &RendererInfo) -> Try {
    let info = info.drawing(true);
    let steps = f64::from(plain.steps.unwrap_or(info.default_steps)) * MORE_STEPS;
    let guidance = (info.default_guidance * MORE_GUIDANCE).clamp(1.0, 100.0);
    Try { steps: Some((steps.ceil() as u32).clamp(1, 100)), guidance: Some(guidance), ..plain }
}

/// The seed of a try: the shot's own at first, then what follows from it (SplitMix64).
pub(crate) fn seed(of_shot: u64, number: u64) -> u64 {
    if number == 0 {
        return of_shot;
    }
    let mut z = of_shot.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The time that there is for further tries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time {
    /// When the job is to be there.
    pub(crate) until: Option<Instant>,
    /// The longest that a plain drawing took so far.
    pub(crate) drawing: Duration,
}

impl Time {
    /// What of `next` there is time for: itself, or placing without a scene, or nothing.
    pub(crate) fn allows(&self, next: Try) -> Option<Try> {
        let Some(until) = self.until else { return Some(next) };
        let left = until.saturating_duration_since(Instant::now()).as_secs_f64() - REST.as_secs_f64();
        let draw = self.drawing.as_secs_f64();
        let fits = |how, stronger: bool| match how {
            How::Draw if stronger => draw * STRONGER_COSTS <= left,
            How::Draw => draw <= left,
            How::ComposeInScene => draw + PLACING <= left,
            How::Compose => PLACING <= left,
        };
        match next.how {
            how if fits(how, next.guidance.is_some()) => Some(next),
            How::ComposeInScene if fits(How::Compose, false) => Some(Try { how: How::Compose, ..next }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn info(max_references: u32) -> RendererInfo {
        use cavendish_renderer::{FakeRenderer, Renderer};
        RendererInfo { max_references, default_guidance: 4.0, ..FakeRenderer::default().info() }
    }

    fn shot(extra: serde_json::Value) -> ShotRequest {
        let mut shot = json!({"variant": 0, "prompt": "x", "seed": 7, "width": 64, "height": 64, "deliverables": [0],
                              "method": {"kind": "draw"}, "instead": {"backdrop": "warm", "scene": "on linen"}});
        shot.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        serde_json::from_value(shot).unwrap()
    }

    fn hows(request: &ShotRequest, max_references: u32) -> Vec<How> {
        ladder(request, &info(max_references)).into_iter().map(|tried| tried.how).collect()
    }

    #[test]
    fn seeds_then_strength_then_own_pixels_and_always_the_same() {
        let tries = ladder(&shot(json!({})), &info(4));
        assert_eq!(hows(&shot(json!({})), 4), [How::Draw, How::Draw, How::Draw, How::ComposeInScene]);
        assert_eq!((tries[0].seed, tries[3].seed), (7, 7));
        assert!(tries[1].seed != 7 && tries[1].seed != tries[2].seed);
        assert_eq!((tries[2].steps, tries[2].guidance), (Some(6), Some(6.0)));
        assert_eq!(tries, ladder(&shot(json!({})), &info(4)));
    }

    #[test]
    fn only_what_the_brief_and_the_model_allow_is_tried() {
        let only = json!({"instead": null, "keeping": {"least": 0.5, "fallback": "none"}});
        assert_eq!(hows(&shot(only.clone()), 4), [How::Draw; 3]);
        assert_eq!(hows(&shot(only), 0), []);
        assert_eq!(hows(&shot(json!({})), 0), [How::ComposeInScene]);
        let placed = json!({"method": {"kind": "compose", "backdrop": "warm"}, "instead": null});
        assert_eq!(hows(&shot(placed), 4), [How::Compose]);
    }

    #[test]
    fn a_deadline_ends_the_tries_the_dear_ones_first() {
        let time = |left: f64| {
            let until = Some(Instant::now() + Duration::from_secs_f64(left));
            Time { until, drawing: Duration::from_secs(2) }
        };
        let [_, again, stronger, placed] = <[Try; 4]>::try_from(ladder(&shot(json!({})), &info(4))).unwrap();
        let allowed = |left: f64, next: &Try| time(left).allows(next.clone()).map(|tried| tried.how);
        assert_eq!(allowed(3.0, &again), Some(How::Draw));
        assert_eq!((allowed(3.0, &stronger), allowed(7.0, &stronger)), (None, Some(How::Draw)));
        assert_eq!(allowed(3.0, &placed), Some(How::ComposeInScene));
        assert_eq!(allowed(1.5, &placed), Some(How::Compose));
        assert_eq!(allowed(0.1, &placed), None);
        assert!(Time { until: None, drawing: Duration::MAX }.allows(again).is_some());
    }
}
