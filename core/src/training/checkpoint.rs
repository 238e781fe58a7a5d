//! Checkpoints: the state of one member's training. A resumed training gives the same weights, bit for bit, on the CPU.

use burn::store::RecordError;
use serde::{Deserialize, Serialize};

use crate::files::category_file::LossPoint;
use crate::files::state_dict::StateDict;

/// Best weights of a training so far.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kept {
    /// Tensors with the authors' names.
    pub weights: StateDict,
    /// Mean loss of a validation pair.
    pub validation_loss: f64,
}

/// Course of one member's training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Step whose weights are kept, from 1.
    pub kept_step: usize,
    /// Losses at each validation.
    pub losses: Vec<LossPoint>,
}

/// Progress of one member's training.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Number of steps done.
    pub step: usize,
    /// Best weights so far.
    pub best: Option<Kept>,
    /// Course so far.
    pub history: History,
}

/// State of one member's training, as values and bytes that a caller can keep.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Progress.
    pub progress: Progress,
    /// Weights in training, as Burn packs them.
    pub module: Vec<u8>,
    /// Moments of the optimizer, as Burn packs them.
    pub optimizer: Vec<u8>,
}

/// Why a checkpoint cannot be made or used.
#[derive(Debug, thiserror::Error)]
#[error("the checkpoint cannot be used ({0}): start the training anew")]
pub struct CheckpointError(pub(super) String);

impl From<RecordError> for CheckpointError {
    fn from(error: RecordError) -> Self {
        Self(error.to_string())
    }
}
