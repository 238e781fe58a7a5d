//! Stored samples of a picture, before any change of range, colour or orientation.

use std::io::{BufRead, Cursor, Read, Seek, SeekFrom};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};
use serde::{Deserialize, Serialize};

use super::limits::{LARGEST_ALLOCATION, check_size};
use super::orientation::swaps_sides;
use super::{ColourProfile, Coverage, Facts, PhotoError, coverage, tiff};

/// Number format of a file's samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Samples {
    /// Unsigned integers.
    Integer {
        /// Bits of a sample.
        bits: u8,
    },
    /// Signed integers.
    Signed {
        /// Bits of a sample.
        bits: u8,
    },
    /// Floating-point numbers.
    Float {
        /// Bits of a sample.
        bits: u8,
    },
}

impl std::fmt::Display for Samples {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer { bits } => write!(f, "{bits}-bit"),
            Self::Signed { bits } => write!(f, "signed {bits}-bit"),
            Self::Float { bits } => write!(f, "{bits}-bit float"),
        }
    }
}

/// Samples of a picture, pixel by pixel, row by row.
#[derive(Debug)]
pub(super) enum Values {
    /// Integers of at most 8 bits, scaled to 8.
    Byte(Vec<u8>),
    /// Integers of 16 bits.
    Word(Vec<u16>),
    /// Floating-point numbers, and integers of more than 16 bits.
    Number(Vec<f32>),
}

/// Stored picture of a file.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) format: &'static str,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Colour channels, 1 or 3.
    pub(super) colours: usize,
    /// True if an alpha channel follows the colours.
    pub(super) alpha: bool,
    pub(super) values: Values,
    pub(super) samples: Samples,
    pub(super) orientation: Orientation,
    /// ICC profile.
    pub(super) profile: Option<Vec<u8>>,
    /// Pictures in the file.
    pub(super) pages: usize,
}

impl Stored {
    /// Properties that the samples have before they are changed.
    pub(super) fn facts(&self) -> Facts {
        let channels = self.colours + usize::from(self.alpha);
        let (least, largest) = match &self.values {
            Values::Byte(values) => range(values, channels, self.colours, f32::from),
            Values::Word(values) => range(values, channels, self.colours, f32::from),
            Values::Number(values) => range(values, channels, self.colours, |value| value),
        };
        Facts {
            format: self.format,
            width: self.width,
            height: self.height,
            grey: self.colours == 1,
            samples: self.samples,
            least,
            largest,
            transparent: 0.0,
            profile: ColourProfile::None,
            pages: self.pages,
        }
    }
}

/// Smallest and largest value of the colour channels.
fn range<T: Copy + PartialOrd>(values: &[T], channels: usize, colours: usize, number: impl Fn(T) -> f32) -> (f32, f32) {
    let Some(first) = values.first() else { return (0.0, 0.0) };
    let wider = |(least, largest): (T, T), value: &T| {
        (if *value < least { *value } else { least }, if *value > largest { *value } else { largest })
    };
    let (least, largest) = if channels == colours {
        values.iter().fold((*first, *first), wider)
    } else {
        values.chunks_exact(channels).flat_map(|pixel| &pixel[..colours]).fold((*first, *first), wider)
    };
    (number(least), number(largest))
}

/// Width and height of the upright picture, from the headers alone.
pub(super) fn size(mut file: impl BufRead + Seek) -> Result<(u32, u32), PhotoError> {
    let mut start = Vec::new();
    (&mut file).take(64).read_to_end(&mut start).map_err(|_| PhotoError::UnknownFormat)?;
    file.seek(SeekFrom::Start(0)).map_err(|_| PhotoError::UnknownFormat)?;
    let format = format_of(&start)?;
    if format == ImageFormat::WebP {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .and_then(|_| file.seek(SeekFrom::Start(0)))
            .map_err(|_| PhotoError::UnknownFormat)?;
        check_chunks(&bytes)?;
    }
    let (size, orientation) = if format == ImageFormat::Tiff {
        tiff::size(file)?
    } else {
        let mut decoder = open(file, format, &start)?;
        let orientation = decoder.orientation().map_err(|error| failure(format, decoder.dimensions(), error))?;
        (decoder.dimensions(), orientation)
    };
    Ok(if swaps_sides(orientation) { (size.1, size.0) } else { size })
}

