//! `data`: a look at a data set before anything is computed.

use std::path::PathBuf;

use crate::dataset::{Dataset, DatasetError};
use crate::files::{self, FileError};
use crate::look::{self, LookError, MaskArgs, Needs, UnreadableArgs};

/// Settings of `data`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folder of photos, or a CSV file with the columns path, split, label, mask. The folder has the layout of MVTec AD,
    /// MVTec AD 2, VisA, BTAD, KolektorSDD, AutoVI, MVTec LOCO AD or TILDA. A folder of good photos and one for each kind of
    /// defect will do too
    #[arg(value_name = "DIR|CSV")]
    pub data: PathBuf,
    /// File to write everything that was found to, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// How masks are read.
    #[command(flatten)]
    pub masks: MaskArgs,
    /// Whether unreadable files are an error.
    #[command(flatten)]
    pub unreadable: UnreadableArgs,
}

/// Why a data set cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The data set.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// What is in it.
    #[error(transparent)]
    Look(#[from] LookError),
    /// The report's file.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Looks, prints the report, and writes it where asked to; an error where `train` and `eval` would have one.
pub fn run(args: &Args) -> Result<(), DataError> {
    args.json.as_deref().map_or(Ok(()), files::check_place)?;
    let mut set = Dataset::open(&args.data, args.masks.marks())?;
    let report = look::look(&mut set, &args.data, Needs::Both, args.unreadable);
    report.print();
    if let Some(path) = &args.json {
        report.write(path)?;
    }
    Ok(report.check()?)
}
