//! Fit: a fitted method, and the distances of the photos that its folds held out.

use super::checkpoint::History;
use super::held_out::HeldOut;
use crate::detectors::density::FittedDensity;
use crate::detectors::detector::Baseline;
use crate::detectors::ensemble::{self, TrainedMember};
use crate::files::state_dict::StateDict;

/// Fitted method.
#[derive(Clone, Debug)]
pub enum Fitted {
    /// Embedders with their heads, and the density beside them.
    Ensemble(Vec<TrainedMember>, FittedDensity),
    /// Baseline.
    Baseline(Baseline),
}

impl Fitted {
    /// Tensors of a category file.
    pub fn tensors(self) -> StateDict {
        let mut tensors = StateDict::new();
        match self {
            Self::Ensemble(members, density) => {
                ensemble::put(members, &mut tensors);
                density.put(&mut tensors);
            }
            Self::Baseline(baseline) => baseline.put(&mut tensors),
        }
        tensors
    }
}

/// Fitted method before its score rule and threshold.
#[derive(Debug)]
pub struct Fit {
    /// Fitted method.
    pub method: Fitted,
    /// Number of embedders. 1 for a baseline.
    pub members: usize,
    /// Number of clusters in each bank. 1 without a bank.
    pub clusters: usize,
    /// Weight of the density's distances in the score. None without one.
    pub density_weight: Option<f32>,
    /// True if the density gives the map.
    pub density_map: bool,
    /// Course of each member's training.
    pub histories: Vec<History>,
    /// Distances of the held-out photos.
    pub held_out: HeldOut,
}
