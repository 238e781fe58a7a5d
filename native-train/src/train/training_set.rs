//! What training learns from: windows of good photos and their synthetic defects, as features.
//!
//! The extractor is frozen and takes nine tenths of a training step, and the normal images never change.

use std::path::PathBuf;

use burn::tensor::{Device, Tensor};
use cse::defects::{DefectMaker, Defective};
use cse::efficientnet::Features;
use cse::extractor_file::Extractor;
use cse::preprocess::{self, INPUT_SIDE};
use cse::score::GRID;
use cse::view::View;
use image::{GrayImage, RgbImage};
use indicatif::ProgressBar;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::TrainError;
use super::feature_store::{FeatureStore, Slot};
use crate::files;
use crate::inspection;

/// Images in one pass of the extractor.
///
/// One image with the default number of defects, so that a photo of one window is one pass.
const BATCH: usize = 9;

/// A window with a synthetic defect.
#[derive(Clone, Debug)]
pub struct DefectiveSample {
    /// Its features.
    pub slot: Slot,
    /// Share of each of the 14 x 14 positions that the defect covers, 0 to 255.
    pub cover: Vec<u8>,
}

/// A window of a good photo.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its features.
    pub normal: Slot,
    /// Its defective versions.
    pub defective: Vec<DefectiveSample>,
}

/// A photo, and which of the samples are its windows.
#[derive(Clone, Debug)]
pub struct Photo {
    /// First sample, and the one after the last.
    pub samples: std::ops::Range<usize>,
}

/// The normal ones of `samples`.
pub fn normal(samples: &[Sample]) -> Vec<Slot> {
    samples.iter().map(|sample| sample.normal).collect()
}

/// All samples with their features.
#[derive(Debug)]
pub struct TrainingSet {
    /// Where the features are.
    pub store: FeatureStore,
    /// To train on.
    pub train: Vec<Sample>,
    /// To validate and to calibrate with.
    pub validation: Vec<Sample>,
    /// The photos that the validation samples are windows of.
    pub validation_photos: Vec<Photo>,
}

/// How windows and defects are made.
pub struct Recipe<'a> {
    /// How photos are looked at.
    pub view: View,
    /// Windows to train on altogether, or more where the photos have more that an inspection looks at.
    pub windows: usize,
    /// Synthetic defects of each window.
    pub defects: usize,
    /// Makes them.
    pub maker: &'a DefectMaker,
    /// Of everything random.
    pub seed: u64,
}

impl TrainingSet {
    /// Windows, defects and features of `train` and `validation` photos.
    pub fn make(
        extractor: &Extractor,
        device: &Device,
        (train, validation): (&[PathBuf], &[PathBuf]),
        recipe: &Recipe<'_>,
        bar: &ProgressBar,
    ) -> Result<Self, TrainError> {
        let store = FeatureStore::new(extractor.info.architecture.tap_channels()).map_err(TrainError::Store)?;
        let mut set = Self { store, train: Vec::new(), validation: Vec::new(), validation_photos: Vec::new() };
        // Photos are read and defects drawn ahead of the device, so that it never waits for them; no more than a few
        // photos ahead, so that memory is bounded.
        let (made, making) = std::sync::mpsc::sync_channel(PHOTOS_AHEAD);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let rng = &mut ChaCha8Rng::seed_from_u64(recipe.seed);
                let each = recipe.windows.div_ceil(train.len().max(1));
                let mut task = recipe.seed << 32;
                let of_train = train.iter().map(|path| (path, true));
                for (path, to_train) in of_train.chain(validation.iter().map(|path| (path, false))) {
                    let windows = files::read_photo(path).map(|photo| {
                        let windows = if to_train {
                            training_windows(&photo, recipe.view, each, rng)
                        } else {
                            recipe.view.windows(&photo).into_iter().map(|window| window.image).collect()
                        };
                        with_defects(windows, recipe, &mut task)
                    });
                    // Nobody listens any more after an error: there is nothing left to do.
                    if made.send((windows, to_train)).is_err() {
                        return;
                    }
                }
            });
            for (windows, to_train) in making {
                let samples = set.add(extractor, device, &windows?, bar)?;
                if to_train {
                    set.train.extend(samples);
                } else {
                    let start = set.validation.len();
                    set.validation.extend(samples);
                    set.validation_photos.push(Photo { samples: start..set.validation.len() });
                }
            }
            Ok(set)
        })
    }

    /// What `compute` makes of the features of each image, read back; some images at once.
    pub fn compute(
        &self,
        slots: &[Slot],
        device: &Device,
        compute: impl Fn(Features) -> Tensor<4>,
    ) -> Result<Vec<Vec<f32>>, TrainError> {
        let mut values = Vec::with_capacity(slots.len());
        for batch in slots.chunks(STORED_BATCH) {
            let features = self.store.batch(batch, device).map_err(TrainError::Store)?;
            values.extend(inspection::wait(cse::detector::read(compute(features)))?);
        }
        Ok(values)
    }

    fn add(
        &mut self,
        extractor: &Extractor,
        device: &Device,
        windows: &[Drawn],
        bar: &ProgressBar,
    ) -> Result<Vec<Sample>, TrainError> {
        let images: Vec<&RgbImage> = windows
            .iter()
            .flat_map(|window| std::iter::once(&window.normal).chain(window.defective.iter().map(|made| &made.image)))
            .collect();
        let mut slots = Vec::with_capacity(images.len());
        for batch in images.chunks(BATCH) {
            let features = extractor.network.forward(preprocess::to_tensor(batch.iter().copied(), device));
            slots.extend(self.store.push(features).map_err(TrainError::Store)?);
        }
        let mut slots = slots.into_iter();
        let mut samples = Vec::with_capacity(windows.len());
        for window in windows {
            let Some(normal) = slots.next() else { break };
            let defective = window
                .defective
                .iter()
                .zip(&mut slots)
                .map(|(made, slot)| DefectiveSample { slot, cover: cover(&made.mask) })
                .collect();
            samples.push(Sample { normal, defective });
            bar.inc(1);
        }
        Ok(samples)
    }
}

