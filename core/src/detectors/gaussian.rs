//! Gaussian over the feature vectors of all positions, with the squared Mahalanobis distance. It is a baseline, and the
//! density that is added to the embedders.
//!
//! It is the core of PaDiM (Defard et al. 2021), which has one Gaussian at each position.

use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::{Device, Tensor, TensorData};

use crate::files::state_dict::{StateDict, StateDictError, take};

/// Share of the mean variance that is added to every variance. With fewer vectors than channels the covariance has no
/// inverse otherwise.
const SHRINKAGE: f64 = 0.01;
/// Least share of the mean square that is added. Smaller variances are rounding errors.
const ROUNDING: f64 = 1e-5;
const WEIGHT: &str = "gaussian.weight";
const BIAS: &str = "gaussian.bias";

/// Gaussian on a device.
#[derive(Module, Debug)]
pub struct Gaussian {
    whitening: Conv2d,
}

/// Sums that a Gaussian is estimated from, one image at a time, so that no vector is kept.
#[derive(Clone, Debug)]
pub struct Moments {
    count: f64,
    sum: Vec<f64>,
    /// Sum of the outer products, row by row; the lower triangle.
    products: Vec<f64>,
}

impl Moments {
    /// Empty sums, for vectors of `channels` values.
    pub fn new(channels: usize) -> Self {
        Self { count: 0.0, sum: vec![0.0; channels], products: vec![0.0; channels * channels] }
    }

    /// Adds the vectors of a feature map `[channels, positions]`.
    pub fn add(&mut self, map: &[f32]) {
        let channels = self.sum.len();
        let positions = map.len() / channels.max(1);
        self.count += positions as f64;
        for (a, row) in map.chunks_exact(positions.max(1)).enumerate() {
            self.sum[a] += row.iter().map(|value| f64::from(*value)).sum::<f64>();
            for (b, other) in map.chunks_exact(positions.max(1)).take(a + 1).enumerate() {
                // Single precision within an image, double across images.
                let product: f32 = row.iter().zip(other).map(|(a, b)| a * b).sum();
                self.products[a * channels + b] += f64::from(product);
            }
        }
    }

    /// Sums over the vectors of all parts. `None` without a part. All have the same number of channels.
    pub fn sum(parts: &[Self]) -> Option<Self> {
        let (first, others) = parts.split_first()?;
        let add = |sum: Self, part: &Self| sum.combined(part, |a, b| a + b);
        Some(others.iter().fold(first.clone(), add))
    }

    /// Sums over the vectors that are not in `part`.
    pub fn without(&self, part: &Self) -> Self {
        self.clone().combined(part, |a, b| a - b)
    }

    fn combined(mut self, other: &Self, of: impl Fn(f64, f64) -> f64) -> Self {
        self.count = of(self.count, other.count);
        for (own, other) in [(&mut self.sum, &other.sum), (&mut self.products, &other.products)] {
            own.iter_mut().zip(other).for_each(|(own, other)| *own = of(*own, *other));
        }
        self
    }

    /// Gaussian of the vectors. `None` without a vector, or with NaN.
    pub fn whitening(&self) -> Option<Whitening> {
        let channels = self.sum.len();
        if self.count < 1.0 || channels == 0 {
            return None;
        }
        let mean: Vec<f64> = self.sum.iter().map(|sum| sum / self.count).collect();
        let mut covariance = vec![0.0; channels * channels];
        for a in 0..channels {
            for b in 0..=a {
                let value = self.products[a * channels + b] / self.count - mean[a] * mean[b];
                covariance[a * channels + b] = value;
                covariance[b * channels + a] = value;
            }
        }
        let trace: f64 = (0..channels).map(|a| covariance[a * channels + a]).sum();
        let square = mean.iter().map(|mean| mean * mean).sum::<f64>();
        // The smallest positive number is for features that are all 0.
        let shrinkage = (SHRINKAGE * trace).max(ROUNDING * square).max(1e-12) / channels as f64;
        (0..channels).for_each(|a| covariance[a * channels + a] += shrinkage);
        // covariance = C C', so that C^-1 whitens: its rows times x have unit covariance.
        let whitening = inverse_of_lower(&cholesky(covariance, channels)?, channels);
        let bias: Vec<f32> = whitening
            .chunks_exact(channels)
            .map(|row| -row.iter().zip(&mean).map(|(w, m)| w * m).sum::<f64>() as f32)
            .collect();
        Some(Whitening { weight: whitening.iter().map(|value| *value as f32).collect(), bias })
    }
}

/// Fitted Gaussian: the weights of its whitening convolution.
///
/// The precision matrix is `L L'` and the mean is `m`. The Mahalanobis distance of `x` is then `|L'(x - m)|`. This is a 1x1
/// convolution with the weights `L'` and the bias `-L'm`, and a norm over the channels. The score takes the root of the
/// squared distance, as it does of cosine distances.
#[derive(Clone, Debug, PartialEq)]
pub struct Whitening {
    /// `[channels, channels]`, row by row.
    weight: Vec<f32>,
    /// One value a channel.
    bias: Vec<f32>,
}

