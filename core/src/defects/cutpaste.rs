//! CutPaste: patches and scars of the image itself, pasted elsewhere (Li et al., *CutPaste: Self-Supervised Learning for
//! Anomaly Detection and Localization*, CVPR 2021).
//!
//! The ranges are those of the paper's appendix, for images of 256 x 256 pixels. The colours of a patch change by up to a
//! tenth in brightness, contrast and saturation, and by a tenth of the circle in hue.

use std::ops::RangeInclusive;

use image::{GrayImage, Luma, RgbImage, imageops};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{photometric, random::log_uniform};

/// Share of the image that a patch covers.
const PATCH_AREA: RangeInclusive<f32> = 0.02..=0.15;
/// Width of a patch over its height.
const PATCH_ASPECT: RangeInclusive<f32> = 0.3..=3.3;
/// Width of a scar, pixels.
const SCAR_WIDTH: RangeInclusive<u32> = 2..=16;
/// Length of a scar, pixels.
const SCAR_LENGTH: RangeInclusive<u32> = 10..=25;
const MAX_SCAR_DEGREES: f32 = 45.0;
/// Greatest change of brightness, contrast and saturation, as a share of them, and of hue, as a share of the circle.
const JITTER: f32 = 0.1;
/// Most draws of a place that differs from the patch's own place. Only tiny images can need more.
const MAX_DRAWS: usize = 10;

/// Pastes a rectangle of `image` elsewhere, and returns the image and the mask.
///
/// The rectangle covers 2 to 15 % of the image, and its aspect is 0.3 to 3.3. In very long images it is adapted to fit.
pub fn patch(image: &RgbImage, rng: &mut ChaCha8Rng) -> (RgbImage, GrayImage) {
    let (mut pasted, mut mask) = (image.clone(), GrayImage::new(image.width(), image.height()));
    let Some((width, height)) = patch_size(image.dimensions(), rng) else {
        return (pasted, mask);
    };
    let (last_x, last_y) = (image.width() - width, image.height() - height);
    let corner = |rng: &mut ChaCha8Rng| (rng.random_range(0..=last_x), rng.random_range(0..=last_y));
    let (x, y) = corner(rng);
    let mut to = corner(rng);
    for _ in 0..MAX_DRAWS {
        if to != (x, y) {
            break;
        }
        to = corner(rng);
    }
    let mut patch = imageops::crop_imm(image, x, y, width, height).to_image();
    jitter(&mut patch, rng);
    imageops::replace(&mut pasted, &patch, to.0.into(), to.1.into());
    imageops::replace(&mut mask, &GrayImage::from_pixel(width, height, Luma([255])), to.0.into(), to.1.into());
    (pasted, mask)
}

/// Width and height of a patch for an image of `size`, at least one pixel. None for an image without pixels.
fn patch_size(size: (u32, u32), rng: &mut ChaCha8Rng) -> Option<(u32, u32)> {
    let (width, height) = (size.0 as f32, size.1 as f32);
    if width == 0.0 || height == 0.0 {
        return None;
    }
    let area = rng.random_range(PATCH_AREA) * width * height;
    let across = (area * log_uniform(PATCH_ASPECT, rng)).sqrt();
    // A narrower patch would be higher than the image.
    let across = across.max(area / height).round().clamp(1.0, width);
    let down = (area / across).round().clamp(1.0, height);
    Some((across as u32, down as u32))
}

