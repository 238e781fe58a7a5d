//! `data`: a look at a data set before anything is computed.

use std::path::PathBuf;

use crate::dataset::{Dataset, DatasetError};
use crate::files::{self, FileError};
use crate::look::{self, LookError, MaskArgs, Needs, UnreadableArgs};

/// Settings of `data`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folder of photos, or a CSV file with the columns path, split, label, mask. Supported are the layouts of MVTec
    /// AD, MVTec AD 2, VisA, BTAD, KolektorSDD, AutoVI, MVTec LOCO AD and TILDA. A folder of good photos and one for
    /// each kind of defect are supported too
    #[arg(value_name = "DIR|CSV")]
    pub data: PathBuf,
    /// File to write everything that was found to, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Options for reading masks.
    #[command(flatten)]
    pub masks: MaskArgs,
    /// Options for unreadable files.
    #[command(flatten)]
    pub unreadable: UnreadableArgs,
}

/// Why a data set cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The data set cannot be opened.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Its photos or masks cannot be used.
    #[error(transparent)]
    Look(#[from] LookError),
    /// The report cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Reads the data set, prints the report, and writes it to `--json`. Fails where `train` or `eval` would fail.
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
