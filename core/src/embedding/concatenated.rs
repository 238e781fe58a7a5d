//! Concatenated taps, the input of an embedder: the chosen feature maps at the grid of `stage5`, as rows of channels.
//!
//! `stage7` is not upsampled itself. It has a quarter of the positions and most of the channels, and a 1x1 convolution
//! commutes with an interpolation. So the first convolution runs on `stage7` at its own grid, and its output is upsampled.

use burn::tensor::{Device, Tensor, TensorData};

use crate::network::features::Features;
use crate::network::taps::Taps;

/// Chosen maps of `n` images. `stage7` is still at its own grid.
#[derive(Clone, Debug)]
pub struct Concatenated {
    first: Part,
    second: Option<Part>,
    /// `n`, height and width.
    size: [usize; 3],
}

#[derive(Clone, Debug)]
struct Part {
    /// `[n * positions, channels]`.
    rows: Tensor<2>,
    /// From the part's own positions to those of `stage5`, `[1, fine positions, positions]`.
    upsampling: Option<Tensor<3>>,
}

impl Taps {
    /// The chosen maps, `stage7` bilinearly upsampled with aligned corners and put after `stage5`.
    pub fn concatenated(self, features: Features) -> Concatenated {
        let [n, _, height, width] = features.stage5.dims();
        let fine = || Part { rows: rows(features.stage5.clone()), upsampling: None };
        let coarse = || {
            let [_, _, rows_below, columns_below] = features.stage7.dims();
            let upsampling = upsampling([height, width], [rows_below, columns_below], &features.stage7.device());
            Part { rows: rows(features.stage7.clone()), upsampling: Some(upsampling) }
        };
        let (first, second) = match self {
            Self::Stage5 => (fine(), None),
            Self::Stage7 => (coarse(), None),
            Self::Both => (fine(), Some(coarse())),
        };
        Concatenated { first, second, size: [n, height, width] }
    }
}

impl Concatenated {
    /// The rows `[n * height * width, channels]` times the transpose of `weight`, which is `[output, channels]`.
    pub(crate) fn product(self, weight: Tensor<2>) -> Tensor<2> {
        let [_, channels] = weight.dims();
        match self.second {
            None => self.first.product(weight),
            Some(second) => {
                let own = self.first.rows.dims()[1];
                self.first.product(weight.clone().narrow(1, 0, own))
                    + second.product(weight.narrow(1, own, channels - own))
            }
        }
    }

    /// `n`, height and width.
    pub(crate) fn size(&self) -> [usize; 3] {
        self.size
    }
}

impl Part {
    fn product(self, weight: Tensor<2>) -> Tensor<2> {
        let product = self.rows.matmul(weight.transpose());
        let Some(upsampling) = self.upsampling else { return product };
        let ([positions, outputs], [_, fine, coarse]) = (product.dims(), upsampling.dims());
        let n = positions / coarse;
        upsampling.matmul(product.reshape([n, coarse, outputs])).reshape([n * fine, outputs])
    }
}

/// Maps `[n, channels, height, width]` as rows, `[n * height * width, channels]`.
pub(crate) fn rows(maps: Tensor<4>) -> Tensor<2> {
    let [n, channels, height, width] = maps.dims();
    maps.permute([0, 2, 3, 1]).reshape([n * height * width, channels])
}

/// Rows `[n * height * width, channels]` as maps `[n, channels, height, width]`.
pub(crate) fn maps(rows: Tensor<2>, [n, height, width]: [usize; 3]) -> Tensor<4> {
    let channels = rows.dims()[1];
    rows.reshape([n, height, width, channels]).permute([0, 3, 1, 2])
}

/// Matrix of the bilinear interpolation with aligned corners, `[1, fine positions, coarse positions]`.
fn upsampling(fine: [usize; 2], coarse: [usize; 2], device: &Device) -> Tensor<3> {
    let along = |axis: usize| weights(fine[axis], coarse[axis]);
    let (vertical, horizontal) = (along(0), along(1));
    let values: Vec<f32> = vertical
        .iter()
        .flat_map(|y| horizontal.iter().flat_map(move |x| y.iter().flat_map(move |y| x.iter().map(move |x| y * x))))
        .collect();
    Tensor::from_data(TensorData::new(values, [1, fine[0] * fine[1], coarse[0] * coarse[1]]), device)
}

/// Weight of each of `coarse` values in each of `fine` interpolated ones, along a line.
fn weights(fine: usize, coarse: usize) -> Vec<Vec<f32>> {
    let last = coarse.saturating_sub(1) as f32;
    let step = last / fine.saturating_sub(1).max(1) as f32;
    let weight = |place: f32, at: usize| (1.0 - (place - at as f32).abs()).max(0.0);
    (0..fine).map(|index| (0..coarse).map(|at| weight((index as f32 * step).min(last), at)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_with_the_parts_is_the_product_with_the_interpolated_map() {
        let device = Device::flex();
        let wave = |shape: [usize; 4], step: f32| {
            let count: usize = shape.iter().product();
            let values = (0..count).map(|i| (i as f32 * step).sin()).collect::<Vec<_>>();
            Tensor::<4>::from_data(TensorData::new(values, shape), &device)
        };
        for (fine, coarse) in [([14, 14], [7, 7]), ([14, 10], [7, 5]), ([3, 3], [1, 1])] {
            let (stage5, stage7) = (wave([2, 3, fine[0], fine[1]], 0.7), wave([2, 5, coarse[0], coarse[1]], 1.1));
            let features = || Features { stage5: stage5.clone(), stage7: stage7.clone() };
            for taps in [Taps::Stage5, Taps::Stage7, Taps::Both] {
                let map = taps.select_fine(features());
                let weight = wave([1, 1, 4, map.dims()[1]], 0.3).reshape([4, map.dims()[1]]);
                let parts = taps.concatenated(features());
                let size = parts.size();
                let error = (rows(map.clone()).matmul(weight.clone().transpose()) - parts.product(weight)).abs().max();
                assert!(error.into_scalar::<f32>() < 1e-5, "{taps:?} {coarse:?}");
                assert_eq!(maps(rows(map.clone()), size).into_data(), map.into_data());
            }
        }
    }
}