/// Pastes a strip of `image` elsewhere, rotated by up to 45 degrees, and returns the image and the mask.
///
/// The strip is 2 to 16 pixels wide and 10 to 25 long. It lies within the image where there is room.
pub fn scar(image: &RgbImage, rng: &mut ChaCha8Rng) -> (RgbImage, GrayImage) {
    let (mut pasted, mut mask) = (image.clone(), GrayImage::new(image.width(), image.height()));
    if image.width() == 0 || image.height() == 0 {
        return (pasted, mask);
    }
    let width = rng.random_range(SCAR_WIDTH).min(image.width());
    let length = rng.random_range(SCAR_LENGTH).min(image.height());
    let (x, y) = (rng.random_range(0..=image.width() - width), rng.random_range(0..=image.height() - length));
    let mut strip = imageops::crop_imm(image, x, y, width, length).to_image();
    jitter(&mut strip, rng);

    let (sin, cos) = rng.random_range(-MAX_SCAR_DEGREES..=MAX_SCAR_DEGREES).to_radians().sin_cos();
    let (half_width, half_length) = (width as f32 / 2.0, length as f32 / 2.0);
    let (reach_x, reach_y) = (half_width * cos + half_length * sin.abs(), half_width * sin.abs() + half_length * cos);
    let mut middle = |side: u32, reach: f32| {
        let (side, share) = (side as f32, rng.random::<f32>());
        if side > 2.0 * reach { reach + share * (side - 2.0 * reach) } else { side / 2.0 }
    };
    let (middle_x, middle_y) = (middle(image.width(), reach_x), middle(image.height(), reach_y));

    let covered = |middle: f32, reach: f32, side: u32| {
        (middle - reach).floor().max(0.0) as u32..((middle + reach).ceil() as u32).min(side)
    };
    for py in covered(middle_y, reach_y, image.height()) {
        for px in covered(middle_x, reach_x, image.width()) {
            // Centre of the pixel, rotated back into the upright strip.
            let (dx, dy) = (px as f32 + 0.5 - middle_x, py as f32 + 0.5 - middle_y);
            let (across, along) = (cos * dx + sin * dy + half_width, cos * dy - sin * dx + half_length);
            if across < 0.0 || along < 0.0 {
                continue;
            }
            if let Some(pixel) = strip.get_pixel_checked(across as u32, along as u32) {
                pasted.put_pixel(px, py, *pixel);
                mask.put_pixel(px, py, Luma([255]));
            }
        }
    }
    (pasted, mask)
}

/// Does the same as torchvision's `ColorJitter` with all ranges at 0.1, always in the order of its arguments.
fn jitter(piece: &mut RgbImage, rng: &mut ChaCha8Rng) {
    let mut factor = || rng.random_range(1.0 - JITTER..=1.0 + JITTER);
    photometric::multiply_value(piece, factor());
    photometric::contrast(piece, factor());
    photometric::multiply_saturation(piece, factor());
    photometric::add_hue_and_saturation(piece, rng.random_range(-JITTER..=JITTER) * 360.0, 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defects::statistics::components;
    use crate::defects::tests::texture;
    use rand::SeedableRng;

    #[test]
    fn patches_keep_their_range_of_areas() {
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        for size in [(224, 224), (400, 60), (50, 900)] {
            let pixels = (size.0 * size.1) as f32;
            for _ in 0..500 {
                let (width, height) = patch_size(size, rng).unwrap();
                assert!(width <= size.0 && height <= size.1);
                // The tolerance is a row or column of pixels.
                let (area, off) = ((width * height) as f32, width.max(height) as f32);
                assert!(area + off >= 0.02 * pixels && area - off <= 0.15 * pixels, "{size:?}: {width}x{height}");
                if size == (224, 224) {
                    let aspect = width as f32 / height as f32;
                    assert!((0.28..3.5).contains(&aspect), "{width}x{height}");
                }
            }
        }
    }

    #[test]
    fn patches_are_rectangles() {
        let image = texture(224, 224);
        for seed in 0..20 {
            let (_, mask) = patch(&image, &mut ChaCha8Rng::seed_from_u64(seed));
            let masked: Vec<_> = mask.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] == 255).collect();
            let (xs, ys) = (masked.iter().map(|pixel| pixel.0), masked.iter().map(|pixel| pixel.1));
            let width = xs.clone().max().unwrap() - xs.min().unwrap() + 1;
            let height = ys.clone().max().unwrap() - ys.min().unwrap() + 1;
            assert_eq!(masked.len() as u32, width * height);
        }
    }

    #[test]
    fn scars_are_strips_within_the_image() {
        let image = texture(64, 48);
        for seed in 0..200 {
            let (_, mask) = scar(&image, &mut ChaCha8Rng::seed_from_u64(seed));
            let masked = mask.as_raw().iter().filter(|&&value| value == 255).count();
            assert!((14..=440).contains(&masked), "{seed}: {masked}");
            assert_eq!(components(&mask), 1, "{seed}");
        }
    }
}
