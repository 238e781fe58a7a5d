//! Checkpoints of a training, in a folder beside the model file that it will write.

use std::path::{Path, PathBuf};

use cse::training::checkpoint::{Checkpoint, Progress};

use super::error::TrainError;
use crate::checkpoints::{CheckpointError, Checkpoints, Saved};
use crate::files::{self, FileError};

/// Checkpoints of one member's training.
#[derive(Debug)]
pub struct MemberCheckpoints {
    checkpoints: Checkpoints,
    /// Settings and inputs of the training. A run with others does not go on from it.
    key: String,
}

impl MemberCheckpoints {
    /// Checkpoints of a member of the training that will write `out`.
    pub fn beside(out: &Path, member: u32, key: String) -> Self {
        Self { checkpoints: Checkpoints::in_folder(folder(out).join(format!("member-{member}"))), key }
    }

    /// Writes one.
    pub fn write(&self, checkpoint: Checkpoint) -> Result<(), CheckpointError> {
        let Checkpoint { progress, module, optimizer } = checkpoint;
        self.checkpoints.write(progress.step as u64, &self.key, &Saved { progress, module, optimizer })
    }

    /// Reads the newest one. `None` where there is none.
    pub fn read(&self) -> Result<Option<Checkpoint>, TrainError> {
        match self.checkpoints.newest::<Progress>(&self.key) {
            Ok(saved) => {
                Ok(saved.map(|Saved { progress, module, optimizer }| Checkpoint { progress, module, optimizer }))
            }
            Err(CheckpointError::Settings { path, .. }) => Err(TrainError::Changed(path)),
            Err(other) => Err(other.into()),
        }
    }
}

/// Removes the checkpoints of all members, where there are any.
pub fn clear(out: &Path) -> Result<(), FileError> {
    let folder = folder(out);
    if !folder.is_dir() {
        return Ok(());
    }
    std::fs::remove_dir_all(&folder).map_err(|source| FileError::Remove { path: folder, source })
}

/// Folder of the checkpoints of the training that will write `out`.
pub fn folder(out: &Path) -> PathBuf {
    files::appended(out, ".checkpoint")
}