/// Decodes the picture in `bytes`.
pub(super) fn read(bytes: &[u8]) -> Result<Stored, PhotoError> {
    let format = format_of(bytes)?;
    if format == ImageFormat::Tiff {
        return tiff::read(bytes);
    }
    if format == ImageFormat::WebP {
        check_chunks(bytes)?;
    }
    // This check comes before the decoder, whose errors do not say what is missing.
    if format == ImageFormat::Jpeg {
        match coverage(bytes) {
            Coverage::Whole => {}
            Coverage::Missing { share } => {
                return Err(PhotoError::CutShort { format: name(format), missing: share });
            }
            Coverage::Damaged => {
                let detail = "its coded data contradict themselves".into();
                return Err(PhotoError::Damaged { format: name(format), detail });
            }
            Coverage::Unsupported(what) => return Err(PhotoError::Unsupported { what: what.into(), remedy: AS_PNG }),
        }
    }
    let mut decoder = open(Cursor::new(bytes), format, bytes)?;
    let size = decoder.dimensions();
    let failed = |error| failure(format, size, error);
    match pictures(format, bytes) {
        Some(count) if count > 1 => return Err(PhotoError::SeveralPictures { format: name(format), count }),
        _ => {}
    }
    let orientation = decoder.orientation().map_err(failed)?;
    let profile = decoder.icc_profile().map_err(failed)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(failed)?;
    let (width, height) = (picture.width(), picture.height());
    let (colours, alpha, values) = match picture {
        DynamicImage::ImageLuma8(image) => (1, false, Values::Byte(image.into_raw())),
        DynamicImage::ImageLumaA8(image) => (1, true, Values::Byte(image.into_raw())),
        DynamicImage::ImageRgb8(image) => (3, false, Values::Byte(image.into_raw())),
        DynamicImage::ImageRgba8(image) => (3, true, Values::Byte(image.into_raw())),
        DynamicImage::ImageLuma16(image) => (1, false, Values::Word(image.into_raw())),
        DynamicImage::ImageLumaA16(image) => (1, true, Values::Word(image.into_raw())),
        DynamicImage::ImageRgb16(image) => (3, false, Values::Word(image.into_raw())),
        DynamicImage::ImageRgba16(image) => (3, true, Values::Word(image.into_raw())),
        _ => {
            let what = format!("a {} of floating-point numbers", name(format));
            return Err(PhotoError::Unsupported { what, remedy: "save it as TIFF or PNG" });
        }
    };
    let bits = if matches!(values, Values::Byte(_)) { 8 } else { 16 };
    Ok(Stored {
        format: name(format),
        width,
        height,
        colours,
        alpha,
        values,
        samples: Samples::Integer { bits },
        orientation,
        profile,
        pages: 1,
    })
}

/// Advice for kinds of picture that are not supported.
pub(super) const AS_PNG: &str = "save it as PNG or as an ordinary JPEG";

/// Format by the first bytes of a file.
fn format_of(start: &[u8]) -> Result<ImageFormat, PhotoError> {
    if start.starts_with(b"II\x2b\0") || start.starts_with(b"MM\0\x2b") {
        // BigTIFF.
        return Ok(ImageFormat::Tiff);
    }
    let known = image::guess_format(start).ok().filter(ImageFormat::reading_enabled);
    known.ok_or_else(|| match unsupported_format(start) {
        Some(what) => PhotoError::Unsupported { what: what.into(), remedy: AS_PNG },
        None => PhotoError::UnknownFormat,
    })
}

