//! GrabCut: colour models of subject and surroundings, parted by the least cut, in turns.

use image::RgbImage;

use super::gmm::Gmm;
use super::mask::Mask;
use super::maxflow::Grid;
use super::nearby::{Nearby, STRANGE};
use super::shade;
use super::window::Window;
use crate::error::ImageError;
use crate::resize::{resize_plane, resize_rgb};

type Colour = [f32; 3];

/// Longest side of the picture for finding the subject.
const COARSE: u32 = 320;
const ROUNDS: usize = 7;
/// Longest sides of the picture for finding the outline, and how often it is cut at each.
const OUTLINES: [(u32, usize); 2] = [(500, 2), (1000, 1)];
/// Once a round changes no more than this share of the subject, it is found: its outline is cut anew anyhow.
const SETTLED: f32 = 0.01;
/// Price of parting two equal neighbours; the paper's value.
const SMOOTHNESS: f32 = 50.0;
const CERTAIN: f32 = 1e9;
/// How far round a subject its surroundings matter to its outline, as a share of its longer side.
const AROUND: f32 = 0.35;
/// What it costs to call a shadow surroundings; calling it subject costs [`STRANGE`].
const DIM: f32 = 0.5;

struct Scene {
    width: usize,
    height: usize,
    colours: Vec<Colour>,
    beta: f32,
}

/// A finer size of the picture, and where the subject may be in it.
struct Finer {
    scene: Scene,
    open: Vec<bool>,
    cuts: usize,
}

/// The subject's mask, at most 1000 pixels long, and how well the colours part it from its surroundings, 0..1.
/// `bounds` is `[left, top, right, bottom]`, 0..1: outside of it there is no subject. None: the cut found nothing.
pub(super) fn mask(image: &RgbImage, bounds: [f32; 4]) -> Result<Option<(Mask, f32)>, ImageError> {
    let coarse = Scene::of(image, COARSE)?;
    let open = coarse.inside(&bounds);
    let start = Mask::new(coarse.width, coarse.height, open.clone());
    let finer = finer(image, |scene| scene.inside(&bounds))?;
    Ok(coarse.search(start, &open, &finer))
}

fn finer(image: &RgbImage, open: impl Fn(&Scene) -> Vec<bool>) -> Result<Vec<Finer>, ImageError> {
    let at = |(longest, cuts)| {
        let scene = Scene::of(image, longest)?;
        Ok(Finer { open: open(&scene), scene, cuts })
    };
    OUTLINES.into_iter().map(at).collect()
}

impl Scene {
    fn of(image: &RgbImage, longest: u32) -> Result<Self, ImageError> {
        let scale = (longest as f32 / image.width().max(image.height()) as f32).min(1.0);
        let side = |n: u32| ((n as f32 * scale).round() as u32).max(2);
        let image = resize_rgb(image, side(image.width()), side(image.height()))?;
        let (width, height) = (image.width() as usize, image.height() as usize);
        let colours: Vec<Colour> = image.pixels().map(|p| p.0.map(f32::from)).collect();
        let mut scene = Self { width, height, colours, beta: 0.0 };
        let (mut sum, mut count) = (0.0f64, 0u32);
        scene.neighbours(|i, j, _, _| {
            sum += f64::from(scene.squared(i, j));
            count += 1;
        });
        scene.beta = (f64::from(count) / (2.0 * sum).max(1e-6)) as f32;
        Ok(scene)
    }

    /// The squared distance of two pixels' colours.
    fn squared(&self, i: usize, j: usize) -> f32 {
        let (a, b) = (self.colours[i], self.colours[j]);
        (0..3).map(|k| (a[k] - b[k]).powi(2)).sum()
    }

    /// Calls with each pair of neighbours, once, the direction from the one to the other and their distance.
    fn neighbours(&self, mut call: impl FnMut(usize, usize, usize, f32)) {
        let diagonal = std::f32::consts::SQRT_2;
        for y in 0..self.height {
            for x in 0..self.width {
                let i = y * self.width + x;
                let below = i + self.width;
                let more = x + 1 < self.width;
                if more {
                    call(i, i + 1, 4, 1.0);
                }
                if y + 1 < self.height {
                    if x > 0 {
                        call(i, below - 1, 5, diagonal);
                    }
                    call(i, below, 6, 1.0);
                    if more {
                        call(i, below + 1, 7, diagonal);
                    }
                }
            }
        }
    }

    /// The part of the picture within a window.
    fn within(&self, window: &Window) -> Self {
        let (width, height) = window.size();
        Self { width, height, colours: window.of(&self.colours), beta: self.beta }
    }

