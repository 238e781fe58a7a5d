//! Data sets: the photos of one category in a folder of a known layout, or in a table.
//!
//! Some layouts have a training split. In the others, all good photos are training photos until there are defective
//! photos. Then the first 70 % of the good photos, in the order of their names, are training photos, and the rest are
//! test photos.

mod layout;
mod mask;
mod mask_names;
mod names;
mod passed_over;
mod reading;
mod table;
#[cfg(test)]
mod tests;
mod walk;

use std::io;
use std::path::{Path, PathBuf};

use cse::image::view::View;
use image::RgbImage;

pub use self::layout::Layout;
pub use self::mask::{Marks, Mask, MaskError};
pub use self::names::PHOTO_ENDINGS;
pub use self::passed_over::{PassedOver, Reason};
use crate::files::{self, FileError};

/// Test photo with its label and masks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Path of the photo.
    pub photo: PathBuf,
    /// Kind of defect. None for a good photo.
    pub defect: Option<String>,
    /// Mask files of the photo. A pixel is defective if any of them marks it.
    pub masks: Vec<PathBuf>,
}

/// Photos of a category, and the files that were passed over.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Name of the folder, or of the table without its ending.
    pub name: String,
    /// Folder that the names of the files are relative to.
    pub folder: PathBuf,
    /// Layout that was recognised.
    pub layout: Layout,
    /// Good photos to train on.
    pub train: Vec<PathBuf>,
    /// Test photos.
    pub test: Vec<Sample>,
    /// Samples of the masks that mark a defect.
    pub marks: Marks,
    /// Files that are not used, in the order of their names.
    pub passed_over: Vec<PassedOver>,
    /// Used photos that lie in a subfolder of their kind's folder.
    pub nested: Vec<PathBuf>,
    /// Folders that look like mask folders but are not read as such in this layout.
    pub mask_like: Vec<PathBuf>,
    /// Photos without a mask in a layout with masks beside the photos. They count as good.
    pub unlabelled: Vec<PathBuf>,
    /// Columns of a table that are not used.
    pub unused_columns: Vec<String>,
}

/// Why a folder or a table is no data set.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A folder cannot be listed.
    #[error("{path}: cannot be listed ({source})", path = .path.display())]
    List {
        /// Path of the folder.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A folder that should hold images has none.
    #[error("{path}: no image is in it or in its folders (files that end in {endings})", path = .path.display(), endings = PHOTO_ENDINGS.join(", "))]
    NoImage {
        /// Path of the folder.
        path: PathBuf,
    },
    /// The folder has none of the layouts.
    #[error(
        "{path}: no photos of good samples{found}: put them in {path}/train/good (and test photos in {path}/test/good and \
         {path}/test/KIND), or in {path}/good (and defective ones in {path}/KIND). Of TILDA, give one of the folders \
         that have e0 to e7, such as c1r1. For any other layout, give a CSV file with the columns path, split, label, mask",
        path = .path.display()
    )]
    Empty {
        /// Path of the folder.
        path: PathBuf,
        /// Content of the folder, in brackets. Empty where there is nothing to say.
        found: String,
    },
    /// The folder holds several data sets.
    #[error("{path}: holds several data sets ({names}): give one of their folders", path = .path.display(), names = .names.join(", "))]
    Several {
        /// Path of the folder.
        path: PathBuf,
        /// Names of the folders in it.
        names: Vec<String>,
    },
    /// Masks that decide whether their photos are good cannot be read.
    #[error("{} masks cannot be read, but they decide which photos are good. Save them again as PNG:\n{}", .0.len(), lines(.0))]
    Masks(Vec<MaskError>),
    /// A table has mistakes.
    #[error("{path}: the table has {} mistakes:\n{}", .problems.len(), lines(.problems), path = .path.display())]
    Table {
        /// Path of the table.
        path: PathBuf,
        /// A sentence for each mistake.
        problems: Vec<String>,
    },
}

/// Puts each of `items` on a separate line, indented.
pub fn lines<T: ToString>(items: &[T]) -> String {
    items.iter().map(|item| format!("  {}", item.to_string())).collect::<Vec<_>>().join("\n")
}

impl Dataset {
    /// Reads the data set in a folder, or in a CSV file. Every list is in the order of the names, or of the table's rows.
    pub fn open(path: &Path, marks: Marks) -> Result<Self, DatasetError> {
        if path.is_file() { table::read(path, marks) } else { reading::read(path, marks) }
    }

    /// Drops photos that cannot be used, and notes why.
    pub fn drop_unreadable(&mut self, unreadable: &[PathBuf]) {
        self.train.retain(|photo| !unreadable.contains(photo));
        self.test.retain(|sample| !unreadable.contains(&sample.photo));
        let passed = unreadable.iter().map(|path| PassedOver { path: path.clone(), reason: Reason::Unreadable });
        self.passed_over.extend(passed);
    }

    /// Name of a file: `path` relative to the data set's folder, with slashes on every system.
    pub fn name_of(&self, path: &Path) -> String {
        let parts = path.strip_prefix(&self.folder).unwrap_or(path).components();
        parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("/")
    }
}

/// Splits the `samples` of a layout without splits into training photos and test photos.
fn split(samples: Vec<Sample>) -> (Vec<PathBuf>, Vec<Sample>) {
    let good = samples.iter().filter(|sample| sample.defect.is_none()).count();
    let training = if good == samples.len() { good } else { (7 * good + 5) / 10 };
    let (mut train, mut test) = (Vec::with_capacity(training), Vec::new());
    for sample in samples {
        if sample.defect.is_none() && train.len() < training {
            train.push(sample.photo);
        } else {
            test.push(sample);
        }
    }
    (train, test)
}

/// Every image below `folder`, resized to the network's input size. None without a folder.
pub fn squashed_below<Error>(folder: Option<&Path>) -> Result<Vec<RgbImage>, Error>
where
    Error: From<DatasetError> + From<FileError>,
{
    match folder {
        Some(folder) => Ok(files::windows(&images_below(folder)?, View::Resize)?),
        None => Ok(Vec::new()),
    }
}

/// Every image below `folder`, in the order of the names. An error where there is none: the user asked for images of this
/// folder, so no default may replace them.
pub fn images_below(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let files = walk::files_below(folder)?;
    let images: Vec<PathBuf> = files.into_iter().filter(walk::File::is_image).map(|file| file.path).collect();
    if images.is_empty() { Err(DatasetError::NoImage { path: folder.to_owned() }) } else { Ok(images) }
}
