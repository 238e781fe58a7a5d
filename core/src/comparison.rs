//! What of an image its score and its map are made of: distances, position by position.

use serde::{Deserialize, Serialize};

use crate::inspected::Inspected;

/// What distances are multiplied by before they are added to others. Whether there is a defect and where it is are two
/// questions, and what answers one well may answer the other badly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// In the score.
    pub score: f32,
    /// In the map.
    pub map: f32,
}

impl Weights {
    /// As much in the map as in the score.
    pub fn both(weight: f32) -> Self {
        Self { score: weight, map: weight }
    }
}

/// How far the positions of one image are from normal ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Distances at the positions that the score is made of, row by row, square.
    pub distances: Vec<f32>,
    /// Distances at the finest positions there are, row by row, square: for the map.
    pub grid: Vec<f32>,
    /// The density's distances at the positions of `distances`, where one stands beside the embedders; else none.
    pub density: Vec<f32>,
    /// Positions that count. None where all do.
    pub inspected: Option<Inspected>,
}

impl Comparison {
    /// Distances for the score and for the map, with no density.
    pub fn new(distances: Vec<f32>, grid: Vec<f32>) -> Self {
        Self { distances, grid, density: Vec::new(), inspected: None }
    }

    /// Adds `weights * other` position by position, a density's by the weight of the score. An empty `self` takes the shape of
    /// `other`, and its inspected positions.
    pub fn add(&mut self, other: &Self, weights: Weights) {
        let pairs = [
            (&mut self.distances, &other.distances, weights.score),
            (&mut self.grid, &other.grid, weights.map),
            (&mut self.density, &other.density, weights.score),
        ];
        for (sum, own, weight) in pairs {
            sum.resize(own.len().max(sum.len()), 0.0);
            add_to(sum, own, weight);
        }
        if self.inspected.is_none() {
            self.inspected.clone_from(&other.inspected);
        }
    }

    /// The distances with `weight` times the density's added.
    pub(crate) fn joined(&self, weight: f32) -> Vec<f32> {
        let mut joined = self.distances.clone();
        add_to(&mut joined, &self.density, weight);
        joined
    }

    /// The distances times what they count.
    pub fn times(&self, weights: Weights) -> Self {
        let mut product = Self::default();
        product.add(self, weights);
        product
    }

    /// Whether all distances are numbers. Compared with a threshold, one that is not would pass for good.
    pub fn is_finite(&self) -> bool {
        self.distances.iter().chain(&self.grid).chain(&self.density).all(|distance| distance.is_finite())
    }
}

fn add_to(sum: &mut [f32], distances: &[f32], weight: f32) {
    sum.iter_mut().zip(distances).for_each(|(sum, distance)| *sum += weight * distance);
}

/// What the density counts beside the embedders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DensityWeights {
    /// What its distances are multiplied by before they are added to the embedders'.
    pub weight: f32,
    /// What an edge's worth of its distance beyond its own edge counts beside an edge's worth of their sum. With no normal
    /// range it counts nothing.
    pub excess: f32,
}

impl DensityWeights {
    /// Whether what is odd to the density counts as odd: below 0 it would count as good.
    pub fn is_sound(&self) -> bool {
        [self.weight, self.excess].iter().all(|weight| weight.is_finite() && *weight >= 0.0)
    }
}
