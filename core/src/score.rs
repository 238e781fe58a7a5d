//! Anomaly score (paper, section 3.5): cosine distance between an embedding and the bank, position by position.
//!
//! Plain numbers and not tensors: what is left at this point is 64 x 14 x 14 values an image.

use serde::{Deserialize, Serialize};

use crate::embedder::EMBEDDING_CHANNELS;

/// Side of `E14` for a 224 input.
pub const GRID: usize = 14;
/// Side of `E7`.
pub const POOLED_GRID: usize = GRID / 2;
/// Values in one `E14`.
pub const E14_LENGTH: usize = EMBEDDING_CHANNELS * GRID * GRID;
/// Values in one `E7`.
pub const E7_LENGTH: usize = EMBEDDING_CHANNELS * POOLED_GRID * POOLED_GRID;

/// How far the positions of one image are from normal ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Distances at the positions that the score is made of, row by row, square.
    pub distances: Vec<f32>,
    /// Distances at the finest positions there are, row by row, square: for the map.
    pub grid: Vec<f32>,
}

impl Comparison {
    /// Adds `weight` times the distances of another; to one that is empty, any.
    pub fn add(&mut self, other: &Self, weight: f32) {
        for (sum, own) in [(&mut self.distances, &other.distances), (&mut self.grid, &other.grid)] {
            sum.resize(own.len(), 0.0);
            sum.iter_mut().zip(own).for_each(|(sum, distance)| *sum += weight * distance);
        }
    }

    /// `weight` times the distances.
    pub fn times(&self, weight: f32) -> Self {
        let mut product = Self::default();
        product.add(self, weight);
        product
    }

    /// Whether all distances are numbers. Compared with a threshold, one that is not would pass for good.
    pub fn is_finite(&self) -> bool {
        self.distances.iter().chain(&self.grid).all(|distance| distance.is_finite())
    }
}

/// How the distances at the positions of `E7` become one score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aggregation {
    /// The paper's.
    #[default]
    Mean,
    /// The most anomalous position: for defects that are small beside the photo.
    Max,
    /// Mean of the tenth of the positions that are most anomalous: as `Max`, but no single position decides.
    Top,
}

/// How far from the bank normal images reach. Some positions, such as those at a photo's borders, vary more than others,
/// and a distance means less there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NormalRange {
    /// Edge of what is normal at each position that the score is made of: mean and three standard deviations.
    pub edges: Vec<f32>,
    /// The same of all positions of the map together.
    pub map_edge: f32,
}

/// Images that the statistics of all positions together weigh as much as, beside those of a single position.
const PRIOR_IMAGES: f64 = 5.0;
/// Standard deviations between what is usual and the edge of what is normal.
const DEVIATIONS: f64 = 3.0;
/// An edge is no nearer: identical images would leave none.
const LEAST_EDGE: f64 = 1e-6;

impl NormalRange {
    /// Of normal images that no training has seen. With few of them the positions' own statistics say little, and are
    /// drawn towards those of all positions. `None` where there is no image.
    pub fn fit(normal: &[&Comparison]) -> Option<Self> {
        let positions = normal.first()?.distances.len();
        let n = normal.len() as f64;
        let (mean, variance) = moments(normal.iter().flat_map(|image| image.distances.iter().copied()));
        let (map_mean, map_variance) = moments(normal.iter().flat_map(|image| image.grid.iter().copied()));
        let edges = (0..positions).map(|position| {
            let (own_mean, own_variance) =
                moments(normal.iter().filter_map(|image| image.distances.get(position).copied()));
            let drawn = |own: f64, all: f64| (n * own + PRIOR_IMAGES * all) / (n + PRIOR_IMAGES);
            edge(drawn(own_mean, mean), drawn(own_variance, variance))
        });
        Some(Self { edges: edges.collect(), map_edge: edge(map_mean, map_variance) })
    }
}

fn edge(mean: f64, variance: f64) -> f32 {
    (mean + DEVIATIONS * variance.sqrt()).max(LEAST_EDGE) as f32
}

/// Mean and variance.
fn moments(values: impl Iterator<Item = f32> + Clone) -> (f64, f64) {
    let count = (values.clone().count() as f64).max(1.0);
    let mean = values.clone().map(f64::from).sum::<f64>() / count;
    (mean, values.map(|value| (f64::from(value) - mean).powi(2)).sum::<f64>() / count)
}

/// 0 like the bank, 1 at the edge of what is normal, 2 at four times as far: the chord between two directions, whose
/// square their cosine distance is. In distances themselves a few strong positions drown many faint ones, and in their
/// logarithm strong positions count hardly more than faint ones.
fn in_edges(distance: f32, edge: f32) -> f32 {
    (distance.max(0.0) / edge).sqrt()
}

