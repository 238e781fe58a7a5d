//! Masks: the pixels of a photo that somebody marked as defective.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use cse::image::photo::IgnoreMask;
use image::{DynamicImage, GrayImage, ImageBuffer, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Pixel};

use crate::files::{self, FileError};

/// Samples of a mask that mark a defect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Marks {
    /// Samples that are not zero.
    #[default]
    NonZero,
    /// Samples that are zero: the defect is drawn in black on white.
    Zero,
}

/// Most values of a mask that are counted.
const MOST_VALUES: usize = 256;
/// Largest mask that is decoded, bytes of its pixels.
const MOST_BYTES: u64 = 1 << 30;
/// A lossy mask whose brightest sample is below this is blank: JPEG noise around black reaches a few levels.
const LOSSY_BLACK: u8 = 16;

/// Why a mask cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MaskError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The image cannot be decoded.
    #[error("{path}: the mask cannot be decoded ({source}): save it again as PNG", path = .path.display())]
    Image {
        /// Path of the mask.
        path: PathBuf,
        /// Reason.
        source: ImageError,
    },
    /// Two masks of one photo differ in size.
    #[error("{path}: the mask is {mask:?} pixels and another mask of the same photo {other:?}", path = .path.display())]
    Sizes {
        /// Path of the mask.
        path: PathBuf,
        /// Width and height of the mask, pixels.
        mask: (u32, u32),
        /// Width and height of the other mask, pixels.
        other: (u32, u32),
    },
}

/// Marked pixels of a photo.
#[derive(Debug)]
pub struct Mask {
    /// Width and height, pixels.
    pub size: (u32, u32),
    /// True for each marked pixel, row by row.
    pub marked: Vec<bool>,
    /// Number of different values in the file, at most 256.
    pub values: usize,
}

impl Mask {
    /// Reads the masks of one photo and unites them. None without a path.
    ///
    /// A pixel is marked where any sample is not zero: grey, colour, class number or palette index. In an image whose
    /// opaque pixels are all black, the opaque pixels are marked. In a lossy image a pixel is marked if it is brighter
    /// than half of the brightest sample.
    pub fn read(paths: &[PathBuf], marks: Marks) -> Result<Option<Self>, MaskError> {
        let mut united: Option<Self> = None;
        for path in paths {
            let mut mask =
                Self::decode(&files::read(path)?).map_err(|source| MaskError::Image { path: path.clone(), source })?;
            if marks == Marks::Zero {
                mask.marked.iter_mut().for_each(|marked| *marked = !*marked);
            }
            united = Some(match united {
                Some(all) => all.united(mask, path)?,
                None => mask,
            });
        }
        Ok(united)
    }

    /// A mask that marks nothing.
    pub fn blank(size: (u32, u32)) -> Self {
        Self { size, marked: vec![false; size.0 as usize * size.1 as usize], values: 1 }
    }

    /// Marked pixels as a region of every photo. None where no pixel is marked.
    pub fn region(&self) -> Option<IgnoreMask> {
        let marked = self.marked.iter().map(|marked| u8::from(*marked)).collect();
        IgnoreMask::new(&GrayImage::from_raw(self.size.0, self.size.1, marked)?)
    }

    /// Tells whether any pixel is marked.
    pub fn marks(&self) -> bool {
        self.marked.contains(&true)
    }

    /// Share of the pixels that are marked, 0 to 1.
    pub fn share(&self) -> f64 {
        self.marked.iter().filter(|marked| **marked).count() as f64 / self.marked.len().max(1) as f64
    }

    fn united(mut self, other: Self, path: &Path) -> Result<Self, MaskError> {
        if self.size != other.size {
            return Err(MaskError::Sizes { path: path.to_owned(), mask: other.size, other: self.size });
        }
        self.marked.iter_mut().zip(&other.marked).for_each(|(marked, other)| *marked |= other);
        self.values = self.values.max(other.values);
        Ok(self)
    }

    fn decode(bytes: &[u8]) -> Result<Self, ImageError> {
        if let Some(mask) = of_palette(bytes) {
            return Ok(mask);
        }
        let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
        let mut limits = Limits::default();
        limits.max_alloc = Some(MOST_BYTES);
        reader.limits(limits);
        let jpeg = reader.format() == Some(ImageFormat::Jpeg);
        let lossy = jpeg || (bytes.get(8..16) == Some(b"WEBPVP8 "));
        let mut decoder = reader.into_decoder()?;
        let orientation = decoder.orientation()?;
        let mut image = DynamicImage::from_decoder(decoder)?;
        image.apply_orientation(orientation);
        if lossy {
            let grey = image.into_luma8();
            let brightest = grey.as_raw().iter().copied().max().unwrap_or_default();
            let above = if brightest < LOSSY_BLACK { brightest } else { brightest / 2 };
            let marked = grey.as_raw().iter().map(|value| *value > above).collect();
            return Ok(Self { size: grey.dimensions(), marked, values: 2 });
        }
        Ok(match image {
            DynamicImage::ImageLuma8(image) => of_samples(&image),
            DynamicImage::ImageLumaA8(image) => of_samples(&image),
            DynamicImage::ImageRgb8(image) => of_samples(&image),
            DynamicImage::ImageRgba8(image) => of_samples(&image),
            DynamicImage::ImageLuma16(image) => of_samples(&image),
            DynamicImage::ImageLumaA16(image) => of_samples(&image),
            DynamicImage::ImageRgb16(image) => of_samples(&image),
            DynamicImage::ImageRgba16(image) => of_samples(&image),
            DynamicImage::ImageRgb32F(image) => of_samples(&image),
            image => of_samples(&image.into_rgba32f()),
        })
    }
}

