//! Fit: a fitted method, and the distances of the photos that its folds held out.

use super::checkpoint::History;
use super::held_out::HeldOut;
use crate::detectors::detector::{Baseline, DENSITY};
use crate::detectors::ensemble::{self, TrainedMember};
use crate::detectors::gaussian::Whitening;
use crate::files::state_dict::StateDict;

/// Fitted method.
#[derive(Clone, Debug)]
pub enum Fitted {
    /// Embedders with their heads, and the density beside them.
    Ensemble(Vec<TrainedMember>, Option<Whitening>),
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
                if let Some(density) = density {
                    density.put(DENSITY, &mut tensors);
                }
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
    /// Weight of the density's distances. None without one.
    pub density_weight: Option<f32>,
    /// Course of each member's training.
    pub histories: Vec<History>,
    /// Distances of the held-out photos.
    pub held_out: HeldOut,
}
