//! Command line of `train`.

use std::path::PathBuf;

use cse::image::photo::Levels;

use crate::devices::DeviceChoice;
use crate::knobs::KnobArgs;
use crate::look::{MaskArgs, UnreadableArgs};

/// Settings of `train`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folder of photos, or CSV file, as for `data`: train/good (MVTec AD's layout), or good. Each makes a model
    #[arg(long, value_name = "DIR", required = true, num_args = 1..)]
    pub data: Vec<PathBuf>,
    /// Model file to write. With several folders of photos, the folder to write NAME.safetensors to
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Extractor file. Without it, the shipped one
    #[arg(long, value_name = "FILE")]
    pub extractor: Option<PathBuf>,
    /// Folder of images that textural defects are cut from, searched with its subfolders. Without it, generated images
    #[arg(long, value_name = "DIR")]
    pub anomaly_source: Option<PathBuf>,
    /// Name of the category. Without it, the folder's
    #[arg(long)]
    pub name: Option<String>,
    /// Settings of the training.
    #[command(flatten)]
    pub knobs: KnobArgs,
    /// How the photos are read.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// Go on from where a run with the same settings was stopped
    #[arg(long)]
    pub resume: bool,
    /// File to write the losses to, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Where to compute
    #[arg(long, value_enum, default_value = "auto")]
    pub device: DeviceChoice,
    /// How masks are read, where they decide which photos are good.
    #[command(flatten)]
    pub masks: MaskArgs,
    /// Whether unreadable files are an error.
    #[command(flatten)]
    pub unreadable: UnreadableArgs,
}

/// Settings that the photos of a category are read with.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ReadingArgs {
    /// Stored values that become black and white, BLACK:WHITE, for photos with more than 8 bits a channel. Without it, they
    /// are found over the training photos
    #[arg(long, value_name = "LEVELS")]
    pub levels: Option<Levels>,
    /// Mask of a region of every photo that is neither trained on nor inspected, as an image that is above 0 there
    #[arg(long, value_name = "FILE")]
    pub ignore_mask: Option<PathBuf>,
}
