//! Layers that several networks of the comparison have. All convolutions have BatchNorm folded in, and so a bias.

use burn::nn::conv::{ConvTranspose2d, ConvTranspose2dConfig};
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use burn::tensor::{Device, Tensor};

/// Transposed convolution that doubles the size, with a kernel of 2 x 2.
pub(super) fn doubling(channels: [usize; 2], device: &Device) -> ConvTranspose2d {
    ConvTranspose2dConfig::new(channels, [2, 2]).with_stride([2, 2]).init(device)
}

/// Bilinear interpolation, corners not aligned. Some methods align corners, or take the nearest value of a map: at one
/// channel the cost is the same.
pub(super) fn resized(x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    let options = InterpolateOptions::new(InterpolateMode::Bilinear).with_align_corners(false).with_output_size(size);
    interpolate(x, options)
}

/// `1 - cos(a, b)` over the channels: twice `[n, c, h, w]` to `[n, 1, h, w]`.
pub(super) fn cosine_distance(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    let length = |x: &Tensor<4>| x.clone().square().sum_dim(1).sqrt();
    let lengths = length(&a) * length(&b);
    (a * b).sum_dim(1) / lengths.add_scalar(1e-8) * -1.0 + 1.0
}
