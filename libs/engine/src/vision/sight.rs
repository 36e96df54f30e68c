use super::manifest::VisionManifest;
use super::{SubjectEncoder, U2Net};
use crate::error::{EngineError, ErrorKind, Result};
use crate::pixels;
use crate::weights::Weights;
use cavendish_renderer::{Embedding, Matte, Pixels, PixelsAlpha};
use std::path::Path;
use tch::{CModule, Device, Kind, Tensor, no_grad};

/// Share of the square that the larger side of a subject takes.
const FILL: f64 = 0.92;
/// Alpha, of 255, from which a pixel counts as seen.
const SEEN: u8 = 24;

enum Cutter {
    Own(Box<U2Net>),
    Script(CModule),
}

enum Encoder {
    Own(Box<SubjectEncoder>),
    Script(CModule),
}

/// The networks that see, loaded; on the CPU, where their small pictures are fastest seen.
pub(super) struct Sight {
    pub(super) manifest: VisionManifest,
    cutter: Cutter,
    encoder: Encoder,
}

impl Sight {
    pub(super) fn load(dir: &Path) -> Result<Self> {
        let manifest = VisionManifest::read(dir)?;
        let script = |file: &str| -> Result<CModule> {
            let path = dir.join(file);
            CModule::load(&path)
                .map_err(|e| EngineError::caused(ErrorKind::Model, format!("cannot load {}", path.display()), e))
        };
        let cutter = match manifest.cutout.file.as_str() {
            file if file.ends_with(".pt") => Cutter::Script(script(file)?),
            file => {
                let weights = Weights::open(&dir.join(file), Device::Cpu, Kind::Float)?;
                let size = U2Net::size_of(&weights).ok_or_else(|| {
                    EngineError::new(ErrorKind::Weights, format!("{file} holds no U²-Net that is known here"))
                })?;
                let network = U2Net::new(&weights.root(), size);
                drop(weights.finish()?);
                Cutter::Own(Box::new(network))
            }
        };
        let encoder = match manifest.encoder.file.as_str() {
            file if file.ends_with(".pt") => Encoder::Script(script(file)?),
            file => {
                let weights = Weights::open(&dir.join(file), Device::Cpu, Kind::Float)?;
                let network = SubjectEncoder::new(&weights.root());
                drop(weights.finish()?);
                Encoder::Own(Box::new(network))
            }
        };
        Ok(Self { manifest, cutter, encoder })
    }

    pub(super) fn matte(&self, picture: &Pixels) -> Result<Matte> {
        no_grad(|| {
            let whole = pixels::to_tensor(picture)?;
            let size = whole.size();
            let (height, width) = (size[2], size[3]);
            let side = i64::from(self.manifest.cutout.side);
            // Networks see little in pictures that are much smaller than those that they learnt from.
            let small = match (side / 2..=side).contains(&height.max(width)) {
                true => whole,
                false => whole.internal_upsample_bilinear2d_aa([side, side], false, None, None),
            };
            let coarse = match &self.cutter {
                Cutter::Own(network) => network.forward(&small),
                Cutter::Script(module) => module.forward_ts(&[&small * 2.0 - 1.0])?.sigmoid(),
            };
            let alpha = coarse.upsample_bilinear2d([height, width], false, None, None);
            let seen = coarse.gt(0.1).to_kind(Kind::Float).sum(Kind::Float).double_value(&[]).max(1.0);
            let unsure: Tensor = (&coarse - coarse.square()) * 4.0; // 1 where it is half
            let doubt = unsure.sum(Kind::Float).double_value(&[]) / seen;
            let bytes = (alpha * 255.0).round().to_kind(Kind::Uint8).contiguous();
            let mut values = vec![0; bytes.numel()];
            let count = values.len();
            bytes.f_copy_data(&mut values, count)?;
            let confidence = (1.0 - doubt).clamp(0.0, 1.0) as f32;
            Ok(Matte { width: picture.width, height: picture.height, alpha: values, confidence })
        })
    }

    pub(super) fn embed(&self, subjects: &[PixelsAlpha]) -> Result<Vec<Embedding>> {
        if subjects.is_empty() {
            return Ok(vec![]);
        }
        no_grad(|| {
            let squares = subjects.iter().map(|subject| self.square(subject)).collect::<Result<Vec<_>>>()?;
            let squares = Tensor::cat(&squares, 0);
            let found = match &self.encoder {
                Encoder::Own(network) => network.forward(&squares),
                Encoder::Script(module) => module.forward_ts(&[squares])?,
            };
            let dimensions = i64::from(self.manifest.encoder.dimensions);
            if found.size() != [subjects.len() as i64, dimensions] {
                let what = format!("the encoder gives {:?}, not {dimensions} dimensions", found.size());
                return Err(EngineError::new(ErrorKind::Model, what));
            }
            let length = found.norm_scalaropt_dim(2.0, [1].as_slice(), true).clamp_min(1e-6);
            let rows = Vec::<Vec<f32>>::try_from((found / length).to_kind(Kind::Float))?;
            Ok(rows.into_iter().map(Embedding).collect())
        })
    }

    /// A subject as the encoder takes it: (1, 4, side, side).
    fn square(&self, subject: &PixelsAlpha) -> Result<Tensor> {
        let (width, height) = (i64::from(subject.width), i64::from(subject.height));
        let invalid = |what: &str| EngineError::new(ErrorKind::Invalid, what);
        if subject.rgba.len() as i64 != width * height * 4 || subject.rgba.is_empty() {
            return Err(invalid("a subject lacks bytes"));
        }
        let [left, top, right, bottom] = seen(subject).ok_or_else(|| invalid("a subject shows nothing"))?;
        let bytes = Tensor::f_from_data_size(&subject.rgba, &[1, height, width, 4], Kind::Uint8)?;
        let own = bytes.permute([0, 3, 1, 2]).narrow(2, top, bottom - top).narrow(3, left, right - left);
        let own = own.to_kind(Kind::Float).contiguous() / 255.0;
        let alpha = own.narrow(1, 3, 1);
        let own = Tensor::cat(&[(own.narrow(1, 0, 3) * 2.0 - 1.0) * &alpha, alpha], 1);
        let side = i64::from(self.manifest.encoder.side);
        let scale = FILL * side as f64 / (right - left).max(bottom - top) as f64;
        let scaled = |length: i64| ((length as f64 * scale).round() as i64).clamp(1, side);
        let (rows, columns) = (scaled(bottom - top), scaled(right - left));
        let small = own.internal_upsample_bilinear2d_aa([rows, columns], false, None, None);
        let (above, before) = ((side - rows) / 2, (side - columns) / 2);
        Ok(small.constant_pad_nd([before, side - columns - before, above, side - rows - above]))
    }
}

/// The box round what can be seen: left, top, and right and bottom behind it.
fn seen(subject: &PixelsAlpha) -> Option<[i64; 4]> {
    let width = subject.width as usize;
    let pixels = subject.rgba.chunks_exact(4).enumerate().filter(|(_, pixel)| pixel[3] >= SEEN);
    let places = pixels.map(|(index, _)| ((index % width) as i64, (index / width) as i64));
    places.fold(None, |found: Option<[i64; 4]>, (x, y)| {
        let [left, top, right, bottom] = found.unwrap_or([x, y, x + 1, y + 1]);
        Some([left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1)])
    })
}
