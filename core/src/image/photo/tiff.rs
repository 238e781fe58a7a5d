//! TIFF files, which have more kinds of samples than other formats, and several pages.

use std::io::{BufRead, Cursor, Seek};

use image::metadata::Orientation;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use super::PhotoError;
use super::limits::{LARGEST_ALLOCATION, check_size};
use super::stored::{AS_PNG, Samples, Stored, Values};

/// Most pages that are read.
const MOST_PAGES: usize = 10_000;
/// Bits of the tag NewSubfileType: a smaller version of another page, and a mask.
const REDUCED_OR_MASK: u32 = 1 | 4;
/// The tag DNGVersion.
const DNG: Tag = Tag::Unknown(50706);
const FORMAT: &str = "TIFF";

/// Size and orientation of the largest page, not turned.
pub(super) fn size(file: impl BufRead + Seek) -> Result<((u32, u32), Orientation), PhotoError> {
    let (mut decoder, _) = largest_page(file)?;
    let size = decoder.dimensions().map_err(failure)?;
    Ok((size, orientation(&mut decoder)?))
}

/// Decodes the largest page.
pub(super) fn read(bytes: &[u8]) -> Result<Stored, PhotoError> {
    if bytes.get(8..10) == Some(b"CR") {
        return Err(camera_raw());
    }
    let (mut decoder, pages) = largest_page(Cursor::new(bytes))?;
    let (width, height) = decoder.dimensions().map_err(failure)?;
    let orientation = orientation(&mut decoder)?;
    let profile = decoder.get_tag_u8_vec(Tag::IccProfile).ok();
    let colour = decoder.colortype().map_err(failure)?;
    let (channels, colours, alpha) = match colour {
        ColorType::Gray(_) => (1, 1, false),
        ColorType::GrayA(_) => (2, 1, true),
        ColorType::RGB(_) | ColorType::YCbCr(8) => (3, 3, false),
        ColorType::RGBA(_) => (4, 3, true),
        ColorType::CMYK(_) => (4, 3, false),
        ColorType::Multiband { num_samples: 2, .. } => (2, 1, true),
        other => {
            let what = format!("a TIFF with the colours {other:?}");
            return Err(PhotoError::Unsupported { what, remedy: AS_PNG });
        }
    };
    let mut result = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut result).map_err(|error| with_size(error, width, height))?;
    let pixels = width as usize * height as usize;
    let interleave = Interleave { pixels, channels, planes: layout.planes };
    let (values, samples) = match result {
        DecodingResult::U8(values) if bits_of(colour) < 8 => {
            (Values::Byte(unpack(&values, width, height, bits_of(colour))), Samples::Integer { bits: 8 })
        }
        DecodingResult::U8(values) => (Values::Byte(interleave.of(values)), Samples::Integer { bits: 8 }),
        DecodingResult::U16(values) => (Values::Word(interleave.of(values)), Samples::Integer { bits: 16 }),
        other => {
            let (values, samples) = numbers(other);
            (Values::Number(interleave.of(values)), samples)
        }
    };
    let values = match colour {
        ColorType::CMYK(_) => from_cmyk(values, samples)?,
        ColorType::YCbCr(_) => from_ycbcr(values),
        _ => values,
    };
    Ok(Stored { format: FORMAT, width, height, colours, alpha, values, samples, orientation, profile, pages })
}

/// A decoder at the largest page, and the number of pages that hold pictures.
fn largest_page<R: BufRead + Seek>(file: R) -> Result<(Decoder<R>, usize), PhotoError> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = LARGEST_ALLOCATION as usize;
    limits.intermediate_buffer_size = LARGEST_ALLOCATION as usize;
    let mut decoder = Decoder::new(file).map_err(failure)?.with_limits(limits);
    let mut sizes = Vec::new();
    for page in 0..MOST_PAGES {
        if decoder.find_tag(DNG).map_err(failure)?.is_some() {
            return Err(camera_raw());
        }
        let kind = decoder.find_tag_unsigned::<u32>(Tag::NewSubfileType).map_err(failure)?.unwrap_or(0);
        if kind & REDUCED_OR_MASK == 0 {
            let (width, height) = decoder.dimensions().map_err(failure)?;
            sizes.push((u64::from(width) * u64::from(height), page));
        }
        if !decoder.more_images() {
            break;
        }
        decoder.next_image().map_err(failure)?;
    }
    let Some(&(area, page)) = sizes.iter().max() else { return Err(camera_raw()) };
    if sizes.iter().filter(|(other, _)| *other == area).count() > 1 {
        return Err(PhotoError::SeveralPictures { format: FORMAT, count: sizes.len() });
    }
    decoder.seek_to_image(page).map_err(failure)?;
    let (width, height) = decoder.dimensions().map_err(failure)?;
    check_size(width, height)?;
    Ok((decoder, sizes.len()))
}

/// Error for a file with raw sensor data, which at most holds small previews.
fn camera_raw() -> PhotoError {
    PhotoError::Unsupported { what: "a camera's raw format".into(), remedy: AS_PNG }
}

fn orientation<R: BufRead + Seek>(decoder: &mut Decoder<R>) -> Result<Orientation, PhotoError> {
    let value = decoder.find_tag_unsigned::<u16>(Tag::Orientation).map_err(failure)?;
    let known = value.and_then(|value| u8::try_from(value).ok()).and_then(Orientation::from_exif);
    Ok(known.unwrap_or(Orientation::NoTransforms))
}

