//! Random draws of surface parameters and colours.

use palette::{FromColor, LinSrgb, Oklch};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// Linear-light RGB, 0..1.
pub type Rgb = [f32; 3];

/// Random length or size between `low` and `high` (both above 0). Every octave is equally likely.
pub fn scale(rng: &mut ChaCha8Rng, low: f32, high: f32) -> f32 {
    rng.random_range(low.ln()..=high.ln()).exp()
}

/// Random number of the standard normal distribution.
pub fn normal(rng: &mut ChaCha8Rng, mean: f32, deviation: f32) -> f32 {
    mean + deviation * rng.sample::<f32, _>(StandardNormal)
}

/// Random direction, radians in 0..pi.
pub fn direction(rng: &mut ChaCha8Rng) -> f32 {
    rng.random_range(0.0..std::f32::consts::PI)
}

/// Random direction that is mostly near an image axis, as in photos for inspection, radians.
pub fn mounting(rng: &mut ChaCha8Rng) -> f32 {
    match rng.random_range(0..10) {
        0 | 1 => direction(rng),
        2 => std::f32::consts::FRAC_PI_2 + normal(rng, 0.0, 0.03),
        _ => normal(rng, 0.0, 0.05),
    }
}

/// Colour from Oklch: lightness 0..1, chroma 0..0.37, hue in degrees. It is clipped to sRGB.
pub fn oklch(lightness: f32, chroma: f32, hue: f32) -> Rgb {
    let colour = LinSrgb::from_color(Oklch::new(lightness.clamp(0.0, 1.0), chroma.max(0.0), hue));
    [colour.red, colour.green, colour.blue].map(|c| c.clamp(0.0, 1.0))
}

/// Random colour of a dyed material, of any hue. Greys and muted tones are more frequent than bright ones.
pub fn dye(rng: &mut ChaCha8Rng) -> Rgb {
    let lightness: f32 = rng.random_range(0.25..0.93);
    // Dark and very light dyes are never vivid. Pigments are not, and sRGB does not hold such colours.
    let vivid = 0.19 * (4.0 * lightness * (1.0 - lightness)).min(1.0) * lightness.min(0.6) / 0.6;
    oklch(lightness, vivid * rng.random::<f32>().powi(2), rng.random_range(0.0..360.0))
}

/// A colour of a material whose hue lies within `hue` +- `spread` degrees.
pub fn near_hue(rng: &mut ChaCha8Rng, hue: f32, spread: f32, lightness: [f32; 2], chroma: [f32; 2]) -> Rgb {
    oklch(
        rng.random_range(lightness[0]..=lightness[1]),
        rng.random_range(chroma[0]..=chroma[1]),
        normal(rng, hue, spread),
    )
}

/// A grey with a slight tint: metal, stone, concrete.
pub fn tinted_grey(rng: &mut ChaCha8Rng, lightness: [f32; 2]) -> Rgb {
    oklch(
        rng.random_range(lightness[0]..=lightness[1]),
        0.03 * rng.random::<f32>().powi(2),
        rng.random_range(0.0..360.0),
    )
}

/// Mixes colour `a` (`t` = 0) with `b` (`t` = 1). `t` is clipped to 0..1.
pub fn mix(a: Rgb, b: Rgb, t: f32) -> Rgb {
    let t = t.clamp(0.0, 1.0);
    [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t]
}

/// Multiplies a colour by a factor. Negative values become 0.
pub fn shade(colour: Rgb, factor: f32) -> Rgb {
    colour.map(|c| c * factor.max(0.0))
}

/// Smooth step: 0 below `low`, 1 above `high`.
pub fn step(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Random number in 0..1 of a grid cell, for the variation between yarns, tiles or cells.
pub fn cell_value(x: i32, y: i32, seed: u32) -> f32 {
    // One round of the PCG hash (Jarzynski and Olano, Hash Functions for GPU Rendering, 2020) per coordinate.
    let pcg = |v: u32| {
        let state = v.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        let word = ((state >> ((state >> 28) + 4)) ^ state).wrapping_mul(277_803_737);
        (word >> 22) ^ word
    };
    let hash = pcg((x as u32).wrapping_add(pcg((y as u32).wrapping_add(pcg(seed)))));
    (hash >> 8) as f32 / (1 << 24) as f32
}
