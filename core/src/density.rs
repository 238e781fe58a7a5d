//! How likely `F2` is among good photos: a Gaussian whose distances are added to the embedders'.
//!
//! An embedder sees best what its synthetic defects taught it to see. What is odd in another way may leave an embedding
//! where it was, but it seldom leaves the features where good ones are.

use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use burn::tensor::{Device, Tensor};

use crate::gaussian::Gaussian;
use crate::score::{self, Comparison, GRID};
use crate::state_dict::{StateDict, StateDictError, take};

/// On a device.
#[derive(Debug)]
pub struct Density {
    gaussian: Gaussian,
    weight: f32,
}

/// As the tensors of a model file.
#[derive(Clone, Debug)]
pub struct FittedDensity {
    /// As [`Gaussian::take`] takes it.
    pub gaussian: StateDict,
    /// What its distances are multiplied by before they are added to the embedders'.
    pub weight: f32,
}

const WEIGHT: &str = "weight";

impl FittedDensity {
    /// As [`Density::take`] takes it.
    pub fn tensors(mut self) -> StateDict {
        self.gaussian.insert(WEIGHT.into(), (vec![1], vec![self.weight]));
        self.gaussian
    }
}

impl Density {
    /// Takes the tensors of a [`FittedDensity`] over `channels` channels.
    pub fn take(tensors: &mut StateDict, channels: usize, device: &Device) -> Result<Self, StateDictError> {
        let weight = take(tensors, WEIGHT, &[1])?[0];
        Ok(Self { gaussian: Gaussian::take(tensors, channels, device)?, weight })
    }

    /// See [`FittedDensity::weight`].
    pub fn weight(&self) -> f32 {
        self.weight
    }

    /// Squared Mahalanobis distances of `F2`, each at the four positions of `E14` that it covers: `[n, 1, 14, 14]`.
    pub fn distances(&self, f2: Tensor<4>) -> Tensor<4> {
        let options = InterpolateOptions::new(InterpolateMode::Nearest).with_output_size([GRID, GRID]);
        interpolate(self.gaussian.distances(f2), options)
    }
}

/// One image's part of what [`Density::distances`] gives, as embedders' distances are given. It speaks of whether, not of
/// where: at half the embedders' resolution it would blur their map.
pub fn compare(distances: &[f32]) -> Comparison {
    Comparison { distances: score::pool(distances), grid: vec![0.0; distances.len()] }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::score::POOLED_GRID;

    /// With a whitening that changes nothing, the distances are the squared lengths of the features.
    #[test]
    fn a_position_of_f2_counts_in_the_score_alone() {
        let gaussian = StateDict::from([
            ("gaussian.weight".into(), (vec![2, 2, 1, 1], vec![1.0, 0.0, 0.0, 1.0])),
            ("gaussian.bias".into(), (vec![2], vec![0.0, 0.0])),
        ]);
        let device = Device::flex();
        let mut tensors = FittedDensity { gaussian, weight: 0.5 }.tensors();
        let density = Density::take(&mut tensors, 2, &device).unwrap();
        assert_eq!(density.weight(), 0.5);

        let positions = POOLED_GRID * POOLED_GRID;
        let f2: Vec<f32> = (0..2 * positions).map(|value| value as f32).collect();
        let f2 = Tensor::from_data(TensorData::new(f2, [1, 2, POOLED_GRID, POOLED_GRID]), &device);
        let distances = density.distances(f2).into_data().try_into_vec::<f32>().unwrap();
        let comparison = compare(&distances);
        let squared = |p: usize| (p * p + (p + positions) * (p + positions)) as f32;
        assert_eq!(comparison.distances, (0..positions).map(squared).collect::<Vec<_>>());
        assert_eq!(comparison.grid, [0.0; GRID * GRID]);
    }
}