    /// Which pixels may be subject at all.
    fn inside(&self, bounds: &[f32; 4]) -> Vec<bool> {
        let (w, h) = (self.width as f32, self.height as f32);
        let inside = |i: usize| {
            let (x, y) = ((i % self.width) as f32 + 0.5, (i / self.width) as f32 + 0.5);
            (bounds[0] * w..bounds[2] * w).contains(&x) && (bounds[1] * h..bounds[3] * h).contains(&y)
        };
        (0..self.colours.len()).map(inside).collect()
    }

    /// Finds the subject here and its outline at finer sizes of the same picture; `open` says where it may be.
    fn search(&self, start: Mask, open: &[bool], finer: &[Finer]) -> Option<(Mask, f32)> {
        let (mut mask, models) = self.find(start, open)?;
        mask.tidy(0.05, 0.02);
        if mask.area() == 0 {
            return None;
        }
        let separation = self.separation(&mask, &models);
        for Finer { scene, open, cuts } in finer {
            mask = scene.outline(&mask, open, &models, *cuts)?;
            mask.tidy(0.05, 0.03);
        }
        let mut mask = mask.smoothed(0.008 * mask.longer());
        mask.tidy(0.05, 0.01);
        Some((mask, separation))
    }

    fn find(&self, mut mask: Mask, open: &[bool]) -> Option<(Mask, [Gmm; 2])> {
        let mut models = self.learn(&mask)?;
        for _ in 0..ROUNDS {
            let next = self.cut(open, &models);
            let changed = next.on.iter().zip(&mask.on).filter(|(a, b)| a != b).count();
            let same = changed as f32 <= SETTLED * next.area() as f32;
            mask = next;
            models = match self.learn(&mask) {
                Some(models) => models,
                None => break,
            };
            if same {
                break;
            }
        }
        Some((mask, models))
    }

    /// The models of what is on and of what is off; None when either is empty.
    fn learn(&self, mask: &Mask) -> Option<[Gmm; 2]> {
        let of = |value: bool| -> Vec<Colour> {
            self.colours.iter().zip(&mask.on).filter(|(_, on)| **on == value).map(|(c, _)| *c).collect()
        };
        Some([Gmm::fit(&of(true))?, Gmm::fit(&of(false))?])
    }

    fn cut(&self, open: &[bool], [subject, surroundings]: &[Gmm; 2]) -> Mask {
        let cost = |i: usize| match open[i] {
            // What a pixel is called costs what its colour says against it.
            true => (surroundings.cost(self.colours[i]), subject.cost(self.colours[i])),
            false => (0.0, CERTAIN),
        };
        self.divide(&(0..open.len()).map(cost).collect::<Vec<_>>())
    }

    /// The least cut, from what it costs to call each pixel surroundings and subject.
    fn divide(&self, costs: &[(f32, f32)]) -> Mask {
        let mut grid = Grid::new(self.width, self.height);
        let sure: Vec<bool> = costs.iter().map(|(source, sink)| (source - sink).abs() >= CERTAIN).collect();
        // Among the sure, only those have a say that lie next to others.
        let mut asked: Vec<bool> = sure.iter().map(|sure| !sure).collect();
        self.neighbours(|i, j, direction, length| {
            if !(sure[i] && sure[j]) {
                let cost = SMOOTHNESS / length * (-self.beta * self.squared(i, j)).exp();
                grid.set_neighbour(i % self.width, i / self.width, direction, cost);
                (asked[i], asked[j]) = (true, true);
            }
        });
        for (i, (source, sink)) in costs.iter().enumerate().filter(|(i, _)| asked[*i]) {
            grid.set_terminal(i % self.width, i / self.width, *source, *sink);
        }
        grid.solve();
        let on =
            |i: usize| if sure[i] { costs[i].0 > costs[i].1 } else { grid.is_source(i % self.width, i / self.width) };
        Mask::new(self.width, self.height, (0..costs.len()).map(on).collect())
    }