/// Images in one pass over stored features.
pub const STORED_BATCH: usize = 16;
/// Photos that are read and drawn on ahead of the device.
const PHOTOS_AHEAD: usize = 4;

/// A window and its defective versions.
struct Drawn {
    normal: RgbImage,
    defective: Vec<Defective>,
}

/// Draws the defects of each window in parallel, from a seed of its own each.
fn with_defects(windows: Vec<RgbImage>, recipe: &Recipe<'_>, task: &mut u64) -> Vec<Drawn> {
    let draw = |normal: RgbImage, task: &mut u64| {
        let seeds = *task..*task + recipe.defects as u64;
        *task = seeds.end;
        let defective = seeds.into_par_iter().map(|seed| recipe.maker.make(&normal, seed)).collect();
        Drawn { normal, defective }
    };
    windows.into_iter().map(|window| draw(window, task)).collect()
}

/// The windows of a photo to train on: those that an inspection would look at, and for tiles more at random places until
/// there are `count`. Random ones alone would hardly ever show a photo's ends, which then pass for defects.
fn training_windows(photo: &RgbImage, view: View, count: usize, rng: &mut impl Rng) -> Vec<RgbImage> {
    let mut windows: Vec<RgbImage> = view.windows(photo).into_iter().map(|window| window.image).collect();
    if view != View::Tiles {
        return windows;
    }
    let scaled = view.scaled(photo);
    let mut corner = |side: u32| rng.random_range(0..=side - INPUT_SIDE);
    while windows.len() < count {
        let (x, y) = (corner(scaled.width()), corner(scaled.height()));
        windows.push(image::imageops::crop_imm(&scaled, x, y, INPUT_SIDE, INPUT_SIDE).to_image());
    }
    windows
}

/// Share of each of the 14 x 14 positions that a mask of 224 x 224 covers, 0 to 255.
fn cover(mask: &GrayImage) -> Vec<u8> {
    const CELL: u32 = INPUT_SIDE / GRID as u32;
    let mut counts = vec![0u32; GRID * GRID];
    for (x, y, pixel) in mask.enumerate_pixels() {
        counts[(y / CELL) as usize * GRID + (x / CELL) as usize] += u32::from(pixel.0[0] != 0);
    }
    counts.iter().map(|count| (count * 255 / (CELL * CELL)) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_is_half_covered_counts_half() {
        let mut mask = GrayImage::new(224, 224);
        for (x, y) in (16..32).flat_map(|x| (0..8).map(move |y| (x, y))) {
            mask.put_pixel(x, y, image::Luma([255]));
        }
        let cover = cover(&mask);
        assert_eq!((cover[0], cover[1], cover[2], cover[15]), (0, 127, 0, 0));
    }

    #[test]
    fn tiles_give_what_is_inspected_and_as_many_as_asked_for() {
        let photo = RgbImage::from_fn(700, 224, |x, _| image::Rgb([(x / 3) as u8; 3]));
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        let windows = training_windows(&photo, View::Tiles, 7, rng);
        assert_eq!(windows.len(), 7);
        let inspected = View::Tiles.windows(&photo);
        assert!(inspected.iter().zip(&windows).all(|(inspected, window)| inspected.image == *window));
        assert_eq!(training_windows(&photo, View::Resize, 5, rng).len(), 1);
    }
}
