//! Prediction: score and anomaly map of one photo.

use super::anomaly_map::{self, Patch};
use super::distances::Distances;
use super::score_rule::ScoreRule;
use super::verdict;
use crate::image::inspected::Inspected;
use crate::image::view::Region;

/// Score and anomaly map of one photo.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Anomaly score of the most anomalous window, finite.
    pub score: f32,
    /// True if most of the photo is unlike the good photos. Always false for a model without normal ranges.
    pub unlike: bool,
    /// Anomaly map of each window.
    pub patches: Vec<Patch>,
}

/// Why a photo has no prediction.
#[derive(Debug, thiserror::Error)]
pub enum PredictError {
    /// The device failed while computing.
    #[error("the device failed ({0}): try the CPU")]
    Device(String),
    /// A distance is not finite. Compared with a threshold, NaN would pass for good.
    #[error("the computation gave NaN for this photo: try the CPU, or train the model again")]
    NotFinite,
    /// All positions lie in or beside a transparent part.
    #[error("no part of the photo is left to inspect: all of it is transparent, or lies beside a transparent part")]
    NothingInspected,
}

impl From<burn::tensor::ExecutionError> for PredictError {
    fn from(error: burn::tensor::ExecutionError) -> Self {
        Self::Device(error.to_string())
    }
}

impl Prediction {
    /// Joins the windows of a photo. A window without an inspected position does not count.
    ///
    /// # Errors
    /// A distance is not finite, a window is missing, or no position is inspected.
    pub fn join(rule: &ScoreRule, regions: &[Region], windows: &[Distances]) -> Result<Self, PredictError> {
        // A window without distances would not be inspected.
        if regions.len() != windows.len() || windows.is_empty() {
            return Err(PredictError::NotFinite);
        }
        let inspected = windows.iter().filter(|window| window.inspected.as_ref().is_none_or(Inspected::any));
        let fields = inspected.map(|window| rule.field(window)).collect::<Option<Vec<_>>>();
        let fields = fields.ok_or(PredictError::NotFinite)?;
        let finite = |field: &Vec<f32>| Some(rule.score_of(field)).filter(|score| score.is_finite());
        let scores = fields.iter().map(finite).collect::<Option<Vec<f32>>>().ok_or(PredictError::NotFinite)?;
        let score = scores.into_iter().reduce(f32::max).ok_or(PredictError::NothingInspected)?;
        let patch = |(region, window): (&Region, &Distances)| Patch { region: *region, map: rule.map(window) };
        let patches: Vec<Patch> = regions.iter().zip(windows).map(patch).collect();
        let unlike = rule.normal_range.is_some() && {
            let map = patches.iter().flat_map(|patch| &patch.map.values).copied().filter(|value| !value.is_nan());
            verdict::is_unlike(map.collect(), fields.concat())
        };
        Ok(Self { score, unlike, patches })
    }

    /// Anomaly map of the photo, `width * height` values row by row. NaN where the photo was not inspected.
    pub fn map(&self, width: usize, height: usize) -> Vec<f32> {
        anomaly_map::spread(&self.patches, (width, height))
    }
}
