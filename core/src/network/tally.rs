//! Tally: the operations of ResNets and of the comparison's networks, which count their multiply-adds as they run.

use std::sync::atomic::{AtomicU64, Ordering};

use burn::nn::conv::{Conv2d, ConvTranspose2d};
use burn::tensor::Tensor;

use super::ops::{self, Activation};

/// Multiply-adds of the operations that were run with it. Additions, activations, pooling and interpolation do not count,
/// as is usual.
#[derive(Debug, Default)]
pub struct Tally(AtomicU64);

impl Tally {
    /// Multiply-adds so far.
    pub fn multiply_adds(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts the product of `factors`, the multiply-adds of an operation that is run elsewhere.
    pub(crate) fn add(&self, factors: &[usize]) {
        // In wasm `usize` has 32 bits, which a photo's multiply-adds exceed.
        self.0.fetch_add(factors.iter().map(|factor| *factor as u64).product(), Ordering::Relaxed);
    }

    /// `[n, c, h, w]` to `[n, c', h', w']`.
    pub(crate) fn conv(&self, conv: &Conv2d, x: Tensor<4>) -> Tensor<4> {
        self.counted(conv, ops::conv_norm_act(conv, &None, None, x))
    }

    /// Convolution and ReLU: `[n, c, h, w]` to `[n, c', h', w']`.
    pub(crate) fn conv_relu(&self, conv: &Conv2d, x: Tensor<4>) -> Tensor<4> {
        self.counted(conv, ops::conv_norm_act(conv, &None, Some(Activation::Relu), x))
    }

    /// Transposed convolution, whose kernel is its stride: `[n, c, h, w]` to `[n, c', h * stride, w * stride]`.
    pub(crate) fn transposed(&self, conv: &ConvTranspose2d, x: Tensor<4>) -> Tensor<4> {
        let [n, _, height, width] = x.dims();
        let [inputs, outputs, rows, columns] = conv.weight.dims();
        self.add(&[n, height, width, inputs, outputs, rows, columns]);
        conv.forward(x)
    }

    fn counted(&self, conv: &Conv2d, y: Tensor<4>) -> Tensor<4> {
        let ([n, _, height, width], [outputs, inputs, rows, columns]) = (y.dims(), conv.weight.dims());
        self.add(&[n, height, width, outputs, inputs, rows, columns]);
        y
    }
}
