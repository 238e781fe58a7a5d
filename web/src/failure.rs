//! Failures of the engine as sentences, which the page shows.

use cse::defects::NoKinds;
use cse::files::model_file::ModelFileError;
use cse::image::photo::PhotoError;
use cse::published::ImportError;
use cse::scoring::gpu_check::GpuError;
use cse::scoring::prediction::PredictError;
use cse::training::error::TrainingError;
use cse::training::feature_store::StoreError;
use cse::training::knobs::SpecError;
use wasm_bindgen::prelude::*;

/// Why a call gives no result.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The photo cannot be decoded.
    #[error(transparent)]
    Photo(#[from] PhotoError),
    /// The model file cannot be used.
    #[error(transparent)]
    Model(#[from] ModelFileError),
    /// The photo has no prediction.
    #[error(transparent)]
    Predict(#[from] PredictError),
    /// WebGPU failed.
    #[error("the GPU failed ({0}): use the CPU, or reload the page")]
    Gpu(String),
    /// The GPU gives another score than the CPU.
    #[error(transparent)]
    Check(#[from] GpuError),
    /// Published weights cannot be made into an extractor.
    #[error("the file {0}")]
    Published(#[from] ImportError),
    /// The training gives no model.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// The features of a training cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The settings make no training.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// What another worker sent is damaged.
    #[error("a worker of this page sent what cannot be read ({0}): reload the page")]
    Damaged(String),
    /// There is no such preset.
    #[error("{0} is no preset: give default, quick, paper or released")]
    Preset(String),
    /// There is no such row of the comparison.
    #[error("the comparison has no row {0}")]
    Contender(String),
    /// Networks of the comparison cannot be built, or give no map.
    #[error("the networks gave no result here ({0})")]
    Networks(String),
    /// No kind of synthetic defect was chosen.
    #[error(transparent)]
    Defects(#[from] NoKinds),
    /// The model is not loaded yet.
    #[error("no {0} is loaded yet")]
    NotLoaded(&'static str),
}

impl Failure {
    /// What another worker sent is damaged.
    pub fn damaged(error: serde_json::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// An error whose name is `PhotoError` where the photo is to blame.
impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        let error = js_sys::Error::new(&failure.to_string());
        if matches!(failure, Failure::Photo(_)) {
            error.set_name("PhotoError");
        }
        error.into()
    }
}
