//! Standardisation of features to mean 0 and deviation 1 in each channel. Not in the paper.
//!
//! Otherwise the embedder's first steps would depend on the channels of the extractor that happen to be large. In a model
//! file it is folded into the first convolution.

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::conv_relu_norm::Affine;
use crate::files::state_dict::{StateDict, StateDictError, take};

/// Mean and standard deviation of each channel of the features of good photos.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standardisation {
    mean: Vec<f32>,
    deviation: Vec<f32>,
}

/// Least deviation, so that a nearly constant channel is amplified at most a thousandfold.
const LEAST_DEVIATION: f64 = 1e-3;

impl Standardisation {
    /// Measures feature maps, each `[channels, positions]`. `None` without any.
    pub fn fit<'a>(maps: impl IntoIterator<Item = &'a [f32]>, channels: usize) -> Option<Self> {
        let (mut sums, mut squares, mut count) = (vec![0.0f64; channels], vec![0.0f64; channels], 0.0);
        for map in maps {
            let positions = map.len() / channels.max(1);
            count += positions as f64;
            for (channel, row) in map.chunks_exact(positions.max(1)).enumerate() {
                sums[channel] += row.iter().map(|value| f64::from(*value)).sum::<f64>();
                squares[channel] += row.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>();
            }
        }
        if count < 1.0 {
            return None;
        }
        let mean: Vec<f64> = sums.iter().map(|sum| sum / count).collect();
        let deviation = squares
            .iter()
            .zip(&mean)
            .map(|(square, mean)| ((square / count - mean * mean).max(0.0).sqrt().max(LEAST_DEVIATION)) as f32)
            .collect();
        Some(Self { mean: mean.iter().map(|mean| *mean as f32).collect(), deviation })
    }

    /// A standardisation that leaves features of `channels` channels as they are.
    pub fn identity(channels: usize) -> Self {
        Self { mean: vec![0.0; channels], deviation: vec![1.0; channels] }
    }

    /// The standardisation on `device`, for [`Embedder::forward`](super::embedder::Embedder::forward).
    pub fn on(&self, device: &Device) -> Standardise {
        let channels = self.mean.len();
        let tensor = |values: Vec<f32>| Tensor::from_data(TensorData::new(values, [1, channels]), device);
        let shift = self.mean.iter().zip(&self.deviation).map(|(mean, deviation)| -mean / deviation);
        Standardise(Affine {
            shift: tensor(shift.collect()),
            scale: tensor(self.deviation.iter().map(|deviation| 1.0 / deviation).collect()),
        })
    }

    /// Folds the standardisation into the tensors of a [`FoldedEmbedder`](super::embedder::FoldedEmbedder).
    pub fn fold(&self, folded: &mut StateDict) -> Result<(), StateDictError> {
        const WEIGHT: &str = "embedder.0.weight";
        const BIAS: &str = "embedder.0.bias";
        let channels = self.mean.len();
        let outputs = folded.get(BIAS).map_or(0, |(_, values)| values.len());
        let mut weight = take(folded, WEIGHT, &[outputs, channels, 1, 1])?;
        let mut bias = take(folded, BIAS, &[outputs])?;
        for (filter, bias) in weight.chunks_exact_mut(channels.max(1)).zip(&mut bias) {
            filter.iter_mut().zip(&self.deviation).for_each(|(weight, deviation)| *weight /= deviation);
            *bias -= filter.iter().zip(&self.mean).map(|(weight, mean)| weight * mean).sum::<f32>();
        }
        folded.insert(WEIGHT.into(), (vec![outputs, channels, 1, 1], weight));
        folded.insert(BIAS.into(), (vec![outputs], bias));
        Ok(())
    }
}

/// [`Standardisation`] on a device, as scale and shift.
#[derive(Clone, Debug)]
pub struct Standardise(Affine);

impl Standardise {
    pub(crate) fn affine(&self) -> Affine {
        self.0.clone()
    }
}