/// Name of a common image format that is not supported here.
fn unsupported_format(start: &[u8]) -> Option<&'static str> {
    if start.get(4..8) == Some(b"ftyp") {
        return match start.get(8..12)? {
            b"avif" | b"avis" => Some("AVIF"),
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => Some("HEIC"),
            b"crx " => Some("a camera's raw format"),
            b"qt  " | b"isom" | b"mp41" | b"mp42" => Some("a video"),
            _ => None,
        };
    }
    let starts: [(&[u8], &str); 10] = [
        (b"\xff\x0a", "JPEG XL"),
        (b"\0\0\0\x0cJXL ", "JPEG XL"),
        (b"\0\0\0\x0cjP  ", "JPEG 2000"),
        (b"\xff\x4f\xff\x51", "JPEG 2000"),
        (b"8BPS", "a Photoshop file"),
        (b"%PDF", "a PDF"),
        (b"\x76\x2f\x31\x01", "OpenEXR"),
        (b"FUJIFILMCCD-RAW", "a camera's raw format"),
        (b"<svg", "SVG"),
        (b"<?xml", "SVG"),
    ];
    let netpbm = matches!(start.get(..2), Some([b'P', b'1'..=b'7']));
    starts.iter().find(|(first, _)| start.starts_with(first)).map(|(_, name)| *name).or(netpbm.then_some("Netpbm"))
}

/// An error where a chunk of a WebP reaches beyond its file: the decoder would allocate what the chunk claims.
fn check_chunks(bytes: &[u8]) -> Result<(), PhotoError> {
    let mut rest = bytes.get(12..).unwrap_or_default();
    while let Some(header) = rest.first_chunk::<8>() {
        let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
        // Chunks begin at even places.
        let Some(next) = rest[8..].get(length..) else {
            let detail = "a part of it is longer than the file".into();
            return Err(PhotoError::Damaged { format: name(ImageFormat::WebP), detail });
        };
        rest = next.get(length % 2..).unwrap_or_default();
    }
    Ok(())
}

/// A decoder whose picture has a size that can be inspected.
fn open<'a>(
    file: impl BufRead + Seek + 'a,
    format: ImageFormat,
    start: &[u8],
) -> Result<impl ImageDecoder + 'a, PhotoError> {
    // The PNG decoder refuses a huge picture before it gives its size.
    if let (ImageFormat::Png, Some(header)) = (format, start.get(16..24)) {
        let side = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        check_size(side(0), side(4))?;
    }
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(LARGEST_ALLOCATION);
    let mut reader = ImageReader::with_format(file, format);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| failure(format, (0, 0), error))?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    Ok(decoder)
}

/// Number of pictures in a file. None where its format holds one picture, or where the number is not known.
fn pictures(format: ImageFormat, bytes: &[u8]) -> Option<usize> {
    match format {
        ImageFormat::Gif => {
            let mut options = gif::DecodeOptions::new();
            options.skip_frame_decoding(true);
            let mut frames = options.read_info(Cursor::new(bytes)).ok()?;
            let mut count = 0;
            while let Ok(Some(_)) = frames.next_frame_info() {
                count += 1;
            }
            Some(count)
        }
        ImageFormat::WebP => {
            let decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).ok()?;
            Some(if decoder.is_animated() { decoder.num_frames() as usize } else { 1 })
        }
        ImageFormat::Png => {
            let reader = png::Decoder::new(Cursor::new(bytes)).read_info().ok()?;
            reader.info().animation_control().map(|control| control.num_frames as usize)
        }
        _ => None,
    }
}

/// Common name of a format.
fn name(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::WebP => "WebP",
        ImageFormat::Bmp => "BMP",
        ImageFormat::Gif => "GIF",
        ImageFormat::Tiff => "TIFF",
        _ => "image",
    }
}

fn failure(format: ImageFormat, (width, height): (u32, u32), error: ImageError) -> PhotoError {
    let format = name(format);
    match error {
        ImageError::Unsupported(error) => {
            PhotoError::Unsupported { what: format!("this kind of {format} ({error})"), remedy: AS_PNG }
        }
        ImageError::Limits(_) => PhotoError::TooDeep { width, height },
        error => PhotoError::Damaged { format, detail: error.to_string() },
    }
}
