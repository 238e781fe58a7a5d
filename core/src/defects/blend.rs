//! Blends a source of pixels into the image inside a Perlin mask, opaque as in the paper, or translucent.

use std::ops::RangeInclusive;

use image::{GrayImage, Rgb, RgbImage};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::perlin_mask::perlin_mask;

/// Range of opacities of an opaque defect.
pub const OPAQUE: RangeInclusive<f32> = 1.0..=1.0;
/// Range of the opacities of faint defects.
pub const FAINT: RangeInclusive<f32> = 0.15..=0.7;

/// Lays `source` over `image` inside a Perlin mask, and returns the image and the mask. The source is drawn after the mask.
/// Outside of the mask the image is unchanged.
pub fn under_perlin_mask(
    image: &RgbImage,
    opacity: RangeInclusive<f32>,
    rng: &mut ChaCha8Rng,
    source: impl FnOnce(&mut ChaCha8Rng) -> RgbImage,
) -> (RgbImage, GrayImage) {
    let mask = perlin_mask(image.width(), image.height(), rng);
    let source = source(rng);
    let opacity = if opacity.start() < opacity.end() { rng.random_range(opacity) } else { *opacity.start() };
    let mut blended = image.clone();
    for ((pixel, over), masked) in blended.pixels_mut().zip(source.pixels()).zip(mask.pixels()) {
        if masked.0[0] != 0 {
            *pixel = Rgb(std::array::from_fn(|c| {
                let (below, above) = (f32::from(pixel.0[c]), f32::from(over.0[c]));
                (below + opacity * (above - below)).round() as u8
            }));
        }
    }
    (blended, mask)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defects::structural::structural_source;
    use crate::defects::tests::texture;
    use rand::SeedableRng;

    #[test]
    fn opaque_is_the_source_to_the_bit() {
        let (image, source) = (texture(90, 70), RgbImage::from_fn(90, 70, |x, y| Rgb([x as u8, y as u8, 255])));
        let (made, mask) = under_perlin_mask(&image, OPAQUE, &mut ChaCha8Rng::seed_from_u64(1), |_| source.clone());
        for (x, y, pixel) in made.enumerate_pixels() {
            let from = if mask.get_pixel(x, y).0[0] == 255 { &source } else { &image };
            assert_eq!(pixel, from.get_pixel(x, y));
        }
    }

    #[test]
    fn faint_defects_change_less_than_their_full_version() {
        let image = texture(224, 224);
        for seed in 0..20 {
            let made = |opacity| {
                let rng = &mut ChaCha8Rng::seed_from_u64(seed);
                under_perlin_mask(&image, opacity, rng, |rng| structural_source(&image, rng))
            };
            let ((faint, faint_mask), (full, full_mask)) = (made(FAINT), made(OPAQUE));
            assert_eq!(faint_mask, full_mask);
            let (mut faint_sum, mut full_sum) = (0.0, 0.0);
            for ((&old, &faint), &full) in image.as_raw().iter().zip(faint.as_raw()).zip(full.as_raw()) {
                assert!(old.abs_diff(faint) <= old.abs_diff(full));
                faint_sum += f64::from(old.abs_diff(faint));
                full_sum += f64::from(old.abs_diff(full));
            }
            let share = faint_sum / full_sum;
            assert!((0.14..0.71).contains(&share), "{seed}: {share}");
        }
    }
}