    /// Cuts again at this finer size, near the coarse outline only, and more than once, so that a later cut may correct
    /// what an earlier one found to be bays and spikes. None where nothing is found.
    fn outline(&self, small: &Mask, open: &[bool], models: &[Gmm; 2], cuts: usize) -> Option<Mask> {
        let size = (self.width as u32, self.height as u32);
        let mut soft = small.plane();
        crate::blur::gaussian(&mut soft, small.width, small.height, 1.0);
        let soft = resize_plane(&soft, (small.width as u32, small.height as u32), size);
        let on = soft.iter().zip(open).map(|(v, open)| *open && *v > 0.5).collect();
        let mut whole = Mask::new(self.width, self.height, on);
        let margin = 1.5 + 2.0 * self.width as f32 / small.width as f32;
        let window = Window::round(whole.bounds()?, (AROUND * whole.longer() + margin) as u32, size);
        let (part, open) = (self.within(&window), window.of(open));
        let mut mask = Mask::new(part.width, part.height, window.of(&whole.on));
        for _ in 0..cuts {
            mask.tidy(0.05, 0.01);
            mask = part.recut(&mask, &open, margin, models);
        }
        whole.on.fill(false);
        window.put(&mask.on, &mut whole.on);
        Some(whole)
    }

    /// Over the whole picture, the colours of a glossy rim or of a spoon may occur in the table as well; next to them,
    /// they do not. Round the outline, a pixel is therefore asked how well it fits the surroundings nearby; and so is
    /// what may be the subject's own shadow.
    fn recut(&self, mask: &Mask, open: &[bool], margin: f32, models: &[Gmm; 2]) -> Mask {
        let size = mask.longer();
        let (outside, inside) = (mask.distance_to(true), mask.distance_to(false));
        let (beyond, smooth) = (mask.hull().distance_to(true), mask.opened(0.012 * size));
        let dim = shade::dim(&self.colours, mask, &inside, &outside, size);
        let reach = (0.13 * size).max(margin);
        let near = |i: usize| outside[i] <= margin || (outside[i] <= reach && beyond[i] <= 0.05 * size);
        let surely_not: Vec<bool> = (0..self.colours.len()).map(|i| !near(i)).collect();
        let nearby = Nearby::of(&self.colours, (self.width, self.height), &surely_not, 0.06 * size);
        let [subject, surroundings] = models;
        let costs: Vec<(f32, f32)> = (0..self.colours.len())
            .map(|i| {
                let sure = mask.on[i] && inside[i] > margin && smooth.on[i] && !dim.on[i];
                if sure || !near(i) || !open[i] {
                    return if sure && open[i] { (CERTAIN, 0.0) } else { (0.0, CERTAIN) };
                }
                let colour = self.colours[i];
                let overall = (surroundings.cost(colour) - subject.cost(colour)).clamp(-6.0, 6.0);
                if dim.on[i] {
                    // What goes on as shadow outside is taken for shadow, unless an edge parts the two.
                    return (DIM, STRANGE);
                }
                let weight = if mask.on[i] && smooth.on[i] { 0.5 } else { 0.15 };
                (nearby.strangeness(i, colour).min(9.0) + weight * overall, STRANGE)
            })
            .collect();
        self.divide(&costs)
    }

    /// The share of pixels whose colour alone tells on which side they are.
    fn separation(&self, mask: &Mask, [subject, surroundings]: &[Gmm; 2]) -> f32 {
        let told =
            self.colours.iter().zip(&mask.on).filter(|(c, on)| (subject.cost(**c) < surroundings.cost(**c)) == **on);
        told.count() as f32 / self.colours.len() as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaving_out_what_is_sure_does_not_change_the_cut() {
        let mut state = 11u32;
        let mut random = move |most: f32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 * most
        };
        for _ in 0..40 {
            let colours: Vec<Colour> = (0..12).map(|_| [random(255.0), random(255.0), random(255.0)]).collect();
            let scene = Scene { width: 4, height: 3, colours, beta: 3e-5 };
            let costs: Vec<(f32, f32)> = (0..12)
                .map(|_| match random(4.0) as u32 {
                    0 => (CERTAIN, 0.0),
                    1 => (0.0, CERTAIN),
                    _ => (random(60.0), random(60.0)),
                })
                .collect();
            let mut arcs = vec![];
            scene.neighbours(|i, j, _, length| {
                arcs.push((i, j, SMOOTHNESS / length * (-scene.beta * scene.squared(i, j)).exp()));
            });
            let energy = |on: &dyn Fn(usize) -> bool| {
                let own = (0..12).map(|i| f64::from(if on(i) { costs[i].1 } else { costs[i].0 })).sum::<f64>();
                own + arcs.iter().filter(|(i, j, _)| on(*i) != on(*j)).map(|arc| f64::from(arc.2)).sum::<f64>()
            };
            let least = (0..1u32 << 12).map(|labels| energy(&|i| labels >> i & 1 == 1)).fold(f64::MAX, f64::min);
            let mask = scene.divide(&costs);
            // Costs are rounded to steps.
            assert!(energy(&|i| mask.on[i]) - least < 0.3);
        }
    }
}
