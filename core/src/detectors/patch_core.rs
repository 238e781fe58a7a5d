//! PatchCore (Roth et al. 2022): the distance of each patch to the nearest one of a memory bank, on a ResNet.
//!
//! A patch is a position of `layer2` and `layer3`, each averaged over 3 x 3 positions. `layer3` is interpolated to the grid
//! of `layer2`. The score is the distance of the most anomalous patch times a weight. The weight is 1 where the neighbours of
//! the nearest vector in the bank are much farther from the patch, and 8 / 9 where they are as near. Details are those of
//! anomalib 2.

use burn::tensor::{Device, Tensor};

use super::nearest_neighbours::{Coreset, NearestNeighbours};
use crate::image::inspected::Inspected;
use crate::network::grid::{Grid, GridMap};
use crate::network::ops::{pooled, resized};
use crate::network::resnet::ResNetArchitecture;
use crate::scoring::distances::Distances;
use crate::scoring::pixel_map::{blurred, repeated};

/// Most numbers in the patches that a coreset is chosen from: those of 280 photos with a WideResNet-50, 1.3 GB. Wasm has
/// 4 GB of memory in all, and gets a fifth of them.
pub const CANDIDATES: usize = if usize::BITS > 32 { 280 * 28 * 28 * 1536 } else { 56 * 28 * 28 * 1536 };
/// Numbers in one part of the bank, and in its products with a window's patches: 64 MiB, half of what WebGPU lets every
/// device bind at once.
const LARGEST_PART: usize = 1 << 24;
/// Most patches of a window that [`LARGEST_PART`] is for: those of 256 x 256 pixels.
const PATCHES: usize = 32 * 32;
/// Vectors of the bank that decide the weight of the score: the nearest one and its eight neighbours.
const NEIGHBOURS: usize = 9;
/// Pixels between neighbouring positions of `layer2`.
const STRIDE: usize = 8;

/// Number of channels of a patch.
pub fn channels(architecture: ResNetArchitecture) -> usize {
    let [_, two, three] = architecture.channels();
    two + three
}

/// Patches `[n, channels, h, w]` of a ResNet's layers, at the grid of `layer2`.
pub fn patches([_, two, three]: [Tensor<4>; 3]) -> Tensor<4> {
    let [_, _, rows, columns] = two.dims();
    Tensor::cat(vec![pooled(two), resized(pooled(three), [rows, columns])], 1)
}

/// Memory bank on a device, in parts that any GPU can bind.
#[derive(Debug)]
pub struct MemoryBank(Vec<NearestNeighbours>);

impl MemoryBank {
    /// Puts `vectors`, rows of `channels` values, on `device`.
    pub fn new(vectors: &[f32], channels: usize, device: &Device) -> Self {
        let most = (LARGEST_PART / channels.max(PATCHES)).max(1) * channels.max(1);
        let part = |vectors: &[f32]| NearestNeighbours::new(Coreset::of(vectors.to_vec(), channels), device);
        Self(vectors.chunks(most).map(part).collect())
    }

    /// Euclidean distance to the nearest vector at each position: `[n, channels, h, w]` to `[n, 1, h, w]`. Infinite with an
    /// empty bank.
    pub fn distances(&self, patches: &Tensor<4>) -> Tensor<4> {
        let [n, _, rows, columns] = patches.dims();
        let of_window = |window: usize| {
            let patches = patches.clone().narrow(0, window, 1);
            let each = self.0.iter().map(|part| part.distances(patches.clone())).reduce(Tensor::min_pair);
            each.unwrap_or_else(|| Tensor::full([1, 1, rows, columns], f32::INFINITY, &patches.device()))
        };
        Tensor::cat((0..n).map(of_window).collect(), 0)
    }
}

/// PatchCore on a device.
#[derive(Debug)]
pub struct PatchCore {
    bank: MemoryBank,
    /// Copy of the bank's vectors on the host, for the weight of the score.
    vectors: Vec<f32>,
    channels: usize,
}

