//! Transparent pixels. The colours that a file hides there are not used.

use image::{GrayImage, Luma, RgbImage};

use super::PhotoError;

/// Alpha from which on a pixel counts as opaque.
const OPAQUE: u8 = 128;

/// Shifts of a photo, as shares of its sides. A transparent pixel gets its colour from the first shift that gives an opaque
/// pixel. A surface looks similar elsewhere, and a patch of one colour would change the features around it.
const SHIFTS: [(f32, f32); 8] =
    [(0.5, 0.0), (0.0, 0.5), (0.5, 0.5), (0.25, 0.0), (0.0, 0.25), (0.75, 0.0), (0.0, 0.75), (0.25, 0.25)];

/// Blends `pixels` with other places of the photo by `alpha`, so that hidden colours have no effect. If no shifted place is
/// opaque, the mean colour of the photo is used. Gives 255 for opaque and 0 for transparent pixels, or none if all are
/// opaque. An error if no pixel is opaque.
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
    let mean = [0, 1, 2].map(|channel| (sums[channel] / sums[3].max(1)) as u8);
    let (width, height) = pixels.dimensions();
    let opacity = |x: u32, y: u32| alpha[(y as usize) * width as usize + x as usize];
    let original = pixels.clone();
    let elsewhere = |x: u32, y: u32| {
        let places = SHIFTS.iter().map(|(across, down)| {
            let shifted = |at: u32, side: u32, share: f32| (at + (share * side as f32) as u32) % side;
            (shifted(x, width, *across), shifted(y, height, *down))
        });
        places.into_iter().find(|(x, y)| opacity(*x, *y) == u8::MAX).map_or(mean, |(x, y)| original.get_pixel(x, y).0)
    };
    for (x, y, pixel) in pixels.enumerate_pixels_mut().filter(|(x, y, _)| opacity(*x, *y) < u8::MAX) {
        let weight = f32::from(opacity(x, y)) / 255.0;
        for (value, other) in pixel.0.iter_mut().zip(elsewhere(x, y)) {
            *value = (weight * f32::from(*value) + (1.0 - weight) * f32::from(other)).round() as u8;
        }
    }
    if alpha.iter().all(|alpha| *alpha >= OPAQUE) {
        return Ok(None);
    }
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
