//! Checkpoints of a run: the student, the optimiser's moments and how far it is, in a folder that appears whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::store::RecordError;
use cse::efficientnet::EfficientNet;
use serde::{Deserialize, Serialize};

/// How far a run is and what it was started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Steps done.
    pub step: u64,
    /// Seconds of training behind them.
    pub seconds: f64,
    /// Everything that decides the result; a run with other settings does not resume from this one.
    pub settings: String,
    /// Held-out error of both taps before the first step.
    pub first_errors: [f32; 2],
}

/// Why a checkpoint cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file system refuses.
    #[error("checkpoint {}: {source}", .path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The tensors cannot be stored or read.
    #[error("checkpoint {}: {problem}", .path.display())]
    Tensors {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A checkpoint of another run.
    #[error(
        "{} is of a run with other settings ({found}); delete it, or give this run another --checkpoints folder",
        .path.display()
    )]
    Settings {
        /// Where.
        path: PathBuf,
        /// Its settings.
        found: String,
    },
}

/// A folder of checkpoints, of which the newest is kept.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
}

impl Checkpoints {
    /// In `folder`, which is created when the first one is written.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Writes one and removes those before it.
    pub fn write(
        &self,
        progress: &Progress,
        student: &EfficientNet,
        optimiser: &ModuleOptimizer,
    ) -> Result<(), CheckpointError> {
        let place = self.folder.join(format!("step-{:08}", progress.step));
        fs::create_dir_all(&self.folder).map_err(io_error(&self.folder))?;
        let unfinished =
            tempfile::Builder::new().prefix("unfinished-").tempdir_in(&self.folder).map_err(io_error(&self.folder))?;
        let tensors =
            |problem: RecordError| CheckpointError::Tensors { path: place.clone(), problem: problem.to_string() };
        student.clone().save_file(unfinished.path().join(STUDENT)).map_err(tensors)?;
        optimiser.save(unfinished.path().join(OPTIMISER)).map_err(tensors)?;
        let json = serde_json::to_vec_pretty(progress).map_err(|e| io_error(&place)(e.into()))?;
        fs::write(unfinished.path().join(PROGRESS), json).map_err(io_error(&place))?;
        let older = self.steps()?;
        if place.exists() {
            return Ok(());
        }
        fs::rename(unfinished.keep(), &place).map_err(io_error(&place))?;
        for path in older {
            fs::remove_dir_all(&path).map_err(io_error(&path))?;
        }
        Ok(())
    }

    /// The newest one, if it is of a run with these `settings`; `None` if there is none.
    pub fn newest(
        &self,
        settings: &str,
        student: &EfficientNet,
        optimiser: &ModuleOptimizer,
    ) -> Result<Option<(Progress, EfficientNet, ModuleOptimizer)>, CheckpointError> {
        let Some(path) = self.steps()?.pop() else {
            return Ok(None);
        };
        let json = fs::read(path.join(PROGRESS)).map_err(io_error(&path))?;
        let progress: Progress = serde_json::from_slice(&json).map_err(|e| io_error(&path)(e.into()))?;
        if progress.settings != settings {
            return Err(CheckpointError::Settings { path, found: progress.settings });
        }
        let tensors =
            |problem: RecordError| CheckpointError::Tensors { path: path.clone(), problem: problem.to_string() };
        let student = student.clone().try_load_file(path.join(STUDENT)).map_err(tensors)?;
        let optimiser = optimiser.clone().load(path.join(OPTIMISER)).map_err(tensors)?;
        Ok(Some((progress, student, optimiser)))
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

const STUDENT: &str = "student.bpk";
const OPTIMISER: &str = "optimiser.bpk";
const PROGRESS: &str = "progress.json";

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> CheckpointError {
    let path = path.to_owned();
    move |source| CheckpointError::Io { path, source }
}
