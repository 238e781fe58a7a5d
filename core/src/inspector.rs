//! The whole path, one step a function: photo -> windows -> features -> read-out -> distances -> finding.
//!
//! The steps are apart so that a caller can time each (this crate reads no clock), and asynchronous where they wait for
//! the device, since a browser cannot block on its GPU. On the CPU they are ready at once.

use burn::tensor::{Device, ExecutionError, Tensor};
use image::RgbImage;

use crate::anomaly_map::Patch;
use crate::comparison::Comparison;
use crate::detector::read;
use crate::efficientnet::Features;
use crate::extractor_file::Extractor;
use crate::inspected::Inspected;
use crate::photo::Photo;
use crate::preprocess;
use crate::score::ScoreRule;
use crate::texture_file::TextureModel;
use crate::view::{Region, Windows};

/// An extractor and a texture model on one device.
#[derive(Debug)]
pub struct Inspector<'a> {
    /// The frozen network.
    pub extractor: &'a Extractor,
    /// What good looks like.
    pub texture: &'a TextureModel,
    /// Where both are.
    pub device: &'a Device,
}

/// Why a photo has no finding.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The device, while computing.
    #[error("the device failed ({0}): try the CPU")]
    Device(String),
    /// A distance that is not finite. Compared with a threshold, NaN would pass for good.
    #[error("the computation gave no number for this photo: try the CPU, or train the model again")]
    NoNumber,
    /// Every position lies in or beside a transparent part.
    #[error("no part of the photo is left to inspect: all of it is transparent, or lies beside what is")]
    NothingInspected,
}

impl From<ExecutionError> for InspectError {
    fn from(error: ExecutionError) -> Self {
        Self::Device(error.to_string())
    }
}

/// What is found on one photo.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The anomaly score of the most anomalous window, finite.
    pub score: f32,
    /// The map's values in each window.
    pub patches: Vec<Patch>,
}

/// A photo's finding from the distances of its windows. A window without an inspected position has no say. An error where a
/// distance is not finite, a window is missing, or nothing was inspected.
pub fn join(rule: &ScoreRule, regions: &[Region], comparisons: &[Comparison]) -> Result<Finding, InspectError> {
    // A window without distances would go uninspected.
    if regions.len() != comparisons.len() || comparisons.is_empty() {
        return Err(InspectError::NoNumber);
    }
    let inspected = comparisons.iter().filter(|own| own.inspected.as_ref().is_none_or(Inspected::any));
    let number = |comparison| Some(rule.score(comparison)).filter(|score| score.is_finite());
    let scores = inspected.map(number).collect::<Option<Vec<f32>>>().ok_or(InspectError::NoNumber)?;
    let score = scores.into_iter().reduce(f32::max).ok_or(InspectError::NothingInspected)?;
    let patch = |(region, own): (&Region, &Comparison)| Patch { region: *region, grid: rule.map(own) };
    let patches = regions.iter().zip(comparisons).map(patch);
    Ok(Finding { score, patches: patches.collect() })
}

/// Windows in one pass of the network: more take memory and save no time.
pub const WINDOWS_AT_ONCE: usize = 8;

impl Inspector<'_> {
    /// What the network is shown of a decoded photo.
    pub fn windows<'photo>(&self, photo: &'photo RgbImage) -> Windows<'photo> {
        self.texture.info.view.windows(photo)
    }

    /// The network's input: `[n, 3, 224, 224]`.
    pub fn input(&self, windows: &[RgbImage]) -> Tensor<4> {
        preprocess::to_tensor(windows, self.device)
    }

    /// The two taps.
    pub fn extract(&self, input: Tensor<4>) -> Features {
        self.extractor.network.forward(input)
    }

    /// What the detector leaves to be compared on the host, read back from the device, for each window.
    pub async fn read_out(&self, features: Features) -> Result<Vec<Vec<f32>>, ExecutionError> {
        read(self.texture.detector.forward(features, self.texture.info.taps)).await
    }

    /// Positions of each window that are inspected; none for a photo that is opaque throughout.
    pub fn inspected(&self, photo: &Photo) -> Vec<Option<Inspected>> {
        let of_windows = |opaque| Inspected::of_windows(self.texture.info.view, opaque);
        photo.opaque.as_ref().map_or_else(Vec::new, of_windows)
    }

    /// Distances of one window, at the positions that are `inspected`, or at all.
    pub fn compare(&self, read_out: &[f32], inspected: Option<&Inspected>) -> Comparison {
        let seen = self.texture.detector.compare(read_out, self.texture.info.rule.aggregation);
        Comparison { inspected: inspected.cloned(), ..seen }
    }

    /// See [`join`].
    pub fn join(&self, windows: &Windows<'_>, comparisons: &[Comparison]) -> Result<Finding, InspectError> {
        join(&self.texture.info.rule, &windows.regions(), comparisons)
    }

    /// All of the above, on a decoded photo.
    pub async fn inspect(&self, photo: &Photo) -> Result<Finding, InspectError> {
        self.find(&self.windows(&photo.pixels), &self.inspected(photo)).await
    }

    /// On some windows of a photo, with the positions of each that are [`inspected`](Self::inspected).
    pub async fn find(&self, windows: &Windows<'_>, inspected: &[Option<Inspected>]) -> Result<Finding, InspectError> {
        let mut comparisons = Vec::with_capacity(windows.count());
        for batch in windows.batches(WINDOWS_AT_ONCE) {
            for read_out in self.read_out(self.extract(self.input(&batch))).await? {
                let own = inspected.get(comparisons.len()).and_then(Option::as_ref);
                comparisons.push(self.compare(&read_out, own));
            }
        }
        self.join(windows, &comparisons)
    }
}
