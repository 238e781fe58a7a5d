//! Convolution without groups by im2col and one matrix product, for the CPU backend.
//!
//! Burn's converts input and weights to NHWC for each call, and its result back to NCHW. Here all stays in NCHW: a row of
//! the product's right side is the input as one weight of the kernel sees it.

use burn::nn::conv::Conv2d;
use burn::tensor::{Tensor, TensorData};

use super::padding::output_size;
use super::threads::each_plane;

/// Shape of a dense convolution. Each field has the vertical direction first.
pub(super) struct Dense {
    input: [usize; 2],
    output: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    /// Pixels of padding before the input.
    padding: [usize; 2],
}

impl Dense {
    /// The shape of `conv` on planes of `input` with rows and columns of `padding` before and after. None for a convolution with groups or dilation, and for an input smaller than
    /// the kernel. None too for 1x1, which is a matrix product without a copy in Burn.
    pub(super) fn new(conv: &Conv2d, input: [usize; 2], padding: [(usize, usize); 2]) -> Option<Self> {
        let (kernel, stride) = (conv.kernel_size, conv.stride);
        if conv.groups != 1 || conv.dilation != [1, 1] || (kernel == [1, 1] && stride == [1, 1]) {
            return None;
        }
        let output = output_size(input, padding, kernel, stride)?;
        Some(Self { input, output, kernel, stride, padding: padding.map(|(before, _)| before) })
    }

    /// `conv(x)` without the bias: `[n, c, h, w]` to `[n, c', h', w']`. `conv` and `x` are those of the shape.
    pub(super) fn convolve(&self, conv: &Conv2d, x: Tensor<4>) -> Tensor<4> {
        let ([n, inputs, height, width], device) = (x.dims(), x.device());
        let ([rows, columns], [kernel_height, kernel_width]) = (self.output, self.kernel);
        let kernel = kernel_height * kernel_width;
        let data = x.into_data();
        let planes = data.as_slice::<f32>().expect("`cpu::applies` lets f32 tensors alone in");
        let mut right = vec![0.0; n * inputs * kernel * rows * columns];
        each_plane(
            &mut right,
            rows * columns,
            || (),
            |(), index, row| {
                let place = index % kernel;
                let plane = &planes[index / kernel * height * width..][..height * width];
                self.copy(plane, [place / kernel_width, place % kernel_width], row);
            },
        );
        let right = Tensor::<3>::from_data(TensorData::new(right, [n, inputs * kernel, rows * columns]), &device);
        let [channels, ..] = conv.weight.dims();
        let left = conv.weight.val().reshape([1, channels, inputs * kernel]);
        left.matmul(right).reshape([n, channels, rows, columns])
    }

    /// Copies what the weight at `place` of the kernel sees for each output. `seen` is zero at first, and stays so in the
    /// padding.
    fn copy(&self, plane: &[f32], place: [usize; 2], seen: &mut [f32]) {
        let ([_, width], [_, columns]) = (self.input, self.output);
        let ((top, bottom), (first, last)) = (self.within(0, place[0]), self.within(1, place[1]));
        if first == last {
            return;
        }
        let stride = self.stride[1];
        for row in top..bottom {
            let line = &plane[(row * self.stride[0] + place[0] - self.padding[0]) * width..][..width];
            let line = line[first * stride + place[1] - self.padding[1]..].iter();
            let seen = &mut seen[row * columns + first..row * columns + last];
            match stride {
                1 => seen.copy_from_slice(&line.as_slice()[..last - first]),
                _ => seen.iter_mut().zip(line.step_by(stride)).for_each(|(seen, value)| *seen = *value),
            }
        }
    }

    /// The outputs along an axis whose weight at `place` lies on the input: the first one, and the one after the last. Both
    /// are the same where there is none.
    fn within(&self, axis: usize, place: usize) -> (usize, usize) {
        let (stride, padding) = (self.stride[axis], self.padding[axis]);
        let first = padding.saturating_sub(place).div_ceil(stride);
        let end = (self.input[axis] + padding).saturating_sub(place).div_ceil(stride).min(self.output[axis]);
        (first.min(end), end)
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::PaddingConfig2d;
    use burn::nn::conv::Conv2dConfig;
    use burn::tensor::{Device, Distribution, Tolerance};

    use super::super::padding::padding;
    use super::*;

    #[test]
    fn a_dense_convolution_is_burns() {
        let device = Device::flex();
        let _turn = crate::random::turn_to_draw();
        device.seed(0);
        for (kernel, stride) in [([3, 3], 1), ([3, 3], 2), ([7, 7], 2), ([1, 1], 2), ([2, 5], 3)] {
            for pad in [
                PaddingConfig2d::Same,
                PaddingConfig2d::Valid,
                PaddingConfig2d::Explicit(3, 1, 3, 1),
                PaddingConfig2d::Explicit(3, 3, 3, 3),
            ] {
                for size in [[7, 7], [14, 9], [8, 5], [7, 1], [1, 2]] {
                    let conv = Conv2dConfig::new([4, 6], kernel)
                        .with_stride([stride, stride])
                        .with_padding(pad.clone())
                        .with_bias(false)
                        .init(&device);
                    let x = Tensor::random([2, 4, size[0], size[1]], Distribution::Normal(0.0, 1.0), &device);
                    let Some(shape) = Dense::new(&conv, size, padding(&conv, size)) else {
                        assert!(size[0] < kernel[0] || size[1] < kernel[1]);
                        continue;
                    };
                    let (ours, theirs) = (shape.convolve(&conv, x.clone()).into_data(), conv.forward(x).into_data());
                    ours.assert_approx_eq::<f32>(&theirs, Tolerance::rel_abs(1e-4, 1e-5));
                }
            }
        }
    }
}