impl PatchCore {
    /// Puts the vectors of a coreset on `device`.
    pub fn new(coreset: Coreset, device: &Device) -> Self {
        let (channels, vectors) = coreset.into_vectors();
        Self { bank: MemoryBank::new(&vectors, channels, device), vectors, channels }
    }

    /// Distances and patches of a batch, `[n, 1 + channels, h, w]`: the weight of the score needs a patch.
    pub fn forward(&self, layers: [Tensor<4>; 3]) -> Tensor<4> {
        let patches = patches(layers);
        Tensor::cat(vec![self.bank.distances(&patches), patches], 1)
    }

    /// Distances of one window. `output` is its part `[1 + channels, positions]` of [`forward`](Self::forward), and `grid` that
    /// of `layer2`. The result has weighted Euclidean distances at `grid` for the score: their highest value at the `inspected`
    /// positions is PatchCore's score. Its map has a smoothed distance for each pixel. Without `inspected` all positions count.
    pub fn distances(&self, output: &[f32], grid: Grid, inspected: Option<&Inspected>) -> Distances {
        let positions = grid.positions();
        let (values, patches) = output.split_at(positions.min(output.len()));
        let plain = GridMap { grid, values: values.to_vec() };
        let counted = inspected.and_then(|inspected| inspected.at(grid));
        let counts = |position: &usize| counted.as_ref().is_none_or(|counted| counted[*position]);
        let highest = (0..positions).filter(counts).max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(0);
        let patch: Vec<f32> = patches.iter().skip(highest).step_by(positions.max(1)).copied().collect();
        let weight = self.weight(&patch);
        let map = blurred(&repeated(&plain, STRIDE), inspected);
        Distances::new(plain.map(|value| weight * value), map)
    }

    /// Weight of a patch's distance, 0 to 1 (equation 7 of the paper). 1 for a bank of a single vector.
    fn weight(&self, patch: &[f32]) -> f32 {
        let nearest = self.nearest(patch, 1);
        let Some(nearest) = nearest.first() else { return 1.0 };
        let support = self.nearest(self.vector(*nearest), NEIGHBOURS);
        // A single vector would leave a weight of 0, and every photo would pass for good.
        if support.len() < 2 {
            return 1.0;
        }
        let distances: Vec<f32> =
            support.iter().map(|index| squared_distance(self.vector(*index), patch).sqrt()).collect();
        let largest = distances.iter().copied().fold(0.0, f32::max);
        let powers: Vec<f32> = distances.iter().map(|distance| (distance - largest).exp()).collect();
        1.0 - powers.first().unwrap_or(&0.0) / powers.iter().sum::<f32>()
    }

    fn vector(&self, index: usize) -> &[f32] {
        &self.vectors[index * self.channels..(index + 1) * self.channels]
    }

    /// Indices of the `count` vectors nearest to `vector`, the nearest first.
    fn nearest(&self, vector: &[f32], count: usize) -> Vec<usize> {
        let each = self.vectors.chunks_exact(self.channels.max(1));
        let mut distances: Vec<(f32, usize)> =
            each.enumerate().map(|(index, other)| (squared_distance(other, vector), index)).collect();
        let by_distance = |a: &(f32, usize), b: &(f32, usize)| a.0.total_cmp(&b.0);
        if count < distances.len() {
            distances.select_nth_unstable_by(count, by_distance);
            distances.truncate(count);
        }
        distances.sort_by(by_distance);
        distances.into_iter().map(|(_, index)| index).collect()
    }
}

fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    // Eight sums, which the compiler keeps in one register.
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0f32; 8];
    for (a, b) in a8.iter().zip(b8) {
        (0..8).for_each(|lane| sums[lane] += (a[lane] - b[lane]) * (a[lane] - b[lane]));
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| (a - b) * (a - b)).sum::<f32>()
}
