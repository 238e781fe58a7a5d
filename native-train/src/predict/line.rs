//! The JSON line that `predict` writes for each photo.

use serde::{Deserialize, Serialize};

use super::raw_map::Scale;

/// Who judged a photo, and by which threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgedBy {
    /// A score above it means a defect.
    pub threshold: f32,
    /// The model's own name.
    pub model: String,
    /// SHA-256 of the model file.
    pub model_sha256: String,
    /// The extractor's id.
    pub extractor: String,
}

/// One line. `--help` describes its fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Path of the photo. Characters outside Unicode are replaced, so that a verdict is not lost for a name.
    pub image: String,
    /// SHA-256 of the file; absent where it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The anomaly score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
    /// Whether the score is above the threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defective: Option<bool>,
    /// Why there is no verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What to know about the verdict, a sentence each.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The picture with the heatmap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<String>,
    /// The file with the map's values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_map: Option<String>,
    /// Values of the darkest and the brightest grey of a raw map in PNG.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_map_scale: Option<Scale>,
    /// Who judged it.
    #[serde(flatten)]
    pub by: JudgedBy,
}
