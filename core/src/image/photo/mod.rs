//! Photos: decodes an encoded photo to upright 8-bit sRGB pixels. Any other file gives an error with advice.
//!
//! Each step has a file: the stored samples (`stored.rs`, for TIFF `tiff.rs`), their range (`levels.rs`), the colour
//! profile (`profile.rs`), transparency (`opacity.rs`) and orientation (`orientation.rs`). `traits.rs` compares a photo
//! with the training photos of its category.

mod decoded;
mod error;
mod facts;
mod jpeg_scan;
mod levels;
mod limits;
mod opacity;
mod orientation;
mod preview;
mod profile;
mod reading;
mod stored;
mod tiff;
mod traits;

use std::io::{BufRead, Seek};

pub use decoded::Photo;
pub use error::PhotoError;
pub use facts::Facts;
pub use jpeg_scan::{Coverage, coverage};
pub use levels::Levels;
pub use limits::{LARGEST_AREA, SMALLEST_SIDE};
pub use preview::Preview;
pub use profile::ColourProfile;
pub use reading::{IgnoreMask, Reading};
pub use stored::Samples;
pub use traits::{Difference, Proportions, Traits};

/// Width and height of the upright photo in `file`, without decoding its pixels.
pub fn size(file: impl BufRead + Seek) -> Result<(u32, u32), PhotoError> {
    stored::size(file)
}

/// Decodes `bytes` to upright 8-bit sRGB. Grey becomes three equal channels.
///
/// `levels` are for samples of more than 8 bits: the stored values that become 0 and 255. Without them, integers of 16 bits
/// use their full range, and other numbers are [`PhotoError::Unsupported`].
pub fn decode(bytes: &[u8], levels: Option<Levels>) -> Result<Photo, PhotoError> {
    let mut stored = stored::read(bytes)?;
    let mut facts = stored.facts();
    let (profile, colours, turn) = (stored.profile.take(), stored.colours, stored.orientation);
    let (mut pixels, alpha) = levels::to_rgb(stored, levels)?;
    facts.profile = profile.map_or(ColourProfile::None, |profile| profile::to_srgb(&mut pixels, &profile, colours));
    let opaque = alpha.map(|alpha| opacity::fill(&mut pixels, alpha)).transpose()?.flatten();
    facts.grey = traits::is_grey(&pixels);
    facts.transparent = opaque.as_ref().map_or(0.0, opacity::transparent_share);
    let (pixels, opaque) =
        (orientation::upright(pixels, turn), opaque.map(|opaque| orientation::upright_mask(opaque, turn)));
    (facts.width, facts.height) = pixels.dimensions();
    Ok(Photo { pixels, opaque, facts })
}

/// Decodes a photo of a category that is not known. Samples without a known range are read with the range of this photo.
pub fn decode_alone(bytes: &[u8]) -> Result<Photo, PhotoError> {
    match decode(bytes, None) {
        Err(PhotoError::Unsupported { .. }) => {
            // Any other error occurs again.
            let Facts { least, largest, .. } = facts(bytes)?;
            decode(bytes, Some(Levels { black: least, white: largest.max(least + 1.0) }))
        }
        other => other,
    }
}

/// Facts of the photo in `bytes`. The pixels are decoded but not kept.
pub fn facts(bytes: &[u8]) -> Result<Facts, PhotoError> {
    // Any range works, because the pixels are not used.
    let float = Levels { black: 0.0, white: 1.0 };
    match decode(bytes, None) {
        Err(PhotoError::Unsupported { .. }) => Ok(decode(bytes, Some(float))?.facts),
        other => Ok(other?.facts),
    }
}
