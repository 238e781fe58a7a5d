//! Teacher of the distillation: EfficientNet-Lite0 (ImageNet weights, Apache-2.0), and the scale of its maps.

use std::path::Path;

use burn::tensor::Tensor;
use cse::files::extractor_file;
use cse::files::state_dict::Precision;
use cse::network::efficientnet::Architecture;

use super::PretrainError;
use crate::weights::state_dict;
use cse::published::recognise::{recognise, take_timm_named};

/// Makes an extractor file of EfficientNet-Lite0, in full precision, from a published checkpoint.
pub fn folded_lite0(path: &Path) -> Result<Vec<u8>, PretrainError> {
    let unusable = |problem: String| PretrainError::Teacher { path: path.to_owned(), problem };
    let mut tensors = state_dict::read(path).map_err(|error| unusable(error.to_string()))?;
    let network = recognise(&tensors).map_err(|error| unusable(error.to_string()))?;
    if network.architecture != Architecture::TfLite0 {
        return Err(unusable(format!("it holds {}, not EfficientNet-Lite0", network.architecture)));
    }
    let named = take_timm_named(&mut tensors, &network).map_err(|error| unusable(error.to_string()))?;
    Ok(extractor_file::from_state_dict(named, Architecture::TfLite0, String::new(), Precision::F32)?)
}

/// Standard deviation of each channel of the teacher's maps over many images. It is the unit of an error.
#[derive(Clone, Debug)]
pub struct Scale {
    /// Reciprocal of the standard deviation of each part, `[1, c, 1, 1]`.
    reciprocals: Vec<Tensor<4>>,
}

impl Scale {
    /// Measures the scale over all positions of all batches of maps.
    pub fn of(batches: impl Iterator<Item = Vec<Tensor<4>>>) -> Self {
        let mean = |map: Tensor<4>| map.mean_dims(&[0, 2, 3]);
        let mut count = 0.0;
        let moments = batches.map(|maps| {
            count += 1.0;
            maps.into_iter().map(|map| (mean(map.clone()), mean(map.square()))).collect::<Vec<_>>()
        });
        let sums = moments.reduce(|sums, moments| {
            let pairs = sums.into_iter().zip(moments);
            pairs.map(|((mean, square), (another, another_square))| (mean + another, square + another_square)).collect()
        });
        let reciprocal = |(mean, square): (Tensor<4>, Tensor<4>)| {
            let variance = square / count - (mean / count).square();
            (variance.clamp_min(0.0) + 1e-6).sqrt().recip()
        };
        Self { reciprocals: sums.into_iter().flatten().map(reciprocal).collect() }
    }

    /// Mean squared error of one part's standardised map: the unexplained share of the teacher's variance.
    pub fn error(&self, part: usize, student: Tensor<4>, teacher: Tensor<4>) -> Tensor<1> {
        ((student - teacher) * self.reciprocals[part].clone()).square().mean()
    }

    /// Mean squared error of the variation within each photo, in units of the teacher's variance there. A channel that
    /// separates surfaces may hardly vary on one surface, but a detector depends on this variation.
    pub fn error_within(&self, part: usize, student: Tensor<4>, teacher: Tensor<4>) -> Tensor<1> {
        /// Least variance within a photo, as a share of the channel's variance over all photos. It keeps the quotient
        /// finite.
        const LEAST: f32 = 0.01;
        let centred = |map: Tensor<4>| {
            let map = map * self.reciprocals[part].clone();
            map.clone() - map.mean_dims(&[2, 3])
        };
        let teacher = centred(teacher);
        let variance = teacher.clone().square().mean_dims(&[2, 3]) + LEAST;
        ((centred(student) - teacher).square().mean_dims(&[2, 3]) / variance).mean()
    }
}
