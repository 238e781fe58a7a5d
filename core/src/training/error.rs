//! Why a training gives no model.

use burn::tensor::ExecutionError;

use super::checkpoint::CheckpointError;
use super::feature_store::StoreError;
use crate::files::state_dict::StateDictError;
use crate::network::backbone::OtherNetwork;

/// Why a training gives no model.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// The device failed while computing.
    #[error("the device failed ({0}): try the CPU")]
    Device(String),
    /// The features cannot be stored or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A checkpoint cannot be used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The tensors of a trained embedder do not fit.
    #[error("the trained embedder cannot be used: {0}")]
    Embedder(#[from] StateDictError),
    /// The method works with another kind of network than the extractor.
    #[error(transparent)]
    Network(#[from] OtherNetwork),
    /// PaDiM's covariances are more than this program can hold.
    #[error(
        "PaDiM's covariances do not fit into the memory of a page: choose a ResNet-18 as extractor, or train with the command line"
    )]
    Covariances,
    /// There are no features to train on.
    #[error("the extractor gave no features of the good photos")]
    NoFeatures,
    /// A feature is NaN, infinite or too large for half precision.
    #[error("the extractor gives features that are NaN or beyond 65,504: use another extractor")]
    Features,
    /// The loss is NaN or infinite.
    #[error("training diverged at step {0}, where the loss is not finite: use a smaller --max-lr")]
    Diverged(usize),
    /// A held-out photo has no finite score.
    #[error("the model gives NaN for the held-out photos: use a smaller --max-lr")]
    NoScores,
}

impl From<ExecutionError> for TrainingError {
    fn from(error: ExecutionError) -> Self {
        Self::Device(error.to_string())
    }
}
