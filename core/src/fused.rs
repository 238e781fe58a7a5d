//! What an embedder takes: the chosen feature maps at the size of `F1`, as rows of channels, one a position.
//!
//! `F2` is never written out at that size. A 1x1 convolution and an interpolation give the same in either order, and
//! `F2` has a quarter of the positions and most of the channels: so the first convolution looks at `F2` as it is, and
//! what comes out of it is upsampled.

use burn::tensor::{Device, Tensor, TensorData};

use crate::efficientnet::Features;
use crate::taps::Taps;

/// The chosen maps of `n` images.
#[derive(Clone, Debug)]
pub struct Fused {
    first: Part,
    second: Option<Part>,
    /// `n`, height and width.
    size: [usize; 3],
}

#[derive(Clone, Debug)]
struct Part {
    /// `[n * positions, channels]`.
    rows: Tensor<2>,
    /// From its own positions to those of `F1`, `[1, fine positions, positions]`.
    upsampling: Option<Tensor<3>>,
}

impl Taps {
    /// The chosen maps as an embedder takes them: `F2` bilinearly upsampled, corners aligned, and put after `F1`.
    pub fn fused(self, features: Features) -> Fused {
        let [n, _, height, width] = features.f1.dims();
        let fine = || Part { rows: rows(features.f1.clone()), upsampling: None };
        let coarse = || {
            let [_, _, rows_below, columns_below] = features.f2.dims();
            let upsampling = upsampling([height, width], [rows_below, columns_below], &features.f2.device());
            Part { rows: rows(features.f2.clone()), upsampling: Some(upsampling) }
        };
        let (first, second) = match self {
            Self::F1 => (fine(), None),
            Self::F2 => (coarse(), None),
            Self::Both => (fine(), Some(coarse())),
        };
        Fused { first, second, size: [n, height, width] }
    }
}

impl Fused {
    /// The fused rows, `[n * height * width, channels]`, times `weight` of `[output, channels]`.
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

/// The way back from [`rows`].
pub(crate) fn maps(rows: Tensor<2>, [n, height, width]: [usize; 3]) -> Tensor<4> {
    let channels = rows.dims()[1];
    rows.reshape([n, height, width, channels]).permute([0, 3, 1, 2])
}

/// Bilinear interpolation, corners aligned, as a matrix.
fn upsampling(fine: [usize; 2], coarse: [usize; 2], device: &Device) -> Tensor<3> {
    let along = |axis: usize| weights(fine[axis], coarse[axis]);
    let (vertical, horizontal) = (along(0), along(1));
    let values: Vec<f32> = vertical
        .iter()
        .flat_map(|y| horizontal.iter().flat_map(move |x| y.iter().flat_map(move |y| x.iter().map(move |x| y * x))))
        .collect();
    Tensor::from_data(TensorData::new(values, [1, fine[0] * fine[1], coarse[0] * coarse[1]]), device)
}

/// What each of `coarse` values weighs in each of `fine` ones along a line.
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
    fn a_product_with_fused_rows_is_that_with_the_map_that_interpolation_makes() {
        let device = Device::flex();
        let wave = |shape: [usize; 4], step: f32| {
            let count: usize = shape.iter().product();
            let values = (0..count).map(|i| (i as f32 * step).sin()).collect::<Vec<_>>();
            Tensor::<4>::from_data(TensorData::new(values, shape), &device)
        };
        for (fine, coarse) in [([14, 14], [7, 7]), ([14, 10], [7, 5]), ([3, 3], [1, 1])] {
            let (f1, f2) = (wave([2, 3, fine[0], fine[1]], 0.7), wave([2, 5, coarse[0], coarse[1]], 1.1));
            let features = || Features { f1: f1.clone(), f2: f2.clone() };
            for taps in [Taps::F1, Taps::F2, Taps::Both] {
                let map = taps.select_fine(features());
                let weight = wave([1, 1, 4, map.dims()[1]], 0.3).reshape([4, map.dims()[1]]);
                let fused = taps.fused(features());
                let size = fused.size();
                let error = (rows(map.clone()).matmul(weight.clone().transpose()) - fused.product(weight)).abs().max();
                assert!(error.into_scalar::<f32>() < 1e-5, "{taps:?} {coarse:?}");
                assert_eq!(maps(rows(map.clone()), size).into_data(), map.into_data());
            }
        }
    }
}
