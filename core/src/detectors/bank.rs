//! Bank (paper, section 3.5): k-means centres of the embeddings of good windows.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::embedding::embedder::EMBEDDING_CHANNELS;
use crate::network::grid::{Grid, GridMap, pool};
use crate::scoring::aggregation::Aggregation;
use crate::scoring::distances::{Distances, cosine_distances};

/// Most iterations of Lloyd's algorithm. k-means on a few hundred points converges in far fewer.
const ITERATIONS: usize = 100;

/// Cluster centres of good embeddings.
#[derive(Clone, Debug, PartialEq)]
pub struct Bank {
    grid: Grid,
    centres: Vec<Centre>,
}

/// One cluster centre. Pooling is linear, so `e7` is both the pooled `e14` and the mean of its cluster's `E7`.
#[derive(Clone, Debug, PartialEq)]
struct Centre {
    e14: Vec<f32>,
    e7: Vec<f32>,
}

impl Bank {
    /// k-means over embeddings `E14`, each `[64, positions]` at `grid`, by the distance of their `E7`. `clusters` is at
    /// least 1 and at most the number of embeddings. With 1 the centre is the mean. `None` without an embedding, or
    /// with one of another length.
    pub fn fit(embeddings: &[Vec<f32>], grid: Grid, clusters: usize, seed: u64) -> Option<Self> {
        let length = EMBEDDING_CHANNELS * grid.positions();
        if embeddings.is_empty() || embeddings.iter().any(|e14| e14.len() != length) {
            return None;
        }
        let pooled: Vec<Vec<f32>> = embeddings.iter().map(|e14| pool(e14, grid)).collect();
        let k = clusters.clamp(1, embeddings.len());
        let mut centres = plus_plus(&pooled, k, &mut ChaCha8Rng::seed_from_u64(seed));
        let mut members = assign(&pooled, &centres);
        for _ in 0..ITERATIONS {
            centres = means(&pooled, &members, k);
            let next = assign(&pooled, &centres);
            if next == members {
                break;
            }
            members = next;
        }
        Some(Self::from_e14(means(embeddings, &members, k), grid))
    }

    /// The bank with each centre replaced by the embedding nearest to it, as in the authors' released code.
    pub fn nearest_members(&self, embeddings: &[Vec<f32>]) -> Self {
        let pooled: Vec<Vec<f32>> = embeddings.iter().map(|e14| pool(e14, self.grid)).collect();
        let nearest = |centre: &Centre| {
            let distances = pooled.iter().map(|e7| squared_distance(e7, &centre.e7)).enumerate();
            distances
                .min_by(|a, b| a.1.total_cmp(&b.1))
                .map_or_else(|| centre.e14.clone(), |(i, _)| embeddings[i].clone())
        };
        Self::from_e14(self.centres.iter().map(nearest).collect(), self.grid)
    }

    /// A bank of the given centres, each an `E14` `[64, positions]` at `grid`.
    pub fn from_e14(centres: Vec<Vec<f32>>, grid: Grid) -> Self {
        Self { grid, centres: centres.into_iter().map(|e14| Centre { e7: pool(&e14, grid), e14 }).collect() }
    }

    /// Grid of the centres.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Centres, each an `E14` `[64, positions]`.
    pub fn e14(&self) -> impl Iterator<Item = &[f32]> {
        self.centres.iter().map(|centre| centre.e14.as_slice())
    }

    /// Number of clusters.
    pub fn clusters(&self) -> usize {
        self.centres.len()
    }

    /// Distances of one `E14` `[64, positions]` from the cluster that is nearest by the `aggregation` of its distances.
    pub fn distances(&self, e14: &[f32], aggregation: Aggregation) -> Distances {
        let (grid, pooled) = (self.grid, self.grid.halved());
        let e7 = pool(e14, grid);
        let nearest = self
            .centres
            .iter()
            .map(|centre| (cosine_distances(&e7, &centre.e7, pooled.positions()), centre))
            .min_by(|a, b| aggregation.of(&a.0).total_cmp(&aggregation.of(&b.0)));
        match nearest {
            Some((distances, centre)) => Distances::new(
                GridMap { grid: pooled, values: distances },
                GridMap { grid, values: cosine_distances(e14, &centre.e14, grid.positions()) },
            ),
            // Without a centre there is no normal embedding, and every position has the largest distance.
            None => Distances::new(GridMap::filled(pooled, 2.0), GridMap::filled(grid, 2.0)),
        }
    }
}

fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum()
}

/// Initial centres of k-means++ (Arthur and Vassilvitskii 2007). Each next centre is drawn with a probability proportional
/// to its squared distance.
fn plus_plus(points: &[Vec<f32>], k: usize, rng: &mut impl Rng) -> Vec<Vec<f32>> {
    let mut centres = vec![points[rng.random_range(0..points.len())].clone()];
    let mut nearest: Vec<f64> = points.iter().map(|point| squared_distance(point, &centres[0])).collect();
    while centres.len() < k {
        let total: f64 = nearest.iter().sum();
        let mut rest = rng.random::<f64>() * total;
        let chosen = nearest
            .iter()
            .position(|distance| {
                rest -= distance;
                rest < 0.0
            })
            .unwrap_or_else(|| rng.random_range(0..points.len()));
        let centre = points[chosen].clone();
        for (nearest, point) in nearest.iter_mut().zip(points) {
            *nearest = nearest.min(squared_distance(point, &centre));
        }
        centres.push(centre);
    }
    centres
}

/// Index of the nearest centre of each point.
fn assign(points: &[Vec<f32>], centres: &[Vec<f32>]) -> Vec<usize> {
    let nearest = |point: &Vec<f32>| {
        let distances = centres.iter().map(|centre| squared_distance(point, centre));
        distances.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(index, _)| index)
    };
    let mut members: Vec<usize> = points.iter().map(nearest).collect();
    // An empty cluster takes the point that is farthest from its own centre.
    for cluster in 0..centres.len() {
        if !members.contains(&cluster) {
            let farthest = (0..points.len())
                .filter(|p| members.iter().filter(|m| **m == members[*p]).count() > 1)
                .max_by(|a, b| {
                    squared_distance(&points[*a], &centres[members[*a]])
                        .total_cmp(&squared_distance(&points[*b], &centres[members[*b]]))
                });
            if let Some(point) = farthest {
                members[point] = cluster;
            }
        }
    }
    members
}

/// Mean of the points of each of `k` clusters. `members` has the cluster of each point.
fn means(points: &[Vec<f32>], members: &[usize], k: usize) -> Vec<Vec<f32>> {
    let length = points.first().map_or(0, Vec::len);
    let mut sums = vec![vec![0.0f64; length]; k];
    let mut counts = vec![0usize; k];
    for (point, member) in points.iter().zip(members) {
        counts[*member] += 1;
        sums[*member].iter_mut().zip(point).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    sums.iter()
        .zip(counts)
        .map(|(sum, count)| sum.iter().map(|value| (value / count.max(1) as f64) as f32).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: Grid = Grid { rows: 14, columns: 14 };
    const LENGTH: usize = EMBEDDING_CHANNELS * 14 * 14;

    fn points(centres: &[f32], each: usize) -> Vec<Vec<f32>> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        centres
            .iter()
            .flat_map(|c| std::iter::repeat_n(*c, each))
            .map(|c| (0..LENGTH).map(|_| c + rng.random_range(-0.1..0.1)).collect())
            .collect()
    }

    #[test]
    fn one_cluster_is_the_mean() {
        let points = points(&[0.0, 4.0], 2);
        let bank = Bank::fit(&points, GRID, 1, 0).unwrap();
        let centre = bank.e14().next().unwrap();
        let mean = points.iter().map(|p| f64::from(p[7])).sum::<f64>() / 4.0;
        assert!((f64::from(centre[7]) - mean).abs() < 1e-6);
    }

    #[test]
    fn two_clusters_find_two_groups_whatever_the_seed() {
        let points = points(&[-3.0, 3.0], 6);
        for seed in 0..10 {
            let bank = Bank::fit(&points, GRID, 2, seed).unwrap();
            let mut firsts: Vec<f32> = bank.e14().map(|c| c[0]).collect();
            firsts.sort_by(f32::total_cmp);
            assert!(firsts[0] < -2.9 && firsts[1] > 2.9, "{firsts:?}");
        }
    }

    #[test]
    fn equal_points_and_too_many_clusters_are_no_trouble() {
        let bank = Bank::fit(&vec![vec![1.0; LENGTH]; 3], GRID, 8, 0).unwrap();
        assert_eq!(bank.clusters(), 3);
        assert!(bank.e14().all(|c| c.iter().all(|v| v.is_finite())));
        assert_eq!(Bank::fit(&[], GRID, 1, 0), None);
    }
}
