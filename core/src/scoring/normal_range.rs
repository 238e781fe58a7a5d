//! Normal ranges: the edge of the distances of good photos at each position. Distances are given in units of that edge.

use serde::{Deserialize, Serialize};

use super::distances::Distances;
use crate::network::grid::{Grid, GridMap};

/// Edges of the normal ranges. Some positions, such as those at a photo's borders, vary more than others, so a distance
/// means less there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NormalRange {
    /// Edge at each position of the score: mean and three standard deviations of the distances, with the density's added.
    #[serde(skip)]
    pub edges: GridMap,
    /// Edge of all positions of the map together.
    pub map_edge: f32,
    /// Limit of the lower quartile of a good photo's map, in edges: see [`quartile_limit`](super::verdict::quartile_limit).
    /// None where the map is not that of a density, because a strong defect may raise such a map throughout.
    #[serde(default)]
    pub map_quartile: Option<f32>,
}

/// Weight of the statistics of all positions together, in images, where they are joined with those of a single position.
const PRIOR_IMAGES: f64 = 5.0;
/// Standard deviations between the mean and the edge.
const DEVIATIONS: f64 = 3.0;
/// Least edge: identical images would have an edge of 0.
const LEAST_EDGE: f64 = 1e-6;

/// Values of one image at the positions of a grid, None where a position is not inspected.
type Counted = Vec<Option<f32>>;

impl NormalRange {
    /// Estimates the ranges on held-out good windows. With few windows the statistics of a single position are
    /// uncertain, so they are shrunk towards those of all positions. `None` without a window.
    pub fn fit(normal: &[&Distances], density_weight: f32) -> Option<Self> {
        let first = normal.first()?;
        let counted = |image: &Distances, map: GridMap| -> Counted {
            let inspected = image.inspected.as_ref().and_then(|inspected| inspected.at(map.grid));
            let counts = |position: usize| inspected.as_ref().is_none_or(|inspected| inspected[position]);
            map.values.into_iter().enumerate().map(|(position, value)| counts(position).then_some(value)).collect()
        };
        let maps: Vec<f32> = normal.iter().flat_map(|image| counted(image, image.map.clone())).flatten().collect();
        let (map_mean, map_variance) = moments(maps.iter().copied());
        let joined: Vec<_> = normal.iter().map(|image| counted(image, image.with_density(density_weight))).collect();
        let grid = first.score.grid;
        Some(Self { edges: edges(grid, &joined), map_edge: edge(map_mean, map_variance), map_quartile: None })
    }

    /// Divides `distances` by their edges.
    pub(crate) fn relative(&self, distances: &GridMap) -> GridMap {
        let relative = distances.values.iter().zip(&self.edges.values).map(|(distance, edge)| distance.max(0.0) / edge);
        GridMap { grid: distances.grid, values: relative.collect() }
    }

    /// Tells whether every edge and limit is finite and above 0.
    pub fn is_sound(&self) -> bool {
        let limits = [Some(&self.map_edge), self.map_quartile.as_ref()].into_iter().flatten();
        self.edges.values.iter().chain(limits).all(|edge| edge.is_finite() && *edge > 0.0)
    }

    /// Tells whether the edges have the positions of `window`, of its density too. A position without an edge would not be
    /// inspected.
    pub(crate) fn fits(&self, window: &Distances) -> bool {
        [&window.score].into_iter().chain(&window.density).all(|map| map.grid == self.edges.grid)
    }
}

fn edges(grid: Grid, normal: &[Counted]) -> GridMap {
    let images = normal.iter();
    let (mean, variance) = moments(images.clone().flatten().flatten().copied());
    let at = |position: usize| {
        let own = images.clone().filter_map(|image| image.get(position).copied().flatten());
        let n = own.clone().count() as f64;
        let (own_mean, own_variance) = moments(own);
        let drawn = |own: f64, all: f64| (n * own + PRIOR_IMAGES * all) / (n + PRIOR_IMAGES);
        edge(drawn(own_mean, mean), drawn(own_variance, variance))
    };
    GridMap { grid, values: (0..grid.positions()).map(at).collect() }
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
