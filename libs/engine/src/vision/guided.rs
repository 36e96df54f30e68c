use tch::{Kind, Tensor};

/// Half the side of the window in which alpha is taken for a linear function of colour, in pixels of the coarse picture.
const RADIUS: i64 = 4;
/// How much noise of the picture is forgiven.
const EPS: f64 = 1e-4;

/// Brings a coarse alpha to the size of its picture along the picture's own edges: the fast guided filter with colour as
/// its guide (He and Sun 2015).
///
/// `picture`: (1, 3, height, width) within 0..=1; `alpha`: (1, 1, rows, columns) within 0..=1. Gives (1, 1, height, width).
pub(super) fn refined(picture: &Tensor, alpha: &Tensor) -> Tensor {
    let size = alpha.size();
    let coarse = picture.internal_upsample_bilinear2d_aa([size[2], size[3]], false, None, None);
    let mean = |x: &Tensor| {
        let window = [2 * RADIUS + 1; 2];
        x.avg_pool2d(window, [1, 1], [RADIUS; 2], false, false, None) // windows are cut off at the border
    };
    let (guide, share) = (mean(&coarse), mean(alpha));
    let pixels = size[2] * size[3];
    // Variances of the guide and its covariances with alpha, a 3 × 3 system for each pixel.
    let products = coarse.unsqueeze(2) * coarse.unsqueeze(1); // (1, 3, 3, rows, columns)
    let products = mean(&products.flatten(1, 2)).view([1, 3, 3, size[2], size[3]]);
    let variance = (products - guide.unsqueeze(2) * guide.unsqueeze(1)).view([3, 3, pixels]).permute([2, 0, 1]);
    let covariance = (mean(&(&coarse * alpha)) - &guide * &share).view([3, pixels]).tr().unsqueeze(2);
    let ridge = Tensor::eye(3, (Kind::Float, picture.device())) * EPS;
    let slope = Tensor::linalg_solve(&(variance + ridge), &covariance, true); // (pixels, 3, 1)
    let slope = slope.squeeze_dim(2).tr().reshape([1, 3, size[2], size[3]]);
    let offset = share - (&slope * &guide).sum_dim_intlist([1].as_slice(), true, Kind::Float);
    let full = picture.size();
    let wide = |x: &Tensor| mean(x).upsample_bilinear2d([full[2], full[3]], false, None, None);
    let found = (wide(&slope) * picture).sum_dim_intlist([1].as_slice(), true, Kind::Float) + wide(&offset);
    // Only the outline is in doubt: what the network is sure of stays.
    let sure = alpha.upsample_bilinear2d([full[2], full[3]], false, None, None);
    let certain: Tensor = (&sure * 2.0 - 1.0).pow_tensor_scalar(4);
    sure.lerp_tensor(&found, &(certain.neg() + 1.0)).clamp(0.0, 1.0)
}
