//! Score rule: the score and the anomaly map of a window, from its distances.

use serde::{Deserialize, Serialize};

use super::aggregation::Aggregation;
use super::distances::Distances;
use super::normal_range::NormalRange;
use super::smoothing::{smoothed, smoothed_within};
use crate::network::grid::GridMap;

/// Steps from distances to a score and a map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreRule {
    /// Aggregation of the positions to one number.
    pub aggregation: Aggregation,
    /// Normal ranges, whose edges are the units of distances. None leaves distances as they are, as in the paper.
    pub normal_range: Option<NormalRange>,
    /// Standard deviation of the Gaussian that smooths the positions, as a share of the window's side, 0 for none. The map
    /// is smoothed half as far as the score, because it says where a defect is and not whether there is one.
    pub smoothing_sigma: f32,
    /// Weight of the density's distances, which are added to the embedders'. None without a density.
    pub density_weight: Option<f32>,
    /// Divisor of the score, above 0. A trained model has the threshold of its training, so that a score is a multiple of it.
    pub unit: f32,
}

impl Default for ScoreRule {
    fn default() -> Self {
        Self {
            aggregation: Aggregation::default(),
            normal_range: None,
            smoothing_sigma: 0.0,
            density_weight: None,
            unit: 1.0,
        }
    }
}

/// Root of a distance: 0 for a distance of 0, 1 at the normal edge, 2 at four times the edge. It is proportional to the
/// chord between two directions, because the square of the chord is twice their cosine distance. In plain distances a few
/// strong positions outweigh many faint ones. In logarithms strong positions hardly count more than faint ones.
fn chord(distance_in_edges: f32) -> f32 {
    distance_in_edges.max(0.0).sqrt()
}

impl ScoreRule {
    /// Anomaly score of a window. NaN where a distance is not finite, the normal range has other positions, or no position
    /// is inspected.
    pub fn score(&self, window: &Distances) -> f32 {
        self.field(window).map_or(f32::NAN, |field| self.score_of(&field))
    }

    /// Score of a [`field`](Self::field).
    pub(super) fn score_of(&self, field: &GridMap) -> f32 {
        let inspected: Vec<f32> = field.values.iter().copied().filter(|value| !value.is_nan()).collect();
        self.aggregation.of(&inspected) / self.unit
    }

    /// Smoothed distances at the positions of a window, in units of the edge, whose aggregate is the score. NaN at a position
    /// that is not inspected. None where [`score`](Self::score) is NaN.
    pub(super) fn field(&self, window: &Distances) -> Option<GridMap> {
        if !window.is_finite() {
            return None;
        }
        let distances = window.with_density(self.density_weight.unwrap_or_default());
        let relative = match &self.normal_range {
            Some(range) if !range.fits(window) => return None,
            Some(range) => range.relative(&distances).map(chord),
            None => distances,
        };
        let Some(inspected) = &window.inspected else {
            return Some(smoothed(relative, self.smoothing_sigma));
        };
        let smoothed = smoothed_within(relative.clone(), &inspected.at(relative.grid)?, self.smoothing_sigma);
        smoothed.values.iter().any(|value| !value.is_nan()).then_some(smoothed)
    }

