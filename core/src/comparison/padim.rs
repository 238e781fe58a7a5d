//! PaDiM with Gaussians of random numbers.

use burn::tensor::{Device, Tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::detectors::padim::{self, Gaussians, choose};
use crate::network::ops::resized;
use crate::network::resnet::ResNetArchitecture;
use crate::network::tally::Tally;

/// PaDiM without its smoothing of the map.
#[derive(Debug)]
pub(super) struct Padim {
    gaussians: padim::Padim,
    channels: usize,
    positions: usize,
}

impl Padim {
    /// Gaussians at `positions` positions.
    pub(super) fn new(architecture: ResNetArchitecture, positions: usize, device: &Device) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let kept = choose(architecture, 0);
        let channels = kept.len();
        let mut random = |count: usize| (0..count).map(|_| rng.random_range(-0.1..0.1f32)).collect();
        let (means, whitening) = (random(positions * channels), random(positions * channels * channels));
        Self { gaussians: padim::Padim::new(Gaussians { kept, means, whitening }, device), channels, positions }
    }

    /// Numbers in means and whitening matrices.
    pub(super) fn stored(&self) -> usize {
        self.positions * self.channels * (1 + self.channels)
    }

    /// Anomaly map `[1, 1, size, size]` of one photo.
    pub(super) fn anomaly_map(&self, layers: [Tensor<4>; 3], size: [usize; 2], tally: &Tally) -> Tensor<4> {
        tally.add(&[self.positions, self.channels, self.channels + 1]);
        resized(self.gaussians.distances(layers), size)
    }
}
