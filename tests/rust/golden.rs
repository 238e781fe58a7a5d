//! Summaries of tensors, which the reference files in `tests/reference` hold.

use burn::tensor::Tensor;
use serde::Deserialize;

use crate::relative_error;

/// Shape, mean, standard deviation and a sample of a tensor, as `summary` of `tests/reference/golden.py` writes them.
#[derive(Clone, Debug, Deserialize)]
pub struct Summary {
    shape: Vec<usize>,
    mean: f64,
    deviation: f64,
    /// Distance of the sample's values, in row-major order.
    step: usize,
    sample: Vec<f32>,
}

impl Summary {
    /// Distance of `values` from the summary. It is the largest of three: the relative L2 error of the sample, and the
    /// differences of mean and of deviation, both divided by the deviation.
    pub fn error(&self, values: &[f32]) -> f64 {
        assert_eq!(values.len(), self.shape.iter().product::<usize>(), "values of a tensor of shape {:?}", self.shape);
        let sample: Vec<f32> = values.iter().step_by(self.step).copied().collect();
        let n = values.len() as f64;
        let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / n;
        let variance = values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / n;
        let differences = [mean - self.mean, variance.sqrt() - self.deviation];
        differences
            .map(|difference| difference.abs() / self.deviation)
            .into_iter()
            .fold(relative_error(&sample, &self.sample), f64::max)
    }

    /// Greatest absolute difference of `values` from the sample.
    pub fn greatest_difference(&self, values: &[f32]) -> f32 {
        let differences =
            values.iter().step_by(self.step).zip(&self.sample).map(|(ours, theirs)| (ours - theirs).abs());
        differences.max_by(f32::total_cmp).unwrap_or(f32::NAN)
    }

    /// Prints the [`Self::error`] of `tensor`, and panics where it reaches `tolerance`.
    pub fn assert_near<const D: usize>(&self, tensor: Tensor<D>, name: &str, tolerance: f64) {
        assert_eq!(tensor.dims().as_slice(), self.shape.as_slice(), "{name}");
        let values: Vec<f32> = tensor.into_data().try_into_vec().expect("f32");
        self.assert_near_values(&values, name, tolerance);
    }

    /// Does what [`Self::assert_near`] does, with a tensor's values in row-major order.
    pub fn assert_near_values(&self, values: &[f32], name: &str, tolerance: f64) {
        let error = self.error(values);
        println!("{name}: relative error {error:.1e}");
        // Written so that NaN fails.
        assert!(error < tolerance, "{name}: relative error {error}, and {tolerance} is allowed");
    }
}
