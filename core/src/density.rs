//! How likely `F2` is among good photos: a Gaussian beside the embedders.
//!
//! An embedder sees best what its synthetic defects taught it to see. What is odd in another way may leave an embedding
//! where it was, but it seldom leaves the features where good ones are. It counts in the score alone, by its
//! [`DensityWeights`](crate::comparison::DensityWeights): it says whether, and at half the embedders' resolution it would blur
//! their map, which says where.

use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use burn::tensor::{Device, Tensor};

use crate::gaussian::Gaussian;
use crate::score::{self, GRID};
use crate::state_dict::{StateDict, StateDictError};

/// On a device.
#[derive(Debug)]
pub struct Density(Gaussian);

impl Density {
    /// Takes a Gaussian's tensors over `channels` channels, as [`Gaussian::take`] does.
    pub fn take(tensors: &mut StateDict, channels: usize, device: &Device) -> Result<Self, StateDictError> {
        Gaussian::take(tensors, channels, device).map(Self)
    }

    /// Squared Mahalanobis distances of `F2`, each at the four positions of `E14` that it covers, so that they are read
    /// back from the device with the embeddings: `[n, 1, 14, 14]`.
    pub fn distances(&self, f2: Tensor<4>) -> Tensor<4> {
        let options = InterpolateOptions::new(InterpolateMode::Nearest).with_output_size([GRID, GRID]);
        interpolate(self.0.distances(f2), options)
    }
}

/// One image's part of what [`Density::distances`] gives, at the positions of `F2` again: 7 x 7.
pub fn at_f2(distances: &[f32]) -> Vec<f32> {
    score::pool(distances)
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::score::POOLED_GRID;

    /// With a whitening that changes nothing, the distances are the squared lengths of the features.
    #[test]
    fn each_position_of_f2_has_its_distance() {
        let mut tensors = StateDict::from([
            ("gaussian.weight".into(), (vec![2, 2, 1, 1], vec![1.0, 0.0, 0.0, 1.0])),
            ("gaussian.bias".into(), (vec![2], vec![0.0, 0.0])),
        ]);
        let device = Device::flex();
        let density = Density::take(&mut tensors, 2, &device).unwrap();

        let positions = POOLED_GRID * POOLED_GRID;
        let f2: Vec<f32> = (0..2 * positions).map(|value| value as f32).collect();
        let f2 = Tensor::from_data(TensorData::new(f2, [1, 2, POOLED_GRID, POOLED_GRID]), &device);
        let distances = density.distances(f2).into_data().try_into_vec::<f32>().unwrap();
        let squared = |p: usize| (p * p + (p + positions) * (p + positions)) as f32;
        assert_eq!(at_f2(&distances), (0..positions).map(squared).collect::<Vec<_>>());
    }
}
