//! Features of a training in a file without a name, which disappears with the process. The operating system keeps in memory
//! what fits there.

use std::fs::File;
use std::io::{Error, Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, MutexGuard};

use cse::training::feature_store::{Bytes, StoreError};

/// File without a name.
pub struct TemporaryFile(Mutex<File>);

fn failed(error: Error) -> StoreError {
    let folder = std::env::temp_dir();
    StoreError(format!(
        "the folder for temporary files, {}, gives {error}: make room there, or set TMPDIR to a folder that has some",
        folder.display()
    ))
}

impl TemporaryFile {
    /// An empty file in the folder for temporary files.
    pub fn new() -> Result<Self, StoreError> {
        tempfile::tempfile().map(|file| Self(Mutex::new(file))).map_err(failed)
    }

    fn file(&self) -> Result<MutexGuard<'_, File>, StoreError> {
        self.0.lock().map_err(|_| failed(Error::other("an error in another thread")))
    }
}

impl Bytes for TemporaryFile {
    fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let mut file = self.file()?;
        file.seek(SeekFrom::End(0)).and_then(|_| file.write_all(bytes)).map_err(failed)
    }

    fn read(&self, offset: usize, bytes: &mut [u8]) -> Result<(), StoreError> {
        let mut file = self.file()?;
        file.seek(SeekFrom::Start(offset as u64)).and_then(|_| file.read_exact(bytes)).map_err(failed)
    }
}
