//! What training learns from: windows of good photos and their synthetic defects, as features.
//!
//! The extractor is frozen and takes nine tenths of a training step, and the normal images never change.

use std::ops::Range;
use std::path::PathBuf;

use burn::tensor::{Device, Tensor};
use cse::defects::{DefectMaker, Defective};
use cse::efficientnet::Features;
use cse::extractor_file::Extractor;
use cse::inspected::Inspected;
use cse::photo::Reading;
use cse::preprocess;
use cse::score::GRID;
use cse::view::View;
use image::{DynamicImage, GrayImage, RgbImage};
use indicatif::ProgressBar;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::error::TrainError;
use super::feature_store::{Encoded, FeatureStore, Slot};
use super::sketch::sketch;
use crate::covered::covered_pixels;
use crate::devices;
use crate::files;
use crate::inspection;
use crate::progress;

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
    /// Positions that count. None where all do.
    pub inspected: Option<Inspected>,
    /// Its defective versions.
    pub defective: Vec<DefectiveSample>,
}

/// A good photo: which of the samples are its windows, and what tells its piece from others.
#[derive(Clone, Debug)]
pub struct Photo {
    /// All, to learn from.
    pub samples: Range<usize>,
    /// Those of them that an inspection looks at.
    pub inspected: Range<usize>,
    /// See [`sketch`].
    pub sketch: Vec<f32>,
    /// SHA-256 of its file.
    pub digest: [u8; 32],
}

/// The normal ones of `samples`.
pub fn normal(samples: &[&Sample]) -> Vec<Slot> {
    samples.iter().map(|sample| sample.normal).collect()
}

/// All good photos as samples with their features.
#[derive(Debug)]
pub struct TrainingSet {
    /// Where the features are.
    pub store: FeatureStore,
    /// Windows of all photos.
    pub samples: Vec<Sample>,
    /// In the order in which they were given.
    pub photos: Vec<Photo>,
}

/// Defects altogether: a training draws some 4,000 for each embedder, and fewer to draw from cost two points of AUROC on
/// magnetic tile.
const DEFECTS: usize = 6400;
/// Of each window, at least and at most.
const DEFECTS_EACH: (usize, usize) = (2, 8);

/// Synthetic defects of each of so many windows: as many as asked for, or as make [`DEFECTS`] altogether.
pub fn defects_each(asked: Option<u32>, windows: usize) -> usize {
    let (least, most) = DEFECTS_EACH;
    asked.map_or_else(|| (DEFECTS / windows.max(1)).clamp(least, most), |each| each as usize)
}

/// Windows of `photos` to learn from: `windows` altogether, or more where the photos have more that an inspection looks
/// at.
pub fn windows_of_all(photos: &[PathBuf], view: View, windows: usize) -> Result<usize, TrainError> {
    let each = windows_each(photos, windows);
    let mut count = 0;
    for path in photos {
        let (width, height) = files::photo_size(path)?;
        count += window_count(view.regions(width, height).len(), view, each);
    }
    Ok(count)
}

fn windows_each(photos: &[PathBuf], windows: usize) -> usize {
    windows.div_ceil(photos.len().max(1))
}

/// How windows and defects are made.
pub struct Recipe<'a> {
    /// How photos are looked at.
    pub view: View,
    /// Windows altogether, or more where the photos have more that an inspection looks at.
    pub windows: usize,
    /// Synthetic defects of each window, and what makes them; the plain statistics need none.
    pub defects: Option<(usize, &'a DefectMaker)>,
    /// Of everything random.
    pub seed: u64,
    /// How photos are decoded.
    pub reading: Reading,
}