impl Whitening {
    /// Takes the tensors that [`put`](Self::put) made.
    pub fn take(tensors: &mut StateDict, channels: usize) -> Result<Self, StateDictError> {
        let weight = take(tensors, WEIGHT, &[channels, channels, 1, 1])?;
        Ok(Self { weight, bias: take(tensors, BIAS, &[channels])? })
    }

    /// Adds the weights to the tensors of a model file, their names after `prefix`.
    pub fn put(self, prefix: &str, tensors: &mut StateDict) {
        let channels = self.bias.len();
        tensors.insert(format!("{prefix}{WEIGHT}"), (vec![channels, channels, 1, 1], self.weight));
        tensors.insert(format!("{prefix}{BIAS}"), (vec![channels], self.bias));
    }
}

/// The lower triangular `C` of `C C' = matrix`; `None` where the matrix is not positive definite.
pub(super) fn cholesky(mut matrix: Vec<f64>, n: usize) -> Option<Vec<f64>> {
    for row in 0..n {
        for column in 0..=row {
            let dot: f64 = (0..column).map(|k| matrix[row * n + k] * matrix[column * n + k]).sum();
            let rest = matrix[row * n + column] - dot;
            matrix[row * n + column] = if row == column {
                if rest.is_nan() || rest <= 0.0 {
                    return None;
                }
                rest.sqrt()
            } else {
                rest / matrix[column * n + column]
            };
        }
        matrix[row * n + row + 1..(row + 1) * n].fill(0.0);
    }
    Some(matrix)
}

/// Inverse of a lower triangular matrix.
pub(super) fn inverse_of_lower(lower: &[f64], n: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; n * n];
    for row in 0..n {
        let diagonal = lower[row * n + row];
        inverse[row * n + row] = 1.0 / diagonal;
        for k in 0..row {
            let factor = lower[row * n + k] / diagonal;
            for column in 0..=k {
                inverse[row * n + column] -= factor * inverse[k * n + column];
            }
        }
    }
    inverse
}

impl Gaussian {
    /// Puts a Gaussian on `device`.
    pub fn new(Whitening { weight, bias }: Whitening, device: &Device) -> Self {
        let channels = bias.len();
        let mut whitening = Conv2dConfig::new([channels, channels], [1, 1]).init(device);
        whitening.weight =
            Param::from_tensor(Tensor::from_data(TensorData::new(weight, [channels, channels, 1, 1]), device));
        whitening.bias = Some(Param::from_tensor(Tensor::from_data(TensorData::new(bias, [channels]), device)));
        Self { whitening }
    }

    /// Squared Mahalanobis distance at each position: `[n, channels, h, w]` to `[n, 1, h, w]`.
    pub fn distances(&self, features: Tensor<4>) -> Tensor<4> {
        self.whitening.forward(features).square().sum_dim(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares with the square of `scipy.spatial.distance.mahalanobis`, computed by hand for a diagonal covariance.
    #[test]
    fn distance_is_that_of_mahalanobis_squared() {
        let mut moments = Moments::new(2);
        // Four vectors with means (1, 10) and variances (1, 16), uncorrelated.
        moments.add(&[0.0, 2.0, 0.0, 2.0, 6.0, 6.0, 14.0, 14.0]);
        let device = Device::flex();
        let gaussian = Gaussian::new(moments.whitening().unwrap(), &device);
        let x = Tensor::<4>::from_data(TensorData::new(vec![3.0f32, 1.0, 10.0, 18.0], [1, 2, 1, 2]), &device);
        let distances = gaussian.distances(x).into_data().try_into_vec::<f32>().unwrap();
        let shrinkage = SHRINKAGE * 17.0 / 2.0;
        let expected = [4.0 / (1.0 + shrinkage), 64.0 / (16.0 + shrinkage)];
        for (ours, theirs) in distances.iter().zip(expected) {
            assert!((f64::from(*ours) - theirs).abs() < 1e-5, "{distances:?} {expected:?}");
        }
    }

    #[test]
    fn correlated_and_scarce_vectors_are_no_trouble() {
        let mut moments = Moments::new(3);
        moments.add(&[1.0, 2.0, 2.0, 4.0, 0.0, 0.0]);
        assert!(moments.whitening().unwrap().weight.iter().all(|value| value.is_finite()));
        assert!(Moments::new(3).whitening().is_none());
    }

    /// All positions of all photos are equal.
    #[test]
    fn constant_features_have_a_gaussian() {
        let device = Device::flex();
        for constants in [[0.0_f32; 3], [64.0; 3], [0.1, -7.3, 1234.5]] {
            let mut moments = Moments::new(3);
            let map: Vec<f32> = constants.iter().flat_map(|constant| [*constant; 196]).collect();
            (0..20).for_each(|_| moments.add(&map));
            let gaussian = Gaussian::new(moments.whitening().expect("a Gaussian"), &device);
            let at = |shift: f32| {
                let vector: Vec<f32> = constants.iter().map(|constant| constant + shift).collect();
                let x = Tensor::<4>::from_data(TensorData::new(vector, [1, 3, 1, 1]), &device);
                gaussian.distances(x).into_data().try_into_vec::<f32>().expect("numbers")[0]
            };
            assert!(at(0.0) < 0.1 && at(10.0).is_finite() && at(10.0) > 1.0, "{} {}", at(0.0), at(10.0));
        }
    }
}
