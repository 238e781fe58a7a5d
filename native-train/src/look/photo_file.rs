//! Facts of a photo file that a command has after the look, without opening the file again.

use std::path::PathBuf;

/// Photo file that can be read.
#[derive(Clone, Debug)]
pub struct PhotoFile {
    /// Path of the file.
    pub path: PathBuf,
    /// Width and height of the upright photo, pixels.
    pub size: (u32, u32),
    /// SHA-256 of the file.
    pub digest: [u8; 32],
}

/// Sizes of photos, width and height in pixels.
pub fn sizes(photos: &[PhotoFile]) -> Vec<(u32, u32)> {
    photos.iter().map(|photo| photo.size).collect()
}
