//! 8-bit images to and from tensors.

use crate::error::{EngineError, ErrorKind, Result};
use cavendish_renderer::Pixels;
use tch::{Device, Kind, Tensor};

/// (1, 3, height, width) in 0..=1 to bytes, rounded. Turned into bytes before they leave the device: a quarter of the copy.
pub(crate) fn from_tensor(x: &Tensor) -> Result<Pixels> {
    let bytes = (x.squeeze_dim(0).clamp(0.0, 1.0) * 255.0).round().to_kind(Kind::Uint8);
    let bytes = bytes.permute([1, 2, 0]).contiguous().to_device(Device::Cpu); // (height, width, 3)
    let mut rgb = vec![0; bytes.numel()];
    let count = rgb.len();
    bytes.f_copy_data(&mut rgb, count)?;
    Ok(Pixels { width: bytes.size()[1] as u32, height: bytes.size()[0] as u32, rgb })
}

/// Bytes to (1, 3, height, width) in 0..=1, on the CPU.
pub(crate) fn to_tensor(pixels: &Pixels) -> Result<Tensor> {
    let (width, height) = (i64::from(pixels.width), i64::from(pixels.height));
    if !pixels.is_whole() {
        let what = format!("{} bytes are no image of {width} × {height}", pixels.rgb.len());
        return Err(EngineError::new(ErrorKind::Invalid, what));
    }
    let bytes = Tensor::f_from_data_size(&pixels.rgb, &[1, height, width, 3], Kind::Uint8)?;
    Ok(bytes.permute([0, 3, 1, 2]).to_kind(Kind::Float).contiguous() / 255.0)
}

/// A mask of one byte per pixel of `picture` to (1, 1, height, width) in 0..=1, on the CPU.
pub(crate) fn mask(mask: &[u8], picture: &Pixels) -> Result<Tensor> {
    let (width, height) = (i64::from(picture.width), i64::from(picture.height));
    let bytes = Tensor::f_from_data_size(mask, &[1, 1, height, width], Kind::Uint8)?;
    Ok(bytes.to_kind(Kind::Float) / 255.0)
}

/// (1, channels, height, width) at another size, by bicubic interpolation that averages where it shrinks.
pub(crate) fn resized(x: &Tensor, height: u32, width: u32) -> Tensor {
    let (height, width) = (i64::from(height), i64::from(width));
    if x.size()[2..] == [height, width] {
        return x.shallow_clone();
    }
    x.internal_upsample_bicubic2d_aa([height, width], false, None, None).clamp(0.0, 1.0)
}
