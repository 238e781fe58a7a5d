//! Convolutions of the extractor with bias and activation in one pass over memory, for the CPU backend.
//!
//! Burn's SiLU uses a scalar `exp`, and its bias, activation and gate are a pass each.
//! Tensors enter the backend without a copy. They leave it so where nothing else holds them, as a skip connection does.

use burn::nn::conv::Conv2d;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{DType, Device, Tensor, TensorData};

use super::dense::Dense;
use super::depthwise::Depthwise;
use super::padding::padding;
use super::silu::silu;
use super::threads::each_plane;

/// True if these functions may replace the backend's own: `x` is on the CPU, in f32, and needs no gradient.
pub(super) fn applies(x: &Tensor<4>) -> bool {
    let device = x.device();
    x.dtype() == DType::F32 && !device.is_autodiff() && device == Device::flex()
}

/// `max(conv(x) + bias, 0)` with the bias of `conv`: `[n, c, h, w]` to `[n, c', h', w']`.
pub(super) fn conv_bias_relu(conv: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    activated(conv, &bias(conv), x, |value| value.max(0.0))
}

/// `conv(x) + bias` with the bias of `conv`: `[n, c, h, w]` to `[n, c', h', w']`.
pub(super) fn conv_bias(conv: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    activated(conv, &bias(conv), x, |value| value)
}

fn bias(conv: &Conv2d) -> Vec<f32> {
    conv.bias.as_ref().map_or_else(|| vec![0.0; conv.weight.dims()[0]], |bias| floats(bias.val().into_data()))
}

/// `activation(conv(x) + bias)`.
fn activated(conv: &Conv2d, bias: &[f32], x: Tensor<4>, activation: impl Fn(f32) -> f32 + Sync) -> Tensor<4> {
    map_channels(convolve(conv, x), bias, |plane, bias| {
        for value in plane {
            *value = activation(*value + bias);
        }
    })
}

/// `conv(x)` without the bias.
fn convolve(conv: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    let [.., height, width] = x.dims();
    let padding = padding(conv, [height, width]);
    if let Some(dense) = Dense::new(conv, [height, width], padding) {
        return dense.convolve(conv, x);
    }
    let options = ConvOptions::new_with_padding(conv.stride, padding, conv.dilation, conv.groups);
    conv2d(x, conv.weight.val(), None, options)
}

/// `silu(conv(x) + bias)` with the bias of `conv`: `[n, c, h, w]` to `[n, c', h', w']`.
pub(super) fn conv_bias_silu(conv: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    let [_, inputs, height, width] = x.dims();
    let [channels, ..] = conv.weight.dims();
    let padding = padding(conv, [height, width]);
    let bias = bias(conv);
    if conv.groups == inputs && channels == inputs && conv.dilation == [1, 1] {
        let shape = Depthwise::new([height, width], padding, conv.kernel_size[0], conv.stride[0]);
        if let Some(shape) = shape {
            match (conv.kernel_size, conv.stride) {
                ([3, 3], [1, 1]) => return depthwise_bias_silu::<3, 1>(shape, conv, &bias, x),
                ([3, 3], [2, 2]) => return depthwise_bias_silu::<3, 2>(shape, conv, &bias, x),
                ([5, 5], [1, 1]) => return depthwise_bias_silu::<5, 1>(shape, conv, &bias, x),
                ([5, 5], [2, 2]) => return depthwise_bias_silu::<5, 2>(shape, conv, &bias, x),
                _ => {}
            }
        }
    }
    activated(conv, &bias, x, silu)
}

fn depthwise_bias_silu<const KERNEL: usize, const STRIDE: usize>(
    shape: Depthwise,
    conv: &Conv2d,
    bias: &[f32],
    x: Tensor<4>,
) -> Tensor<4> {
    let device = x.device();
    let [n, channels, height, width] = x.dims();
    let [rows, columns] = shape.output;
    let data = x.into_data();
    let input = data.as_slice::<f32>().expect("`applies` lets f32 tensors alone in");
    let weight = floats(conv.weight.val().into_data());
    let mut output = vec![0.0; n * channels * rows * columns];
    let buffer = || shape.buffer::<KERNEL, STRIDE>();
    each_plane(&mut output, rows * columns, buffer, |buffer, index, output| {
        let channel = index % channels;
        let weight = &weight[channel * KERNEL * KERNEL..][..KERNEL * KERNEL];
        shape.pad::<KERNEL, STRIDE>(&input[index * height * width..][..height * width], buffer);
        shape.convolve::<KERNEL, STRIDE>(buffer, weight, bias[channel], output);
    });
    Tensor::from_data(TensorData::new(output, [n, channels, rows, columns]), &device)
}

/// `x` of `[n, c, h, w]` times `gate` of `[n, c, 1, 1]`, in place.
pub(super) fn scale_channels(x: Tensor<4>, gate: Tensor<4>) -> Tensor<4> {
    let gate = floats(gate.into_data());
    map_channels(x, &gate, |plane, gate| {
        for value in plane {
            *value *= gate;
        }
    })
}

/// Runs `step` on every plane `[h, w]` with its channel's number. `numbers` has one number a channel, or one a plane.
fn map_channels(x: Tensor<4>, numbers: &[f32], step: impl Fn(&mut [f32], f32) + Sync) -> Tensor<4> {
    let device = x.device();
    let [_, _, height, width] = x.dims();
    let mut data: TensorData = x.into_data();
    let values = data.as_mut_slice::<f32>().expect("`applies` lets f32 tensors alone in");
    each_plane(values, height * width, || (), |(), index, plane| step(plane, numbers[index % numbers.len()]));
    Tensor::from_data(data, &device)
}

fn floats(data: TensorData) -> Vec<f32> {
    data.try_into_vec().expect("the weights and gates of an f32 network are f32")
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::PaddingConfig2d;
    use burn::nn::conv::Conv2dConfig;
    use burn::tensor::Distribution;

    #[test]
    fn a_depthwise_convolution_is_burns_to_the_bit() {
        let device = Device::flex();
        let _turn = crate::random::turn_to_draw();
        device.seed(0);
        for (kernel, stride) in [(3, 1), (3, 2), (5, 1), (5, 2)] {
            let half = kernel / 2;
            for padding in [PaddingConfig2d::Same, PaddingConfig2d::Explicit(half, half, half, half)] {
                for size in [[7, 7], [14, 14], [28, 17], [1, 40], [2, 3]] {
                    let conv = Conv2dConfig::new([5, 5], [kernel, kernel])
                        .with_stride([stride, stride])
                        .with_groups(5)
                        .with_padding(padding.clone())
                        .init(&device);
                    let x = Tensor::random([2, 5, size[0], size[1]], Distribution::Normal(0.0, 1.0), &device);
                    let mut theirs = conv.forward(x.clone()).into_data();
                    theirs.as_mut_slice().expect("f32").iter_mut().for_each(|value: &mut f32| *value = silu(*value));
                    assert_eq!(conv_bias_silu(&conv, x).into_data(), theirs, "{kernel} {stride} {size:?}");
                }
            }
        }
    }
}
