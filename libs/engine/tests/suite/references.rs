//! References beside an image, and what is kept of them: as diffusers computes both.
//! `tests/reference/references.py` made the fixture.

use crate::support::{Fixture, assert_close};
use cavendish_engine::FlowMatchEuler;
use cavendish_engine::flux2::{
    Flux2Config, Flux2Transformer2DModel, Grid, ReferenceKv, Rotary, TokenLayout, TransformerInput,
};
use serde::Deserialize;
use tch::{Device, Kind, Tensor};

const TEXT: i64 = 5;
const IMAGE: Grid = Grid { rows: 4, columns: 6 };
const REFERENCES: [Grid; 2] = [Grid { rows: 4, columns: 4 }, Grid { rows: 2, columns: 6 }];

#[derive(Deserialize)]
struct Facts {
    config: Flux2Config,
    schedules: Vec<Schedule>,
}

#[derive(Deserialize)]
struct Schedule {
    steps: usize,
    tokens: i64,
    times: Vec<f64>,
}

fn facts() -> Facts {
    serde_json::from_str(include_str!("../fixtures/references.json")).unwrap()
}

struct World {
    fixture: Fixture,
    model: Flux2Transformer2DModel,
    kind: Kind,
}

impl World {
    fn new(kind: Kind) -> Self {
        let weights = Fixture::weights("references.safetensors", kind);
        let model = Flux2Transformer2DModel::new(&weights.root().sub("model"), facts().config);
        Self { fixture: Fixture::open("references.safetensors"), model, kind }
    }

    fn rotary(&self, text: i64, image: Grid, references: &[Grid]) -> Rotary {
        let layout = TokenLayout { text, image, references: references.to_vec() };
        Rotary::new(self.model.config(), layout, Device::Cpu)
    }

    fn take(&self, name: &str) -> Tensor {
        self.fixture.tensor(name).to_kind(self.kind)
    }

    /// The velocity at `time` of some images, with `tokens` behind the latents and `known` looked at.
    fn velocity(&self, images: i64, time: f32, beside: bool, known: Option<&ReferenceKv>) -> Tensor {
        let rotary = self.rotary(TEXT, IMAGE, if beside { &REFERENCES } else { &[] });
        let mut latents = self.take("latents").narrow(0, 0, images);
        if beside {
            let references = self.take("references").expand([images, -1, -1], false);
            latents = Tensor::cat(&[latents, references], 1);
        }
        let text = self.take("text").narrow(0, 0, images);
        let conditioning = self.model.condition(&Tensor::from_slice(&[time]).to_kind(self.kind), None);
        let (latents, text, conditioning, rotary) = (&latents, &text, &conditioning, &rotary);
        let input = TransformerInput { latents, text, conditioning, rotary, references: known };
        tch::no_grad(|| self.model.forward(input)).unwrap()
    }

    fn known(&self) -> ReferenceKv {
        let rotary = self.rotary(0, Grid::default(), &REFERENCES);
        let still = self.model.condition(&Tensor::zeros([1], (self.kind, Device::Cpu)), None);
        tch::no_grad(|| self.model.references(&self.take("references"), &still, &rotary)).unwrap()
    }
}

#[test]
fn beside_the_image() {
    let world = World::new(Kind::Float);
    assert_close("plain", &world.velocity(2, 0.7, false, None), &world.take("plain"));
    assert_close("beside", &world.velocity(2, 0.7, true, None), &world.take("beside"));
}

/// diffusers makes the keys and values in the first step, beside the image; here they come of the references alone, and
/// both steps look at them.
#[test]
fn kept_from_the_references_alone() {
    let world = World::new(Kind::Float);
    let known = world.known();
    assert_close("extracting", &world.velocity(2, 0.7, false, Some(&known)), &world.take("extracting"));
    assert_close("kept", &world.velocity(2, 0.4, false, Some(&known)), &world.take("kept"));
}

#[test]
fn one_image_alone_is_what_it_is_in_a_batch() {
    let world = World::new(Kind::Float);
    let known = world.known();
    for (beside, known) in [(false, None), (true, None), (false, Some(&known))] {
        let (alone, both) = (world.velocity(1, 0.7, beside, known), world.velocity(2, 0.7, beside, known));
        assert_close("alone", &alone, &both.narrow(0, 0, 1));
    }
}

/// Off the CPU's f32, other code runs: libtorch's own operations.
#[test]
fn in_bf16_within_its_rounding() {
    let world = World::new(Kind::BFloat16);
    let known = world.known();
    for (name, velocity) in [
        ("plain", world.velocity(2, 0.7, false, None)),
        ("beside", world.velocity(2, 0.7, true, None)),
        ("extracting", world.velocity(2, 0.7, false, Some(&known))),
    ] {
        let error = crate::support::relative_error(&velocity.to_kind(Kind::Float), &world.fixture.tensor(name));
        println!("{name} in bf16: relative error {error:.1e}");
        assert!(error <= 2e-2, "{name}: {error:e}");
    }
}

#[test]
fn what_is_kept_survives_a_file() {
    let world = World::new(Kind::Float);
    let known = world.known();
    let file = known.to_file(Some(0.25)).unwrap();
    let (again, error) = ReferenceKv::from_file(&file, Device::Cpu, Kind::Float).unwrap();
    assert_eq!((again.tokens(), again.bytes(), error), (28, known.bytes(), Some(0.25)));
    let velocity = |kv| world.velocity(2, 0.4, false, Some(kv));
    assert_eq!(velocity(&known), velocity(&again));
    assert!(ReferenceKv::from_file(&file[..file.len() / 2], Device::Cpu, Kind::Float).is_err());
    assert!(ReferenceKv::from_file(b"pickle", Device::Cpu, Kind::Float).is_err());
}

#[test]
fn schedules() {
    for Schedule { steps, tokens, times } in facts().schedules {
        let ours = FlowMatchEuler::empirical(steps, tokens).unwrap();
        for (step, time) in times.iter().enumerate() {
            assert!((ours.time(step) - time).abs() < 1.2e-7, "{steps} steps, {tokens} tokens: {step}");
        }
    }
}
