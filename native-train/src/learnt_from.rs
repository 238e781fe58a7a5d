//! Which photos a model has learnt from: an evaluation that counts them makes it better than it is. In the layouts that do
//! not say what to learn from, good photos become such once there are others in the folder.

use cse::texture_file::TextureInfo;
use sha2::{Digest, Sha256};

/// What a model file keeps of a photo whose file has this SHA-256.
pub fn mark(digest: &[u8; 32]) -> [u8; 8] {
    std::array::from_fn(|index| digest[index])
}

/// Whether the photo whose file holds `bytes` is one of those.
pub fn is_among(info: &TextureInfo, bytes: &[u8]) -> bool {
    info.learnt_from.contains(&mark(&Sha256::digest(bytes).into()))
}