/// Samples pixel by pixel, of a file that may store them plane by plane, or more of them than are used.
struct Interleave {
    pixels: usize,
    channels: usize,
    planes: usize,
}

impl Interleave {
    fn of<T: Copy>(&self, values: Vec<T>) -> Vec<T> {
        if self.planes <= 1 {
            return values;
        }
        let plane = |channel: usize| values.get(channel * self.pixels..(channel + 1) * self.pixels);
        let planes: Option<Vec<&[T]>> = (0..self.channels).map(plane).collect();
        // Missing samples become an error when pixels are made of them.
        let Some(planes) = planes else { return Vec::new() };
        (0..self.pixels).flat_map(|pixel| planes.iter().map(move |plane| plane[pixel])).collect()
    }
}

fn bits_of(colour: ColorType) -> u8 {
    if let ColorType::Gray(bits) = colour { bits } else { 8 }
}

/// Samples of fewer than 8 bits, whose rows begin at whole bytes, scaled to 8.
fn unpack(packed: &[u8], width: u32, height: u32, bits: u8) -> Vec<u8> {
    let (width, bits) = (width as usize, usize::from(bits));
    let row = (width * bits).div_ceil(8);
    let largest = (1_u16 << bits) - 1;
    let mut values = Vec::with_capacity(width * height as usize);
    for row in packed.chunks_exact(row.max(1)).take(height as usize) {
        let sample = |x: usize| u16::from(row[x * bits / 8]) >> (8 - bits - x * bits % 8) & largest;
        values.extend((0..width).map(|x| (sample(x) * 255 / largest) as u8));
    }
    values
}

/// Numbers that are neither 8-bit nor 16-bit integers, and their format.
fn numbers(values: DecodingResult) -> (Vec<f32>, Samples) {
    match values {
        DecodingResult::U8(values) => (values.into_iter().map(f32::from).collect(), Samples::Integer { bits: 8 }),
        DecodingResult::U16(values) => (values.into_iter().map(f32::from).collect(), Samples::Integer { bits: 16 }),
        DecodingResult::U32(values) => {
            (values.into_iter().map(|value| value as f32).collect(), Samples::Integer { bits: 32 })
        }
        DecodingResult::U64(values) => {
            (values.into_iter().map(|value| value as f32).collect(), Samples::Integer { bits: 64 })
        }
        DecodingResult::I8(values) => (values.into_iter().map(f32::from).collect(), Samples::Signed { bits: 8 }),
        DecodingResult::I16(values) => (values.into_iter().map(f32::from).collect(), Samples::Signed { bits: 16 }),
        DecodingResult::I32(values) => {
            (values.into_iter().map(|value| value as f32).collect(), Samples::Signed { bits: 32 })
        }
        DecodingResult::I64(values) => {
            (values.into_iter().map(|value| value as f32).collect(), Samples::Signed { bits: 64 })
        }
        DecodingResult::F16(values) => (values.into_iter().map(f32::from).collect(), Samples::Float { bits: 16 }),
        DecodingResult::F32(values) => (values, Samples::Float { bits: 32 }),
        DecodingResult::F64(values) => {
            (values.into_iter().map(|value| value as f32).collect(), Samples::Float { bits: 64 })
        }
    }
}

/// Converts inks to RGB without a profile: each ink absorbs its share of the light.
fn from_cmyk(values: Values, samples: Samples) -> Result<Values, PhotoError> {
    match values {
        Values::Byte(values) => {
            let rgb = values.chunks_exact(4).flat_map(|ink| {
                let light = |ink: u8| 255 - u16::from(ink);
                [0, 1, 2].map(|channel| ((light(ink[channel]) * light(ink[3]) + 127) / 255) as u8)
            });
            Ok(Values::Byte(rgb.collect()))
        }
        Values::Word(values) => {
            let rgb = values.chunks_exact(4).flat_map(|ink| {
                let light = |ink: u16| 65535 - u64::from(ink);
                [0, 1, 2].map(|channel| ((light(ink[channel]) * light(ink[3]) + 32767) / 65535) as u16)
            });
            Ok(Values::Word(rgb.collect()))
        }
        Values::Number(_) => {
            Err(PhotoError::Unsupported { what: format!("a {samples} TIFF of inks (CMYK)"), remedy: AS_PNG })
        }
    }
}

/// Converts YCbCr to RGB as in JPEG (ITU-R BT.601, full range).
fn from_ycbcr(values: Values) -> Values {
    let Values::Byte(values) = values else { return values };
    let rgb = values.chunks_exact(3).flat_map(|pixel| {
        let [y, cb, cr] = [f32::from(pixel[0]), f32::from(pixel[1]) - 128.0, f32::from(pixel[2]) - 128.0];
        [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb]
            .map(|value| value.round().clamp(0.0, 255.0) as u8)
    });
    Values::Byte(rgb.collect())
}

fn with_size(error: TiffError, width: u32, height: u32) -> PhotoError {
    match error {
        TiffError::LimitsExceeded => PhotoError::TooDeep { width, height },
        error => failure(error),
    }
}

fn failure(error: TiffError) -> PhotoError {
    match error {
        TiffError::UnsupportedError(kind) => {
            PhotoError::Unsupported { what: format!("this kind of TIFF ({kind})"), remedy: AS_PNG }
        }
        error => PhotoError::Damaged { format: FORMAT, detail: error.to_string() },
    }
}
