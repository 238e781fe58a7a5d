//! A sketch of a photo: what is on it, whatever the light.

use cse::score;
use image::RgbImage;
use image::imageops::{self, FilterType};

/// Side of a sketch: more shows the grain, which the exposures of one piece do not have in common.
const SKETCH_SIDE: u32 = 24;
/// Deviations of the Gaussians, as shares of a sketch's side, over which its brightness and its contrast are made even.
const EVEN_BRIGHTNESS: f32 = 1.0 / 16.0;
const EVEN_CONTRAST: f32 = 1.0 / 8.0;
/// Keeps the logarithm of a black pixel near those of dark ones; grey values go to 255.
const DARK: f32 = 8.0;

/// A photo in so few pixels that only what is on it is left, each in what its neighbourhood differs by: neither the light
/// nor the exposure changes it much.
pub fn sketch(photo: &RgbImage) -> Vec<f32> {
    let small = imageops::resize(photo, SKETCH_SIDE, SKETCH_SIDE, FilterType::CatmullRom);
    let grey = imageops::grayscale(&small);
    let bright: Vec<f32> = grey.as_raw().iter().map(|value| (f32::from(*value) + DARK).ln()).collect();
    let around = score::smoothed(bright.clone(), EVEN_BRIGHTNESS);
    let contrast: Vec<f32> = bright.iter().zip(around).map(|(value, around)| value - around).collect();
    let power = score::smoothed(contrast.iter().map(|value| value * value).collect(), EVEN_CONTRAST);
    contrast.iter().zip(power).map(|(value, power)| value / (power + 1e-6).sqrt()).collect()
}
