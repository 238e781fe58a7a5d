//! What every method comes to: its tensors, and what good photos look like to it.

use cse::comparison::DensityWeights;
use cse::state_dict::StateDict;
use cse::texture_file::LossPoint;
use serde::{Deserialize, Serialize};

use super::normal_photos::NormalPhotos;

/// A fitted method before its calibration.
#[derive(Debug)]
pub struct Fitted {
    /// As the model file holds it.
    pub tensors: StateDict,
    /// Embedders.
    pub members: usize,
    /// Clusters in the bank of each.
    pub clusters: usize,
    /// What the density counts, where one stands beside the embedders.
    pub density: Option<DensityWeights>,
    /// Of each member that was trained.
    pub histories: Vec<History>,
    /// What the held-out photos look like to it.
    pub normal: NormalPhotos,
}

/// How a member's training went.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct History {
    /// The step whose weights were kept, from 1.
    pub kept_step: usize,
    /// At each validation.
    pub losses: Vec<LossPoint>,
}
