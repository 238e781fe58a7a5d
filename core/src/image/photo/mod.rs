//! Encoded photos to upright 8-bit sRGB pixels. Every file that gives none gets an error with a remedy.
//!
//! Steps, each a file: the stored samples (`stored.rs`, of a TIFF `tiff.rs`), their range (`levels.rs`), the colour profile
//! (`profile.rs`), transparency (`opacity.rs`). `traits.rs` compares a photo with those that a category was learned from.

mod jpeg_scan;
mod levels;
mod opacity;
mod preview;
mod profile;
mod reading;
mod stored;
mod tiff;
mod traits;

use std::io::{BufRead, Seek};

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};

use crate::image::preprocess::INPUT_SIDE;
pub use jpeg_scan::{Coverage, coverage};
pub use levels::Levels;
pub use preview::Preview;
pub use profile::ColourProfile;
pub use reading::{IgnoreMask, Reading};
pub use stored::Samples;
pub use traits::{Difference, Traits};

/// Shorter side below which nothing can be said of a surface, pixels.
pub const SMALLEST_SIDE: u32 = 32;
/// Largest photo that is decoded, pixels: 300 MB as 8-bit RGB. A shorter side below the network's input is scaled up to
/// it, and counts as that.
pub const LARGEST_AREA: u64 = 100_000_000;
/// Most bytes that the decoder of a file format may allocate.
const LARGEST_ALLOCATION: u64 = 512 << 20;

/// A decoded photo.
#[derive(Clone, Debug, PartialEq)]
pub struct Photo {
    /// Upright pixels in sRGB. A transparent pixel has the colour of another place of the photo, whatever colour its file
    /// hides there.
    pub pixels: RgbImage,
    /// 255 where the photo is opaque and 0 where it is transparent, of the size of `pixels`. None for a photo that is opaque
    /// throughout.
    pub opaque: Option<GrayImage>,
    /// Properties of the file.
    pub facts: Facts,
}

/// Properties of a photo's file, beside its pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Name of the file format, such as "PNG".
    pub format: &'static str,
    /// Width of the upright photo, pixels.
    pub width: u32,
    /// Height of the upright photo, pixels.
    pub height: u32,
    /// Whether the three channels of every pixel are equal, to within what JPEG rounds.
    pub grey: bool,
    /// Number format of the stored samples.
    pub samples: Samples,
    /// Smallest stored sample of a colour channel.
    pub least: f32,
    /// Largest stored sample of a colour channel.
    pub largest: f32,
    /// Share of the pixels that are transparent, 0 to 1.
    pub transparent: f32,
    /// How the file's colour profile was used.
    pub profile: ColourProfile,
    /// Pictures in the file. The largest is the photo.
    pub pages: usize,
}

/// Why a file gives no photo.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// Not an image that is known here.
    #[error("this is not an image in a known format: use PNG, JPEG, WebP, BMP, GIF or TIFF")]
    UnknownFormat,
    /// A sound image of a kind that is not decoded here.
    #[error("{what} is not supported: {remedy}")]
    Unsupported {
        /// The kind of image, as the subject of a sentence.
        what: String,
        /// What to do instead.
        remedy: &'static str,
    },
    /// Damaged.
    #[error("the {format} image is damaged ({detail}): save or copy it again")]
    Damaged {
        /// Name of the format.
        format: &'static str,
        /// What the decoder found.
        detail: String,
    },
    /// Cut short.
    #[error("the {format} image is cut short, {} of the picture is missing: copy it again", percent(*.missing))]
    CutShort {
        /// Name of the format.
        format: &'static str,
        /// Share of the picture that is missing, above 0 and at most 1.
        missing: f32,
    },
    /// Several pictures, none of which is larger than all others.
    #[error("the {format} file holds {count} pictures: save the one to inspect as a file of its own")]
    SeveralPictures {
        /// Name of the format.
        format: &'static str,
        /// Pictures.
        count: usize,
    },
    /// Nothing to inspect.
    #[error("no pixel of the image is left to inspect: all are transparent, or in the region that is ignored")]
    Transparent,
    /// Too few pixels.
    #[error(
        "the image is only {width} x {height} pixels: at least {SMALLEST_SIDE} on each side are needed to see a texture"
    )]
    TooSmall {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// Too many bytes a pixel for its size.
    #[error(
        "the image of {width} x {height} pixels needs more than {} MB to decode: save it with 8 bits a channel, or make it smaller",
        LARGEST_ALLOCATION >> 20
    )]
    TooDeep {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// Too many pixels.
    #[error(
        "the image says that it is {width} x {height} pixels: at most {} million can be decoded, with no side counted as less than {INPUT_SIDE}, so make it smaller or cut it",
        LARGEST_AREA / 1_000_000
    )]
    TooLarge {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
}

/// A share in words, never rounded down to nothing.
fn percent(share: f32) -> String {
    if share < 0.01 { "less than 1 %".into() } else { format!("{:.0} %", 100.0 * share) }
}

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
    let (profile, colours, orientation) = (stored.profile.take(), stored.colours, stored.orientation);
    let (mut pixels, alpha) = levels::to_rgb(stored, levels)?;
    facts.profile = profile.map_or(ColourProfile::None, |profile| profile::to_srgb(&mut pixels, &profile, colours));
    let opaque = alpha.map(|alpha| opacity::fill(&mut pixels, alpha)).transpose()?.flatten();
    facts.grey = traits::is_grey(&pixels);
    facts.transparent = opaque.as_ref().map_or(0.0, opacity::transparent_share);
    let (pixels, opaque) = (upright(pixels, orientation), opaque.map(|opaque| upright_mask(opaque, orientation)));
    (facts.width, facts.height) = pixels.dimensions();
    Ok(Photo { pixels, opaque, facts })
}

/// Properties of the photo in `bytes`. The pixels are decoded and not kept.
pub fn facts(bytes: &[u8]) -> Result<Facts, PhotoError> {
    // Any range will do: no pixel is looked at.
    let float = Levels { black: 0.0, white: 1.0 };
    match decode(bytes, None) {
        Err(PhotoError::Unsupported { .. }) => Ok(decode(bytes, Some(float))?.facts),
        other => Ok(other?.facts),
    }
}

impl Photo {
    /// An opaque photo of pixels that come from no file.
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

fn upright(pixels: RgbImage, orientation: Orientation) -> RgbImage {
    if orientation == Orientation::NoTransforms {
        return pixels;
    }
    let mut turned = DynamicImage::from(pixels);
    turned.apply_orientation(orientation);
    turned.into_rgb8()
}

fn upright_mask(mask: GrayImage, orientation: Orientation) -> GrayImage {
    let mut turned = DynamicImage::from(mask);
    turned.apply_orientation(orientation);
    turned.into_luma8()
}

/// An error where a picture of this size is too small or too large to be inspected.
fn check_size(width: u32, height: u32) -> Result<(), PhotoError> {
    if width.min(height) < SMALLEST_SIDE {
        return Err(PhotoError::TooSmall { width, height });
    }
    // Before anything is allocated: the header alone may claim any size.
    let (long, short) = (u64::from(width.max(height)), u64::from(width.min(height)));
    let input = u64::from(INPUT_SIDE);
    if (long * short).max(long * input / short * input) > LARGEST_AREA {
        return Err(PhotoError::TooLarge { width, height });
    }
    Ok(())
}

/// Whether the picture's width becomes its height when it is turned upright.
fn swaps_sides(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    )
}
