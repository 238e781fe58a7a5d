//! Exposure: photos of more or less light brought to one brightness.

use image::{GrayImage, RgbImage};

use super::photo::Photo;

choices! {
    /// Brightness at which the network gets a photo.
    #[derive(Default)]
    #[serde(rename_all = "lowercase")]
    #[strum(serialize_all = "lowercase")]
    pub enum Exposure {
        /// The same for all photos: each is multiplied so that its median has a fixed value
        #[default]
        Equal,
        /// The photo's own
        Own,
    }
}

/// Median brightness of a photo of equal exposure, 0 to 255. With the shipped extractor, darker and brighter photos have a
/// lower AUROC.
const MEDIAN: f32 = 102.0;
/// Largest gain. The smallest is its inverse. Beyond it, the rounding of a dark photo would show.
const LARGEST_GAIN: f32 = 4.0;

impl Exposure {
    /// Factor for the values of `photo`, 1/4 to 4.
    ///
    /// It follows the median, because the mean would follow a large defect.
    pub fn gain(self, photo: &Photo) -> f32 {
        match self {
            Self::Own => 1.0,
            Self::Equal => {
                let median = median_brightness(&photo.pixels, photo.opaque.as_ref());
                (MEDIAN / f32::from(median).max(1.0)).clamp(1.0 / LARGEST_GAIN, LARGEST_GAIN)
            }
        }
    }
}

/// Median of the mean of the three channels over the opaque pixels.
fn median_brightness(pixels: &RgbImage, opaque: Option<&GrayImage>) -> u8 {
    let mut counts = [0u64; 256];
    let mut count = |pixel: &[u8]| {
        let sum: u16 = pixel.iter().copied().map(u16::from).sum();
        counts[usize::from(sum / 3)] += 1;
    };
    let each = pixels.as_raw().chunks_exact(3);
    match opaque {
        None => each.for_each(count),
        Some(opaque) => {
            each.zip(opaque.as_raw()).filter(|(_, opaque)| **opaque > 0).for_each(|(pixel, _)| count(pixel))
        }
    }
    let half = counts.iter().sum::<u64>().div_ceil(2);
    let mut seen = 0;
    let median = counts.iter().position(|count| {
        seen += count;
        seen >= half
    });
    median.and_then(|median| u8::try_from(median).ok()).unwrap_or(0)
}

/// Multiplies all values by `gain`. Values above 255 become 255.
pub(super) fn multiply(pixels: &mut RgbImage, gain: f32) {
    let table: [u8; 256] = std::array::from_fn(|value| (value as f32 * gain).round().min(255.0) as u8);
    pixels.as_mut().iter_mut().for_each(|value| *value = table[usize::from(*value)]);
}

#[cfg(test)]
mod tests {
    use image::{Luma, Rgb};

    use super::*;
    use crate::image::view::View;

    /// Photo of stripes at `light` times their values.
    fn stripes(light: f32) -> Photo {
        Photo::of_pixels(RgbImage::from_fn(224, 224, |x, _| {
            let value = |base: f32| (base * light).round() as u8;
            Rgb([value(40.0 + 2.0 * (x % 8) as f32), value(60.0), value(80.0)])
        }))
    }

    fn windows(photo: &Photo, exposure: Exposure) -> Vec<RgbImage> {
        View::Resize.windows(&photo.pixels).with_gain(exposure.gain(photo)).images().collect()
    }

    #[test]
    fn the_same_surface_in_other_light_is_the_same_input() {
        let (bright, dark) = (stripes(1.6), stripes(0.8));
        let [bright_input, dark_input] = [&bright, &dark].map(|photo| windows(photo, Exposure::Equal).remove(0));
        let largest = bright_input.as_raw().iter().zip(dark_input.as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(largest <= Some(3), "{largest:?}");
        assert_eq!(windows(&dark, Exposure::Own), [dark.pixels]);
    }

    #[test]
    fn a_large_defect_and_transparent_pixels_do_not_count() {
        let gain = |photo: &Photo| Exposure::Equal.gain(photo);
        let mut photo = stripes(1.0);
        let before = gain(&photo);
        // A hole of two fifths of the photo.
        (0..90)
            .flat_map(|y| (0..224).map(move |x| (x, y)))
            .for_each(|(x, y)| photo.pixels.put_pixel(x, y, Rgb([0; 3])));
        assert!((gain(&photo) / before - 1.0).abs() < 0.1, "{} {before}", gain(&photo));
        photo.opaque = Some(GrayImage::from_fn(224, 224, |_, y| Luma([if y < 90 { 0 } else { 255 }])));
        assert_eq!(gain(&photo), before);
    }

    #[test]
    fn a_black_photo_stays_dark() {
        let black = Photo::of_pixels(RgbImage::new(224, 224));
        assert_eq!(Exposure::Equal.gain(&black), LARGEST_GAIN);
        assert_eq!(windows(&black, Exposure::Equal), [RgbImage::new(224, 224)]);
        let white = Photo::of_pixels(RgbImage::from_pixel(224, 224, Rgb([255; 3])));
        assert_eq!(windows(&white, Exposure::Equal)[0].get_pixel(0, 0).0, [102; 3]);
    }
}
