//! Generated textures for the textural defects, used without an anomaly source (the paper uses DTD).
//!
//! They are not part of the paper. There are five families of procedural noise in two random colours, at random scale and
//! angle: clouds, ridges, cells, wavy stripes and wavy checks.

use image::{Rgb, RgbImage};
use noise::{Checkerboard, Fbm, MultiFractal, NoiseFn, Perlin, RidgedMulti, Worley, core::worley::ReturnType};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Periods or cells along the longer side of the image.
const PERIODS: std::ops::RangeInclusive<f64> = 3.0..=24.0;
/// Octaves of the fractal families.
const OCTAVES: usize = 3;

/// Value at a point of the plane, in -1..=1 or slightly beyond.
type Pattern = Box<dyn Fn([f64; 2]) -> f64>;

/// Draws a texture of one of the five families, `width` x `height` pixels.
pub fn generated_texture(width: u32, height: u32, rng: &mut ChaCha8Rng) -> RgbImage {
    let pattern = random_pattern(rng);
    let [first, second] = [(); 2].map(|()| [(); 3].map(|()| rng.random_range(0.0..=255.0_f64)));
    let scale = rng.random_range(PERIODS) / f64::from(width.max(height));
    let (sin, cos) = rng.random_range(0.0..std::f64::consts::PI).sin_cos();
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (f64::from(x) * scale, f64::from(y) * scale);
        let share = (0.5 + 0.5 * pattern([cos * x - sin * y, sin * x + cos * y])).clamp(0.0, 1.0);
        Rgb(std::array::from_fn(|c| (first[c] + share * (second[c] - first[c])).round() as u8))
    })
}

fn random_pattern(rng: &mut ChaCha8Rng) -> Pattern {
    let (family, seed) = (rng.random_range(0..5), rng.random());
    let waves = Perlin::new(seed);
    let waviness = rng.random_range(0.0..=0.6);
    // Smooth noise displaces the point, so that straight patterns become wavy.
    let displaced = move |[x, y]: [f64; 2]| [x + waviness * waves.get([x, y]), y + waviness * waves.get([y, x])];
    match family {
        0 => {
            let clouds = Fbm::<Perlin>::new(seed).set_octaves(OCTAVES);
            Box::new(move |point| 2.0 * clouds.get(point))
        }
        1 => {
            let ridges = RidgedMulti::<Perlin>::new(seed).set_octaves(OCTAVES);
            Box::new(move |point| ridges.get(point))
        }
        2 => {
            let shown = if rng.random_bool(0.5) { ReturnType::Distance } else { ReturnType::Value };
            let cells = Worley::new(seed).set_return_type(shown);
            Box::new(move |point| cells.get(point))
        }
        3 => {
            let sharpness = rng.random_range(1.0..=8.0);
            Box::new(move |point| sharpness * (std::f64::consts::TAU * displaced(point)[0]).sin())
        }
        _ => {
            let checks = Checkerboard::new(0);
            Box::new(move |point| checks.get(displaced(point)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn textures_differ_and_are_not_plain() {
        let mut plain = 0;
        let mut seen = std::collections::HashSet::new();
        for seed in 0..60 {
            let texture = generated_texture(48, 32, &mut ChaCha8Rng::seed_from_u64(seed));
            assert_eq!(texture.dimensions(), (48, 32));
            assert_eq!(texture, generated_texture(48, 32, &mut ChaCha8Rng::seed_from_u64(seed)));
            let (low, high) = texture.as_raw().iter().fold((255, 0), |(l, h), &v: &u8| (v.min(l), v.max(h)));
            plain += u32::from(high - low < 20);
            seen.insert(texture.into_raw());
        }
        assert_eq!((seen.len(), plain), (60, 0));
    }
}
