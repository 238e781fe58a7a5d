//! Pictures for the report: small photos of the worst mistakes and the clearest true positives. Each has its heatmap and
//! the outline of its mask.

use std::io;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use super::{EvalError, Predicted};
use crate::dataset::{Marks, Mask};
use crate::files::{self, FileError};
use crate::heatmap;
use crate::model::Model;

/// Most pictures in each list.
const MOST: usize = 8;
/// Longer side of a picture, pixels.
const SIDE: u32 = 256;
const JPEG_QUALITY: u8 = 85;
/// Colours of the outline and of the dark line around it, which makes it visible on any photo.
const OUTLINE: [Rgb<u8>; 2] = [Rgb([0, 240, 255]), Rgb([0, 30, 40])];

/// Photos to show of a data set, best example first.
pub struct Gallery {
    /// Good photos with the highest scores.
    pub false_positives: Vec<Picture>,
    /// Defective photos with the lowest scores.
    pub false_negatives: Vec<Picture>,
    /// Defective photos with the highest scores.
    pub true_positives: Vec<Picture>,
}

/// Photo to show, with its heatmap.
pub struct Picture {
    /// Index of the photo among the test photos.
    pub index: usize,
    /// Width and height of all its pictures, pixels.
    pub size: (u32, u32),
    /// Photo as JPEG.
    pub photo: Vec<u8>,
    /// Photo with its anomaly map, as JPEG.
    pub heatmap: Vec<u8>,
    /// Photo with the outline of its mask, as JPEG. None without a mask.
    pub outline: Option<Vec<u8>>,
}

impl Gallery {
    /// Reads the photos to show a second time, so that only one photo is in memory at a time.
    pub fn new(model: &Model, predicted: &[Predicted], marks: Marks) -> Result<Self, EvalError> {
        let scores: Vec<(f32, bool)> =
            predicted.iter().map(|photo| (photo.seen.prediction.score, photo.sample.defect.is_some())).collect();
        let [false_positives, false_negatives, true_positives] = choose(&scores);
        let pictures = |chosen: Vec<usize>| -> Result<Vec<Picture>, EvalError> {
            chosen.into_iter().map(|index| picture(model, index, &predicted[index], marks)).collect()
        };
        Ok(Self {
            false_positives: pictures(false_positives)?,
            false_negatives: pictures(false_negatives)?,
            true_positives: pictures(true_positives)?,
        })
    }
}

/// Chooses from photos given as `(score, defective)`. The lists are good photos with the highest scores, then defective
/// photos with the lowest and with the highest scores. No photo is in two lists.
fn choose(scores: &[(f32, bool)]) -> [Vec<usize>; 3] {
    let ascending = |wanted: bool| {
        let mut chosen: Vec<usize> = (0..scores.len()).filter(|&i| scores[i].1 == wanted).collect();
        chosen.sort_by(|&a, &b| scores[a].0.total_cmp(&scores[b].0));
        chosen
    };
    let (good, defective) = (ascending(false), ascending(true));
    let false_negatives = defective.len().div_ceil(2).min(MOST);
    let true_positives = (defective.len() - false_negatives).min(MOST);
    [
        good.into_iter().rev().take(MOST).collect(),
        defective[..false_negatives].to_vec(),
        defective.iter().rev().take(true_positives).copied().collect(),
    ]
}

fn picture(model: &Model, index: usize, predicted: &Predicted, marks: Marks) -> Result<Picture, EvalError> {
    let path = &predicted.sample.photo;
    let photo = thumbnail(files::read_photo(path, &model.category.info.reading())?.pixels);
    let map = predicted.seen.prediction.map(photo.width() as usize, photo.height() as usize);
    let mask = Mask::read(&predicted.sample.masks, marks)?;
    let outline = mask.and_then(|mask| outlined(&photo, &mask));
    let mut heatmap = heatmap::overlay(&photo, &map, model.category.info.map_scale);
    heatmap::ring(&mut heatmap, predicted.seen.prediction.peak);
    Ok(Picture {
        index,
        size: photo.dimensions(),
        photo: jpeg(path, &photo)?,
        heatmap: jpeg(path, &heatmap)?,
        outline: outline.map(|outline| jpeg(path, &outline)).transpose()?,
    })
}

