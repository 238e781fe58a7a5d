//! What every method comes to: its tensors, and what good photos look like to it.

use cse::state_dict::StateDict;

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
    /// Of each member that was trained.
    pub kept_steps: Vec<usize>,
    /// What the held-out photos look like to it.
    pub normal: NormalPhotos,
}
