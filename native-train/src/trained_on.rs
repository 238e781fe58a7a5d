//! Photos that a model was trained on: an evaluation that counts them is too good.
//!
//! In layouts without a split, a good photo is for training once there are defective photos in the folder.

use cse::files::category_file::CategoryInfo;
use cse::training::model::photo_mark;

/// Whether the model was trained on the photo whose file has the SHA-256 `digest`.
pub fn is_among(info: &CategoryInfo, digest: &[u8; 32]) -> bool {
    info.trained_on.contains(&photo_mark(digest))
}