/// Counts different values, up to [`MOST_VALUES`].
struct Values<T> {
    seen: Vec<T>,
}

impl<T: PartialEq + Copy> Values<T> {
    fn add(&mut self, value: T) {
        // Neighbouring pixels mostly have the same value.
        if self.seen.len() < MOST_VALUES && self.seen.last() != Some(&value) {
            match self.seen.iter().position(|seen| *seen == value) {
                Some(place) => {
                    let last = self.seen.len() - 1;
                    self.seen.swap(place, last);
                }
                None => self.seen.push(value),
            }
        }
    }
}

fn of_samples<P>(image: &ImageBuffer<P, Vec<P::Subpixel>>) -> Mask
where
    P: Pixel + PartialEq + 'static,
    P::Subpixel: PartialEq + Default,
{
    let zero = P::Subpixel::default();
    let has_alpha = matches!(P::CHANNEL_COUNT, 2 | 4);
    let colours = usize::from(P::CHANNEL_COUNT) - usize::from(has_alpha);
    let opaque = |pixel: &P| !has_alpha || pixel.channels()[colours] != zero;
    let coloured = |pixel: &P| pixel.channels()[..colours].iter().any(|sample| *sample != zero);
    let by_opacity = has_alpha && !image.pixels().any(|pixel| opaque(pixel) && coloured(pixel));
    // A black image that is opaque everywhere marks nothing.
    let by_opacity = by_opacity && image.pixels().any(|pixel| !opaque(pixel));
    let mut values = Values { seen: Vec::new() };
    let marked = |pixel: &P| {
        values.add(*pixel);
        opaque(pixel) && (by_opacity || coloured(pixel))
    };
    let marked = image.pixels().map(marked).collect();
    Mask { size: image.dimensions(), marked, values: values.seen.len() }
}

