//! Padding of a convolution. Burn computes it inside its own convolution, and the ones written here need it too.

use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2d;

/// Height and width of the output of a convolution. None for an input without pixels, or one that is smaller than the kernel.
pub(super) fn output_size(
    input: [usize; 2],
    padding: [(usize, usize); 2],
    kernel: [usize; 2],
    stride: [usize; 2],
) -> Option<[usize; 2]> {
    let side = |axis: usize| {
        let (before, after) = padding[axis];
        Some((input[axis] + before + after).checked_sub(kernel[axis])? / stride[axis] + 1)
    };
    let output = [side(0)?, side(1)?];
    input.iter().all(|side| *side > 0).then_some(output)
}

/// Rows and columns that `conv` pads an input of `size` with, before and after.
pub(super) fn padding(conv: &Conv2d, size: [usize; 2]) -> [(usize, usize); 2] {
    match conv.padding {
        PaddingConfig2d::Explicit(top, left, bottom, right) => [(top, bottom), (left, right)],
        PaddingConfig2d::Valid => [(0, 0), (0, 0)],
        // TensorFlow's: an output for each stride, and the odd pixel after.
        PaddingConfig2d::Same => [0, 1].map(|axis| {
            let (stride, kernel) = (conv.stride[axis], conv.kernel_size[axis]);
            let reach = (size[axis].div_ceil(stride) - 1) * stride + kernel;
            let all = reach.saturating_sub(size[axis]);
            (all / 2, all - all / 2)
        }),
    }
}
