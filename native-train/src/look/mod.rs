//! Look at a data set before any computation: its content, likely mistakes, and errors.

mod duplicates;
mod lots;
mod masks;
mod photo;
mod photo_file;
mod print;
mod report;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use self::photo::Photo;
pub use self::photo_file::{PhotoFile, sizes};
pub use self::report::Report;
use crate::dataset::{Dataset, Marks};
use crate::files::FileError;
use crate::progress;

/// Errors in data sets that a command cannot work with, with every case of every data set.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct LookError(Vec<String>);

/// Photos that a command computes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Training photos.
    Train,
    /// Test photos.
    Test,
    /// All photos.
    Both,
}

/// Options of every command that computes with all photos of a data set.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct UnreadableArgs {
    /// Leave out photos and masks that cannot be read, and count them. Without this option the command lists them and stops
    #[arg(long)]
    pub skip_unreadable: bool,
}

/// Options of every command that reads masks.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct MaskArgs {
    /// Read masks as black where the defect is: samples that are zero mark it
    #[arg(long)]
    pub invert_masks: bool,
}

impl MaskArgs {
    /// Samples of a mask that mark a defect.
    pub fn marks(self) -> Marks {
        if self.invert_masks { Marks::Zero } else { Marks::NonZero }
    }
}

/// Reads every photo and mask of a data set once, in parallel, and reports. With `--skip-unreadable`, unreadable files are
/// removed from the data set.
pub fn look(set: &mut Dataset, path: &Path, needs: Needs, unreadable: UnreadableArgs) -> Report {
    let paths: Vec<&PathBuf> = set.train.iter().chain(set.test.iter().map(|sample| &sample.photo)).collect();
    let bar = progress::bar(paths.len() as u64, "looking", "photos");
    let read = |path: &&PathBuf| {
        bar.inc(1);
        ((*path).clone(), Photo::read(path))
    };
    let seen: HashMap<PathBuf, Result<Photo, FileError>> = paths.par_iter().map(read).collect();
    bar.finish_and_clear();
    let size_of = |path: &Path| Some(seen.get(path)?.as_ref().ok()?.size());
    let masks = masks::Masks::look(set, size_of);
    let report = Report::new(set, path, &seen, masks, (needs, unreadable.skip_unreadable));
    if unreadable.skip_unreadable {
        let unreadable: Vec<PathBuf> =
            seen.iter().filter(|(_, photo)| photo.is_err()).map(|(path, _)| path.clone()).collect();
        set.drop_unreadable(&unreadable);
        masks::drop_unreadable(set, &report.masks);
    }
    report
}

/// Looks at the data set of a command that computes next. Prints a few lines, and fails where the command cannot work.
pub fn first(set: &mut Dataset, path: &Path, needs: Needs, unreadable: UnreadableArgs) -> Result<Report, LookError> {
    let report = look(set, path, needs, unreadable);
    report.print_short();
    report.check()?;
    Ok(report)
}

/// Does the same as [`first`] for training on several data sets.
pub fn first_of_all(
    sets: &mut [Dataset],
    paths: &[PathBuf],
    unreadable: UnreadableArgs,
) -> Result<Vec<Report>, LookError> {
    let (mut reports, mut errors) = (Vec::with_capacity(sets.len()), Vec::new());
    for (set, path) in sets.iter_mut().zip(paths) {
        match first(set, path, Needs::Train, unreadable) {
            Ok(report) => reports.push(report),
            Err(LookError(more)) => errors.extend(more),
        }
    }
    if errors.is_empty() { Ok(reports) } else { Err(LookError(errors)) }
}

impl Report {
    /// Fails if the report has errors.
    pub fn check(&self) -> Result<(), LookError> {
        if self.errors.is_empty() {
            return Ok(());
        }
        Err(LookError(self.errors.iter().map(|error| format!("{}: {error}", self.data)).collect()))
    }
}
