//! Where a training is: enough to go on and end with the same weights, bit for bit, on the CPU.

use std::io;
use std::path::{Path, PathBuf};

use burn::optim::ModuleOptimizer;
use cse::state_dict::StateDict;
use serde::{Deserialize, Serialize};

use super::settings::Settings;
use super::trainee::Trainee;
use crate::checkpoints::{CheckpointError, Checkpoints};

/// The best weights so far.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kept {
    /// With the authors' names.
    pub weights: StateDict,
    /// After how many steps.
    pub step: usize,
    /// Mean loss of a validation pair.
    pub validation_loss: f64,
}

/// How far a training is.
#[derive(Serialize, Deserialize)]
struct Progress {
    step: usize,
    best: Option<Kept>,
}

/// What a checkpoint gives back.
pub struct Found {
    /// What is trained.
    pub trainee: Trainee,
    /// With its moments.
    pub optimizer: ModuleOptimizer,
    /// Steps done.
    pub step: usize,
    /// The best weights so far.
    pub best: Option<Kept>,
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

    /// Removes those of all members: the model `out` is written.
    pub fn clear(out: &Path) -> io::Result<()> {
        let folder = folder(out);
        if folder.is_dir() { std::fs::remove_dir_all(folder) } else { Ok(()) }
    }

    /// Writes it after `step` steps.
    pub fn write(
        &self,
        settings: &Settings,
        step: usize,
        trainee: &Trainee,
        optimizer: &ModuleOptimizer,
        best: Option<&Kept>,
    ) -> Result<(), CheckpointError> {
        let progress = Progress { step, best: best.cloned() };
        self.checkpoints.write(step as u64, &self.key(settings), &progress, trainee, optimizer)
    }

    /// Reads it, if there is one.
    pub fn read(
        &self,
        settings: &Settings,
        trainee: &Trainee,
        optimizer: &ModuleOptimizer,
    ) -> Result<Option<Found>, CheckpointError> {
        let found = self.checkpoints.newest::<Progress, _>(&self.key(settings), trainee, optimizer)?;
        Ok(found.map(|found| Found {
            trainee: found.module,
            optimizer: found.optimiser,
            step: found.progress.step,
            best: found.progress.best,
        }))
    }

    fn key(&self, settings: &Settings) -> String {
        format!("{} on {}", serde_json::to_string(settings).unwrap_or_default(), self.inputs)
    }
}

fn folder(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".checkpoint");
    PathBuf::from(name)
}
