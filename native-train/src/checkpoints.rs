//! Checkpoints of a run in a folder that is complete or absent: weights, the optimizer's moments, and progress.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Description of a checkpoint.
#[derive(Serialize, Deserialize)]
struct Description<P> {
    /// Key of everything that decides the result. A run with another key does not go on from this checkpoint.
    settings: String,
    progress: P,
}

/// Content of a checkpoint.
pub struct Saved<P> {
    /// Progress of the run.
    pub progress: P,
    /// Weights in training, as Burn packs them.
    pub module: Vec<u8>,
    /// Moments of the optimizer, as Burn packs them.
    pub optimizer: Vec<u8>,
}

/// Why a checkpoint cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// A file cannot be read or written.
    #[error("checkpoint {}: {source}", .path.display())]
    Io {
        /// Folder of the checkpoint.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// The checkpoint is of a run with another key.
    #[error(
        "{} is of a run with other settings ({found}): delete it, or give this run another folder",
        .path.display()
    )]
    Settings {
        /// Folder of the checkpoint.
        path: PathBuf,
        /// Key of the checkpoint.
        found: String,
    },
}

/// A folder of checkpoints, of which the newest is kept.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
}

impl Checkpoints {
    /// Checkpoints in `folder`, which is created with the first one.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Writes one after `step` steps and removes those before it.
    pub fn write<P: Serialize>(&self, step: u64, key: &str, saved: &Saved<P>) -> Result<(), CheckpointError> {
        let place = self.folder.join(format!("step-{step:08}"));
        fs::create_dir_all(&self.folder).map_err(io_error(&self.folder))?;
        let unfinished =
            tempfile::Builder::new().prefix("unfinished-").tempdir_in(&self.folder).map_err(io_error(&self.folder))?;
        let description = Description { settings: key.to_owned(), progress: &saved.progress };
        let json = serde_json::to_vec_pretty(&description).map_err(|e| io_error(&place)(e.into()))?;
        for (name, bytes) in [(MODULE, &saved.module), (OPTIMIZER, &saved.optimizer), (DESCRIPTION, &json)] {
            fs::write(unfinished.path().join(name), bytes).map_err(io_error(&place))?;
        }
        let mut older = self.steps()?;
        if place.exists() {
            fs::remove_dir_all(&place).map_err(io_error(&place))?;
            older.retain(|path| *path != place);
        }
        fs::rename(unfinished.keep(), &place).map_err(io_error(&place))?;
        for path in older {
            fs::remove_dir_all(&path).map_err(io_error(&path))?;
        }
        Ok(())
    }

    /// Reads the newest one. `None` where there is none, and an error where it is of a run with another key.
    pub fn newest<P: DeserializeOwned>(&self, key: &str) -> Result<Option<Saved<P>>, CheckpointError> {
        let Some(path) = self.steps()?.pop() else {
            return Ok(None);
        };
        let read = |name: &str| fs::read(path.join(name)).map_err(io_error(&path));
        let description: Description<P> =
            serde_json::from_slice(&read(DESCRIPTION)?).map_err(|e| io_error(&path)(e.into()))?;
        if description.settings != key {
            return Err(CheckpointError::Settings { path, found: description.settings });
        }
        Ok(Some(Saved { progress: description.progress, module: read(MODULE)?, optimizer: read(OPTIMIZER)? }))
    }

    /// Tells whether there is a finished checkpoint.
    pub fn any(&self) -> Result<bool, CheckpointError> {
        Ok(!self.steps()?.is_empty())
    }

    /// Finished checkpoints, oldest first.
    fn steps(&self) -> Result<Vec<PathBuf>, CheckpointError> {
        if !self.folder.exists() {
            return Ok(Vec::new());
        }
        let entries = fs::read_dir(&self.folder).map_err(io_error(&self.folder))?;
        let mut paths = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(io_error(&self.folder))?;
        paths.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("step-")));
        paths.sort();
        Ok(paths)
    }
}

const MODULE: &str = "module.bpk";
const OPTIMIZER: &str = "optimizer.bpk";
const DESCRIPTION: &str = "description.json";

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> CheckpointError {
    let path = path.to_owned();
    move |source| CheckpointError::Io { path, source }
}
