//! Preview of a photo: small enough for a screen, transparent where it is not inspected.

use image::imageops::{self, FilterType};

use super::Photo;
use crate::image::preprocess::resize;

/// Pixels to show, row by row: red, green, blue and alpha, 8 bits each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Width, pixels.
    pub width: u32,
    /// Height, pixels.
    pub height: u32,
    /// `4 * width * height` bytes. Alpha is 0 where the photo is transparent, else 255.
    pub rgba: Vec<u8>,
}

impl Photo {
    /// Makes the preview of a photo, scaled down where its longer side exceeds `longest` pixels.
    pub fn preview(&self, longest: u32) -> Preview {
        let (width, height) = self.pixels.dimensions();
        let scale = (f64::from(longest) / f64::from(width.max(height))).min(1.0);
        let [width, height] = [width, height].map(|side| ((f64::from(side) * scale).round() as u32).max(1));
        let pixels = resize(&self.pixels, width, height);
        let alpha = self.opaque.as_ref().map(|opaque| imageops::resize(opaque, width, height, FilterType::Nearest));
        let mut rgba = vec![u8::MAX; 4 * pixels.as_raw().len() / 3];
        let (of_four, _) = rgba.as_chunks_mut::<4>();
        for (rgba, pixel) in of_four.iter_mut().zip(pixels.pixels()) {
            rgba[..3].copy_from_slice(&pixel.0);
        }
        if let Some(alpha) = alpha {
            of_four.iter_mut().zip(alpha.pixels()).for_each(|(rgba, alpha)| rgba[3] = alpha[0]);
        }
        Preview { width, height, rgba }
    }
}
