//! The extractor's operations, each in the fastest form for the device that the tensor is on.
//!
//! On the CPU, bias and activation run in one pass over memory, and the gate of squeeze-and-excitation in another (`cpu.rs`).
//! A depthwise convolution runs in the pass of its SiLU (`depthwise.rs`). One without groups is a matrix product
//! (`dense.rs`). On a GPU with gradients, convolutions are written as matrix products (`gpu_training.rs`). Everywhere else
//! Burn's own operations run.

mod cpu;
mod dense;
mod depthwise;
mod gpu_training;
mod padding;
mod silu;
mod threads;

use burn::nn::BatchNorm;
use burn::nn::conv::Conv2d;
use burn::tensor::module::{avg_pool2d, interpolate};
use burn::tensor::ops::{AvgPoolOptions, InterpolateMode, InterpolateOptions};
use burn::tensor::{Tensor, activation};

/// Activation function of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    /// `x * sigmoid(x)`.
    Silu,
    /// `max(x, 0)`.
    Relu,
    /// `min(max(x, 0), 6)`.
    Relu6,
}

impl Activation {
    /// Applies the function to every value.
    pub(crate) fn apply(self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Silu if gpu_training::applies(&x) => gpu_training::silu(x),
            Self::Silu => activation::silu(x),
            Self::Relu => activation::relu(x),
            Self::Relu6 => x.clamp(0.0, 6.0),
        }
    }
}

/// `forward` of a batch, in the fastest parts. On the CPU a part is one image, whose maps fit in the caches. Those of a batch do
/// not. The threads also wait less when they share out images than when they share out the operations of one.
pub(super) fn in_parts<R: Send>(images: Tensor<4>, forward: impl Fn(Tensor<4>) -> R + Send + Sync) -> Vec<R> {
    if cpu::applies(&images) { threads::on_threads(images.split(1, 0), forward) } else { vec![forward(images)] }
}

/// Joins the parts of a batch again.
pub(super) fn joined(mut parts: Vec<Tensor<4>>) -> Tensor<4> {
    if parts.len() == 1 { parts.swap_remove(0) } else { Tensor::cat(parts, 0) }
}

/// Convolution, then BatchNorm and activation where they are given: `[n, c, h, w]` to `[n, c', h', w']`.
pub(crate) fn conv_norm_act(
    conv: &Conv2d,
    norm: &Option<BatchNorm>,
    activation: Option<Activation>,
    x: Tensor<4>,
) -> Tensor<4> {
    if norm.is_none() && cpu::applies(&x) {
        match activation {
            Some(Activation::Silu) => return cpu::conv_bias_silu(conv, x),
            Some(Activation::Relu) => return cpu::conv_bias_relu(conv, x),
            None => return cpu::conv_bias(conv, x),
            Some(Activation::Relu6) => {}
        }
    }
    let mut x = if gpu_training::applies(&x) { gpu_training::convolve(conv, x) } else { conv.forward(x) };
    if let Some(norm) = norm {
        x = norm.forward(x);
    }
    match activation {
        Some(activation) => activation.apply(x),
        None => x,
    }
}

/// Bilinear interpolation to rows and columns of `size`, corners not aligned: `[n, c, h, w]` to `[n, c, h', w']`.
pub(crate) fn resized(x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    let options = InterpolateOptions::new(InterpolateMode::Bilinear).with_align_corners(false).with_output_size(size);
    interpolate(x, options)
}

/// Mean over 3 x 3 positions at each position, with zeros around the map: `[n, c, h, w]` to the same shape.
pub(crate) fn pooled(x: Tensor<4>) -> Tensor<4> {
    avg_pool2d(x, AvgPoolOptions::new([3, 3]).with_stride([1, 1]).with_padding([1, 1]))
}

/// `x` of `[n, c, h, w]` times `gate` of `[n, c, 1, 1]`.
pub(super) fn scale_channels(x: Tensor<4>, gate: Tensor<4>) -> Tensor<4> {
    if cpu::applies(&x) { cpu::scale_channels(x, gate) } else { x * gate }
}
