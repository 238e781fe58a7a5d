//! Density: Gaussians over the extractor's own feature maps, beside the embedders.
//!
//! An embedder is best at anomalies that resemble its synthetic defects. Other anomalies may leave an embedding unchanged,
//! but they seldom leave the features in the range of good ones. So the distances of a Gaussian over `stage7` are added to the
//! score. The anomaly map is that of a Gaussian over `stage5`: an embedder that learned whether a window has a defect says
//! less well where it is.

use burn::tensor::{Device, Tensor};

use super::gaussian::{Gaussian, Whitening};
use crate::files::state_dict::{StateDict, StateDictError, take_below};
use crate::network::features::{Channels, Features};

/// Fitted Gaussians.
#[derive(Clone, Debug, Default)]
pub struct FittedDensity {
    /// Gaussian over `stage7`, for the score.
    pub score: Option<Whitening>,
    /// Gaussian over `stage5`, for the map.
    pub map: Option<Whitening>,
}

/// Gaussians on a device.
#[derive(Debug)]
pub struct Density {
    score: Option<Gaussian>,
    map: Option<Gaussian>,
}

/// Parts of a density.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DensityShape {
    /// True if there is a Gaussian for the score.
    pub score: bool,
    /// True if there is a Gaussian for the map.
    pub map: bool,
}

const SCORE: &str = "density.stage7.";
const MAP: &str = "density.stage5.";

impl FittedDensity {
    /// Takes the tensors that [`put`](Self::put) made. `extractor` has the channels of the extractor's feature maps.
    pub fn take(shape: DensityShape, extractor: Channels, tensors: &mut StateDict) -> Result<Self, StateDictError> {
        let mut take = |wanted: bool, prefix: &str, channels: usize| {
            wanted.then(|| Whitening::take(&mut take_below(tensors, prefix), channels)).transpose()
        };
        let score = take(shape.score, SCORE, extractor.stage7)?;
        Ok(Self { score, map: take(shape.map, MAP, extractor.stage5)? })
    }

    /// Adds the Gaussians to the tensors of a model file.
    pub fn put(self, tensors: &mut StateDict) {
        for (prefix, whitening) in [(SCORE, self.score), (MAP, self.map)] {
            if let Some(whitening) = whitening {
                whitening.put(prefix, tensors);
            }
        }
    }
}

impl Density {
    /// Puts a density on `device`.
    pub fn new(fitted: FittedDensity, device: &Device) -> Self {
        let put = |whitening| Gaussian::new(whitening, device);
        Self { score: fitted.score.map(put), map: fitted.map.map(put) }
    }

    /// Squared Mahalanobis distances for the score, at each position of `stage7`, `[n, 1, rows, columns]`.
    pub fn score(&self, features: &Features) -> Option<Tensor<4>> {
        Some(self.score.as_ref()?.distances(features.stage7.clone()))
    }

    /// Squared Mahalanobis distances for the map, at each position of `stage5`, `[n, 1, rows, columns]`.
    pub fn map(&self, features: &Features) -> Option<Tensor<4>> {
        Some(self.map.as_ref()?.distances(features.stage5.clone()))
    }
}
