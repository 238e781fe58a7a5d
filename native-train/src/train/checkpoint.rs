//! Where a training is: enough to go on and end with the same weights, bit for bit, on the CPU.

use std::path::{Path, PathBuf};

use burn::optim::ModuleOptimizer;
use cse::state_dict::StateDict;
use serde::{Deserialize, Serialize};

use super::error::TrainError;
use super::fitted::History;
use super::settings::Settings;
use super::trainee::Trainee;
use crate::checkpoints::{CheckpointError, Checkpoints, Resumed};
use crate::files::{self, FileError};

/// The best weights so far.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kept {
    /// With the authors' names.
    pub weights: StateDict,
    /// Mean loss of a validation pair.
    pub validation_loss: f64,
}

/// How far a training is.
#[derive(Default, Serialize, Deserialize)]
pub struct Progress {
    /// Steps done.
    pub step: usize,
    /// The best weights so far.
    pub best: Option<Kept>,
    /// How it went.
    pub history: History,
}

/// The checkpoint of one training, beside the model file that it will write.
#[derive(Debug)]
pub struct Checkpoint {
    checkpoints: Checkpoints,
    /// Of photos and extractor, so that a run on others does not go on from it.
    inputs: String,
}

impl Checkpoint {
    /// Of a member of the training that will write `out` from `inputs`.
    pub fn beside(out: &Path, member: u32, inputs: String) -> Self {
        Self { checkpoints: Checkpoints::in_folder(folder(out).join(format!("member-{member}"))), inputs }
    }

    /// Removes those of all members, where there are any.
    pub fn clear(out: &Path) -> Result<(), FileError> {
        let folder = folder(out);
        if !folder.is_dir() {
            return Ok(());
        }
        std::fs::remove_dir_all(&folder).map_err(|source| FileError::Remove { path: folder, source })
    }

    /// Writes it.
    pub fn write(
        &self,
        settings: &Settings,
        progress: &Progress,
        trainee: &Trainee,
        optimizer: &ModuleOptimizer,
    ) -> Result<(), CheckpointError> {
        self.checkpoints.write(progress.step as u64, &key(settings, &self.inputs), progress, trainee, optimizer)
    }

    /// Reads it, if there is one of this training.
    pub fn read(
        &self,
        settings: &Settings,
        trainee: &Trainee,
        optimizer: &ModuleOptimizer,
    ) -> Result<Option<Resumed<Progress, Trainee>>, TrainError> {
        self.checkpoints.newest(&key(settings, &self.inputs), trainee, optimizer).map_err(|error| match error {
            CheckpointError::Settings { path, .. } => TrainError::Changed(path),
            other => other.into(),
        })
    }
}

/// Where those of the training that will write `out` lie.
pub fn folder(out: &Path) -> PathBuf {
    files::appended(out, ".checkpoint")
}

/// What tells a training from others: its settings, and the digest of what it learns from.
pub fn key(settings: &Settings, inputs: &str) -> String {
    format!("{} on {inputs}", serde_json::to_string(settings).unwrap_or_default())
}
