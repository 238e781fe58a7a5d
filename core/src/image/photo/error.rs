//! Errors of photo files.

use super::limits::{LARGEST_ALLOCATION, LARGEST_AREA, SMALLEST_SIDE};
use crate::image::preprocess::INPUT_SIDE;

/// Why a file gives no photo.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// The file is not an image in a known format.
    #[error("this is not an image in a known format: use PNG, JPEG, WebP, BMP, GIF or TIFF")]
    UnknownFormat,
    /// The image is valid, but its kind is not supported.
    #[error("{what} is not supported: {remedy}")]
    Unsupported {
        /// Kind of image, as the subject of a sentence.
        what: String,
        /// Advice.
        remedy: &'static str,
    },
    /// The image is damaged.
    #[error("the {format} image is damaged ({detail}): save or copy it again")]
    Damaged {
        /// Name of the format.
        format: &'static str,
        /// Error of the decoder.
        detail: String,
    },
    /// The image is cut short.
    #[error("the {format} image is cut short, {} of the picture is missing: copy it again", percent(*.missing))]
    CutShort {
        /// Name of the format.
        format: &'static str,
        /// Share of the picture that is missing, above 0 and at most 1.
        missing: f32,
    },
    /// The file holds several pictures, and none is larger than all others.
    #[error("the {format} file holds {count} pictures: save the one to inspect as a separate file")]
    SeveralPictures {
        /// Name of the format.
        format: &'static str,
        /// Number of pictures.
        count: usize,
    },
    /// No pixel is left to inspect.
    #[error("no pixel of the image is left to inspect: all are transparent, or in the region that is ignored")]
    Transparent,
    /// The image has too few pixels.
    #[error("the image is only {width} x {height} pixels: at least {SMALLEST_SIDE} on each side are needed")]
    TooSmall {
        /// Width, pixels.
        width: u32,
        /// Height, pixels.
        height: u32,
    },
    /// The image has too many bytes a pixel for its size.
    #[error(
        "the image of {width} x {height} pixels needs more than {} MB to decode: save it with 8 bits a channel, or make it smaller",
        LARGEST_ALLOCATION >> 20
    )]
    TooDeep {
        /// Width, pixels.
        width: u32,
        /// Height, pixels.
        height: u32,
    },
    /// The image has too many pixels.
    #[error(
        "the image has {width} x {height} pixels: at most {} million can be decoded, where a side under {INPUT_SIDE} counts as {INPUT_SIDE}. Make it smaller or crop it",
        LARGEST_AREA / 1_000_000
    )]
    TooLarge {
        /// Width, pixels.
        width: u32,
        /// Height, pixels.
        height: u32,
    },
}

/// Formats a share as a percentage. A small share is not rounded to 0 %.
pub(super) fn percent(share: f32) -> String {
    if share < 0.01 { "less than 1 %".into() } else { format!("{:.0} %", 100.0 * share) }
}