    /// Anomaly map of a window at the grid of `window.map`. NaN at a position that is not inspected.
    pub fn map(&self, window: &Distances) -> GridMap {
        let relative = match &self.normal_range {
            Some(range) => window.map.map(|distance| chord(distance / range.map_edge)),
            None => window.map.clone(),
        };
        match window.inspected.as_ref().map(|inspected| inspected.at(relative.grid)) {
            None => smoothed(relative, self.smoothing_sigma / 2.0),
            Some(Some(inspected)) => smoothed_within(relative, &inspected, self.smoothing_sigma / 2.0),
            Some(None) => GridMap::filled(relative.grid, f32::NAN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::grid::Grid;

    fn map(values: &[f32]) -> GridMap {
        let side = values.len().isqrt();
        let grid = if side * side == values.len() {
            Grid { rows: side, columns: side }
        } else {
            Grid { rows: 1, columns: values.len() }
        };
        GridMap { grid, values: values.to_vec() }
    }

    fn window(distances: &[f32]) -> Distances {
        Distances::new(map(distances), map(distances))
    }

    fn normal(images: &[Vec<f32>]) -> Option<NormalRange> {
        let windows: Vec<Distances> = images.iter().map(|distances| window(distances)).collect();
        NormalRange::fit(&windows.iter().collect::<Vec<_>>(), 0.0)
    }

    fn rule(aggregation: Aggregation, normal_range: Option<NormalRange>, smoothing_sigma: f32) -> ScoreRule {
        ScoreRule { aggregation, normal_range, smoothing_sigma, ..ScoreRule::default() }
    }

    #[test]
    fn a_position_that_varies_counts_less() {
        let images: Vec<Vec<f32>> =
            (0..100).map(|i| vec![0.1 + 0.001 * (i % 2) as f32, 0.1 + 0.1 * (i % 2) as f32]).collect();
        let rule = rule(Aggregation::Max, normal(&images), 0.0);
        assert!(rule.score(&window(&[0.4, 0.15])) > 1.3 * rule.score(&window(&[0.1, 0.45])));
        assert_eq!(normal(&[]), None);
    }

    #[test]
    fn the_normal_edge_scores_1() {
        let rule = rule(Aggregation::Mean, normal(&vec![vec![0.25; 4]; 9]), 0.0);
        assert!((rule.score(&window(&[0.25; 4])) - 1.0).abs() < 1e-6);
        assert!((rule.score(&window(&[1.0; 4])) - 2.0).abs() < 1e-6);
        assert_eq!(rule.score(&window(&[0.0; 4])), 0.0);
        assert!((rule.map(&window(&[1.0])).values[0] - 2.0).abs() < 1e-6);
    }

    #[test]
    fn a_density_is_added_to_the_embedders() {
        let with = |density: f32| Distances { density: Some(map(&[density; 4])), ..window(&[0.25; 4]) };
        let score = |density: f32, weight: f32| {
            let normal_range = NormalRange::fit(&[&with(30.0); 9], weight);
            let rule = ScoreRule { density_weight: Some(weight), ..rule(Aggregation::Mean, normal_range, 0.0) };
            rule.score(&with(density)).powi(2)
        };
        let near = |score: f32, wanted: f32| assert!((score - wanted).abs() < 1e-5, "{score}, not {wanted}");
        near(score(75.0, 0.0), 1.0);
        // 0.25 and 0.01 times 30 or 75.
        near(score(30.0, 0.01), 1.0);
        near(score(75.0, 0.01), 1.0 / 0.55);
    }

    /// No defect would be detected at a position without an edge.
    #[test]
    fn a_range_of_other_positions_gives_nan() {
        let rule = rule(Aggregation::Max, normal(&vec![vec![0.25; 4]; 9]), 0.0);
        assert!(rule.score(&window(&[0.25; 9])).is_nan());
        assert!(rule.score(&Distances { density: Some(map(&[1.0; 9])), ..window(&[0.25; 4]) }).is_nan());
    }

    #[test]
    fn the_map_is_smoothed_half_as_far_as_the_score() {
        let mut distances = vec![0.0; 49];
        distances[24] = 1.0;
        let rule = |sigma| rule(Aggregation::Max, None, sigma);
        let highest = rule(0.2).map(&window(&distances)).values[24];
        assert_eq!(highest, rule(0.1).score(&window(&distances)));
        assert!(highest > 2.0 * rule(0.2).score(&window(&distances)));
    }

    #[test]
    fn scattered_positions_count_less_than_neighbouring_ones() {
        let score = |odd: &[usize]| {
            let mut distances = vec![0.1; 49];
            odd.iter().for_each(|position| distances[*position] = 0.5);
            rule(Aggregation::Top, None, 0.08).score(&window(&distances))
        };
        assert!(score(&[24, 25, 31]) > 1.1 * score(&[8, 24, 40]));
    }

    #[test]
    fn one_normal_image_is_enough_for_finite_scores() {
        for image in [vec![0.1, 0.2, 0.3, 0.4], vec![0.0; 4]] {
            let rule = rule(Aggregation::Max, normal(std::slice::from_ref(&image)), 0.1);
            assert!(rule.score(&window(&[0.1, 0.2, 0.3, 0.4])).is_finite());
        }
    }
}
