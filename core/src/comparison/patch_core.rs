//! PatchCore (Roth et al. 2022): the distance to the nearest patch of a memory bank.

use burn::tensor::module::avg_pool2d;
use burn::tensor::ops::AvgPoolOptions;
use burn::tensor::{Device, Tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::layers::resized;
use super::tally::Tally;
use crate::detectors::nearest_neighbours::{Coreset, NearestNeighbours};

/// Numbers in one part of the bank: 64 MiB, half of what WebGPU lets every device bind at once.
const LARGEST_PART: usize = 1 << 24;

/// Memory bank of random patches, in parts that any GPU can bind.
#[derive(Debug)]
pub(super) struct PatchCore {
    parts: Vec<NearestNeighbours>,
    patches: usize,
    channels: usize,
}

impl PatchCore {
    /// A bank of `patches` patches of `channels` channels: those of `layer2` and `layer3`.
    pub(super) fn new(patches: usize, channels: usize, device: &Device) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let most = (LARGEST_PART / channels).max(1);
        let parts = (0..patches).step_by(most).map(|first| {
            let count = most.min(patches - first) * channels;
            let vectors = (0..count).map(|_| rng.random_range(0.0..1.0f32)).collect();
            NearestNeighbours::new(Coreset::of(vectors, channels), device)
        });
        Self { parts: parts.collect(), patches, channels }
    }

    /// Numbers in the bank.
    pub(super) fn stored(&self) -> usize {
        self.patches * self.channels
    }

    /// Anomaly map `[n, 1, size, size]`.
    pub(super) fn anomaly_map(&self, [_, two, three]: [Tensor<4>; 3], size: [usize; 2], tally: &Tally) -> Tensor<4> {
        let [n, _, rows, columns] = two.dims();
        let pooled = |layer| avg_pool2d(layer, AvgPoolOptions::new([3, 3]).with_stride([1, 1]).with_padding([1, 1]));
        let patches = Tensor::cat(vec![pooled(two), resized(pooled(three), [rows, columns])], 1);
        tally.add(&[n, rows, columns, self.stored()]);
        let distances = self.parts.iter().map(|part| part.distances(patches.clone()));
        resized(distances.reduce(Tensor::min_pair).expect("a bank has patches"), size)
    }
}
