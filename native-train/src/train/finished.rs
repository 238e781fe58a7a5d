//! Which textures of a call with several folders are done, so that a resumed one passes over them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checkpoint;
use crate::files::{self, FileError};

/// A row of the table at the end.
#[derive(Serialize, Deserialize)]
pub struct Summary {
    /// Good photos that were learnt from.
    pub photos: usize,
    /// Of the score.
    pub threshold: f32,
    /// That the training took.
    pub seconds: f64,
}

/// Lies among the checkpoints of a model that is written, until all of the call are.
#[derive(Serialize, Deserialize)]
struct Finished {
    /// All that decides the model.
    run: String,
    /// SHA-256 of the model file.
    model: String,
    summary: Summary,
}

/// Notes that `out` was written by `run`.
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

/// What [`note`] was told of `out`, where `run` wrote it and nobody has changed it since.
pub fn summary(out: &Path, run: &str) -> Option<Summary> {
    let finished: Finished = serde_json::from_slice(&fs::read(place(out)).ok()?).ok()?;
    let same = finished.run == run && finished.model == files::sha256_of(out).ok()?;
    same.then_some(finished.summary)
}

fn place(out: &Path) -> PathBuf {
    checkpoint::folder(out).join("finished.json")
}
