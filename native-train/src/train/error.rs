//! Why training gave no model.

use std::io;
use std::path::PathBuf;

use cse::defects::DefectError;
use cse::model_file::ModelFileError;
use cse::state_dict::StateDictError;

use crate::checkpoints::CheckpointError;
use crate::dataset::{DatasetError, MaskError};
use crate::devices::DeviceError;
use crate::files::FileError;
use crate::inspection::DeviceFailure;
use crate::look::LookError;
use crate::models::LoadError;

/// Why training gave no model.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The photos.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A look at the photos before anything is computed.
    #[error(transparent)]
    Look(#[from] LookError),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The kinds of synthetic defect.
    #[error(transparent)]
    Defects(#[from] DefectError),
    /// The extractor.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The device, while computing.
    #[error(transparent)]
    Failure(#[from] DeviceFailure),
    /// Tensors of the trained embedder.
    #[error("the trained embedder cannot be used: {0}")]
    Embedder(#[from] StateDictError),
    /// The model file.
    #[error("the model file cannot be made: {0}")]
    Model(#[from] ModelFileError),
    /// The features' file.
    #[error(
        "the features cannot be stored in the folder for temporary files, {folder} ({0}): make room there, or set TMPDIR to a \
         folder that has some",
        folder = std::env::temp_dir().display()
    )]
    Store(io::Error),
    /// The mask of the region to ignore.
    #[error(transparent)]
    Mask(#[from] MaskError),
    /// A mask that ignores nothing.
    #[error("{}: the mask marks no pixel: give one that is above 0 where photos are to be ignored", .0.display())]
    NothingIgnored(PathBuf),
    /// Features that are no numbers, or none in half precision.
    #[error("the extractor gives features beyond 65,504, or some that are no numbers: use another extractor")]
    Features,
    /// The log.
    #[error("the log cannot be written ({0})")]
    Log(io::Error),
    /// A checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Checkpoints of something else.
    #[error("{path} is of a training with other settings or photos: leave --resume out to begin anew", path = .0.display())]
    Changed(PathBuf),
    /// The user stopped it.
    #[error("stopped after step {0}: the same command with --resume goes on from there")]
    Stopped(usize),
    /// Too few photos.
    #[error("{0} photo(s) of good samples in {folder}: at least 3 are needed, and 50 or more are better", folder = .1.display())]
    TooFew(usize, PathBuf),
    /// Two models of one name.
    #[error(
        "two of the folders are called {0}, and their models would be one file: train them one by one, with --name and --out"
    )]
    SameName(String),
    /// A setting of what is trained, where nothing is.
    #[error("{0}: a plain statistic has no training that it could be a setting of: leave it out")]
    NoTraining(&'static str),
    /// A number out of its range.
    #[error("{0}")]
    Setting(&'static str),
    /// The held-out photos' distances are no numbers.
    #[error("the model gives no numbers for the held-out photos: use a smaller --max-rate")]
    NoScores,
    /// Loss no longer a number.
    #[error("training diverged at step {0} (the loss is no number): use a smaller --max-rate")]
    Diverged(usize),
}
