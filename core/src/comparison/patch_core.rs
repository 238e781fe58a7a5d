//! PatchCore with a memory bank of random patches.

use burn::tensor::{Device, Tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::detectors::patch_core::{MemoryBank, patches};
use crate::network::ops::resized;
use crate::network::tally::Tally;

/// PatchCore without its weighting of the image score.
#[derive(Debug)]
pub(super) struct PatchCore {
    bank: MemoryBank,
    /// Numbers in the bank.
    stored: usize,
}

impl PatchCore {
    /// A bank of `count` patches of `channels` channels: those of `layer2` and `layer3`.
    pub(super) fn new(count: usize, channels: usize, device: &Device) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let stored = count * channels;
        let vectors: Vec<f32> = (0..stored).map(|_| rng.random_range(0.0..1.0f32)).collect();
        Self { bank: MemoryBank::new(&vectors, channels, device), stored }
    }

    /// Numbers in the bank.
    pub(super) fn stored(&self) -> usize {
        self.stored
    }

    /// Anomaly map `[n, 1, size, size]`.
    pub(super) fn anomaly_map(&self, layers: [Tensor<4>; 3], size: [usize; 2], tally: &Tally) -> Tensor<4> {
        let patches = patches(layers);
        let [n, _, rows, columns] = patches.dims();
        tally.add(&[n, rows, columns, self.stored]);
        resized(self.bank.distances(&patches), size)
    }
}
