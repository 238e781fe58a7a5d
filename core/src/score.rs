//! Anomaly score (paper, section 3.5): cosine distance between an embedding and the bank, position by position.
//!
//! Plain numbers and not tensors: what is left at this point is 64 x 14 x 14 values an image.

use serde::{Deserialize, Serialize};

use crate::comparison::{Comparison, DensityWeights};
use crate::embedder::EMBEDDING_CHANNELS;
use crate::normal_range::NormalRange;

/// Side of `E14` for a 224 input.
pub const GRID: usize = 14;
/// Side of `E7`.
pub const POOLED_GRID: usize = GRID / 2;
/// Values in one `E14`.
pub const E14_LENGTH: usize = EMBEDDING_CHANNELS * GRID * GRID;
/// Values in one `E7`.
pub const E7_LENGTH: usize = EMBEDDING_CHANNELS * POOLED_GRID * POOLED_GRID;

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

/// 0 like the bank, 1 at the edge of what is normal, 2 at four times as far: the chord between two directions, whose
/// square their cosine distance is. In distances themselves a few strong positions drown many faint ones, and in their
/// logarithm strong positions count hardly more than faint ones.
fn chord(distance_in_edges: f32) -> f32 {
    distance_in_edges.max(0.0).sqrt()
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
    /// What the density counts, where one stands beside the embedders.
    pub density: Option<DensityWeights>,
}

impl ScoreRule {
    /// The image's score. NaN where a distance is not finite, the normal range is of other positions, or no position is
    /// inspected.
    pub fn score(&self, seen: &Comparison) -> f32 {
        if !seen.is_finite() {
            return f32::NAN;
        }
        let DensityWeights { weight, excess } = self.density.unwrap_or_default();
        let joined = seen.joined(weight);
        let relative = match &self.normal_range {
            Some(range) if !range.fits(seen) => return f32::NAN,
            Some(range) => range.relative(&joined, &seen.density, excess).into_iter().map(chord).collect(),
            None => joined,
        };
        let Some(inspected) = &seen.inspected else {
            return aggregate(&smoothed(relative, self.smoothing), self.aggregation);
        };
        let Some(inspected) = inspected.at(relative.len()) else { return f32::NAN };
        let smoothed = smoothed_within(relative, &inspected, self.smoothing);
        let counted: Vec<f32> = smoothed.into_iter().filter(|value| !value.is_nan()).collect();
        if counted.is_empty() { f32::NAN } else { aggregate(&counted, self.aggregation) }
    }

    /// Values of the map at the positions of `seen.grid`. NaN at a position that is not inspected.
    pub fn map(&self, seen: &Comparison) -> Vec<f32> {
        let relative: Vec<f32> = match &self.normal_range {
            Some(range) => seen.grid.iter().map(|distance| chord(distance / range.map_edge)).collect(),
            None => seen.grid.clone(),
        };
        match seen.inspected.as_ref().map(|inspected| inspected.at(relative.len())) {
            None => smoothed(relative, self.smoothing / 2.0),
            Some(Some(inspected)) => smoothed_within(relative, &inspected, self.smoothing / 2.0),
            Some(None) => vec![f32::NAN; relative.len()],
        }
    }
}

