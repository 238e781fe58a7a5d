//! Distances of a window's positions from normal ones, from which its score and its anomaly map are computed.

use crate::image::inspected::Inspected;
use crate::network::grid::GridMap;

/// Distances of one window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distances {
    /// Distances for the score.
    pub score: GridMap,
    /// Distances for the anomaly map, at the finest grid.
    pub map: GridMap,
    /// Distances of the density at the grid of `score`. None without a density.
    pub density: Option<GridMap>,
    /// Inspected positions. None where all are.
    pub inspected: Option<Inspected>,
}

impl Distances {
    /// Distances of a window that is inspected throughout, with no density.
    pub fn new(score: GridMap, map: GridMap) -> Self {
        Self { score, map, density: None, inspected: None }
    }

    /// Adds `weight * other` position by position. An empty `self` takes the shape of `other`, and its inspected positions.
    pub fn add(&mut self, other: &Self, weight: f32) {
        add_to(&mut self.score, &other.score, weight);
        add_to(&mut self.map, &other.map, weight);
        if let Some(density) = &other.density {
            add_to(self.density.get_or_insert_default(), density, weight);
        }
        if self.inspected.is_none() {
            self.inspected.clone_from(&other.inspected);
        }
    }

    /// Distances of the score with `weight` times the density's added.
    pub(crate) fn with_density(&self, weight: f32) -> GridMap {
        let mut sum = self.score.clone();
        if let Some(density) = &self.density {
            add_to(&mut sum, density, weight);
        }
        sum
    }

    /// Distances times `weight`.
    pub fn times(&self, weight: f32) -> Self {
        let mut product = Self::default();
        product.add(self, weight);
        product
    }

    /// Tells whether all distances are finite. Compared with a threshold, NaN would pass for good.
    pub fn is_finite(&self) -> bool {
        let maps = [&self.score, &self.map].into_iter().chain(&self.density);
        maps.flat_map(|map| &map.values).all(|distance| distance.is_finite())
    }
}

fn add_to(sum: &mut GridMap, distances: &GridMap, weight: f32) {
    if sum.is_empty() {
        *sum = GridMap::filled(distances.grid, 0.0);
    }
    sum.values.iter_mut().zip(&distances.values).for_each(|(sum, distance)| *sum += weight * distance);
}

/// Cosine distances `1 - cos` over the channels at each position of two embeddings `[channels, positions]`, 0 to 2.
pub fn cosine_distances(a: &[f32], b: &[f32], positions: usize) -> Vec<f32> {
    let (mut dot, mut a2, mut b2) = (vec![0.0f32; positions], vec![0.0f32; positions], vec![0.0f32; positions]);
    for (a, b) in a.chunks_exact(positions).zip(b.chunks_exact(positions)) {
        for p in 0..positions {
            dot[p] += a[p] * b[p];
            a2[p] += a[p] * a[p];
            b2[p] += b[p] * b[p];
        }
    }
    (0..positions).map(|p| 1.0 - dot[p] / (a2[p].sqrt().max(1e-8) * b2[p].sqrt().max(1e-8))).collect()
}
