//! Density: a Gaussian over `stage7` beside the embedders.
//!
//! An embedder detects best what resembles its synthetic defects. Other anomalies may leave an embedding unchanged, but
//! seldom leave the features where good ones are. The density counts in the score alone, by its
//! [`DensityWeights`](crate::scoring::distances::DensityWeights). At half the embedders' resolution it would blur their map.

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
