//! Checkpoints of a run: what is trained, the optimiser's moments and how far it is, in a folder that appears whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::store::RecordError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The part of a checkpoint that is no tensor.
#[derive(Serialize, Deserialize)]
struct Description<P> {
    /// Everything that decides the result; a run with other settings does not resume from this one.
    settings: String,
    progress: P,
}

/// What a checkpoint gives back.
pub struct Resumed<P, M> {
    /// How far the run was.
    pub progress: P,
    /// What is trained.
    pub module: M,
    /// With its moments.
    pub optimiser: ModuleOptimizer,
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
        "{} is of a run with other settings ({found}): delete it, or give this run another folder",
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

    /// Writes one after `step` steps and removes those before it.
    pub fn write<P: Serialize, M: Module>(
        &self,
        step: u64,
        settings: &str,
        progress: &P,
        module: &M,
        optimiser: &ModuleOptimizer,
    ) -> Result<(), CheckpointError> {
        let place = self.folder.join(format!("step-{step:08}"));
        fs::create_dir_all(&self.folder).map_err(io_error(&self.folder))?;
        let unfinished =
            tempfile::Builder::new().prefix("unfinished-").tempdir_in(&self.folder).map_err(io_error(&self.folder))?;
        let tensors =
            |problem: RecordError| CheckpointError::Tensors { path: place.clone(), problem: problem.to_string() };
        module.clone().save_file(unfinished.path().join(MODULE)).map_err(tensors)?;
        optimiser.save(unfinished.path().join(OPTIMISER)).map_err(tensors)?;
        let description = Description { settings: settings.to_owned(), progress };
        let json = serde_json::to_vec_pretty(&description).map_err(|e| io_error(&place)(e.into()))?;
        fs::write(unfinished.path().join(DESCRIPTION), json).map_err(io_error(&place))?;
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

    /// The newest one, if it is of a run with these `settings`; `None` if there is none.
    pub fn newest<P: DeserializeOwned, M: Module>(
        &self,
        settings: &str,
        module: &M,
        optimiser: &ModuleOptimizer,
    ) -> Result<Option<Resumed<P, M>>, CheckpointError> {
        let Some(path) = self.steps()?.pop() else {
            return Ok(None);
        };
        let json = fs::read(path.join(DESCRIPTION)).map_err(io_error(&path))?;
        let description: Description<P> = serde_json::from_slice(&json).map_err(|e| io_error(&path)(e.into()))?;
        if description.settings != settings {
            return Err(CheckpointError::Settings { path, found: description.settings });
        }
        let tensors =
            |problem: RecordError| CheckpointError::Tensors { path: path.clone(), problem: problem.to_string() };
        let module = module.clone().try_load_file(path.join(MODULE)).map_err(tensors)?;
        let optimiser = optimiser.clone().load(path.join(OPTIMISER)).map_err(tensors)?;
        Ok(Some(Resumed { progress: description.progress, module, optimiser }))
    }

    /// Whether there is a finished one.
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
const OPTIMISER: &str = "optimiser.bpk";
const DESCRIPTION: &str = "description.json";

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> CheckpointError {
    let path = path.to_owned();
    move |source| CheckpointError::Io { path, source }
}
