//! What planning and admission know of the renderers: which model draws, how many draw, and what it costs.

use crate::{CostKey, CostModel, Estimate, Lane, SizeBucket};
use serde::{Deserialize, Serialize};

/// The name that stands for a model where a subject's own pixels are placed and nothing is drawn.
pub const STUDIO: &str = "studio";
/// Seconds of a job that are spent outside drawing: taking in, planning, finishing, and the ways between.
pub const LINE_SECONDS: f64 = 0.2;
/// Aspect ratios this near to the nearest one, as a difference of logarithms, are as good.
const RATIO_SLACK: f64 = 0.05;

/// What a live renderer says of its model. A subset of what `RendererInfo` writes; other fields are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ModelFacts {
    /// Model name and version.
    pub model: String,
    /// The sizes it draws at, `[width, height]` in pixels, the default first.
    pub native_sizes: Vec<[u32; 2]>,
    /// Denoising steps when a request names none.
    pub default_steps: u32,
    /// References of one image, at most.
    pub max_references: u32,
    /// Side in pixels of the place that each subject is drawn in, by a model that takes one reference a subject.
    #[serde(default)]
    pub place: Option<u32>,
    /// What draws images with references, where that is another model.
    #[serde(default)]
    pub for_references: Option<Box<ModelFacts>>,
    /// Whether it draws pictures on beyond their edges.
    #[serde(default)]
    pub outpaints: bool,
}

impl ModelFacts {
    /// The model that draws images with references, or without.
    #[must_use]
    pub fn drawing(&self, references: bool) -> &Self {
        self.for_references.as_deref().filter(|_| references).unwrap_or(self)
    }

    /// How many of so many references of so many subjects it draws from.
    #[must_use]
    pub fn taken(&self, subjects: u32, references: u32) -> u32 {
        let shown = self.drawing(true);
        let wanted = if shown.place.is_some() { subjects.min(references) } else { references };
        wanted.min(shown.max_references)
    }

    /// The native sizes nearest in shape to `ratio` (width / height), the smallest first; none that has less than a
    /// quarter of the default's pixels. Where subjects have places, of the sizes that hold so many subjects those that
    /// hold the fewest.
    #[must_use]
    pub fn sizes_for(&self, ratio: f64, subjects: u32) -> Vec<[u32; 2]> {
        let off = |[width, height]: &[u32; 2]| (f64::from(*width) / f64::from(*height) / ratio).ln().abs();
        let least = (self.default_area() / 4).max(1);
        let places = |[width, height]: &[u32; 2]| self.place.map_or(0, |side| (width / side) * (height / side));
        let holds = |size: &[u32; 2]| self.place.is_none() || places(size) >= subjects;
        let fewest = self.native_sizes.iter().filter(|size| holds(size)).map(places).min();
        let fits = |size: &&[u32; 2]| area(**size) >= least && fewest.is_none_or(|fewest| places(size) == fewest);
        let usable = || self.native_sizes.iter().filter(fits);
        let nearest = usable().map(off).fold(f64::INFINITY, f64::min);
        let mut sizes: Vec<_> = usable().filter(|size| off(size) <= nearest + RATIO_SLACK).copied().collect();
        sizes.sort_by_key(|size| area(*size));
        sizes
    }

    /// Pixels of the size it draws at by default.
    #[must_use]
    pub fn default_area(&self) -> u64 {
        self.native_sizes.first().map_or(0, |size| area(*size))
    }
}

/// Width × height.
#[must_use]
pub fn area([width, height]: [u32; 2]) -> u64 {
    u64::from(width) * u64::from(height)
}

/// Images that wait or are being drawn, per lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// In the order of [`Lane::ALL`].
    pub images: [u64; 3],
}

impl Backlog {
    /// Images of one lane.
    #[must_use]
    pub fn of(&self, lane: Lane) -> u64 {
        Lane::ALL.iter().zip(self.images).filter(|(other, _)| **other == lane).map(|(_, images)| images).sum()
    }

