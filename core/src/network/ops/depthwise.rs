//! Depthwise convolution on plain numbers, for the CPU backend: each plane is one channel of one image.
//!
//! Burn's adds one weight at a time to a whole plane, which passes over memory once a weight, and has no SIMD with a
//! stride of 2. Here a plane is padded first. Then sixteen neighbouring outputs stay in registers for all weights.
//! Products are added in Burn's order, so the results are equal to the bit.

use super::padding::output_size;
use super::silu::silu;

/// Shape of a depthwise convolution with a square kernel, and of its planes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Depthwise {
    /// Height and width of an input plane.
    input: [usize; 2],
    /// Height and width of an output plane.
    pub(super) output: [usize; 2],
    /// Rows above and columns left of the input.
    padding: [usize; 2],
}

/// Outputs that are computed at once, and their number at the end of a row.
const LANES: usize = 16;
const FEW_LANES: usize = 8;

impl Depthwise {
    /// The convolution of planes of `input` with rows and columns of `padding` before and after. None for a plane without
    /// pixels, or one that is smaller than the kernel.
    pub(super) fn new(input: [usize; 2], padding: [(usize, usize); 2], kernel: usize, stride: usize) -> Option<Self> {
        let output = output_size(input, padding, [kernel; 2], [stride; 2])?;
        Some(Self { input, output, padding: padding.map(|(before, _)| before) })
    }

    /// Numbers in the buffer that a plane is padded in. The buffer is zero at first and serves any number of planes.
    pub(super) fn buffer<const KERNEL: usize, const STRIDE: usize>(&self) -> Vec<f32> {
        vec![0.0; self.rows::<KERNEL, STRIDE>() * STRIDE * self.phase::<KERNEL, STRIDE>()]
    }

    /// Rows of the padded plane.
    fn rows<const KERNEL: usize, const STRIDE: usize>(&self) -> usize {
        (self.output[0] - 1) * STRIDE + KERNEL
    }

    /// Columns of a phase. A padded row has its columns in `STRIDE` phases, every `STRIDE`th column in one, so that
    /// neighbouring outputs take neighbouring inputs.
    fn phase<const KERNEL: usize, const STRIDE: usize>(&self) -> usize {
        self.output[1].next_multiple_of(FEW_LANES) + (KERNEL - 1) / STRIDE
    }

    /// Pads `plane` in `buffer`.
    pub(super) fn pad<const KERNEL: usize, const STRIDE: usize>(&self, plane: &[f32], buffer: &mut [f32]) {
        let ([_, width], [top, left]) = (self.input, self.padding);
        let phase = self.phase::<KERNEL, STRIDE>();
        let rows = buffer.chunks_exact_mut(STRIDE * phase).skip(top);
        for (padded, row) in rows.zip(plane.chunks_exact(width)) {
            for index in 0..STRIDE {
                // The first column of the phase that lies in the input, and its place in the phase.
                let first = (index + STRIDE - left % STRIDE) % STRIDE;
                let count = width.saturating_sub(first).div_ceil(STRIDE);
                let padded = &mut padded[index * phase + (first + left) / STRIDE..][..count];
                if STRIDE == 1 {
                    padded.copy_from_slice(row);
                } else {
                    for place in 0..count {
                        padded[place] = row[first + place * STRIDE];
                    }
                }
            }
        }
    }

    /// Convolves the plane in `buffer` with `weight`, and writes `silu(sum + bias)` of each sum.
    pub(super) fn convolve<const KERNEL: usize, const STRIDE: usize>(
        &self,
        buffer: &[f32],
        weight: &[f32],
        bias: f32,
        output: &mut [f32],
    ) {
        let [_, width] = self.output;
        let phase = self.phase::<KERNEL, STRIDE>();
        for (y, row) in output.chunks_exact_mut(width).enumerate() {
            let inputs = &buffer[y * STRIDE * STRIDE * phase..][..KERNEL * STRIDE * phase];
            let mut x = 0;
            while x < width {
                if width - x > FEW_LANES {
                    outputs::<KERNEL, STRIDE, LANES>(&inputs[x..], phase, weight, bias, &mut row[x..]);
                } else {
                    outputs::<KERNEL, STRIDE, FEW_LANES>(&inputs[x..], phase, weight, bias, &mut row[x..]);
                }
                x += LANES;
            }
        }
    }
}

/// Computes up to `N` neighbouring outputs. `inputs` begins at the first one's column of the first of `KERNEL` padded rows.
// Loops over indices: of iterators the compiler leaves calls within the loop.
#[expect(clippy::needless_range_loop)]
#[inline(always)]
fn outputs<const KERNEL: usize, const STRIDE: usize, const N: usize>(
    inputs: &[f32],
    phase: usize,
    weight: &[f32],
    bias: f32,
    row: &mut [f32],
) {
    let mut sums = [0.0f32; N];
    for y in 0..KERNEL {
        for x in 0..KERNEL {
            let start = (y * STRIDE + x % STRIDE) * phase + x / STRIDE;
            let (inputs, weight) = (&inputs[start..start + N], weight[y * KERNEL + x]);
            for lane in 0..N {
                sums[lane] += inputs[lane] * weight;
            }
        }
    }
    for lane in 0..N {
        sums[lane] = silu(sums[lane] + bias);
    }
    let count = row.len().min(N);
    row[..count].copy_from_slice(&sums[..count]);
}