/// From the distances at the positions to the image's score and map.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScoreRule {
    /// How the positions are joined.
    pub aggregation: Aggregation,
    /// With it, distances are first counted in what is normal at their position; without, the paper's, they stay as they
    /// are.
    pub normal_range: Option<NormalRange>,
    /// Then each is replaced by the mean of its neighbourhood, weighed by a Gaussian: its standard deviation as a share
    /// of the window's side, 0 for none. A defect covers more than one position, what is odd by chance seldom does. The
    /// score asks whether there is one and the map where it is: the map is smoothed half as far.
    pub smoothing: f32,
}

impl ScoreRule {
    /// The image's score.
    pub fn score(&self, distances: &[f32]) -> f32 {
        let relative = match &self.normal_range {
            Some(range) => {
                distances.iter().zip(&range.edges).map(|(distance, edge)| in_edges(*distance, *edge)).collect()
            }
            None => distances.to_vec(),
        };
        aggregate(&smoothed(relative, self.smoothing), self.aggregation)
    }

    /// The values of the map at the positions of `grid`.
    pub fn map(&self, grid: &[f32]) -> Vec<f32> {
        let relative = match &self.normal_range {
            Some(range) => grid.iter().map(|distance| in_edges(*distance, range.map_edge)).collect(),
            None => grid.to_vec(),
        };
        smoothed(relative, self.smoothing / 2.0)
    }
}

/// A square of values, each the mean of its neighbourhood weighed by a Gaussian of standard deviation `share` of the
/// side; beyond the borders the values are mirrored, the border's own first, as `scipy.ndimage.gaussian_filter` does.
pub fn smoothed(values: Vec<f32>, share: f32) -> Vec<f32> {
    let side = values.len().isqrt();
    let deviation = share * side as f32;
    // What is no square has no neighbourhoods, and below this the neighbours weigh less than 1e-8.
    if side * side != values.len() || deviation.is_nan() || deviation < 0.16 {
        return values;
    }
    let radius = (4.0 * deviation + 0.5) as usize;
    let kernel: Vec<f32> =
        (0..=2 * radius).map(|tap| (-0.5 * ((tap as f32 - radius as f32) / deviation).powi(2)).exp()).collect();
    let total: f32 = kernel.iter().sum();
    let mirrored = |position: usize| {
        let turned = position % (2 * side);
        turned.min(2 * side - 1 - turned)
    };
    // A whole number of turns ahead, so that no position is negative.
    let ahead = 2 * side * radius.div_ceil(2 * side) - radius;
    let along = |values: &[f32], at: &dyn Fn(usize, usize) -> usize| -> Vec<f32> {
        (0..side * side)
            .map(|index| {
                let (line, place) = (index / side, index % side);
                let taps = kernel.iter().enumerate();
                taps.map(|(tap, weight)| weight * values[at(line, mirrored(place + ahead + tap))]).sum::<f32>() / total
            })
            .collect()
    };
    let rows = along(&values, &|line, place| line * side + place);
    // Column by column, and so turned back on the way.
    let columns = along(&rows, &|line, place| place * side + line);
    (0..side * side).map(|index| columns[index % side * side + index / side]).collect()
}

