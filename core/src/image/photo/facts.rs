//! Facts of a photo's file.

use super::profile::ColourProfile;
use super::stored::Samples;

/// Properties of a photo's file, apart from its pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Name of the file format, such as "PNG".
    pub format: &'static str,
    /// Width of the upright photo, pixels.
    pub width: u32,
    /// Height of the upright photo, pixels.
    pub height: u32,
    /// True if the three channels of every pixel are equal, to within the rounding of JPEG.
    pub grey: bool,
    /// Number format of the stored samples.
    pub samples: Samples,
    /// Smallest stored sample of a colour channel.
    pub least: f32,
    /// Largest stored sample of a colour channel.
    pub largest: f32,
    /// Share of the pixels that are transparent, 0 to 1.
    pub transparent: f32,
    /// Use of the file's colour profile.
    pub profile: ColourProfile,
    /// Number of pictures in the file. The largest is the photo.
    pub pages: usize,
}
