//! Heatmap: a photo with its anomaly map drawn over it.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Component, Path};

use cse::files::category_file::MapScale;
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

/// Colours the photo from yellow to red, stronger where the map is higher. Pixels that are not inspected are darkened. A
/// map that exceeds the scale raises the scale's top.
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
    fn photos_with_the_same_name_get_different_output_names() {
        let names = |photos: &[&str]| super::names(photos.iter().map(Path::new));
        assert_eq!(names(&["a/1.png", "b/2.png"]), ["1", "2"]);
        assert_eq!(names(&["t/a/1.png", "t/b/1.png"]), ["a_1", "b_1"]);
        assert_eq!(names(&["a/1.png", "a/1.jpg"]), ["1.png", "1.jpg"]);
        assert_eq!(names(&["1.png", "1.png"]), ["1", "1"]);
        assert_eq!(names(&["../1.png", "1.png"]), ["1.png_1", "1.png_2"]);
    }

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