/// `E14` to `E7`, or what else lies on their grids, channel by channel: mean of 2x2.
pub fn pool(e14: &[f32]) -> Vec<f32> {
    let mut e7 = Vec::with_capacity(E7_LENGTH);
    for plane in e14.chunks_exact(GRID * GRID) {
        for y in 0..POOLED_GRID {
            for x in 0..POOLED_GRID {
                let at = |dy: usize, dx: usize| plane[(2 * y + dy) * GRID + 2 * x + dx];
                e7.push((at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4.0);
            }
        }
    }
    e7
}

/// `1 - cos` over channels at each position of two `[64, positions]` embeddings, 0 to 2.
pub fn distances(embedding: &[f32], centre: &[f32]) -> Vec<f32> {
    let positions = embedding.len() / EMBEDDING_CHANNELS;
    let (mut dot, mut a2, mut b2) = (vec![0.0f32; positions], vec![0.0f32; positions], vec![0.0f32; positions]);
    for (a, b) in embedding.chunks_exact(positions).zip(centre.chunks_exact(positions)) {
        for p in 0..positions {
            dot[p] += a[p] * b[p];
            a2[p] += a[p] * a[p];
            b2[p] += b[p] * b[p];
        }
    }
    (0..positions).map(|p| 1.0 - dot[p] / (a2[p].sqrt().max(1e-8) * b2[p].sqrt().max(1e-8))).collect()
}

/// One number of the positions' distances.
pub fn aggregate(distances: &[f32], aggregation: Aggregation) -> f32 {
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len().max(1) as f32;
    match aggregation {
        Aggregation::Mean => mean(distances),
        Aggregation::Max => distances.iter().copied().fold(f32::NEG_INFINITY, f32::max),
        Aggregation::Top => {
            let mut sorted = distances.to_vec();
            sorted.sort_unstable_by(|a, b| b.total_cmp(a));
            mean(&sorted[..distances.len().div_ceil(10).min(distances.len())])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn top_is_the_mean_of_the_largest_tenth() {
        let distances: Vec<f32> = (0..49).map(|i| i as f32).collect();
        assert_eq!(aggregate(&distances, Aggregation::Top), 46.0);
        assert_eq!(aggregate(&distances, Aggregation::Max), 48.0);
        assert_eq!(aggregate(&distances, Aggregation::Mean), 24.0);
    }

    fn normal(images: &[Vec<f32>]) -> Option<NormalRange> {
        let compared: Vec<Comparison> =
            images.iter().map(|d| Comparison { distances: d.clone(), grid: d.clone() }).collect();
        NormalRange::fit(&compared.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_restless_position_counts_less() {
        let images: Vec<Vec<f32>> =
            (0..100).map(|i| vec![0.1 + 0.001 * (i % 2) as f32, 0.1 + 0.1 * (i % 2) as f32]).collect();
        let rule = ScoreRule { aggregation: Aggregation::Max, normal_range: normal(&images), smoothing: 0.0 };
        assert!(rule.score(&[0.4, 0.15]) > 1.3 * rule.score(&[0.1, 0.45]));
        assert_eq!(normal(&[]), None);
    }

    #[test]
    fn the_edge_of_what_is_normal_scores_1() {
        let rule =
            ScoreRule { aggregation: Aggregation::Mean, normal_range: normal(&vec![vec![0.25; 4]; 9]), smoothing: 0.0 };
        assert!((rule.score(&[0.25; 4]) - 1.0).abs() < 1e-6);
        assert!((rule.score(&[1.0; 4]) - 2.0).abs() < 1e-6);
        assert_eq!(rule.score(&[0.0; 4]), 0.0);
        assert!((rule.map(&[1.0])[0] - 2.0).abs() < 1e-6);
    }

    /// Against `scipy.ndimage.gaussian_filter(x, 0.8)`.
    #[test]
    fn smoothing_is_scipys() {
        let values = [0, 1, 4, 2, 2, 4, 1, 0, 1, 4, 2, 2, 4, 1, 0, 1].map(|value| value as f32).to_vec();
        let scipy = [
            0.90842, 1.80327, 2.40045, 1.93212, 1.79712, 2.38622, 1.97762, 1.27332, 2.2487, 2.40727, 1.75067, 1.34138,
            2.79554, 1.8559, 1.05576, 1.06626,
        ];
        let ours = smoothed(values.clone(), 0.2);
        let worst = ours.iter().zip(scipy).map(|(ours, scipy)| (ours - scipy).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-5, "{ours:?}");
        assert_eq!(smoothed(values, 0.0)[2], 4.0);
        // A filter wider than its values, and what has no neighbourhoods.
        assert!((smoothed(vec![1.0; 9], 1.0)[4] - 1.0).abs() < 1e-6);
        assert_eq!(smoothed(vec![1.0, 2.0, 3.0], 0.5), [1.0, 2.0, 3.0]);
    }

    /// What it says is where, and a blur says it worse.
    #[test]
    fn the_map_is_smoothed_half_as_far_as_the_score() {
        let mut grid = vec![0.0; 49];
        grid[24] = 1.0;
        let rule = |smoothing| ScoreRule { aggregation: Aggregation::Max, normal_range: None, smoothing };
        let highest = rule(0.2).map(&grid)[24];
        assert_eq!(highest, rule(0.1).score(&grid));
        assert!(highest > 2.0 * rule(0.2).score(&grid));
    }

    #[test]
    fn an_odd_position_counts_less_than_an_odd_place() {
        let score = |odd: &[usize]| {
            let mut distances = vec![0.1; 49];
            odd.iter().for_each(|position| distances[*position] = 0.5);
            ScoreRule { aggregation: Aggregation::Top, normal_range: None, smoothing: 0.08 }.score(&distances)
        };
        assert!(score(&[24, 25, 31]) > 1.1 * score(&[8, 24, 40]));
    }

    #[test]
    fn one_normal_image_is_enough_for_finite_scores() {
        for image in [vec![0.1, 0.2, 0.3], vec![0.0; 3]] {
            let rule = ScoreRule {
                aggregation: Aggregation::Max,
                normal_range: normal(std::slice::from_ref(&image)),
                smoothing: 0.1,
            };
            assert!(rule.score(&[0.1, 0.2, 0.3]).is_finite());
        }
    }
}
