//! Reads and writes files with errors that name them. A file is written whole or not at all.

use std::fs;
use std::io::{self, BufReader, Cursor, Read, Write};
use std::path::{Path, PathBuf};

use cse::image::photo::{Photo, Reading};
use cse::image::view::View;
use image::{ImageFormat, RgbImage};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::progress;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("{path}: cannot be read ({source})", path = .path.display())]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("{path}: cannot be written ({source}); nothing was left there", path = .path.display())]
    Write {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// Nothing can be appended to it.
    #[error("{path}: nothing more can be written to it ({source})", path = .path.display())]
    Append {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// It cannot be removed.
    #[error("{path}: is no longer needed and cannot be removed ({source})", path = .path.display())]
    Remove {
        /// Path of the file or folder.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// It is not a usable photo.
    #[error("{path}: {source}", path = .path.display())]
    Photo {
        /// Path of the file.
        path: PathBuf,
        /// Reason.
        source: cse::image::photo::PhotoError,
    },
    /// It is not a usable model.
    #[error("{path}: {source}", path = .path.display())]
    Model {
        /// Path of the file.
        path: PathBuf,
        /// Reason.
        source: cse::files::model_file::ModelFileError,
    },
}

/// Reads the bytes of a file.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|source| FileError::Read { path: path.to_owned(), source })
}

/// SHA-256 of a file's content, 64 lower-case hexadecimal digits.
pub fn sha256_of(path: &Path) -> io::Result<String> {
    let mut file = fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => hash.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(hexadecimal(&hash.finalize()))
}

/// Formats `bytes` as lower-case hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads and decodes a photo file with the settings of its category.
pub fn read_photo(path: &Path, reading: &Reading) -> Result<Photo, FileError> {
    decode_photo(path, &read(path)?, reading)
}

/// Decodes the bytes of a photo file with the settings of its category.
pub fn decode_photo(path: &Path, bytes: &[u8], reading: &Reading) -> Result<Photo, FileError> {
    reading.decode(bytes).map_err(|source| FileError::Photo { path: path.to_owned(), source })
}

/// Windows of all photos at `paths`, in a view.
pub fn windows(paths: &[PathBuf], view: View) -> Result<Vec<RgbImage>, FileError> {
    let bar = progress::bar(paths.len() as u64, "photos", "files");
    let read = |path: &PathBuf| -> Result<Vec<RgbImage>, FileError> {
        bar.inc(1);
        Ok(view.windows(&read_photo(path, &Reading::default())?.pixels).images().collect())
    };
    let windows = paths.par_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    bar.finish_and_clear();
    Ok(windows.into_iter().flatten().collect())
}

/// Appends `ending` to the name of `path`.
pub fn appended(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Writes a PNG file, whole or not at all.
pub fn write_png(path: &Path, image: &RgbImage) -> Result<(), FileError> {
    let mut bytes = Cursor::new(Vec::new());
    image
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|error| FileError::Write { path: path.to_owned(), source: io::Error::other(error) })?;
    write_whole(path, bytes.get_ref())
}

/// Width and height of a photo file as [`read_photo`] gives it, without decoding it.
pub fn photo_size(path: &Path) -> Result<(u32, u32), FileError> {
    let file = fs::File::open(path).map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    cse::image::photo::size(BufReader::new(file)).map_err(|source| FileError::Photo { path: path.to_owned(), source })
}

/// Checks that a file can be written at `path`, and creates its folder. Called before a long computation of its content.
pub fn check_place(path: &Path) -> Result<(), FileError> {
    let failed = |source| FileError::Write { path: path.to_owned(), source };
    if path.is_dir() || path.to_string_lossy().ends_with(std::path::is_separator) {
        return Err(failed(io::Error::other("it is a folder: give the name of a file in it")));
    }
    let folder = folder_of(path);
    fs::create_dir_all(folder).and_then(|()| temporary(folder)).map(drop).map_err(failed)
}

/// Folder that `path` lies in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes `bytes` to a temporary file beside `path`, and renames it when all bytes are on the disk.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace(path, bytes).map_err(|source| FileError::Write { path: path.to_owned(), source })
}

/// Does the same as [`write_whole`], with the error of the operating system for callers that add advice to it.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = temporary(folder_of(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Temporary file with the permissions of an ordinary new file. Those of tempfile are for the owner only.
fn temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Adds the name of the file to an error about its content.
pub fn in_model<T>(path: &Path, result: Result<T, cse::files::model_file::ModelFileError>) -> Result<T, FileError> {
    result.map_err(|source| FileError::Model { path: path.to_owned(), source })
}
