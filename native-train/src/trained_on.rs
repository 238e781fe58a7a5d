//! Recognises photos that a model was trained on. An evaluation that includes them gives figures that are too good.
//!
//! This happens in layouts without splits: all good photos are training photos until defective photos are added, and then
//! some of them become test photos.

use cse::files::category_file::CategoryInfo;
use cse::training::model::photo_mark;

/// Tells whether the model was trained on the photo whose file has the SHA-256 `digest`.
pub fn is_among(info: &CategoryInfo, digest: &[u8; 32]) -> bool {
    info.trained_on.contains(&photo_mark(digest))
}
