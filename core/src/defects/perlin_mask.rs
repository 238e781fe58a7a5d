//! Shape of a synthetic defect: thresholded Perlin noise.
//!
//! CSE takes the definition from DRAEM (Zavrtanik et al., ICCV 2021), `rand_perlin_2d_np` of its released code. It has unit
//! gradients of random direction on a lattice, the fade curve `6t^5 - 15t^4 + 10t^3`, and the factor `sqrt(2)`.
//!
//! `noise::Perlin` cannot replace it, because its gradients are only the four diagonals of length `sqrt(2)`. Its values
//! above 0.5 cover 12.6 % of the image instead of 5.1 %. Divided by `sqrt(2)` they cover 4.8 %, but in 36 components
//! instead of 25.

use image::{GrayImage, ImageBuffer, Luma};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::rotation::rotate;

/// Largest exponent of the number of lattice cells along an axis, which is a power of two.
const MAX_POWER: u32 = 5;
const THRESHOLD: f32 = 0.5;
const MAX_ROTATION_DEGREES: f32 = 90.0;
/// Fewest pixels of a mask at the network's input size. The number is proportional to the area of smaller images.
const MIN_PIXELS: u64 = 100;
const INPUT_PIXELS: u64 = 224 * 224;
/// Most draws of a large enough mask. One draw in twenty is refused, more only in images of a few pixels.
const MAX_DRAWS: usize = 100;

/// Draws a random mask of `width` x `height` pixels: 255 inside, 0 outside.
///
/// The mask holds values above 0.5 of Perlin noise with `2^i` x `2^j` cells, where `i` and `j` are uniform in 0..=5. The
/// noise is rotated about the centre by a uniform angle in +-90 degrees, with 0 in the corners. A mask under 100 pixels is
/// drawn again. Images under about 8 pixels a side may run out of draws and get a smaller or empty mask.
pub fn perlin_mask(width: u32, height: u32, rng: &mut ChaCha8Rng) -> GrayImage {
    let pixels = u64::from(width) * u64::from(height);
    let enough = (pixels * MIN_PIXELS / INPUT_PIXELS).clamp(1, MIN_PIXELS);
    let (mut best, mut best_size) = (GrayImage::new(width, height), 0);
    for _ in 0..MAX_DRAWS {
        let mask = draw(width, height, rng);
        let size = mask.as_raw().iter().filter(|&&value| value != 0).count() as u64;
        if size >= enough {
            return mask;
        }
        if size > best_size {
            (best, best_size) = (mask, size);
        }
    }
    best
}

/// Draws one mask, of any size.
fn draw(width: u32, height: u32, rng: &mut ChaCha8Rng) -> GrayImage {
    let (columns, rows) = (1 << rng.random_range(0..=MAX_POWER), 1 << rng.random_range(0..=MAX_POWER));
    let noise = perlin_noise(width, height, columns, rows, rng);
    let noise = rotate(&noise, rng.random_range(-MAX_ROTATION_DEGREES..=MAX_ROTATION_DEGREES));
    let mask = noise.as_raw().iter().map(|&value| if value > THRESHOLD { 255 } else { 0 }).collect();
    GrayImage::from_raw(width, height, mask).expect("the noise has a value for each pixel")
}

/// Place of a row or column of pixels along an axis of the lattice.
struct Position {
    cell: usize,
    /// Place in the cell, 0 to 1.
    offset: f32,
    /// Share of the far end of the cell in the interpolation, 0 to 1.
    weight: f32,
}

fn positions(pixels: u32, cells: usize) -> Vec<Position> {
    let position = |pixel: u32| {
        let at = pixel as f32 * cells as f32 / pixels as f32;
        let cell = (at as usize).min(cells - 1);
        let t = at - cell as f32;
        Position { cell, offset: t, weight: t * t * t * (t * (t * 6.0 - 15.0) + 10.0) }
    };
    (0..pixels).map(position).collect()
}

/// Perlin noise in -1..=1 over a lattice of `columns` x `rows` cells.
fn perlin_noise(
    width: u32,
    height: u32,
    columns: usize,
    rows: usize,
    rng: &mut ChaCha8Rng,
) -> ImageBuffer<Luma<f32>, Vec<f32>> {
    let gradient = |_| rng.random_range(0.0..std::f32::consts::TAU).sin_cos();
    let gradients: Vec<(f32, f32)> = (0..(columns + 1) * (rows + 1)).map(gradient).collect();
    let (xs, ys) = (positions(width, columns), positions(height, rows));
    let mut noise = Vec::with_capacity(xs.len() * ys.len());
    for y in &ys {
        let upper = &gradients[y.cell * (columns + 1)..];
        let lower = &upper[columns + 1..];
        for x in &xs {
            let ramp = |(gx, gy): (f32, f32), dx: f32, dy: f32| gx * (x.offset - dx) + gy * (y.offset - dy);
            let lerp = |a: f32, b: f32, weight: f32| a + weight * (b - a);
            let top = lerp(ramp(upper[x.cell], 0.0, 0.0), ramp(upper[x.cell + 1], 1.0, 0.0), x.weight);
            let bottom = lerp(ramp(lower[x.cell], 0.0, 1.0), ramp(lower[x.cell + 1], 1.0, 1.0), x.weight);
            noise.push(std::f32::consts::SQRT_2 * lerp(top, bottom, y.weight));
        }
    }
    ImageBuffer::from_raw(width, height, noise).expect("each row has a value for each column")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defects::statistics::components;
    use rand::SeedableRng;

    fn mean_and_standard_error(values: &[f64]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (mean, (variance / n).sqrt())
    }

    /// Compares with `tests/reference/perlin_mask.py`: means over 4,000 draws, and standard deviations.
    #[test]
    fn masks_have_the_statistics_of_the_reference() {
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        let masks: Vec<_> = (0..1000).map(|_| perlin_mask(224, 224, rng)).collect();
        let shares: Vec<_> =
            masks.iter().map(|m| m.as_raw().iter().filter(|&&v| v != 0).count() as f64 / 50176.0).collect();
        let counts: Vec<_> = masks.iter().map(|mask| components(mask) as f64).collect();
        for (name, values, reference, deviation) in
            [("area", shares, 0.05112, 0.02904), ("components", counts, 25.50, 39.22)]
        {
            let (mean, error) = mean_and_standard_error(&values);
            let tolerance = 4.0 * error.hypot(deviation / 4000.0_f64.sqrt());
            assert!((mean - reference).abs() < tolerance, "{name}: {mean} +- {error}, reference {reference}");
        }
    }

    #[test]
    fn masks_are_large_enough_at_any_size() {
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        for (width, height, least) in [(224, 224, 100), (640, 90, 100), (112, 112, 25), (40, 40, 3), (8, 8, 1)] {
            for _ in 0..50 {
                let mask = perlin_mask(width, height, rng);
                assert_eq!(mask.dimensions(), (width, height));
                assert!(mask.as_raw().iter().filter(|&&value| value == 255).count() >= least, "{width}x{height}");
            }
        }
    }

    #[test]
    fn noise_is_zero_on_the_lattice_and_bounded() {
        let noise = perlin_noise(64, 32, 8, 4, &mut ChaCha8Rng::seed_from_u64(2));
        for (x, y, value) in noise.enumerate_pixels() {
            assert!(value.0[0].abs() <= 1.0);
            assert!(x % 8 != 0 || y % 8 != 0 || value.0[0] == 0.0);
        }
    }
}
