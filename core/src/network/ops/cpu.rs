//! Element-wise operations of the extractor in one pass over memory, for the CPU backend.
//!
//! Burn's SiLU uses a scalar `exp`, which takes 44 % of the extractor's time. Its bias, activation and gate are a pass each.
//! Tensors leave and enter the backend without a copy, because they are contiguous and not shared.

use burn::nn::conv::Conv2d;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{DType, Device, Tensor, TensorData};

use super::padding::padding;

/// Whether these functions may replace the backend's own: `x` is on the CPU, in f32, and needs no gradient.
pub(super) fn applies(x: &Tensor<4>) -> bool {
    let device = x.device();
    x.dtype() == DType::F32 && !device.is_autodiff() && device == Device::flex()
}

/// `silu(conv(x) + bias)` with the bias of `conv`: `[n, c, h, w]` to `[n, c', h', w']`.
pub(super) fn conv_bias_silu(conv: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    let [channels, ..] = conv.weight.dims();
    let padding = padding(conv, [height, width]);
    let options = ConvOptions::new_with_padding(conv.stride, padding, conv.dilation, conv.groups);
    let y = conv2d(x, conv.weight.val(), None, options);
    let bias = match &conv.bias {
        Some(bias) => floats(bias.val().into_data()),
        None => vec![0.0; channels],
    };
    map_channels(y, &bias, |plane, bias| {
        for value in plane {
            *value = silu(*value + bias);
        }
    })
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
fn map_channels(x: Tensor<4>, numbers: &[f32], step: impl Fn(&mut [f32], f32)) -> Tensor<4> {
    let device = x.device();
    let [_, _, height, width] = x.dims();
    let mut data: TensorData = x.into_data();
    let values = data.as_mut_slice::<f32>().expect("`applies` lets f32 tensors alone in");
    for (plane, number) in values.chunks_exact_mut((height * width).max(1)).zip(numbers.iter().cycle()) {
        step(plane, *number);
    }
    Tensor::from_data(data, &device)
}

fn floats(data: TensorData) -> Vec<f32> {
    data.try_into_vec().expect("the weights and gates of an f32 network are f32")
}

/// `x / (1 + exp(-x))`, to a few units in the last place of f32, written so that the compiler makes SIMD of it.
#[inline(always)]
fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// `exp(x)` by range reduction to `2^n * e^r`, |r| <= ln(2)/2, and a polynomial (Cephes `expf`). Inputs beyond +-87
/// are clamped, where SiLU no longer changes.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Adding 1.5 * 2^23 leaves the nearest integer in the low bits: rounding without a call.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 87.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    // ln(2) in two parts, so that `r` keeps its last bits.
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let mut p = 1.987_569_2e-4;
    p = p * r + 1.398_2e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 0.5;
    let mantissa = p * r * r + r + 1.0;
    let exponent = (shifted.to_bits() << 23).wrapping_add(0x3f80_0000);
    mantissa * f32::from_bits(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_agrees_with_the_standard_library() {
        for step in -8700..=8700 {
            let x = step as f32 / 100.0;
            let expected = f64::from(x).exp();
            let error = (f64::from(exp(x)) - expected).abs() / expected;
            assert!(error < 3e-7, "exp({x}): relative error {error}");
        }
    }

    #[test]
    fn silu_keeps_its_limits() {
        assert_eq!(silu(0.0), 0.0);
        assert_eq!(silu(200.0), 200.0);
        assert!(silu(-200.0).abs() < 1e-30);
        assert!(silu(f32::NAN).is_nan());
    }
}