impl TrainingSet {
    /// Windows, defects and features of `photos`.
    pub fn make(
        extractor: &Extractor,
        device: &Device,
        photos: &[PathBuf],
        recipe: &Recipe<'_>,
    ) -> Result<Self, TrainError> {
        let each = windows_each(photos, recipe.windows);
        let count = windows_of_all(photos, recipe.view, recipe.windows)?;
        let bar = progress::bar(count as u64, "features", "windows");
        let store = FeatureStore::new(extractor.info.architecture.tap_channels()).map_err(TrainError::Store)?;
        let mut set = Self { store, samples: Vec::new(), photos: Vec::new() };
        // Photos are read and defects drawn ahead of the device, so that it never waits for them; no more than a few parts
        // ahead, so that memory is bounded: a large photo has hundreds of windows.
        let (made, making) = std::sync::mpsc::sync_channel(PARTS_AHEAD);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let rng = &mut ChaCha8Rng::seed_from_u64(recipe.seed);
                let mut task = recipe.seed << 32;
                for path in photos {
                    let read = files::read(path).and_then(|bytes| {
                        let photo = files::decode_photo(path, &bytes, &recipe.reading)?;
                        let (windows, inspected) = windows(&photo, recipe.view, each, rng);
                        let (sketch, digest) = (sketch(&photo.pixels), Sha256::digest(&bytes).into());
                        Ok((windows, PhotoFacts { inspected, sketch, digest }))
                    });
                    let (mut windows, mut facts) = match read {
                        Ok((windows, facts)) => (windows, Some(facts)),
                        Err(error) => {
                            made.send(Err(error)).ok();
                            return;
                        }
                    };
                    // At least one part, so that every photo is begun.
                    while facts.is_some() || !windows.is_empty() {
                        let rest = windows.split_off(windows.len().min(PART));
                        let windows = with_defects(std::mem::replace(&mut windows, rest), recipe.defects, &mut task);
                        let part = Part { windows, begins: facts.take() };
                        // Nobody listens any more after an error: there is nothing left to do.
                        if made.send(Ok(part)).is_err() {
                            return;
                        }
                    }
                }
            });
            let mut making = making.into_iter();
            // A pass of the extractor keeps little more than one core busy.
            let at_once = if devices::is_cpu(device) { rayon::current_num_threads() } else { 1 };
            loop {
                let drawn = making.by_ref().take(at_once).collect::<Result<Vec<_>, _>>()?;
                if drawn.is_empty() {
                    break;
                }
                let encoded = drawn.par_iter().map(|part| set.extract(extractor, device, &part.windows, &bar));
                let encoded = encoded.collect::<Result<Vec<_>, _>>()?;
                for (part, batches) in drawn.into_iter().zip(encoded) {
                    set.add(part, &batches)?;
                }
            }
            bar.finish();
            Ok(set)
        })
    }

    /// The windows of `photos` that an inspection looks at, without defects.
    pub fn inspected_only(
        extractor: &Extractor,
        device: &Device,
        photos: &[PathBuf],
        view: View,
        reading: Reading,
    ) -> Result<Self, TrainError> {
        Self::make(extractor, device, photos, &Recipe { view, windows: 0, defects: None, seed: 0, reading })
    }

    /// All windows of `photos`.
    pub fn windows(&self, photos: &[usize]) -> Vec<&Sample> {
        photos.iter().flat_map(|photo| &self.samples[self.photos[*photo].samples.clone()]).collect()
    }

    /// Positions that count in each window of a photo that an inspection looks at.
    pub fn counted(&self, photo: usize) -> impl Iterator<Item = Option<&Inspected>> {
        self.samples[self.photos[photo].inspected.clone()].iter().map(|sample| sample.inspected.as_ref())
    }

    /// The windows of a photo that an inspection looks at, without defects.
    pub fn inspected(&self, photo: usize) -> Vec<Slot> {
        self.samples[self.photos[photo].inspected.clone()].iter().map(|sample| sample.normal).collect()
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

    /// Features of windows and of their defective versions, some images at once.
    fn extract(
        &self,
        extractor: &Extractor,
        device: &Device,
        windows: &[Drawn],
        bar: &ProgressBar,
    ) -> Result<Vec<Encoded>, TrainError> {
        let images: Vec<&RgbImage> = windows
            .iter()
            .flat_map(|window| std::iter::once(&window.normal).chain(window.defective.iter().map(|made| &made.image)))
            .collect();
        let mut encoded = Vec::with_capacity(images.len().div_ceil(BATCH));
        let mut done = 0;
        for batch in images.chunks(BATCH) {
            let features = extractor.network.forward(preprocess::to_tensor(batch.iter().copied(), device));
            encoded.push(self.store.encode(features)?);
            done += batch.len();
            let before = (done - batch.len()) * windows.len() / images.len();
            bar.inc((done * windows.len() / images.len() - before) as u64);
        }
        Ok(encoded)
    }

    /// Adds windows with their features to the photo that they begin, or to the last one.
    fn add(&mut self, part: Part, batches: &[Encoded]) -> Result<(), TrainError> {
        if let Some(PhotoFacts { inspected, sketch, digest }) = part.begins {
            let start = self.samples.len();
            let inspected = start..start + inspected;
            self.photos.push(Photo { samples: start..start, inspected, sketch, digest });
        }
        let mut slots = Vec::new();
        for batch in batches {
            slots.extend(self.store.push(batch).map_err(TrainError::Store)?);
        }
        let mut slots = slots.into_iter();
        for window in &part.windows {
            let Some(normal) = slots.next() else { break };
            let covered = window.defective.iter().map(|made| cover(&made.mask));
            let defective = covered.zip(&mut slots).map(|(cover, slot)| DefectiveSample { slot, cover }).collect();
            self.samples.push(Sample { normal, inspected: window.inspected.clone(), defective });
        }
        if let Some(photo) = self.photos.last_mut() {
            photo.samples.end = self.samples.len();
        }
        Ok(())
    }
}

