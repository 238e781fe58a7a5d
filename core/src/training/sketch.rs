//! Sketch of a photo for near-duplicate detection. It hardly depends on the light.

use image::RgbImage;
use image::imageops::{self, FilterType};

use crate::network::grid::{Grid, GridMap};
use crate::scoring::smoothing::smoothed;

/// Side of a sketch, pixels. A larger one would show the grain, which differs between the exposures of one object.
const SIDE: u32 = 24;
/// Standard deviations of the Gaussians that even out brightness and contrast, as shares of a sketch's side.
const EVEN_BRIGHTNESS: f32 = 1.0 / 16.0;
const EVEN_CONTRAST: f32 = 1.0 / 8.0;
/// Added to grey values of 0 to 255, so that the logarithm of black is near those of dark values.
const DARK: f32 = 8.0;

/// Photo in 24 x 24 pixels. Each is the difference from its neighbourhood, in units of the local contrast. Light and
/// exposure hardly change it.
pub fn sketch(photo: &RgbImage) -> Vec<f32> {
    let small = imageops::resize(photo, SIDE, SIDE, FilterType::CatmullRom);
    let grey = imageops::grayscale(&small);
    let grid = Grid { rows: SIDE as usize, columns: SIDE as usize };
    let even = |values: Vec<f32>, sigma| smoothed(GridMap { grid, values }, sigma).values;
    let bright: Vec<f32> = grey.as_raw().iter().map(|value| (f32::from(*value) + DARK).ln()).collect();
    let around = even(bright.clone(), EVEN_BRIGHTNESS);
    let contrast: Vec<f32> = bright.iter().zip(around).map(|(value, around)| value - around).collect();
    let power = even(contrast.iter().map(|value| value * value).collect(), EVEN_CONTRAST);
    contrast.iter().zip(power).map(|(value, power)| value / (power + 1e-6).sqrt()).collect()
}
