//! Baseline: cosine distance to the mean feature map of the good photos, with no embedder between.

use burn::tensor::{Device, Tensor, TensorData};

use crate::state_dict::{StateDict, StateDictError, take};

const MEAN: &str = "mean_cosine.mean";

/// The mean feature map `[1, channels, h, w]`.
#[derive(Debug)]
pub struct MeanCosine {
    mean: Tensor<4>,
}

/// Mean of feature maps (each `[channels, side, side]`), as the tensors of a model file.
pub fn mean<'a>(maps: impl IntoIterator<Item = &'a [f32]>, channels: usize) -> StateDict {
    let (mut sum, mut count) = (Vec::<f64>::new(), 0.0);
    for map in maps {
        sum.resize(map.len(), 0.0);
        sum.iter_mut().zip(map).for_each(|(sum, value)| *sum += f64::from(*value));
        count += 1.0;
    }
    let side = ((sum.len() / channels.max(1)) as f64).sqrt() as usize;
    let values = sum.iter().map(|sum| (sum / f64::max(count, 1.0)) as f32).collect();
    StateDict::from([(MEAN.into(), (vec![channels, side, side], values))])
}

impl MeanCosine {
    /// Takes the tensor that [`mean`] made of maps of `side x side` positions.
    pub fn take(
        tensors: &mut StateDict,
        channels: usize,
        side: usize,
        device: &Device,
    ) -> Result<Self, StateDictError> {
        let values = take(tensors, MEAN, &[channels, side, side])?;
        Ok(Self { mean: Tensor::from_data(TensorData::new(values, [1, channels, side, side]), device) })
    }

    /// `1 - cos` at each position: `[n, channels, h, w]` to `[n, 1, h, w]`.
    pub fn distances(&self, features: Tensor<4>) -> Tensor<4> {
        let norm = |x: Tensor<4>| x.square().sum_dim(1).sqrt().clamp_min(1e-8);
        let dot = (features.clone() * self.mean.clone()).sum_dim(1);
        (dot / (norm(features) * norm(self.mean.clone()))).neg() + 1.0
    }
}
