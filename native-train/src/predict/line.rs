//! The JSON line that `predict` writes for each photo.

use serde::{Deserialize, Serialize};

use cse::scoring::prediction::Place;
use cse::scoring::verdict::Verdict;

use super::raw_map::Scale;

/// Model and threshold of a prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictedBy {
    /// Threshold. A higher score means a defect.
    pub threshold: f32,
    /// Name of the model.
    pub model: String,
    /// SHA-256 of the model file.
    pub model_sha256: String,
    /// Id of the extractor.
    pub extractor: String,
}

/// One JSON line. `--help` describes its fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Path of the photo. Characters outside Unicode are replaced, so that such a photo gets a line too.
    pub image: String,
    /// SHA-256 of the file. Absent where it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Anomaly score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
    /// Place in the photo that the score comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak: Option<Place>,
    /// Verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// True if the verdict is another than "no-defect".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defective: Option<bool>,
    /// Reason why there is no verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Sentences about the verdict.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Path of the picture with the heatmap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<String>,
    /// Path of the file with the values of the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_map: Option<String>,
    /// Map values of the darkest and the brightest grey of a raw map in PNG.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_map_scale: Option<Scale>,
    /// Model and threshold.
    #[serde(flatten)]
    pub by: PredictedBy,
}
