//! Encoded image bytes to upright 8-bit RGB, with a sentence for every file that is no usable photo.

use std::io::{BufRead, Cursor, Seek};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, RgbImage};

use crate::jpeg_end;
use crate::preprocess::INPUT_SIDE;

/// Shorter side below which nothing can be said of a surface, pixels.
pub const SMALLEST_SIDE: u32 = 32;
/// Largest photo that is decoded, pixels: 300 MB as 8-bit RGB. A shorter side below the network's input is scaled up to
/// it, and counts as that.
pub const LARGEST_AREA: u64 = 100_000_000;

/// Why a file cannot be inspected.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// Not an image that is known here.
    #[error("this is not an image in a known format: use PNG, JPEG, WebP, BMP, GIF or TIFF")]
    UnknownFormat,
    /// Damaged or cut short.
    #[error("the {format} image is damaged or cut short ({detail}): save or copy it again")]
    Damaged {
        /// Name of the format.
        format: String,
        /// What the decoder found.
        detail: String,
    },
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
    #[error("the image takes more memory than can be given to it: save it with 8 bits a channel, or make it smaller")]
    TooDeep,
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

/// Width and height of the upright photo in `file`, without decoding its pixels.
pub fn size<'a>(file: impl BufRead + Seek + 'a) -> Result<(u32, u32), PhotoError> {
    let (decoder, _, orientation) = open(file)?;
    let (width, height) = decoder.dimensions();
    let turned = matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    );
    Ok(if turned { (height, width) } else { (width, height) })
}

/// Decodes `bytes`, turns the photo upright as its EXIF orientation says, and gives it as 8-bit RGB. Grey becomes equal
/// channels, 16 bits are scaled to 8, alpha is dropped (as Pillow's `convert("RGB")` does); of several frames, the first.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, PhotoError> {
    let (decoder, format, orientation) = open(Cursor::new(bytes))?;
    if format == ImageFormat::Jpeg && !jpeg_end::is_whole(bytes) {
        return Err(PhotoError::Damaged { format: "JPEG".into(), detail: "its end is missing".into() });
    }
    let photo = DynamicImage::from_decoder(decoder).map_err(|error| damaged(format, error))?;
    // What has 16 bits a channel would take twice the memory to turn.
    let mut photo = DynamicImage::from(photo.into_rgb8());
    photo.apply_orientation(orientation);
    Ok(photo.into_rgb8())
}

/// What the header says, of a photo that can be inspected.
fn open<'a>(file: impl BufRead + Seek + 'a) -> Result<(impl ImageDecoder + 'a, ImageFormat, Orientation), PhotoError> {
    let reader = ImageReader::new(file).with_guessed_format().map_err(|_| PhotoError::UnknownFormat)?;
    let format = reader.format().ok_or(PhotoError::UnknownFormat)?;
    let mut decoder = reader.into_decoder().map_err(|error| damaged(format, error))?;
    let (width, height) = decoder.dimensions();
    if width.min(height) < SMALLEST_SIDE {
        return Err(PhotoError::TooSmall { width, height });
    }
    // Before anything is allocated: the header alone may claim any size.
    let (long, short) = (u64::from(width.max(height)), u64::from(width.min(height)));
    let input = u64::from(INPUT_SIDE);
    if (long * short).max(long * input / short * input) > LARGEST_AREA {
        return Err(PhotoError::TooLarge { width, height });
    }
    let orientation = decoder.orientation().map_err(|error| damaged(format, error))?;
    Ok((decoder, format, orientation))
}

fn damaged(format: ImageFormat, error: ImageError) -> PhotoError {
    match error {
        // Told by its first bytes, but not among those that are decoded here.
        ImageError::Unsupported(_) if !format.reading_enabled() => PhotoError::UnknownFormat,
        ImageError::Limits(_) => PhotoError::TooDeep,
        error => PhotoError::Damaged {
            format: format.extensions_str().first().copied().unwrap_or("unknown").to_uppercase(),
            detail: error.to_string(),
        },
    }
}
