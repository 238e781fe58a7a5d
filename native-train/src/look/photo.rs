//! Facts and measures of a photo, from a single decoding.

use std::path::Path;

use cse::image::measures::Measures;
use cse::image::photo::{Facts, Levels, PhotoError, Reading};
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
        let photo = match files::decode_photo(path, &bytes, &Reading::default()) {
            Err(FileError::Photo { source: PhotoError::Unsupported { .. }, .. }) => {
                // Samples without a known range are read with the range of this photo. Any other error occurs again.
                let facts = cse::image::photo::facts(&bytes)
                    .map_err(|source| FileError::Photo { path: path.to_owned(), source })?;
                let levels = Levels { black: facts.least, white: facts.largest.max(facts.least + 1.0) };
                files::decode_photo(path, &bytes, &Reading { levels: Some(levels), ignored: None })?
            }
            other => other?,
        };
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
