//! Data sets: the photos of one texture in a folder of a known layout, or in a table.
//!
//! Some layouts say which good photos to learn from. In the others, where there are defective photos to evaluate, the
//! first 70 % of the good ones in the order of their names are for learning and the rest for evaluating. Without
//! defective photos all are for learning.

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

/// A photo to evaluate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The photo.
    pub photo: PathBuf,
    /// Kind of defect; none for a good one.
    pub defect: Option<String>,
    /// Files in which somebody marked the defect; what they mark is united.
    pub masks: Vec<PathBuf>,
}

/// The photos of a texture, and all that was found while looking for them.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Name of the folder, or of the table without its ending.
    pub name: String,
    /// The folder that the files' names are told from.
    pub folder: PathBuf,
    /// The layout that was recognised.
    pub layout: Layout,
    /// Good photos to learn from.
    pub train: Vec<PathBuf>,
    /// Photos to evaluate.
    pub test: Vec<Sample>,
    /// The samples of the masks that mark a defect.
    pub marks: Marks,
    /// Files that are not used, in the order of their names.
    pub passed_over: Vec<PassedOver>,
    /// Used photos that lie in a subfolder of their kind's folder.
    pub nested: Vec<PathBuf>,
    /// Folders that look like mask folders and are none in this layout.
    pub mask_like: Vec<PathBuf>,
    /// Photos that count as good because no mask is beside them, where all others have one.
    pub unlabelled: Vec<PathBuf>,
    /// Columns of a table that are not used.
    pub unused_columns: Vec<String>,
}

/// Why a folder or a table is no data set.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A folder that cannot be listed.
    #[error("{path}: cannot be listed ({source})", path = .path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A folder to take images from that has none.
    #[error("{path}: no image is in it or in its folders (files that end in {endings})", path = .path.display(), endings = PHOTO_ENDINGS.join(", "))]
    NoImage {
        /// The folder.
        path: PathBuf,
    },
    /// None of the layouts.
    #[error(
        "{path}: no photos of good samples{found}: put them in {path}/train/good (and test photos in {path}/test/good and \
         {path}/test/KIND), or in {path}/good (and defective ones in {path}/KIND); of TILDA, give one of the folders \
         that have e0 to e7, such as c1r1; for everything else, give a CSV file with the columns path, split, label, mask",
        path = .path.display()
    )]
    Empty {
        /// The folder.
        path: PathBuf,
        /// What lies there instead, to put after the words before; empty for nothing.
        found: String,
    },
    /// A folder of data sets.
    #[error("{path}: holds several data sets ({names}): give one of these folders", path = .path.display(), names = .names.join(", "))]
    Several {
        /// The folder.
        path: PathBuf,
        /// Names of the folders in it.
        names: Vec<String>,
    },
    /// Masks that decide whether their photos are good, and cannot be read.
    #[error("{} masks cannot be read, and tell which photos are good:\n{}", .0.len(), lines(.0))]
    Masks(Vec<MaskError>),
    /// A table with mistakes, one a line.
    #[error("{path}: the table has {} mistakes:\n{}", .problems.len(), lines(.problems), path = .path.display())]
    Table {
        /// The table.
        path: PathBuf,
        /// A sentence for each mistake.
        problems: Vec<String>,
    },
}

/// Each of `items` on a line of its own, indented.
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

    /// `path` below the data set's folder, with slashes on every system.
    pub fn name_of(&self, path: &Path) -> String {
        let parts = path.strip_prefix(&self.folder).unwrap_or(path).components();
        parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("/")
    }
}

/// Photos to learn from, and the others to evaluate, of `samples` whose layout does not tell.
fn split(samples: Vec<Sample>) -> (Vec<PathBuf>, Vec<Sample>) {
    let good = samples.iter().filter(|sample| sample.defect.is_none()).count();
    let learn = if good == samples.len() { good } else { (7 * good + 5) / 10 };
    let (mut train, mut test) = (Vec::with_capacity(learn), Vec::new());
    for sample in samples {
        if sample.defect.is_none() && train.len() < learn {
            train.push(sample.photo);
        } else {
            test.push(sample);
        }
    }
    (train, test)
}

/// Every image below `folder`, squashed to what the network sees; none without a folder.
pub fn squashed_below<Error>(folder: Option<&Path>) -> Result<Vec<RgbImage>, Error>
where
    Error: From<DatasetError> + From<FileError>,
{
    match folder {
        Some(folder) => Ok(files::windows(&images_below(folder)?, View::Resize)?),
        None => Ok(Vec::new()),
    }
}

/// Every image below `folder`, in the order of the names; an error where there is none: nothing else must stand in for what
/// was asked for.
pub fn images_below(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let files = walk::files_below(folder)?;
    let images: Vec<PathBuf> = files.into_iter().filter(walk::File::is_image).map(|file| file.path).collect();
    if images.is_empty() { Err(DatasetError::NoImage { path: folder.to_owned() }) } else { Ok(images) }
}
