//! `pretrain`: an extractor of the project's own, without any photo, in one of two ways: [`distillation`] of the maps of
//! a network that knows photos, or [`contrast`] of generated textures and their synthetic defects.

pub mod batches;
mod compute;
mod contrast;
mod distillation;
mod export;
pub mod teacher;
mod training;

use std::io;
use std::path::PathBuf;

use burn::tensor::Device;
use clap::Subcommand;
use cse::defects::NoKinds;
use cse::files::model_file::ModelFileError;
use cse::files::state_dict::StateDictError;
use cse::network::efficientnet::Architecture;

use crate::checkpoints::CheckpointError;
use crate::devices::{self, Chosen, DeviceChoice, DeviceError};
use crate::files::{self, FileError};

/// The recipes of `pretrain`.
#[derive(Debug, Subcommand)]
pub enum PretrainCommand {
    /// Learn on generated textures to give the feature maps of EfficientNet-Lite0
    Distil(distillation::Args),
    /// Learn to tell generated textures, and their synthetic defects, apart; with no steps, random weights
    Contrast(contrast::Args),
}

/// What both recipes ask for.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// Extractor file to write
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
    /// Seed of all random choices; to go on from a file, take another one for other photos
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Device to train on
    #[arg(long, value_enum, default_value = "auto")]
    pub device: DeviceChoice,
    /// Threads; 0 takes one for each core
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
    /// Folder of the run's checkpoints, from which it goes on when started again [default: OUT with '.run' appended]
    #[arg(long, value_name = "FOLDER")]
    pub checkpoints: Option<PathBuf>,
    /// Minutes between checkpoints
    #[arg(long, default_value_t = 3.0)]
    pub checkpoint_minutes: f64,
    /// JSON-lines log, one line every ten steps [default: log.jsonl in the checkpoints' folder]
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

impl Common {
    /// Where checkpoints are.
    fn folder(&self) -> PathBuf {
        self.checkpoints.clone().unwrap_or_else(|| files::appended(&self.out, ".run"))
    }

    /// The device that was asked for, with gradients.
    fn training_device(&self) -> Result<Device, PretrainError> {
        let Chosen { device, reason } = devices::choose(self.device)?;
        println!("device      {reason}");
        Ok(device.autodiff())
    }

    /// Takes as many threads as asked for.
    fn set_threads(&self) -> Result<(), PretrainError> {
        let threads = self.threads;
        if threads == 0 {
            return Ok(());
        }
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .map_err(|error| PretrainError::Threads { threads, problem: error.to_string() })
    }
}

fn side(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(side) if (32..=1024).contains(&side) && side % 32 == 0 => Ok(side),
        _ => Err("must be a multiple of 32 from 32 to 1024".into()),
    }
}

/// Trains and writes an extractor.
pub fn run(command: &PretrainCommand) -> Result<(), PretrainError> {
    match command {
        PretrainCommand::Distil(args) => distillation::run(args),
        PretrainCommand::Contrast(args) => contrast::run(args),
    }
}

/// Why there is no new extractor.
#[derive(Debug, thiserror::Error)]
pub enum PretrainError {
    /// The teacher cannot be used.
    #[error("the teacher {} cannot be used: {problem}", .path.display())]
    Teacher {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// There is no such device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// It does not compute in the format that was asked for.
    #[error(transparent)]
    Format(#[from] compute::Unsupported),
    /// A network's tensors do not fit.
    #[error(transparent)]
    Model(#[from] ModelFileError),
    /// A network's tensors do not fit.
    #[error(transparent)]
    Tensors(#[from] StateDictError),
    /// The file to go on from, or the one to write.
    #[error(transparent)]
    File(#[from] FileError),
    /// It holds another network.
    #[error("{} holds {found}, not {wanted}: ask for that with --student, or go on from another file", .path.display())]
    Architecture {
        /// Its path.
        path: PathBuf,
        /// Its network.
        found: Architecture,
        /// The student.
        wanted: Architecture,
    },
    /// Photos to measure with.
    #[error(transparent)]
    Dataset(#[from] crate::dataset::DatasetError),
    /// The state of the training cannot be packed or unpacked.
    #[error("the checkpoint cannot be used ({0}): delete it, or give this run another folder")]
    State(#[from] burn::store::RecordError),
    /// Checkpoints cannot be kept.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Defects cannot be made.
    #[error(transparent)]
    Defect(#[from] NoKinds),
    /// The log cannot be written.
    #[error("{}: {source}", .path.display())]
    Log {
        /// Its path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The student's weights cannot be taken out.
    #[error("the student's weights cannot be exported: {0}")]
    Export(String),
    /// The thread pool cannot be made.
    #[error("no pool of {threads} threads: {problem}")]
    Threads {
        /// As asked for.
        threads: usize,
        /// What is wrong.
        problem: String,
    },
    /// Training went astray.
    #[error("the loss is no longer a number after step {0}: start again with a lower --rate")]
    Diverged(u64),
    /// A thread that renders photos is gone.
    #[error(
        "no photos came any more after step {0}, since what makes them failed: the same command goes on from there"
    )]
    NoBatches(u64),
}
