//! The committed model for references: each subject is drawn in its own place.

use crate::support::{minilm, nano};
use cavendish_engine::{Batch, EngineError, Image, Pipeline, Precision, Size, Unwatched};
use cavendish_renderer::{Pixels, PixelsAlpha, Reference};
use tch::Device;

const RED: [u8; 3] = [200, 40, 40];
const BLUE: [u8; 3] = [40, 70, 200];

fn shown() -> Pipeline {
    let named = Pipeline::load(&nano(), &minilm(), Device::Cpu, Precision::F32).unwrap();
    let folder = nano().join(named.manifest().reference_model.as_ref().unwrap());
    Pipeline::load(&folder, &minilm(), Device::Cpu, Precision::F32).unwrap()
}

/// A disc of one colour, cut out.
fn disc(key: &str, [r, g, b]: [u8; 3]) -> Reference {
    let inside = |i: u32| {
        let (x, y) = ((i % 64) as f32 - 31.5, (i / 64) as f32 - 31.5);
        x * x + y * y < 30.0 * 30.0
    };
    let rgba = (0..64 * 64).flat_map(|i| if inside(i) { [r, g, b, 255] } else { [0; 4] }).collect();
    Reference::of_subject(key.into(), &PixelsAlpha { width: 64, height: 64, rgba })
}

/// Red less blue of the middle of a place, 0 being neither.
fn warmth(pixels: &Pixels, place: u32) -> f64 {
    let mut sum = 0.0;
    for y in 24..40 {
        for x in place * 48 + 16..place * 48 + 32 {
            let at = 3 * (y * pixels.width + x) as usize;
            sum += f64::from(pixels.rgb[at]) - f64::from(pixels.rgb[at + 2]);
        }
    }
    sum / 256.0
}

fn draw(model: &Pipeline, references: Vec<Reference>) -> Result<Pixels, EngineError> {
    let native = Size { width: 96, height: 64 };
    let frame = cavendish_engine::Frame { native, enlarge: 1, output: native };
    let sampling = model.manifest().sampling;
    let prompt = "the product and the product on a light gray background".into();
    let image = Image { prompt, seed: 5, references, ..Image::default() };
    let (steps, guidance) = (sampling.steps, sampling.guidance);
    let batch = Batch { frame, steps, guidance, settle: 0.0, images: vec![image] };
    Ok(model.draw(&batch, &mut Unwatched)?.images.pop().flatten().unwrap().pixels)
}

#[test]
fn every_subject_is_drawn_in_its_own_place() {
    let model = shown();
    assert_eq!((model.manifest().references.place(), model.manifest().sampling.steps), (Some(48), 4));
    let picture = draw(&model, vec![disc("red", RED), disc("blue", BLUE)]).unwrap();
    assert!(warmth(&picture, 0) > 40.0 && warmth(&picture, 1) < -40.0, "red, then blue");
    let swapped = draw(&model, vec![disc("blue", BLUE), disc("red", RED)]).unwrap();
    assert!(warmth(&swapped, 0) < -40.0 && warmth(&swapped, 1) > 40.0, "blue, then red");
    let again = draw(&model, vec![disc("red", RED), disc("blue", BLUE)]).unwrap();
    assert!(again == picture, "the same bytes");
    let crowd = draw(&model, vec![disc("red", RED), disc("blue", BLUE), disc("red", RED)]);
    assert_eq!(crowd.unwrap_err().to_string(), "invalid request: 96 × 64 has 2 places, not 3");
}
