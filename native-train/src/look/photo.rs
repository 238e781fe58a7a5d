//! Facts and measures of a photo, from a single decoding.

use std::path::Path;

use cse::image::measures::Measures;
use cse::image::photo::{self, Facts};
use sha2::{Digest, Sha256};

use super::duplicates::Thumbnail;
use crate::files::{self, FileError};

/// Facts and measures of a decoded photo, without its pixels.
#[derive(Debug)]
pub struct Photo {
    /// Properties of its file.
    pub facts: Facts,
    /// SHA-256 of its file.
    pub digest: [u8; 32],
    /// Brightness, colour and sharpness.
    pub measures: Measures,
    /// Its large forms, for near-duplicate detection.
    pub thumbnail: Thumbnail,
}

impl Photo {
    /// Reads and measures a photo.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let bytes = files::read(path)?;
        let failed = |source| FileError::Photo { path: path.to_owned(), source };
        let photo = photo::decode_alone(&bytes).map_err(failed)?;
        Ok(Self {
            digest: Sha256::digest(&bytes).into(),
            measures: Measures::of(&photo.pixels),
            thumbnail: Thumbnail::of(&photo.pixels),
            facts: photo.facts,
        })
    }

    /// Width and height when upright, pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.facts.width, self.facts.height)
    }
}
