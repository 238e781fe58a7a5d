//! `pretrain`: trains an extractor without any photo, by one of two recipes.
//!
//! [`distillation`] reproduces the feature maps of a network that was trained on photos. [`contrast`] separates generated
//! surfaces and their synthetic defects.

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
use cse::network::backbone::{Backbone, OtherNetwork};
use cse::network::efficientnet::Architecture;

use crate::checkpoints::CheckpointError;
use crate::devices::{self, Chosen, DeviceChoice, DeviceError};
use crate::files::{self, FileError};

/// The recipes of `pretrain`.
#[derive(Debug, Subcommand)]
pub enum PretrainCommand {
    /// Train a network on generated surfaces to reproduce the feature maps of EfficientNet-Lite0
    Distil(distillation::Args),
    /// Train a network to separate generated surfaces and their synthetic defects. With 0 steps, random weights
    Contrast(contrast::Args),
}

/// Options of both recipes.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// Extractor file to write
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
    /// Seed of all random choices. To continue from a file, give another seed for other photos
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Device to train on
    #[arg(long, value_enum, default_value = "auto")]
    pub device: DeviceChoice,
    /// Number of threads. 0 takes one for each core
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
    /// Folder of the run's checkpoints, from which it resumes when started again [default: OUT with '.run' appended]
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
    /// Folder of the checkpoints.
    fn folder(&self) -> PathBuf {
        self.checkpoints.clone().unwrap_or_else(|| files::appended(&self.out, ".run"))
    }

    /// Device that the user asked for, with gradients.
    fn training_device(&self) -> Result<Device, PretrainError> {
        let Chosen { device, reason } = devices::choose(self.device)?;
        println!("device      {reason}");
        Ok(device.autodiff())
    }

    /// Sets the number of threads.
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
        /// Path of the teacher.
        path: PathBuf,
        /// Reason.
        problem: String,
    },
    /// The device cannot be used.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The device does not compute in the number format.
    #[error(transparent)]
    Format(#[from] compute::Unsupported),
    /// A model file cannot be used.
    #[error(transparent)]
    Model(#[from] ModelFileError),
    /// The tensors of a network do not fit.
    #[error(transparent)]
    Tensors(#[from] StateDictError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A network is not an EfficientNet.
    #[error(transparent)]
    Network(#[from] OtherNetwork),
    /// The file to continue from holds another network.
    #[error("{} holds {found}, not {wanted}: choose that network with --student, or continue from another file", .path.display())]
    Architecture {
        /// Path of the file.
        path: PathBuf,
        /// Network in the file.
        found: Backbone,
        /// Network of the student.
        wanted: Architecture,
    },
    /// The photos for the statistics of BatchNorm cannot be found.
    #[error(transparent)]
    Dataset(#[from] crate::dataset::DatasetError),
    /// The state of the training cannot be saved or loaded.
    #[error("the checkpoint cannot be used ({0}): delete it, or give this run another folder")]
    State(#[from] burn::store::RecordError),
    /// A checkpoint cannot be written or read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// There is no kind of defect to draw.
    #[error(transparent)]
    Defect(#[from] NoKinds),
    /// The log cannot be written.
    #[error("{}: the log cannot be written ({source})", .path.display())]
    Log {
        /// Path of the log.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// The weights of the student cannot be exported.
    #[error("the weights of the student cannot be exported: {0}")]
    Export(String),
    /// The thread pool cannot be created.
    #[error("a pool of {threads} threads cannot be created: {problem}")]
    Threads {
        /// Number of threads.
        threads: usize,
        /// Reason.
        problem: String,
    },
    /// The training diverged.
    #[error("the loss is not finite after step {0}: start again with a lower learning rate")]
    Diverged(u64),
    /// A thread that renders photos failed.
    #[error("no photos could be rendered after step {0}: run the same command again, which resumes from there")]
    NoBatches(u64),
}
