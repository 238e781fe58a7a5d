//! Lists the files of a folder and of all folders in it.

use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::DatasetError;
use super::names::{self, FileKind};

/// File below a folder.
#[derive(Clone, Debug)]
pub struct File {
    /// Path of the file.
    pub path: PathBuf,
    /// Names of its folders below that folder, and its own name.
    pub parts: Vec<String>,
    /// True for a link to a file that does not exist.
    pub broken: bool,
}

impl File {
    /// Tells whether its name is that of an image in a supported format.
    pub fn is_image(&self) -> bool {
        !self.broken && names::file_kind(&self.parts) == FileKind::Image
    }
}

/// All files below `folder`, sorted by path. Links are followed.
pub fn files_below(folder: &Path) -> Result<Vec<File>, DatasetError> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).min_depth(1).follow_links(true).sort_by_file_name() {
        let (path, broken) = match entry {
            Ok(entry) if entry.file_type().is_dir() => continue,
            Ok(entry) => (entry.into_path(), false),
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                let gone = error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound);
                if !(gone && path.is_symlink()) {
                    let source = error.into_io_error().unwrap_or_else(|| io::Error::other("a link leads back to it"));
                    return Err(DatasetError::List { path, source });
                }
                (path, true)
            }
        };
        let below = path.strip_prefix(folder).unwrap_or(&path);
        let parts = below.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        files.push(File { path, parts, broken });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}
