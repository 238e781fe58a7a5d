//! Notes of the categories that a run with several folders has finished. A resumed run passes over them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checkpoint;
use crate::files::{self, FileError};

/// Summary of one training.
#[derive(Serialize, Deserialize)]
pub struct Summary {
    /// Number of good photos.
    pub photos: usize,
    /// Duration of the training, seconds.
    pub seconds: f64,
}

/// Note of a written model. It lies among the model's checkpoints until all models of the run are written.
#[derive(Serialize, Deserialize)]
struct Finished {
    /// Key of everything that decides the model.
    run: String,
    /// SHA-256 of the model file.
    model: String,
    summary: Summary,
}

/// Notes that a run with the key `run` wrote `out`.
pub fn note(out: &Path, run: String, summary: Summary) -> Result<Summary, FileError> {
    let path = place(out);
    let failed = |source| FileError::Write { path: path.clone(), source };
    let model = files::sha256_of(out).map_err(|source| FileError::Read { path: out.to_owned(), source })?;
    let finished = Finished { run, model, summary };
    let json = serde_json::to_vec_pretty(&finished).map_err(|error| failed(error.into()))?;
    fs::create_dir_all(checkpoint::folder(out)).map_err(failed)?;
    files::write_whole(&path, &json)?;
    Ok(finished.summary)
}

/// Summary that [`note`] kept of `out`. `None` where another run wrote the file, or it was changed since.
pub fn summary(out: &Path, run: &str) -> Option<Summary> {
    let finished: Finished = serde_json::from_slice(&fs::read(place(out)).ok()?).ok()?;
    let same = finished.run == run && finished.model == files::sha256_of(out).ok()?;
    same.then_some(finished.summary)
}

fn place(out: &Path) -> PathBuf {
    checkpoint::folder(out).join("finished.json")
}
