//! The density beside the embedders: fitted to all photos, with what is normal said by fits that have not seen the photo
//! in question.

use burn::tensor::Device;
use cse::density::{self, Density};
use cse::efficientnet::Architecture;
use cse::extractor_file::Extractor;
use cse::state_dict::StateDict;
use cse::taps::Taps;

use super::baselines;
use super::error::TrainError;
use super::folds::{Fold, cross_fit};
use super::training_set::{self, TrainingSet};

/// The weight that suits an extractor, measured on magnetic tile and fabric: to add it everywhere finds more on both with the
/// shipped one, and with EfficientNet-B3 less on magnetic tile. Synthetic defects cannot choose: the embedders were trained
/// on them, and they say the same of both extractors.
pub const fn suits(architecture: Architecture) -> f64 {
    match architecture {
        Architecture::B3 => 0.0,
        _ => 2.0,
    }
}

/// A density and what it makes of the photos.
pub struct Fit {
    /// For the model file.
    pub tensors: StateDict,
    /// For each fold the distances of each held-out photo's windows, at the positions of `F2`.
    pub held_out: Vec<Vec<Vec<Vec<f32>>>>,
}

/// Fits a density, as [`cross_fit`] has it.
pub fn fit(extractor: &Extractor, set: &TrainingSet, folds: &[Fold], device: &Device) -> Result<Fit, TrainError> {
    let (_, channels) = extractor.info.architecture.tap_channels();
    let mut held_out = Vec::with_capacity(folds.len());
    let fit = |photos: &[usize]| {
        baselines::gaussian(extractor, set, &training_set::normal(&set.windows(photos)), Taps::F2, device)
    };
    let look = |fitted: &StateDict, fold: &Fold| {
        let density = Density::take(&mut fitted.clone(), channels, device)?;
        let mut photos = Vec::with_capacity(fold.held_out.len());
        for photo in &fold.held_out {
            let slots = training_set::normal(&set.inspected(*photo));
            let windows = set.compute(&slots, device, |features| density.distances(features.f2))?;
            photos.push(windows.iter().map(|distances| density::at_f2(distances)).collect());
        }
        held_out.push(photos);
        Ok::<_, TrainError>(())
    };
    let tensors = cross_fit(folds, set.photos.len(), fit, look)?;
    Ok(Fit { tensors, held_out })
}
