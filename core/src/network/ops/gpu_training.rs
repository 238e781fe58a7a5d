//! Operations of a network that is trained on a GPU, in forms whose gradients are fast.
//!
//! Without autotuning, CubeCL computes the gradient of a convolution's weight with one thread for each of its values. That
//! is a few threads over all positions of all images. Here the convolution is a matrix product, or has a copy of its
//! weight for each image, which gives many threads. Element-wise steps are few, because each is a pass over memory.

use burn::nn::conv::Conv2d;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, s};

use super::padding::padding;

/// True if `x` is on a GPU and gradients are wanted.
pub(super) fn applies(x: &Tensor<4>) -> bool {
    let device = x.device();
    device.is_autodiff() && device.inner() != Device::flex()
}

/// `x * sigmoid(x)`, in fewer steps.
pub(super) fn silu(x: Tensor<4>) -> Tensor<4> {
    let half = x * 0.5;
    half.clone().tanh() * half.clone() + half
}

/// `conv` of `[n, c, h, w]`.
pub(super) fn convolve(conv: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    let [_, channels, height, width] = x.dims();
    let padding = padding(conv, [height, width]);
    let weight = conv.weight.val();
    let y = if conv.groups > 1 && conv.groups == channels {
        depthwise(x, weight, conv.stride, padding)
    } else if conv.kernel_size == [1, 1] {
        pointwise(x, weight)
    } else {
        dense(x, weight, conv.stride, padding)
    };
    match &conv.bias {
        Some(bias) => y + bias.val().reshape([1, -1, 1, 1]),
        None => y,
    }
}

/// A product of `weight`, `[o, c, 1, 1]`, with each image: its gradient is a product an image, and their sum.
fn pointwise(x: Tensor<4>, weight: Tensor<4>) -> Tensor<4> {
    let ([n, channels, height, width], outputs) = (x.dims(), weight.dims()[0]);
    let weight = weight.reshape([1, outputs, channels]);
    weight.matmul(x.reshape([n, channels, height * width])).reshape([n, outputs, height, width])
}

/// All channels of all images as the channels of one, each with its own copy of its filter.
fn depthwise(x: Tensor<4>, weight: Tensor<4>, stride: [usize; 2], padding: [(usize, usize); 2]) -> Tensor<4> {
    let [n, channels, height, width] = x.dims();
    let weight = weight.repeat_dim(0, n);
    let options = ConvOptions::new_with_padding(stride, padding, [1, 1], n * channels);
    let y = conv2d(x.reshape([1, n * channels, height, width]), weight, None, options);
    let [_, _, height, width] = y.dims();
    y.reshape([n, channels, height, width])
}

/// Each position's neighbours as its channels, and a pointwise convolution of those.
fn dense(x: Tensor<4>, weight: Tensor<4>, stride: [usize; 2], padding: [(usize, usize); 2]) -> Tensor<4> {
    let [outputs, channels, rows, columns] = weight.dims();
    let [(top, bottom), (left, right)] = padding;
    let x = x.pad((left, right, top, bottom), 0.0);
    let [_, _, height, width] = x.dims();
    let offsets = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
    let neighbours = offsets.map(|(row, column)| {
        // Up to the last place of the kernel: as many places for each of its pixels.
        let (down, across) = (row..height - rows + row + 1, column..width - columns + column + 1);
        x.clone().slice(s![.., .., down;stride[0] as isize, across;stride[1] as isize])
    });
    // Offsets before channels, as the neighbours are joined.
    let weight = weight.permute([0, 2, 3, 1]).reshape([outputs, rows * columns * channels, 1, 1]);
    pointwise(Tensor::cat(neighbours.collect(), 1), weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::PaddingConfig2d;
    use burn::nn::conv::Conv2dConfig;
    use burn::tensor::Distribution;

    fn error<const D: usize>(ours: Tensor<D>, theirs: Tensor<D>) -> f32 {
        let scale = theirs.clone().abs().max().into_scalar::<f32>();
        (ours - theirs).abs().max().into_scalar::<f32>() / scale
    }

    #[test]
    fn silu_is_burns() {
        let x =
            Tensor::<1>::from_floats([-90.0, -8.0, -1.0, 0.0, 0.3, 5.0, 90.0], &Device::flex()).reshape([1, 1, 1, 7]);
        assert!(error(silu(x.clone()), burn::tensor::activation::silu(x)) < 1e-6);
    }

    #[test]
    fn results_and_gradients_are_those_of_burns_convolution() {
        let device = Device::flex().autodiff();
        let _turn = crate::random::turn_to_draw();
        device.seed(4);
        let symmetric = |kernel: usize| {
            let padding = kernel / 2;
            PaddingConfig2d::Explicit(padding, padding, padding, padding)
        };
        for (channels, kernel, stride, groups, size, padding) in [
            ([3, 8], 3, 2, 1, [12, 10], symmetric(3)),
            ([3, 8], 3, 2, 1, [11, 13], symmetric(3)),
            ([3, 8], 3, 2, 1, [12, 13], PaddingConfig2d::Same),
            ([6, 4], 1, 1, 1, [5, 7], PaddingConfig2d::Valid),
            ([6, 6], 3, 1, 6, [5, 7], symmetric(3)),
            ([6, 6], 5, 2, 6, [12, 9], symmetric(5)),
            ([6, 6], 5, 2, 6, [12, 9], PaddingConfig2d::Same),
        ] {
            let conv = Conv2dConfig::new(channels, [kernel, kernel])
                .with_stride([stride, stride])
                .with_groups(groups)
                .with_padding(padding)
                .init(&device);
            let shape = [3, channels[0], size[0], size[1]];
            let x = Tensor::<4>::random(shape, Distribution::Default, &device).require_grad();
            let [ours, theirs] = [convolve(&conv, x.clone()), conv.forward(x.clone())].map(|y| {
                let gradients = y.clone().powi_scalar(3).sum().backward();
                let of = |tensor: &Tensor<4>| tensor.grad(&gradients).expect("a gradient");
                let bias = conv.bias.as_ref().expect("a bias").val().grad(&gradients).expect("a gradient");
                (y.inner(), of(&x), of(&conv.weight.val()), bias)
            });
            assert!(error(ours.0, theirs.0) < 1e-5);
            assert!(error(ours.1, theirs.1) < 1e-5);
            assert!(error(ours.2, theirs.2) < 1e-5);
            assert!(error(ours.3, theirs.3) < 1e-5);
        }
    }
}
