//! Baseline: cosine distance to the mean feature map of the good windows, without an embedder.

use burn::tensor::{Device, Tensor, TensorData};

use crate::files::state_dict::{StateDict, StateDictError, take};
use crate::network::grid::Grid;

const MEAN: &str = "mean_cosine.mean";

/// Mean feature map of good windows.
#[derive(Clone, Debug, PartialEq)]
pub struct MeanMap {
    channels: usize,
    grid: Grid,
    /// `[channels, rows, columns]`.
    values: Vec<f32>,
}

impl MeanMap {
    /// Mean of feature maps, each `[channels, rows, columns]`.
    pub fn fit<'a>(maps: impl IntoIterator<Item = &'a [f32]>, channels: usize, grid: Grid) -> Self {
        let mut sum = vec![0.0f64; channels * grid.positions()];
        let mut count = 0.0;
        for map in maps {
            sum.iter_mut().zip(map).for_each(|(sum, value)| *sum += f64::from(*value));
            count += 1.0;
        }
        Self { channels, grid, values: sum.iter().map(|sum| (sum / f64::max(count, 1.0)) as f32).collect() }
    }

    /// Takes the tensor that [`put`](Self::put) made.
    pub fn take(tensors: &mut StateDict, channels: usize, grid: Grid) -> Result<Self, StateDictError> {
        Ok(Self { channels, grid, values: take(tensors, MEAN, &[channels, grid.rows, grid.columns])? })
    }

    /// Adds the map to the tensors of a model file.
    pub fn put(self, tensors: &mut StateDict) {
        tensors.insert(MEAN.into(), (vec![self.channels, self.grid.rows, self.grid.columns], self.values));
    }
}

/// Mean feature map on a device.
#[derive(Debug)]
pub struct MeanCosine {
    /// `[1, channels, rows, columns]`.
    mean: Tensor<4>,
}

impl MeanCosine {
    /// Puts a mean feature map on `device`.
    pub fn new(MeanMap { channels, grid, values }: MeanMap, device: &Device) -> Self {
        let data = TensorData::new(values, [1, channels, grid.rows, grid.columns]);
        Self { mean: Tensor::from_data(data, device) }
    }

    /// `1 - cos` at each position: `[n, channels, h, w]` to `[n, 1, h, w]`.
    pub fn distances(&self, features: Tensor<4>) -> Tensor<4> {
        let norm = |x: Tensor<4>| x.square().sum_dim(1).sqrt().clamp_min(1e-8);
        let dot = (features.clone() * self.mean.clone()).sum_dim(1);
        (dot / (norm(features) * norm(self.mean.clone()))).neg() + 1.0
    }
}
