//! Why a training writes no model file.

use std::io;
use std::path::PathBuf;

use cse::defects::NoKinds;
use cse::files::model_file::ModelFileError;
use cse::training::checkpoint;
use cse::training::error::TrainingError;
use cse::training::feature_store::StoreError;
use cse::training::knobs::SpecError;

use crate::checkpoints::CheckpointError;
use crate::dataset::{DatasetError, MaskError};
use crate::devices::DeviceError;
use crate::files::FileError;
use crate::look::LookError;
use crate::models::LoadError;

/// Why a training writes no model file.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The data set cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The look found a mistake in the data set.
    #[error(transparent)]
    Look(#[from] LookError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The settings make no training.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// No kind of synthetic defect was chosen.
    #[error(transparent)]
    Defects(#[from] NoKinds),
    /// The extractor cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The device cannot be used.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The training fails.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// The features cannot be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state of a training cannot be saved or restored.
    #[error(transparent)]
    State(#[from] checkpoint::CheckpointError),
    /// The model file cannot be made.
    #[error("the model file cannot be made: {0}")]
    Model(#[from] ModelFileError),
    /// The mask of the ignored region cannot be read.
    #[error(transparent)]
    Mask(#[from] MaskError),
    /// The mask of the ignored region is empty.
    #[error("{}: the mask marks no pixel: give one that is above 0 where photos are to be ignored", .0.display())]
    NothingIgnored(PathBuf),
    /// The log cannot be written.
    #[error("the log cannot be written ({0})")]
    Log(io::Error),
    /// A checkpoint cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoints are of another training.
    #[error("{path}: is of a training with other settings or photos: leave --resume out to begin anew", path = .0.display())]
    Changed(PathBuf),
    /// The user stopped the training.
    #[error("stopped after step {0}: the same command with --resume goes on from there")]
    Stopped(usize),
    /// There are too few good photos.
    #[error("{folder}: has {0} good photo(s), and at least 3 are needed: 50 or more are better", folder = .1.display())]
    TooFew(usize, PathBuf),
    /// Two folders have the same name.
    #[error(
        "two of the folders are called {0}, and their models would be one file: train them one by one, with --name and --out"
    )]
    SameName(String),
    /// A name was given for several folders.
    #[error("--name is for one folder of photos: leave it out, and each model has the name of its folder")]
    NameOfSeveral,
}
