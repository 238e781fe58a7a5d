//! Decoded photo.

use image::{GrayImage, RgbImage};

use super::facts::Facts;
use super::profile::ColourProfile;
use super::stored::Samples;
use super::traits;

/// Decoded photo.
#[derive(Clone, Debug, PartialEq)]
pub struct Photo {
    /// Upright pixels in sRGB. A transparent pixel has the colour of another place of the photo instead of its hidden
    /// colour.
    pub pixels: RgbImage,
    /// Mask of the size of `pixels`: 255 where the photo is opaque and 0 where it is transparent. None for a photo without
    /// transparent pixels.
    pub opaque: Option<GrayImage>,
    /// Properties of the file.
    pub facts: Facts,
}

impl Photo {
    /// Makes an opaque photo of pixels that do not come from a file.
    pub fn of_pixels(pixels: RgbImage) -> Self {
        let (width, height) = pixels.dimensions();
        let grey = traits::is_grey(&pixels);
        let facts = Facts {
            format: "pixels",
            width,
            height,
            grey,
            samples: Samples::Integer { bits: 8 },
            least: 0.0,
            largest: 255.0,
            transparent: 0.0,
            profile: ColourProfile::None,
            pages: 1,
        };
        Self { pixels, opaque: None, facts }
    }
}
