//! Spots: small ellipses.
//!
//! This kind is not in the paper, whose defects are larger and stronger than most real ones. The ranges were chosen on real
//! defects of other surfaces, for images of the network's input size.

use image::{GrayImage, RgbImage};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::mark::{Coverage, marked};
use super::random::log_uniform;

/// Grey levels of the change within a spot.
const STRENGTH: std::ops::RangeInclusive<f32> = 15.0..=120.0;

/// Draws one to three small ellipses with sharp or soft edges on `image`, for holes, pits, knots and drops. Returns the
/// image and the mask.
///
/// The mean radius is 1.5 to 14 pixels, and the longer axis is at most twice the shorter.
pub fn spot(image: &RgbImage, rng: &mut ChaCha8Rng) -> (RgbImage, GrayImage) {
    marked(image, STRENGTH, rng, ellipses)
}

fn ellipses(coverage: &mut Coverage, rng: &mut ChaCha8Rng) {
    for _ in 0..rng.random_range(1..=3) {
        let radius = log_uniform(1.5..=14.0, rng);
        let stretch = log_uniform(0.5..=2.0, rng).sqrt();
        let (sin, cos) = rng.random_range(0.0..std::f32::consts::TAU).sin_cos();
        // Width of the slope from full coverage to none.
        let softness = rng.random_range(0.15..0.9) * radius;
        coverage.dab(coverage.point(rng), 3.0 * radius, |dx, dy| {
            let (along, across) = ((cos * dx + sin * dy) * stretch, (cos * dy - sin * dx) / stretch);
            (radius - along.hypot(across)) / softness + 0.5
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defects::statistics::components;
    use crate::defects::tests::texture;
    use rand::SeedableRng;

    #[test]
    fn one_to_three_small_ellipses() {
        let image = texture(224, 224);
        let mut seen = [0; 4];
        for seed in 0..100 {
            let (_, mask) = spot(&image, &mut ChaCha8Rng::seed_from_u64(seed));
            let masked = mask.as_raw().iter().filter(|&&value| value == 255).count() as f32;
            // The lower quarter of the slope lies outside the mask, at most a quarter of 0.9 radii beyond the radius.
            let largest = std::f32::consts::PI * (14.0_f32 * 1.225).powi(2);
            assert!((1.0..3.1 * largest).contains(&masked), "{masked}");
            seen[components(&mask)] += 1;
        }
        assert!(seen[0] == 0 && seen[1..].iter().all(|&count| count > 10), "{seen:?}");
    }
}
