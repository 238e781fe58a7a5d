//! Training set: the windows of good photos and their synthetic defects, as features.
//!
//! The extractor is frozen and takes nine tenths of the time of a training step, so features are computed once.

use std::ops::Range;

use burn::tensor::{Device, Tensor};
use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::drawing::{Drawing, DrawnPart, PhotoFacts, one_by_one};
use super::error::TrainingError;
use super::feature_store::{Bytes, FeatureStore, Layout, Packed, Slot, StoreError};
use crate::defects::DefectMaker;
use crate::detectors::detector::{Detector, read};
use crate::files::extractor_file::Extractor;
use crate::image::inspected::Inspected;
use crate::image::photo::Photo;
use crate::image::preprocess;
use crate::image::view::View;
use crate::network::features::Features;
use crate::network::taps::Taps;
use crate::scoring::aggregation::Aggregation;
use crate::scoring::distances::Distances;

/// Windows in one pass of the extractor.
pub const EXTRACTED_AT_ONCE: usize = 9;
/// Windows in one pass over stored features.
pub const STORED_AT_ONCE: usize = 16;

/// Most synthetic defects of a window whose scores are computed.
const DEFECTS_SCORED: usize = 4;

/// Window of a good photo.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// Slot of its features.
    pub normal: Slot,
    /// Positions that count. None where all do.
    pub inspected: Option<Inspected>,
    /// Slots of its copies with a defect.
    pub defective: Vec<Slot>,
}

/// Good photo.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrainingPhoto {
    /// Samples of all its windows.
    pub samples: Range<usize>,
    /// Samples of the inspection windows.
    pub inspected: Range<usize>,
    /// Sketch, for near-duplicate detection.
    pub sketch: Vec<f32>,
    /// SHA-256 of its file.
    pub digest: [u8; 32],
    /// Index of the photo that this is a varied copy of. Its own index if it is none.
    pub original: usize,
}

/// Slots of the good windows of `samples`.
pub fn normal(samples: &[&Sample]) -> Vec<Slot> {
    samples.iter().map(|sample| sample.normal).collect()
}

/// Values of one photo's windows.
#[derive(Clone, Debug)]
pub struct PhotoValues<T> {
    /// Values of each inspection window.
    pub good: Vec<T>,
    /// Values of each window with a synthetic defect, in the order of [`TrainingSet::defective_slots`].
    pub defective: Vec<T>,
}

impl<T> PhotoValues<T> {
    /// Applies `change` to all values.
    pub fn map<U>(self, change: impl Fn(T) -> U) -> PhotoValues<U> {
        let changed = |values: Vec<T>| values.into_iter().map(&change).collect();
        PhotoValues { good: changed(self.good), defective: changed(self.defective) }
    }
}

/// Features of good photos and of their synthetic defects.
pub struct TrainingSet {
    /// Features.
    pub store: FeatureStore,
    /// Windows of all photos.
    pub samples: Vec<Sample>,
    /// Photos in the order in which they were added.
    pub photos: Vec<TrainingPhoto>,
}

impl TrainingSet {
    /// An empty set for windows of `view`, which keeps its features in `bytes`.
    pub fn new(extractor: &Extractor, view: View, bytes: Box<dyn Bytes>) -> Self {
        let layout = Layout { backbone: extractor.info.architecture, grid: view.grid() };
        Self { store: FeatureStore::new(layout, bytes), samples: Vec::new(), photos: Vec::new() }
    }

    /// Draws and adds one photo, whose file has the SHA-256 `digest`, step by step. A caller with several cores calls
    /// [`Drawing::photo`], [`extract`] and [`add`](Self::add) itself.
    pub async fn add_photo(
        &mut self,
        photo: &Photo,
        digest: [u8; 32],
        drawing: &mut Drawing,
        maker: &DefectMaker,
        extractor: &Extractor,
        device: &Device,
    ) -> Result<(), TrainingError> {
        for part in drawing.photo(photo, digest) {
            let drawn = part.draw(maker, one_by_one);
            let packed = extract(&drawn, self.store.layout(), extractor, device).await?;
            self.add(drawn, &packed)?;
        }
        Ok(())
    }

    /// Adds windows with their features to the photo that they begin, or to the last one.
    pub fn add(&mut self, part: DrawnPart, packed: &[Packed]) -> Result<(), TrainingError> {
        if let Some(PhotoFacts { inspected, sketch, digest, copy }) = part.begins {
            let (start, photo) = (self.samples.len(), self.photos.len());
            let inspected = start..start + inspected;
            let original = self.photos.last().filter(|_| copy).map_or(photo, |last| last.original);
            self.photos.push(TrainingPhoto { samples: start..start, inspected, sketch, digest, original });
        }
        let mut slots = Vec::new();
        for batch in packed {
            slots.extend(self.store.push(batch)?);
        }
        let mut slots = slots.into_iter();
        for window in &part.windows {
            let Some(normal) = slots.next() else { break };
            let defective = slots.by_ref().take(window.defective.len()).collect();
            self.samples.push(Sample { normal, inspected: window.inspected.clone(), defective });
        }
        if let Some(photo) = self.photos.last_mut() {
            photo.samples.end = self.samples.len();
        }
        Ok(())
    }