/// Images in one pass over stored features.
pub const STORED_BATCH: usize = 16;
/// Parts that are drawn ahead of the device.
const PARTS_AHEAD: usize = 4;
/// Windows in a part. A multiple of [`BATCH`], so that the passes of the extractor do not depend on it.
const PART: usize = 2 * BATCH;

/// Some windows of one photo, in their order.
struct Part {
    windows: Vec<Drawn>,
    /// With the first ones of a photo.
    begins: Option<PhotoFacts>,
}

/// What is known of a photo beside its windows.
struct PhotoFacts {
    /// The first so many windows are those that an inspection looks at.
    inspected: usize,
    sketch: Vec<f32>,
    digest: [u8; 32],
}

/// A window and its defective versions.
struct Drawn {
    normal: RgbImage,
    inspected: Option<Inspected>,
    defective: Vec<Defective>,
}

/// A window of a photo.
struct Window {
    image: RgbImage,
    /// 255 for pixels that count. None where all do.
    mask: Option<RgbImage>,
}

/// Draws the defects of each window in parallel, from a seed of its own each.
fn with_defects(windows: Vec<Window>, defects: Option<(usize, &DefectMaker)>, task: &mut u64) -> Vec<Drawn> {
    let draw = |Window { image: normal, mask }: Window, task: &mut u64| {
        let inspected = mask.as_ref().and_then(Inspected::of_window);
        let Some((count, maker)) = defects else { return Drawn { normal, inspected, defective: Vec::new() } };
        let seeds = *task..*task + count as u64;
        *task = seeds.end;
        let make = |seed| {
            let mut made = maker.make(&normal, seed);
            if let Some(mask) = &mask {
                keep_outside(&mut made, &normal, mask);
            }
            made
        };
        let defective = seeds.into_par_iter().map(make).collect();
        Drawn { normal, inspected, defective }
    };
    windows.into_iter().map(|window| draw(window, task)).collect()
}

/// Takes a defect back where a photo does not count: nothing is learned there.
fn keep_outside(made: &mut Defective, normal: &RgbImage, mask: &RgbImage) {
    let counts = mask.pixels().zip(normal.pixels());
    for ((pixel, marked), (counts, normal)) in made.image.pixels_mut().zip(made.mask.pixels_mut()).zip(counts) {
        if counts[0] < u8::MAX {
            *pixel = *normal;
            marked[0] = 0;
        }
    }
}

/// The windows of a photo to learn from, and how many of them, the first ones, an inspection would look at: for tiles
/// others at random places follow until there are `count`. Random ones alone would hardly ever show a photo's ends, which
/// then pass for defects.
fn windows(photo: &cse::photo::Photo, view: View, count: usize, rng: &mut impl Rng) -> (Vec<Window>, usize) {
    let windows = view.windows(&photo.pixels);
    let mask = photo.opaque.clone().map(|opaque| DynamicImage::from(opaque).into_rgb8());
    let mask = mask.as_ref().map(|mask| view.windows(mask));
    let inspected = windows.count();
    let others = window_count(inspected, view, count) - inspected;
    let random = std::iter::repeat_with(|| windows.random_corner(rng)).take(others);
    let cut = |corner| Window { image: windows.at(corner), mask: mask.as_ref().map(|mask| mask.at(corner)) };
    let learnt = windows.corners().iter().copied().chain(random).map(cut).collect();
    (learnt, inspected)
}

/// How many windows of a photo are learnt from, where an inspection looks at `inspected`.
fn window_count(inspected: usize, view: View, count: usize) -> usize {
    if view == View::Tiles { inspected.max(count) } else { inspected }
}

/// Share of each of the 14 x 14 positions that a mask of 224 x 224 covers, 0 to 255.
fn cover(mask: &GrayImage) -> Vec<u8> {
    let (counts, cell) = covered_pixels(mask, GRID as u32);
    counts.iter().map(|count| (count * 255 / cell) as u8).collect()
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
    fn many_photos_get_fewer_defects_each() {
        assert_eq!([10, 800, 2000, 5000].map(|windows| defects_each(None, windows)), [8, 8, 3, 2]);
        assert_eq!(defects_each(Some(5), 764), 5);
    }

    #[test]
    fn tiles_give_what_is_inspected_and_as_many_as_asked_for() {
        let photo = RgbImage::from_fn(700, 224, |x, _| image::Rgb([(x / 3) as u8; 3]));
        let photo = cse::photo::Photo::of_pixels(photo);
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        let (learnt, inspected) = windows(&photo, View::Tiles, 7, rng);
        let looked_at = View::Tiles.windows(&photo.pixels);
        assert_eq!((learnt.len(), inspected), (7, looked_at.count()));
        assert!(looked_at.images().zip(&learnt).all(|(inspected, window)| inspected == window.image));
        assert_eq!(windows(&photo, View::Resize, 5, rng).0.len(), 1);
    }
}