    /// The same without `images` of one lane.
    #[must_use]
    pub fn without(mut self, lane: Lane, images: u64) -> Self {
        let rows = self.images.iter_mut().zip(Lane::ALL).filter(|(_, other)| *other == lane);
        rows.for_each(|(count, _)| *count = count.saturating_sub(images));
        self
    }

    /// Images that are drawn before one that joins `lane` now: those ahead of it in its lane, and what the other lanes
    /// get of the renderers meanwhile by their weights.
    #[must_use]
    pub fn ahead_of(&self, lane: Lane) -> f64 {
        let own = self.of(lane) as f64;
        let others = Lane::ALL.iter().zip(self.images).filter(|(other, _)| **other != lane).map(|(other, images)| {
            let meanwhile = own * other.weight() as f64 / lane.weight() as f64;
            meanwhile.min(images as f64)
        });
        own + others.sum::<f64>()
    }
}

/// What is known of the renderers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outlook {
    /// The model that most live renderers draw with; `None` when no renderer was seen lately.
    pub model: Option<ModelFacts>,
    /// Devices that draw.
    pub renderers: u32,
    /// What drawing costs.
    pub costs: CostModel,
}

impl Outlook {
    /// From the live renderers (model and devices of each) and the costs.
    #[must_use]
    pub fn new(live: &[(ModelFacts, u32)], costs: CostModel) -> Self {
        let devices = |name: &str| live.iter().filter(|(facts, _)| facts.model == name).map(|(_, count)| count).sum();
        let model = live.iter().map(|(facts, _)| facts).max_by(|a, b| {
            let (of_a, of_b): (u32, u32) = (devices(&a.model), devices(&b.model));
            // Of two as common the first by name, so that every process decides alike.
            of_a.cmp(&of_b).then_with(|| b.model.cmp(&a.model))
        });
        Self { model: model.cloned(), renderers: live.iter().map(|(_, count)| count).sum(), costs }
    }

    /// Seconds until the images ahead of a new one in `lane` are drawn, at what an image mostly costs.
    #[must_use]
    pub fn wait(&self, lane: Lane, backlog: &Backlog) -> f64 {
        let typical = [self.model.as_ref().map(|facts| facts.model.as_str()), Some(STUDIO)];
        let typical = typical.into_iter().flatten().find_map(|model| self.costs.typical(model));
        backlog.ahead_of(lane) * typical.unwrap_or_default() / f64::from(self.renderers.max(1))
    }

    /// Seconds until `images` of one kind are done that join `lane` now.
    #[must_use]
    pub fn needed(&self, lane: Lane, backlog: &Backlog, key: &CostKey, images: u32) -> Needed {
        let (wait, draw) = (self.wait(lane, backlog), self.cost(key, images).upper);
        Needed { wait, draw, total: wait + draw + LINE_SECONDS }
    }

    /// What `images` of one kind cost when they are spread over the renderers.
    #[must_use]
    pub fn cost(&self, key: &CostKey, images: u32) -> Estimate {
        let each = self.costs.predict(key);
        let rounds = f64::from(images.div_ceil(self.renderers.max(1)));
        Estimate { mean: each.mean * rounds, upper: each.upper * rounds, basis: each.basis }
    }
}

/// Seconds until a brief is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Needed {
    /// Until its turn comes.
    pub wait: f64,
    /// To draw it, seldom exceeded.
    pub draw: f64,
    /// All of it, the rest of the line included.
    pub total: f64,
}