    /// Adds the features of copies of a sample with a defect, which its part had left out.
    pub fn add_defects(&mut self, sample: usize, packed: &[Packed]) -> Result<(), StoreError> {
        for batch in packed {
            let slots = self.store.push(batch)?;
            self.samples[sample].defective.extend(slots);
        }
        Ok(())
    }

    /// Indices of all photos that are no varied copies.
    pub fn originals(&self) -> Vec<usize> {
        self.originals_of(&(0..self.photos.len()).collect::<Vec<_>>())
    }

    /// Those of `photos` that are no varied copies.
    pub fn originals_of(&self, photos: &[usize]) -> Vec<usize> {
        photos.iter().copied().filter(|photo| self.photos[*photo].original == *photo).collect()
    }

    /// Samples of all windows of `photos`.
    pub fn windows(&self, photos: &[usize]) -> Vec<&Sample> {
        photos.iter().flat_map(|photo| &self.samples[self.photos[*photo].samples.clone()]).collect()
    }

    /// Samples of the inspection windows of a photo.
    pub fn inspected(&self, photo: usize) -> &[Sample] {
        &self.samples[self.photos[photo].inspected.clone()]
    }

    /// Slots of the inspection windows of a photo.
    pub fn inspected_slots(&self, photo: usize) -> Vec<Slot> {
        self.inspected(photo).iter().map(|sample| sample.normal).collect()
    }

    /// Slots of synthetic defects in the inspection windows of a photo, at most four a window, each with the number of its
    /// window. They show how well defects are detected at a threshold.
    pub fn defective_slots(&self, photo: usize) -> Vec<(usize, Slot)> {
        let windows = self.inspected(photo).iter().enumerate();
        windows
            .flat_map(|(window, sample)| sample.defective.iter().take(DEFECTS_SCORED).map(move |slot| (window, *slot)))
            .collect()
    }

    /// Values `[c, h, w]` that `compute` gives for the features of each slot, read back from `device`.
    ///
    /// # Errors
    /// The device fails, the features cannot be read, or they are not those of an EfficientNet.
    pub async fn compute(
        &self,
        slots: &[Slot],
        device: &Device,
        compute: impl Fn(Features) -> Tensor<4>,
    ) -> Result<Vec<Vec<f32>>, TrainingError> {
        let mut values = Vec::with_capacity(slots.len());
        for batch in slots.chunks(STORED_AT_ONCE) {
            values.extend(read(compute(self.store.batch(batch, device)?.efficient_net()?)).await?);
        }
        Ok(values)
    }

    /// Values as of [`compute`](Self::compute) for a photo.
    pub async fn compute_photo(
        &self,
        photo: usize,
        device: &Device,
        compute: impl Fn(Features) -> Tensor<4>,
    ) -> Result<PhotoValues<Vec<f32>>, TrainingError> {
        let good = self.compute(&self.inspected_slots(photo), device, &compute).await?;
        let defective: Vec<Slot> = self.defective_slots(photo).into_iter().map(|(_, slot)| slot).collect();
        Ok(PhotoValues { good, defective: self.compute(&defective, device, &compute).await? })
    }

    /// Distances of the inspection windows of a photo.
    pub async fn distances(
        &self,
        photo: usize,
        detector: &Detector,
        taps: Taps,
        aggregation: Aggregation,
        device: &Device,
    ) -> Result<Vec<Distances>, TrainingError> {
        let samples = self.inspected(photo);
        let mut distances = Vec::with_capacity(samples.len());
        for batch in samples.chunks(STORED_AT_ONCE) {
            let slots: Vec<Slot> = batch.iter().map(|sample| sample.normal).collect();
            let outputs = detector.forward(self.store.batch(&slots, device)?, taps)?.read().await?;
            let each = outputs.iter().zip(batch);
            distances.extend(
                each.map(|(output, sample)| detector.distances(output, aggregation, sample.inspected.as_ref())),
            );
        }
        Ok(distances)
    }
}

/// Features of windows and of their copies with a defect, packed for a store of `layout`.
pub async fn extract(
    part: &DrawnPart,
    layout: Layout,
    extractor: &Extractor,
    device: &Device,
) -> Result<Vec<Packed>, TrainingError> {
    let images = part
        .windows
        .iter()
        .flat_map(|window| std::iter::once(&window.normal).chain(window.defective.iter().map(|made| &made.image)));
    extract_images(&images.collect::<Vec<_>>(), layout, extractor, device).await
}

/// Features of images of a view's size, packed for a store of `layout`.
pub async fn extract_images(
    images: &[&RgbImage],
    layout: Layout,
    extractor: &Extractor,
    device: &Device,
) -> Result<Vec<Packed>, TrainingError> {
    let mut packed = Vec::with_capacity(images.len().div_ceil(EXTRACTED_AT_ONCE));
    for batch in images.chunks(EXTRACTED_AT_ONCE) {
        let maps = extractor.network.forward(preprocess::to_tensor(batch.iter().copied(), device));
        packed.push(layout.pack(maps).await?);
    }
    Ok(packed)
}
