//! Transparent pixels: they have no colour of their own, whatever colour the file hides there.

use image::{GrayImage, Luma, RgbImage};

use super::PhotoError;

/// Alpha from which on a pixel counts as opaque.
const OPAQUE: u8 = 128;

/// Blends `pixels` over their mean colour, weighed by `alpha`, so that hidden colours change nothing. Gives 255 for opaque
/// and 0 for transparent pixels, or none where all are opaque. An error where none is.
pub(super) fn fill(pixels: &mut RgbImage, alpha: Vec<u8>) -> Result<Option<GrayImage>, PhotoError> {
    if alpha.iter().all(|alpha| *alpha == u8::MAX) {
        return Ok(None);
    }
    if alpha.iter().all(|alpha| *alpha < OPAQUE) {
        return Err(PhotoError::Transparent);
    }
    let mut sums = [0_u64; 4];
    for (pixel, alpha) in pixels.pixels().zip(&alpha) {
        let weight = u64::from(*alpha);
        for (sum, value) in sums.iter_mut().zip([pixel[0], pixel[1], pixel[2], 1]) {
            *sum += weight * u64::from(value);
        }
    }
    let mean = [0, 1, 2].map(|channel| sums[channel] as f32 / sums[3].max(1) as f32);
    for (pixel, alpha) in pixels.pixels_mut().zip(&alpha) {
        let weight = f32::from(*alpha) / 255.0;
        for (value, mean) in pixel.0.iter_mut().zip(mean) {
            *value = (weight * f32::from(*value) + (1.0 - weight) * mean).round() as u8;
        }
    }
    if alpha.iter().all(|alpha| *alpha >= OPAQUE) {
        return Ok(None);
    }
    let (width, height) = pixels.dimensions();
    let mut opaque = GrayImage::new(width, height);
    for (pixel, alpha) in opaque.pixels_mut().zip(alpha) {
        *pixel = Luma([if alpha >= OPAQUE { u8::MAX } else { 0 }]);
    }
    Ok(Some(opaque))
}

/// Share of the pixels that are transparent, 0 to 1.
pub(super) fn transparent_share(opaque: &GrayImage) -> f32 {
    let transparent = opaque.as_raw().iter().filter(|value| **value == 0).count();
    transparent as f32 / opaque.as_raw().len().max(1) as f32
}