/// As [`smoothed`], of the inspected positions alone, each weighed as it weighs among those. NaN at the others.
fn smoothed_within(values: Vec<f32>, inspected: &[bool], share: f32) -> Vec<f32> {
    let weights: Vec<f32> = inspected.iter().map(|inspected| f32::from(u8::from(*inspected))).collect();
    let kept = values.iter().zip(&weights).map(|(value, weight)| value * weight).collect();
    let sums = smoothed(kept, share);
    let totals = smoothed(weights, share);
    let mean = |((sum, total), inspected): ((f32, f32), &bool)| if *inspected { sum / total } else { f32::NAN };
    sums.into_iter().zip(totals).zip(inspected).map(mean).collect()
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

    fn seen(distances: &[f32]) -> Comparison {
        Comparison::new(distances.to_vec(), distances.to_vec())
    }

    fn normal(images: &[Vec<f32>]) -> Option<NormalRange> {
        let compared: Vec<Comparison> = images.iter().map(|distances| seen(distances)).collect();
        NormalRange::fit(&compared.iter().collect::<Vec<_>>(), None)
    }

    fn rule(aggregation: Aggregation, normal_range: Option<NormalRange>, smoothing: f32) -> ScoreRule {
        ScoreRule { aggregation, normal_range, smoothing, density: None }
    }

    #[test]
    fn a_restless_position_counts_less() {
        let images: Vec<Vec<f32>> =
            (0..100).map(|i| vec![0.1 + 0.001 * (i % 2) as f32, 0.1 + 0.1 * (i % 2) as f32]).collect();
        let rule = rule(Aggregation::Max, normal(&images), 0.0);
        assert!(rule.score(&seen(&[0.4, 0.15])) > 1.3 * rule.score(&seen(&[0.1, 0.45])));
        assert_eq!(normal(&[]), None);
    }

    #[test]
    fn the_edge_of_what_is_normal_scores_1() {
        let rule = rule(Aggregation::Mean, normal(&vec![vec![0.25; 4]; 9]), 0.0);
        assert!((rule.score(&seen(&[0.25; 4])) - 1.0).abs() < 1e-6);
        assert!((rule.score(&seen(&[1.0; 4])) - 2.0).abs() < 1e-6);
        assert_eq!(rule.score(&seen(&[0.0; 4])), 0.0);
        assert!((rule.map(&seen(&[1.0]))[0] - 2.0).abs() < 1e-6);
    }

    #[test]
    fn a_density_is_added_and_counts_again_beyond_its_edge() {
        let with = |density: f32| Comparison { density: vec![density; 4], ..seen(&[0.25; 4]) };
        let score = |density: f32, weight: f32, excess: f32| {
            let weights = Some(DensityWeights { weight, excess });
            let normal_range = NormalRange::fit(&[&with(30.0); 9], weights);
            ScoreRule { density: weights, ..rule(Aggregation::Mean, normal_range, 0.0) }.score(&with(density)).powi(2)
        };
        // The embedders' part is at its edge, and so is the density's at 30.
        let near = |score: f32, wanted: f32| assert!((score - wanted).abs() < 1e-5, "{score}, not {wanted}");
        near(score(75.0, 0.0, 0.0), 1.0);
        near(score(10.0, 0.0, 2.0), 1.0);
        near(score(75.0, 0.0, 2.0), 4.0);
        // 0.25 and 0.01 times 30 or 75.
        near(score(75.0, 0.01, 0.0), 1.0 / 0.55);
        near(score(75.0, 0.01, 2.0), 1.0 / 0.55 + 3.0);
    }

    /// A position that was passed over would be one where no defect is seen.
    #[test]
    fn a_range_of_other_positions_gives_no_number() {
        let rule = rule(Aggregation::Max, normal(&vec![vec![0.25; 4]; 9]), 0.0);
        assert!(rule.score(&seen(&[0.25; 9])).is_nan());
        assert!(rule.score(&Comparison { density: vec![1.0; 4], ..seen(&[0.25; 4]) }).is_nan());
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
        let rule = |smoothing| rule(Aggregation::Max, None, smoothing);
        let highest = rule(0.2).map(&seen(&grid))[24];
        assert_eq!(highest, rule(0.1).score(&seen(&grid)));
        assert!(highest > 2.0 * rule(0.2).score(&seen(&grid)));
    }

    #[test]
    fn an_odd_position_counts_less_than_an_odd_place() {
        let score = |odd: &[usize]| {
            let mut distances = vec![0.1; 49];
            odd.iter().for_each(|position| distances[*position] = 0.5);
            rule(Aggregation::Top, None, 0.08).score(&seen(&distances))
        };
        assert!(score(&[24, 25, 31]) > 1.1 * score(&[8, 24, 40]));
    }

    #[test]
    fn one_normal_image_is_enough_for_finite_scores() {
        for image in [vec![0.1, 0.2, 0.3], vec![0.0; 3]] {
            let rule = rule(Aggregation::Max, normal(std::slice::from_ref(&image)), 0.1);
            assert!(rule.score(&seen(&[0.1, 0.2, 0.3])).is_finite());
        }
    }
}
