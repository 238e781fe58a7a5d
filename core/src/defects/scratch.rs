//! Scratches: thin, curved lines.
//!
//! This kind is not in the paper, whose defects are larger and stronger than most real ones. The ranges were chosen on real
//! defects of other surfaces, for images of the network's input size.

use image::{GrayImage, RgbImage};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::mark::{Coverage, marked};
use super::random::{irwin_hall, log_uniform};

/// Grey levels of the change in the middle of the line.
const STRENGTH: std::ops::RangeInclusive<f32> = 12.0..=110.0;

/// Draws a thin, curved line on `image`, for scratches, cracks and pulled threads. Returns the image and the mask.
///
/// The profile has a deviation of 0.4 to 2.2 pixels, which varies by 30 % along the line. The length is 6 to 90 % of the
/// shorter side. The line is nearly straight to crumpled, and may leave the image.
pub fn scratch(image: &RgbImage, rng: &mut ChaCha8Rng) -> (RgbImage, GrayImage) {
    marked(image, STRENGTH, rng, line)
}

fn line(coverage: &mut Coverage, rng: &mut ChaCha8Rng) {
    let (width, height) = coverage.size();
    let radius = log_uniform(0.4..=2.2, rng);
    let length = log_uniform(0.06..=0.9, rng) * width.min(height);
    // Radians a pixel.
    let wandering = log_uniform(0.005..=0.35, rng);
    let mut angle = rng.random_range(0.0..std::f32::consts::TAU);
    let (mut x, mut y) = coverage.point(rng);
    for _ in 0..(length as usize).max(4) {
        coverage.gaussian_dab((x, y), radius * rng.random_range(0.7..1.3));
        angle += wandering * irwin_hall(rng);
        x += angle.cos();
        y += angle.sin();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defects::tests::texture;
    use rand::SeedableRng;

    #[test]
    fn scratches_are_thin() {
        let image = texture(224, 224);
        for seed in 0..50 {
            let (_, mask) = scratch(&image, &mut ChaCha8Rng::seed_from_u64(seed));
            let masked = mask.as_raw().iter().filter(|&&value| value == 255).count();
            // A line has at most 0.9 x 224 pixels of length, and 1.67 deviations of 2.86 pixels on either side.
            assert!((4..202 * 10 + 80).contains(&masked), "{masked}");
        }
    }
}
