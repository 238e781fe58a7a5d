//! Baseline: distance to the nearest good feature vector of a coreset (the core of PatchCore, Roth et al. 2022).

use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::files::state_dict::{StateDict, StateDictError, take};

/// Number of vectors in the coreset.
pub const CORESET: usize = 1000;
/// Number of vectors that the coreset is chosen from. More vectors change little and take long.
pub const CANDIDATES: usize = 20_000;
/// Dimensions of the random projection in which the coreset is chosen (Johnson and Lindenstrauss, as PatchCore does).
const PROJECTED: usize = 32;
const VECTORS: &str = "neighbours.vectors";

/// Good feature vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct Coreset {
    channels: usize,
    /// `[m, channels]`, row by row.
    vectors: Vec<f32>,
}

/// Chooses at most `size` of `vectors` (rows of `channels` values), so that every other vector is near one of them. The
/// algorithm is greedy k-centre (Sener and Savarese 2018) with a seed.
pub fn coreset(vectors: &[f32], channels: usize, size: usize, seed: u64) -> Coreset {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let projection: Vec<f32> = (0..channels * PROJECTED).map(|_| if rng.random() { 1.0 } else { -1.0 }).collect();
    let projected: Vec<[f32; PROJECTED]> = vectors
        .chunks_exact(channels.max(1))
        .map(|vector| {
            let mut result = [0.0; PROJECTED];
            for (value, row) in vector.iter().zip(projection.chunks_exact(PROJECTED)) {
                result.iter_mut().zip(row).for_each(|(sum, sign)| *sum += value * sign);
            }
            result
        })
        .collect();
    let squared =
        |a: &[f32; PROJECTED], b: &[f32; PROJECTED]| -> f32 { a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum() };
    let mut nearest = vec![f32::INFINITY; projected.len()];
    let mut chosen = Vec::with_capacity(size.min(projected.len()));
    let mut next = if projected.is_empty() { 0 } else { rng.random_range(0..projected.len()) };
    while chosen.len() < size.min(projected.len()) {
        chosen.push(next);
        let centre = projected[next];
        let mut farthest = (0, -1.0);
        for (index, (distance, vector)) in nearest.iter_mut().zip(&projected).enumerate() {
            *distance = distance.min(squared(vector, &centre));
            if *distance > farthest.1 {
                farthest = (index, *distance);
            }
        }
        next = farthest.0;
    }
    let kept: Vec<f32> =
        chosen.iter().flat_map(|index| &vectors[index * channels..(index + 1) * channels]).copied().collect();
    Coreset { channels, vectors: kept }
}

impl Coreset {
    /// A coreset of `vectors`, rows of `channels` values.
    pub fn of(vectors: Vec<f32>, channels: usize) -> Self {
        Self { channels, vectors }
    }

    /// Number of values in a vector, and the vectors one after another.
    pub(super) fn into_vectors(self) -> (usize, Vec<f32>) {
        (self.channels, self.vectors)
    }

    /// Takes the tensor that [`put`](Self::put) made. An error for no vectors, because there would be no nearest one.
    pub fn take(tensors: &mut StateDict, channels: usize) -> Result<Self, StateDictError> {
        let count = tensors.get(VECTORS).and_then(|(shape, _)| shape.first().copied()).unwrap_or(0);
        Ok(Self { channels, vectors: take(tensors, VECTORS, &[count.max(1), channels])? })
    }

    /// Adds the vectors to the tensors of a model file.
    pub fn put(self, tensors: &mut StateDict) {
        tensors.insert(VECTORS.into(), (vec![self.vectors.len() / self.channels.max(1), self.channels], self.vectors));
    }
}

/// Coreset on a device.
#[derive(Debug)]
pub struct NearestNeighbours {
    /// `[m, channels]`.
    vectors: Tensor<2>,
    /// Half the squared length of each vector, `[1, m, 1]`.
    half_squares: Tensor<3>,
}

impl NearestNeighbours {
    /// Puts a coreset on `device`.
    pub fn new(Coreset { channels, vectors }: Coreset, device: &Device) -> Self {
        let count = vectors.len() / channels.max(1);
        let half_squares: Vec<f32> =
            vectors.chunks_exact(channels.max(1)).map(|v| v.iter().map(|x| x * x).sum::<f32>() / 2.0).collect();
        Self {
            vectors: Tensor::from_data(TensorData::new(vectors, [count, channels]), device),
            half_squares: Tensor::from_data(TensorData::new(half_squares, [1, count, 1]), device),
        }
    }

    /// Euclidean distance to the nearest kept vector at each position: `[n, channels, h, w]` to `[n, 1, h, w]`.
    pub fn distances(&self, features: Tensor<4>) -> Tensor<4> {
        let [n, channels, height, width] = features.dims();
        let [count, _] = self.vectors.dims();
        let x = features.reshape([n, channels, height * width]);
        let squares = x.clone().square().sum_dim(1);
        // |x - v|^2 = |x|^2 - 2 (x v - |v|^2 / 2): the nearest is the one with the largest bracket.
        let products = self.vectors.clone().reshape([1, count, channels]).matmul(x) - self.half_squares.clone();
        let squared = squares - products.max_dim(1) * 2.0;
        squared.clamp_min(0.0).sqrt().reshape([n, 1, height, width])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_is_to_the_nearest_kept_vector() {
        let vectors = [0.0, 0.0, 10.0, 0.0, 0.0, 10.0, 0.1, 0.0];
        let coreset = coreset(&vectors, 2, 3, 7);
        // Four vectors, two of them close together: the farthest apart are kept.
        assert_eq!(coreset.vectors.len(), 3 * 2);
        let device = Device::flex();
        let model = NearestNeighbours::new(coreset, &device);
        let x = Tensor::<4>::from_data(TensorData::new(vec![10.0f32, 3.0, 3.0, 4.0], [1, 2, 1, 2]), &device);
        let distances = model.distances(x).into_data().try_into_vec::<f32>().unwrap();
        assert!((distances[0] - 3.0).abs() < 1e-4, "{distances:?}");
        assert!((4.9..5.1).contains(&distances[1]), "{distances:?}");
    }

    #[test]
    fn fewer_vectors_than_asked_for_are_all_kept() {
        assert_eq!(coreset(&[1.0, 2.0], 1, 5, 0).vectors.len(), 2);
        assert_eq!(coreset(&[], 1, 5, 0).vectors.len(), 0);
    }
}
