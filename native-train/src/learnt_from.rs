//! Which photos a model has learnt from: an evaluation that counts them makes it better than it is.

use std::path::{Path, PathBuf};

use cse::texture_file::TextureInfo;
use sha2::{Digest, Sha256};

use crate::dataset::Dataset;
use crate::files::{self, FileError};

/// What a model file keeps of a photo whose file has this SHA-256.
pub fn mark(digest: &[u8; 32]) -> String {
    files::hexadecimal(&digest[..8])
}

/// The photos to evaluate that the model has learnt from. In the layouts that do not say what to learn from, good photos
/// become such once there are others in the folder.
pub fn among(dataset: &Dataset, info: &TextureInfo) -> Result<Vec<PathBuf>, FileError> {
    let learnt = |path: &Path| -> Result<bool, FileError> {
        Ok(info.learnt_from.contains(&mark(&Sha256::digest(files::read(path)?).into())))
    };
    let mut among = Vec::new();
    if info.learnt_from.is_empty() {
        return Ok(among);
    }
    for sample in &dataset.test {
        if learnt(&sample.photo)? {
            among.push(sample.photo.clone());
        }
    }
    Ok(among)
}
