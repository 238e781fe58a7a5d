//! A photo with its anomaly map over it, as a picture to look at.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Component, Path};

use cse::files::category_file::MapScale;
use image::{Rgb, RgbImage};

/// A name for the files that are made of each of `photos`: the photo's own, with as much of its path before it, and its
/// ending, as it takes to tell them apart.
pub fn names<'a>(photos: impl Iterator<Item = &'a Path> + Clone) -> Vec<String> {
    let deepest = photos.clone().map(|photo| photo.components().count()).max().unwrap_or(0);
    let different = photos.clone().collect::<HashSet<_>>().len();
    let ways = [false, true].into_iter().flat_map(|ending| (0..deepest).map(move |folders| (ending, folders)));
    let named = |(ending, folders)| photos.clone().map(|photo| name(photo, ending, folders)).collect::<Vec<_>>();
    let told_apart = |names: &Vec<String>| names.iter().collect::<HashSet<_>>().len() == different;
    // Paths may differ in what no file name can say, as `../a` and `a` do.
    let numbered = || named((true, deepest)).into_iter().zip(1..).map(|(name, number)| format!("{name}_{number}"));
    ways.map(named).find(told_apart).unwrap_or_else(|| numbered().collect())
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
    fn photos_of_one_name_get_names_of_their_own() {
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