/// The kind of an image that is drawn by itself.
#[must_use]
pub fn lone(model: &str, size: [u32; 2], steps: u32, references: u32) -> CostKey {
    CostKey { model: model.into(), size: SizeBucket::of(size), steps, references, batch: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cost;

    fn facts(model: &str, sizes: &[[u32; 2]]) -> ModelFacts {
        ModelFacts { model: model.into(), native_sizes: sizes.to_vec(), default_steps: 4, ..ModelFacts::default() }
    }

    #[test]
    fn subjects_that_have_places_choose_the_size() {
        let sizes = [[64, 64], [96, 64], [144, 64], [144, 96]];
        let shown = ModelFacts { place: Some(48), max_references: 6, ..facts("shown", &sizes) };
        let pair = ModelFacts { for_references: Some(Box::new(shown)), max_references: 6, ..facts("named", &sizes) };
        let size = |subjects| pair.drawing(true).sizes_for(1.0, subjects);
        assert_eq!([1, 2, 3, 5].map(size), [[[64, 64]], [[96, 64]], [[144, 64]], [[144, 96]]]);
        assert_eq!((pair.taken(2, 9), pair.taken(9, 9)), (2, 6), "one reference each");
        assert_eq!(pair.drawing(false).model, "named");
        let usual = ModelFacts { max_references: 4, ..facts("one", &sizes) };
        assert_eq!((usual.taken(2, 9), usual.sizes_for(1.0, 5)), (4, vec![[64, 64]]));
    }

    #[test]
    fn sizes_of_the_nearest_shape_come_small_to_large() {
        let several = facts("m", &[[1024, 1024], [1248, 832], [832, 1248], [512, 512], [256, 256], [0, 9]]);
        assert_eq!(several.sizes_for(1.0, 0), [[512, 512], [1024, 1024]]);
        assert_eq!(several.sizes_for(1.91, 0), [[1248, 832]]);
        assert_eq!(several.sizes_for(0.5625, 0), [[832, 1248]]);
        assert_eq!(facts("m", &[]).sizes_for(1.0, 0), Vec::<[u32; 2]>::new());
    }

    #[test]
    fn most_devices_decide_the_model_whatever_the_order() {
        let (one, two) = (facts("one", &[]), facts("two", &[]));
        let live = [(two.clone(), 1), (one.clone(), 1), (two.clone(), 1)];
        assert_eq!(Outlook::new(&live, CostModel::default()).model, Some(two.clone()));
        let even = [(two.clone(), 1), (one.clone(), 1)];
        let outlook = Outlook::new(&even, CostModel::default());
        assert_eq!((outlook.model, outlook.renderers), (Some(one), 2));
        assert_eq!(Outlook::new(&[], CostModel::default()), Outlook::default());
    }

    #[test]
    fn a_lane_waits_for_its_own_and_for_the_others_by_weight() {
        let backlog = Backlog { images: [6, 100, 100] };
        assert_eq!(backlog.ahead_of(Lane::Interactive), 6.0 + 3.0 + 1.0);
        assert_eq!(Backlog { images: [0, 0, 50] }.ahead_of(Lane::Bulk), 50.0);
        assert_eq!(Backlog { images: [0, 0, 50] }.ahead_of(Lane::Interactive), 0.0);
        assert_eq!(Backlog { images: [2, 0, 50] }.ahead_of(Lane::Bulk), 52.0, "no more than there is");
        let mut cost = Cost::default();
        cost.observe(2.0);
        let costs = CostModel::from_iter([(lone("m", [64, 64], 4, 0), cost)]);
        let outlook = Outlook::new(&[(facts("m", &[]), 2)], costs);
        assert_eq!(outlook.wait(Lane::Interactive, &backlog), 10.0);
        let three = outlook.cost(&lone("m", [64, 64], 4, 0), 3);
        assert_eq!((three.mean, three.upper), (4.0, 6.0), "two rounds on two devices");
        let needed = outlook.needed(Lane::Interactive, &backlog, &lone("m", [64, 64], 4, 0), 3);
        assert_eq!(needed, Needed { wait: 10.0, draw: 6.0, total: 16.0 + LINE_SECONDS });
        assert_eq!(backlog.without(Lane::Bulk, 101), Backlog { images: [6, 100, 0] });
    }
}
