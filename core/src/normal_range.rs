//! What is normal at each position: the unit that distances are counted in.

use serde::{Deserialize, Serialize};

use crate::comparison::{Comparison, DensityWeights};

/// How far from the bank normal images reach. Some positions, such as those at a photo's borders, vary more than others,
/// and a distance means less there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NormalRange {
    /// Edge of what is normal at each position that the score is made of: mean and three standard deviations. Of the sum
    /// where a density is added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<f32>,
    /// The same of all positions of the map together.
    pub map_edge: f32,
    /// The same of the density's distances alone at each position, where there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub density_edges: Vec<f32>,
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
    pub fn fit(normal: &[&Comparison], density: Option<DensityWeights>) -> Option<Self> {
        if normal.is_empty() {
            return None;
        }
        let counted = |image: &Comparison, values: Vec<f32>| -> Vec<Option<f32>> {
            let inspected = image.inspected.as_ref().and_then(|inspected| inspected.at(values.len()));
            let counts = |position: usize| inspected.as_ref().is_none_or(|inspected| inspected[position]);
            values.into_iter().enumerate().map(|(position, value)| counts(position).then_some(value)).collect()
        };
        let grids = normal.iter().map(|image| counted(image, image.grid.clone()));
        let grids: Vec<f32> = grids.flatten().flatten().collect();
        let (map_mean, map_variance) = moments(grids.iter().copied());
        let DensityWeights { weight, .. } = density.unwrap_or_default();
        let joined: Vec<_> = normal.iter().map(|image| counted(image, image.joined(weight))).collect();
        let densities: Vec<_> = normal.iter().map(|image| counted(image, image.density.clone())).collect();
        let map_edge = edge(map_mean, map_variance);
        Some(Self { edges: edges(&joined), map_edge, density_edges: edges(&densities) })
    }

    /// `joined` in what is normal at each position, and with it `excess` times what `density` is beyond its own edge.
    pub(crate) fn relative(&self, joined: &[f32], density: &[f32], excess: f32) -> Vec<f32> {
        let own = joined.iter().zip(&self.edges).map(|(distance, edge)| distance.max(0.0) / edge);
        let mut sum: Vec<f32> = own.collect();
        for (sum, (distance, edge)) in sum.iter_mut().zip(density.iter().zip(&self.density_edges)) {
            *sum += excess * (distance / edge - 1.0).max(0.0);
        }
        sum
    }

    /// Whether distances can be counted in its edges.
    pub fn is_sound(&self) -> bool {
        self.edges.iter().chain(&self.density_edges).chain([&self.map_edge]).all(|edge| edge.is_finite() && *edge > 0.0)
    }

    /// Whether it speaks of the positions of `seen`: those that it does not know would go unseen.
    pub(crate) fn fits(&self, seen: &Comparison) -> bool {
        (self.edges.len(), self.density_edges.len()) == (seen.distances.len(), seen.density.len())
    }
}

/// Edge of what is normal at each position of the images' distances, of which those that do not count are none.
fn edges(normal: &[Vec<Option<f32>>]) -> Vec<f32> {
    let images = normal.iter();
    let (mean, variance) = moments(images.clone().flatten().flatten().copied());
    let positions = images.clone().next().map_or(0, Vec::len);
    let at = |position: usize| {
        let own = images.clone().filter_map(|image| image.get(position).copied().flatten());
        let n = own.clone().count() as f64;
        let (own_mean, own_variance) = moments(own);
        let drawn = |own: f64, all: f64| (n * own + PRIOR_IMAGES * all) / (n + PRIOR_IMAGES);
        edge(drawn(own_mean, mean), drawn(own_variance, variance))
    };
    (0..positions).map(at).collect()
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