/// Scales `photo` down to a longer side of at most [`SIDE`].
fn thumbnail(photo: RgbImage) -> RgbImage {
    let (width, height) = photo.dimensions();
    let longer = width.max(height);
    if longer <= SIDE {
        return photo;
    }
    let side = |side: u32| ((u64::from(side) * u64::from(SIDE)).div_ceil(u64::from(longer)) as u32).clamp(1, SIDE);
    imageops::resize(&photo, side(width), side(height), FilterType::Triangle)
}

/// Draws a line around the marked pixels of `mask`, of any size, on `photo`. None if no pixel is marked.
fn outlined(photo: &RgbImage, mask: &Mask) -> Option<RgbImage> {
    let (width, height) = photo.dimensions();
    let scaled = |at: u32, from: u32, to: u32| (u64::from(at) * u64::from(to) / u64::from(from)) as u32;
    let mut marked = vec![false; width as usize * height as usize];
    let (mask_width, mask_height) = mask.size;
    let positions = (0..mask_height).flat_map(|y| (0..mask_width).map(move |x| (x, y)));
    for ((x, y), _) in positions.zip(&mask.marked).filter(|(_, marked)| **marked) {
        let (x, y) = (scaled(x, mask_width, width), scaled(y, mask_height, height));
        marked[(y * width + x) as usize] = true;
    }
    if !marked.contains(&true) {
        return None;
    }
    let mut picture = photo.clone();
    for colour in OUTLINE {
        let grown = grow(&marked, width as usize);
        let line = picture.pixels_mut().zip(grown.iter().zip(&marked));
        line.filter(|(_, (grown, marked))| **grown && !**marked).for_each(|(pixel, _)| *pixel = colour);
        marked = grown;
    }
    Some(picture)
}

/// Marked pixels and their neighbours.
fn grow(marked: &[bool], width: usize) -> Vec<bool> {
    let height = marked.len() / width;
    let mut grown = marked.to_vec();
    for at in (0..marked.len()).filter(|&at| marked[at]) {
        let (x, y) = (at % width, at / width);
        for near_y in y.saturating_sub(1)..=(y + 1).min(height - 1) {
            for near_x in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                grown[near_y * width + near_x] = true;
            }
        }
    }
    grown
}

/// Encodes `picture` as JPEG. An error names `path`, its photo.
fn jpeg(path: &Path, picture: &RgbImage) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY)
        .encode_image(picture)
        .map_err(|error| FileError::Read { path: path.to_owned(), source: io::Error::other(error) })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_come_first_and_none_twice() {
        let few = [(0.1, false), (0.9, false), (0.5, true), (0.2, true), (0.8, true)];
        assert_eq!(choose(&few), [vec![1, 0], vec![3, 2], vec![4]]);
        let many: Vec<(f32, bool)> = (0..60).map(|i| (i as f32, i % 2 == 0)).collect();
        let [false_positives, false_negatives, true_positives] = choose(&many);
        assert_eq!(false_positives, [59, 57, 55, 53, 51, 49, 47, 45]);
        assert_eq!(false_negatives, [0, 2, 4, 6, 8, 10, 12, 14]);
        assert_eq!(true_positives, [58, 56, 54, 52, 50, 48, 46, 44]);
        assert!(choose(&[]).iter().all(Vec::is_empty));
    }

    #[test]
    fn thumbnails_are_small_and_never_empty() {
        let size = |width, height| thumbnail(RgbImage::new(width, height)).dimensions();
        assert_eq!(size(1024, 512), (256, 128));
        assert_eq!(size(30, 3000), (3, 256));
        assert_eq!(size(1, 5000), (1, 256));
        assert_eq!(size(100, 80), (100, 80));
    }

    #[test]
    fn the_outline_is_around_the_mask_and_leaves_it_free() {
        let photo = RgbImage::from_pixel(64, 64, Rgb([9; 3]));
        let mut mask = Mask::blank((128, 128));
        mask.marked[80 * 128 + 60] = true;
        let picture = outlined(&photo, &mask).unwrap();
        assert_eq!(*picture.get_pixel(30, 40), Rgb([9; 3]));
        assert_eq!(*picture.get_pixel(31, 40), OUTLINE[0]);
        assert_eq!(*picture.get_pixel(28, 38), OUTLINE[1]);
        assert_eq!(*picture.get_pixel(27, 40), Rgb([9; 3]));
        assert_eq!(outlined(&photo, &Mask::blank((128, 128))), None);
    }
}
