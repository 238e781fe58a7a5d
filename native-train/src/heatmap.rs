//! A photo with its anomaly map over it, as a picture to look at.

use std::path::{Path, PathBuf};

use cse::texture_file::MapScale;
use image::{Rgb, RgbImage};

use crate::files::{self, FileError};

/// Writes `folder/NAME_map.png` for the photo at `path`.
pub fn write(folder: &Path, path: &Path, photo: &RgbImage, map: &[f32], scale: MapScale) -> Result<PathBuf, FileError> {
    let out = folder.join(format!("{}_map.png", path.file_stem().unwrap_or_default().to_string_lossy()));
    std::fs::create_dir_all(folder).map_err(|source| FileError::Write { path: out.clone(), source })?;
    files::write_png(&out, &overlay(photo, map, scale))?;
    Ok(out)
}

/// Yellow to red over the photo, stronger where the map is; what was not inspected is darkened. A map that goes beyond
/// the scale raises its top.
pub fn overlay(photo: &RgbImage, map: &[f32], scale: MapScale) -> RgbImage {
    let scale = scale.reaching(map);
    let mut picture = photo.clone();
    for (pixel, value) in picture.pixels_mut().zip(map) {
        if value.is_nan() {
            *pixel = Rgb(pixel.0.map(|v| v / 3));
            continue;
        }
        let t = ((value - scale.low) / (scale.high - scale.low)).clamp(0.0, 1.0);
        let colour = [255.0, 220.0 * (1.0 - t), 40.0 * (1.0 - t)];
        let opacity = 0.75 * t.sqrt();
        for (channel, colour) in pixel.0.iter_mut().zip(colour) {
            *channel = (f32::from(*channel) * (1.0 - opacity) + colour * opacity) as u8;
        }
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_defect_beyond_the_scale_shows() {
        let photo = RgbImage::from_pixel(4, 1, Rgb([90, 90, 90]));
        let scale = MapScale { low: 0.5, high: 2.0 };
        let picture = overlay(&photo, &[0.3, 5.0, 9.0, f32::NAN], scale);
        let [clear, side, middle, outside] = [0, 1, 2, 3].map(|x| picture.get_pixel(x, 0).0);
        assert_eq!(clear, [90, 90, 90]);
        assert_ne!(side, middle);
        assert_eq!(outside, [30, 30, 30]);
    }
}