/// Mask in a PNG file with a palette of colours. The indices are class numbers, and index 0 is the background. A file
/// with a palette of greys is read as a grey image instead.
fn of_palette(bytes: &[u8]) -> Option<Mask> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::IDENTITY);
    let mut reader = decoder.read_info().ok()?;
    let info = reader.info();
    let (width, height) = (info.width, info.height);
    let palette = info.palette.as_deref().filter(|_| info.color_type == png::ColorType::Indexed)?;
    if palette.chunks(3).all(|colour| colour.iter().all(|sample| *sample == colour[0])) {
        return None;
    }
    let bits = info.bit_depth as usize;
    let mut rows = vec![0; reader.output_buffer_size()?];
    let line = reader.next_frame(&mut rows).ok()?.line_size;
    let mut values = Values { seen: Vec::new() };
    let mut marked = Vec::with_capacity(width as usize * height as usize);
    for row in rows.chunks(line).take(height as usize) {
        for x in 0..width as usize {
            let shift = 8 - bits - (x * bits) % 8;
            let index = (row[x * bits / 8] >> shift) & (0xff >> (8 - bits));
            values.add(index);
            marked.push(index != 0);
        }
    }
    Some(Mask { size: (width, height), marked, values: values.seen.len() })
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, LumaA, Rgb, RgbImage, Rgba, RgbaImage};

    use super::*;

    const INSIDE: std::ops::Range<u32> = 10..20;

    fn inside(x: u32, y: u32) -> bool {
        INSIDE.contains(&x) && INSIDE.contains(&y)
    }

    fn marked(image: &DynamicImage, format: ImageFormat) -> usize {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        let mask = Mask::decode(bytes.get_ref()).unwrap();
        assert_eq!(mask.size, (image.width(), image.height()));
        assert!(!mask.marks() || mask.marked[15 * 40 + 15]);
        mask.marked.iter().filter(|marked| **marked).count()
    }

    fn grey(value: u8) -> DynamicImage {
        GrayImage::from_fn(40, 33, |x, y| Luma([if inside(x, y) { value } else { 0 }])).into()
    }

    #[test]
    fn every_value_but_zero_marks() {
        for value in [1, 5, 128, 255] {
            assert_eq!(marked(&grey(value), ImageFormat::Png), 100);
            assert_eq!(marked(&grey(value), ImageFormat::Bmp), 100);
        }
        assert_eq!(marked(&grey(0), ImageFormat::Png), 0);
        let mut classes = grey(1).into_luma8();
        (0..7).for_each(|x| classes.put_pixel(x, 30, Luma([5])));
        assert_eq!(marked(&classes.into(), ImageFormat::Png), 107);
    }

    /// A class number of 1 in 16 bits is almost black: 1 of 65,535.
    #[test]
    fn sixteen_bits_are_not_rounded_away() {
        let classes = ImageBuffer::<Luma<u16>, _>::from_fn(40, 33, |x, y| Luma([u16::from(inside(x, y))]));
        assert_eq!(marked(&classes.clone().into(), ImageFormat::Png), 100);
        assert_eq!(marked(&classes.into(), ImageFormat::Tiff), 100);
    }

    #[test]
    fn any_channel_marks() {
        for channel in 0..3 {
            let mut colour = Rgb([0; 3]);
            colour.0[channel] = 255;
            let image = RgbImage::from_fn(40, 33, |x, y| if inside(x, y) { colour } else { Rgb([0; 3]) });
            assert_eq!(marked(&image.into(), ImageFormat::Png), 100);
        }
    }

    #[test]
    fn opacity_marks_where_colour_does_not() {
        for colour in [0, 255] {
            let drawn = |x, y| if inside(x, y) { 255 } else { 0 };
            let image = RgbaImage::from_fn(40, 33, |x, y| Rgba([colour, colour, colour, drawn(x, y)]));
            assert_eq!(marked(&image.into(), ImageFormat::Png), 100, "{colour}");
        }
        let opaque = ImageBuffer::from_fn(40, 33, |x, y| LumaA([if inside(x, y) { 9u8 } else { 0 }, 255]));
        assert_eq!(marked(&opaque.into(), ImageFormat::Png), 100);
        let black = RgbaImage::from_pixel(40, 33, Rgba([0, 0, 0, 255]));
        assert_eq!(marked(&black.into(), ImageFormat::Png), 0);
    }

    /// Class 0 is white here, class 1 black, class 2 red.
    #[test]
    fn an_index_is_a_class_whatever_its_colour() {
        for bits in [png::BitDepth::Two, png::BitDepth::Eight] {
            let mut bytes = Vec::new();
            let mut encoder = png::Encoder::new(&mut bytes, 41, 33);
            encoder.set_color(png::ColorType::Indexed);
            encoder.set_depth(bits);
            encoder.set_palette([255, 255, 255, 0, 0, 0, 255, 0, 0].as_slice());
            let class = |x: u32, y: u32| u8::from(inside(x, y)) + u8::from(inside(x, y) && x < 13);
            let row = |y: u32| -> Vec<u8> {
                let classes: Vec<u8> = (0..41).map(|x| class(x, y)).collect();
                if bits == png::BitDepth::Eight {
                    return classes;
                }
                let packed =
                    |four: &[u8]| four.iter().enumerate().fold(0, |byte, (at, class)| byte | class << (6 - 2 * at));
                classes.chunks(4).map(packed).collect()
            };
            let rows: Vec<u8> = (0..33).flat_map(row).collect();
            encoder.write_header().unwrap().write_image_data(&rows).unwrap();
            let mask = Mask::decode(&bytes).unwrap();
            assert_eq!((mask.size, mask.values), ((41, 33), 3));
            assert!((0..41 * 33).all(|at| mask.marked[at as usize] == inside(at % 41, at / 41)));
        }
    }

    /// JPEG leaves faint waves around what is drawn.
    #[test]
    fn noise_of_a_lossy_mask_marks_nothing() {
        let count = marked(&grey(255), ImageFormat::Jpeg);
        assert!((90..=110).contains(&count), "{count}");
    }

    #[test]
    fn masks_of_one_photo_are_united_and_can_be_inverted() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a.png", "b.png"].map(|name| folder.path().join(name));
        grey(255).save(&paths[0]).unwrap();
        GrayImage::from_fn(40, 33, |x, _| Luma([u8::from(x < 2)])).save(&paths[1]).unwrap();
        let share = |marks| Mask::read(&paths, marks).unwrap().unwrap().share() * 40.0 * 33.0;
        assert_eq!(share(Marks::NonZero).round(), 166.0);
        let inverted = Mask::read(&paths[..1], Marks::Zero).unwrap().unwrap();
        assert_eq!(inverted.marked.iter().filter(|marked| !**marked).count(), 100);
        GrayImage::new(9, 9).save(&paths[1]).unwrap();
        let error = Mask::read(&paths, Marks::NonZero).unwrap_err().to_string();
        assert!(error.contains("b.png") && error.contains("(9, 9)"), "{error}");
        assert!(Mask::read(&[], Marks::NonZero).unwrap().is_none());
    }
}
