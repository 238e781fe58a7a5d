//! Stains: wide soft shadows and lights.
//!
//! This kind is not in the paper, whose defects have hard edges. The ranges were chosen on real defects of other surfaces,
//! for images of the network's input size.

use image::{GrayImage, RgbImage};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::mark::{Coverage, marked};
use super::random::{irwin_hall, log_uniform};

/// Grey levels of the change in the middle of a stain.
const STRENGTH: std::ops::RangeInclusive<f32> = 8.0..=70.0;
/// Standard deviation of the blots' distance from the middle of the stain, in radii.
const SCATTER: f32 = 0.6;

/// Draws a wide soft shadow or light on `image`, for stains, uneven coating and wear. Returns the image and the mask.
///
/// A stain is two to six Gaussian blots around a point of the image, within a radius of 10 to 70 pixels.
pub fn stain(image: &RgbImage, rng: &mut ChaCha8Rng) -> (RgbImage, GrayImage) {
    marked(image, STRENGTH, rng, blots)
}

fn blots(coverage: &mut Coverage, rng: &mut ChaCha8Rng) {
    let (x, y) = coverage.point(rng);
    let radius = log_uniform(10.0..=70.0, rng);
    for _ in 0..rng.random_range(2..=6) {
        let sigma = radius * rng.random_range(0.3..0.8);
        let mut scattered = |middle: f32| middle + SCATTER * radius * irwin_hall(rng);
        coverage.gaussian_dab((scattered(x), scattered(y)), sigma);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn stains_are_wide_and_soft() {
        let image = RgbImage::from_pixel(224, 224, image::Rgb([128; 3]));
        for seed in 0..50 {
            let (stained, mask) = stain(&image, &mut ChaCha8Rng::seed_from_u64(seed));
            assert!(mask.as_raw().contains(&255), "{seed}");
            // The steepest stain has 70 grey levels and a deviation of 3 pixels, so no step exceeds 70 x 0.61 / 3.
            let steepest = stained.rows().flat_map(|row| {
                let row: Vec<u8> = row.map(|pixel| pixel.0[0]).collect();
                row.windows(2).map(|pair| pair[0].abs_diff(pair[1])).collect::<Vec<_>>()
            });
            assert!(steepest.max() <= Some(15), "{seed}");
        }
    }
}
