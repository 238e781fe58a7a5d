//! Check of a GPU against the CPU: some drivers compute wrong values without an error.

use super::prediction::PredictError;
use super::predictor::Predictor;
use crate::image::photo::Photo;

/// Largest difference of the two scores, as a share of the CPU's score or of the threshold, whichever is larger.
const TOLERANCE: f32 = 1e-2;

/// Why a GPU cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GpuError {
    /// The scores differ.
    #[error("this GPU gives wrong results (score {gpu} where the CPU gives {cpu}): use the CPU")]
    Wrong {
        /// Score on the GPU.
        gpu: f32,
        /// Score on the CPU.
        cpu: f32,
    },
    /// One of the two gives no score.
    #[error(transparent)]
    Predict(#[from] PredictError),
}

/// Compares the scores of a photo's first windows on a GPU and on the CPU, with the same models.
///
/// # Errors
/// The scores differ by more than 1 %, or one of the devices fails.
pub async fn check(gpu: &Predictor<'_>, cpu: &Predictor<'_>, photo: &Photo) -> Result<(), GpuError> {
    let (gpu, reference) = (gpu.predict_first(photo).await?.score, cpu.predict_first(photo).await?.score);
    let threshold = cpu.category.info.threshold.value;
    // The comparison also fails for NaN.
    let agree = (gpu - reference).abs() <= TOLERANCE * reference.abs().max(threshold.abs());
    if agree { Ok(()) } else { Err(GpuError::Wrong { gpu, cpu: reference }) }
}
