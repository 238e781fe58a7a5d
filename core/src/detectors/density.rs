//! Density: a Gaussian over `stage7`, added to the embedders.
//!
//! An embedder is best at anomalies that resemble its synthetic defects. Other anomalies may leave an embedding unchanged,
//! but they seldom leave the features in the range of good ones. The density counts only in the score, because
//! at half the embedders' resolution it would blur the map.

use burn::tensor::{Device, Tensor};

use super::gaussian::{Gaussian, Whitening};

/// Gaussian over `stage7` on a device.
#[derive(Debug)]
pub struct Density(Gaussian);

impl Density {
    /// Puts a density on `device`.
    pub fn new(gaussian: Whitening, device: &Device) -> Self {
        Self(Gaussian::new(gaussian, device))
    }

    /// Squared Mahalanobis distances at each position of `stage7`: `[n, channels, h, w]` to `[n, 1, h, w]`.
    pub fn distances(&self, stage7: Tensor<4>) -> Tensor<4> {
        self.0.distances(stage7)
    }
}
