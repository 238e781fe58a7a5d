//! What the page is told: results as typed objects, failures as sentences.

use cse::files::model_file::ModelFileError;
use cse::image::photo::PhotoError;
use cse::scoring::predictor::InspectError;
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// Why a call did not give a result. The page shows the sentence.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The photo.
    #[error(transparent)]
    Photo(#[from] PhotoError),
    /// The model file.
    #[error(transparent)]
    Model(#[from] ModelFileError),
    /// The inspection.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// WebGPU failed.
    #[error("the GPU failed ({0}): use the CPU, or reload the page")]
    Gpu(String),
    /// A GPU whose answer differs from the CPU's.
    #[error("this GPU gives wrong results (score {gpu} where the CPU gives {cpu}): use the CPU")]
    WrongGpu {
        /// The GPU's score.
        gpu: f32,
        /// The CPU's score.
        cpu: f32,
    },
    /// A call before its model was loaded.
    #[error("no {0} is loaded yet")]
    NotLoaded(&'static str),
    /// A route that is none.
    #[error("unknown route: use \"cpu\" or \"webgpu\"")]
    UnknownRoute,
}

/// An error that bears a name where the photo is to blame.
impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        let error = js_sys::Error::new(&failure.to_string());
        if matches!(failure, Failure::Photo(_)) {
            error.set_name("PhotoError");
        }
        error.into()
    }
}

/// A result as a plain JavaScript object.
pub fn object(value: &impl Serialize) -> Result<JsValue, JsError> {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    value.serialize(&serializer).map_err(|error| JsError::new(&error.to_string()))
}

/// Time of each step of one inspection, milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Milliseconds {
    /// Encoded bytes to pixels.
    pub decode: f64,
    /// Resize and scale.
    pub preprocess: f64,
    /// The frozen network.
    pub extractor: f64,
    /// The embedder, and reading its result back.
    pub embedder: f64,
    /// Distance to the bank.
    pub score: f64,
    /// Map over the photo.
    pub map: f64,
    /// All of them.
    pub total: f64,
}

/// The result of one inspection, without the map and the preview, which go over as typed arrays.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// Upright photo, pixels.
    pub width: u32,
    /// Upright photo, pixels.
    pub height: u32,
    /// Anomaly score: the higher, the less like the good ones.
    pub score: f32,
    /// Sentences on how the photo differs from those that the model learned from.
    pub notes: Vec<String>,
    /// Values in a row of the map.
    pub map_width: usize,
    /// Rows of the map.
    pub map_height: usize,
    /// Pixels in a row of the preview.
    pub preview_width: u32,
    /// Rows of the preview.
    pub preview_height: u32,
    /// Times.
    pub milliseconds: Milliseconds,
}

/// Sizes of a preview and of its photo, pixels.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PreviewSize {
    /// Of the preview.
    pub width: u32,
    /// Of the preview.
    pub height: u32,
    /// Of the upright photo.
    pub photo_width: u32,
    /// Of the upright photo.
    pub photo_height: u32,
}

/// The generated declarations carry these beside the exported class.
#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export type Route = "cpu" | "webgpu";
export interface ExtractorInfo { kind: "extractor"; architecture: string; id: string; provenance: string; parameters: number; format_version: number }
export interface CategoryInfo {
    kind: "texture"; name: string; extractor_id: string; threshold: number; false_alarm_rate: number; normal_scores: Float32Array;
    map_scale: { low: number; high: number }; clusters: number; view: "crop" | "resize" | "tiles"; aggregation: "mean" | "max" | "top"; method: "cse" | "mean-cosine" | "gaussian" | "nearest-neighbour" | "classifier"; taps: "f1" | "f2" | "both"; members: number; normal_range: { map_edge: number } | null; smoothing: number; density: { weight: number; excess: number } | null; provenance: string; format_version: number
}
export interface Milliseconds { decode: number; preprocess: number; extractor: number; embedder: number; score: number; map: number; total: number }
export interface Inspection {
    /** Upright photo, pixels. */
    width: number; height: number;
    score: number;
    /** Row by row over the whole photo; NaN where the view did not look. */
    map: Float32Array; map_width: number; map_height: number;
    /** The pixels that were inspected, RGBA row by row, scaled down to at most 2048 on the longer side; alpha 0 where transparent. */
    preview: Uint8ClampedArray; preview_width: number; preview_height: number;
    /** Sentences on how the photo differs from those that the model learned from. */
    notes: string[];
    milliseconds: Milliseconds
}
export interface Preview {
    /** RGBA row by row, scaled down to at most 2048 on the longer side; alpha 0 where transparent. */
    pixels: Uint8ClampedArray; width: number; height: number;
    /** Upright photo, pixels. */
    photo_width: number; photo_height: number
}
"#;
