//! Heatmap: a photo with its anomaly map drawn over it.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Component, Path};

use cse::files::category_file::MapScale;
use cse::scoring::prediction::Place;
use image::{Rgb, RgbImage};

/// Base name of the output files for each of `photos`. It is the photo's own name, with as many of its folders, and with
/// its ending, as are needed to make all names different.
pub fn names<'a>(photos: impl Iterator<Item = &'a Path> + Clone) -> Vec<String> {
    let deepest = photos.clone().map(|photo| photo.components().count()).max().unwrap_or(0);
    let different = photos.clone().collect::<HashSet<_>>().len();
    let ways = [false, true].into_iter().flat_map(|ending| (0..deepest).map(move |folders| (ending, folders)));
    let named = |(ending, folders)| photos.clone().map(|photo| name(photo, ending, folders)).collect::<Vec<_>>();
    let all_different = |names: &Vec<String>| names.iter().collect::<HashSet<_>>().len() == different;
    // Some paths differ only in parts that no file name can hold, such as `../a` and `a`.
    let numbered = || named((true, deepest)).into_iter().zip(1..).map(|(name, number)| format!("{name}_{number}"));
    ways.map(named).find(all_different).unwrap_or_else(|| numbered().collect())
}

fn name(photo: &Path, ending: bool, folders: usize) -> String {
    let last = if ending { photo.file_name() } else { photo.file_stem() };
    let above = photo.parent().into_iter().flat_map(Path::components);
    let above: Vec<&OsStr> =
        above.filter(|part| matches!(part, Component::Normal(_))).map(Component::as_os_str).collect();
    let above = &above[above.len().saturating_sub(folders)..];
    let parts = above.iter().copied().chain(last).map(|part| part.to_string_lossy());
    parts.collect::<Vec<_>>().join("_")
}

/// Colours the photo from yellow to red, stronger where the map is higher. Pixels that are not inspected are darkened. The
/// scale is the model's, so that a colour means the same on every photo.
pub fn overlay(photo: &RgbImage, map: &[f32], scale: MapScale) -> RgbImage {
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

/// Radius of a ring, as a share of the photo's shorter side.
const RADIUS: f32 = 0.11;

/// Draws a white ring with a dark rim around the place that a score comes from.
pub fn ring(photo: &mut RgbImage, Place { x, y }: Place) {
    let (width, height) = (photo.width() as f32, photo.height() as f32);
    let (radius, thickness) = (RADIUS * width.min(height), (width.min(height) / 160.0).max(1.0));
    for (column, row, pixel) in photo.enumerate_pixels_mut() {
        let distance = (column as f32 + 0.5 - x * width).hypot(row as f32 + 0.5 - y * height) - radius;
        if distance.abs() < thickness / 2.0 {
            *pixel = Rgb([255; 3]);
        } else if distance.abs() < thickness {
            *pixel = Rgb([0; 3]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_with_the_same_name_get_different_output_names() {
        let names = |photos: &[&str]| super::names(photos.iter().map(Path::new));
        assert_eq!(names(&["a/1.png", "b/2.png"]), ["1", "2"]);
        assert_eq!(names(&["t/a/1.png", "t/b/1.png"]), ["a_1", "b_1"]);
        assert_eq!(names(&["a/1.png", "a/1.jpg"]), ["1.png", "1.jpg"]);
        assert_eq!(names(&["1.png", "1.png"]), ["1", "1"]);
        assert_eq!(names(&["../1.png", "1.png"]), ["1.png_1", "1.png_2"]);
    }

    #[test]
    fn a_colour_means_the_same_on_every_photo() {
        let photo = RgbImage::from_pixel(4, 1, Rgb([90, 90, 90]));
        let scale = MapScale { low: 0.5, high: 2.0 };
        let picture = overlay(&photo, &[0.3, 1.0, 9.0, f32::NAN], scale);
        let [clear, side, _, outside] = [0, 1, 2, 3].map(|x| picture.get_pixel(x, 0).0);
        assert_eq!((clear, outside), ([90, 90, 90], [30, 30, 30]));
        assert_eq!(overlay(&photo, &[1.0, 0.3, 0.3, 0.3], scale).get_pixel(0, 0).0, side);
    }

    #[test]
    fn the_ring_is_around_its_place() {
        let plain = RgbImage::from_pixel(100, 60, Rgb([90; 3]));
        let mut picture = plain.clone();
        ring(&mut picture, Place { x: 0.5, y: 0.5 });
        let changed: Vec<(u32, u32)> =
            picture.enumerate_pixels().filter(|(_, _, pixel)| pixel.0 != [90; 3]).map(|(x, y, _)| (x, y)).collect();
        assert!(!changed.is_empty() && !changed.contains(&(50, 30)));
        let distance = |(x, y): &(u32, u32)| (*x as f32 - 49.5).hypot(*y as f32 - 29.5);
        assert!(changed.iter().all(|pixel| (3.0..9.0).contains(&distance(pixel))), "{changed:?}");
        // A corner, and a photo of one pixel.
        ring(&mut picture, Place { x: 0.0, y: 1.0 });
        ring(&mut RgbImage::new(1, 1), Place { x: 0.5, y: 0.5 });
    }
}
