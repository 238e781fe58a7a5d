//! The density beside the embedders: fitted to all photos, with what is normal said by fits that have not seen the photo
//! in question.

use burn::tensor::Device;
use cse::density::{self, Density, FittedDensity};
use cse::efficientnet::Architecture;
use cse::extractor_file::Extractor;
use cse::score::Comparison;
use cse::taps::Taps;

use super::baselines;
use super::error::TrainError;
use super::folds::{Fold, cross_fit};
use super::normal_photos::mean_distance;
use super::training_set::{self, TrainingSet};

/// The weight that suits an extractor, measured on magnetic tile and fabric: with the shipped one a density finds more on
/// both, with EfficientNet-B3 more on fabric and less on magnetic tile. Synthetic defects cannot choose: the embedders were
/// trained on them, and they say the same of both extractors.
pub const fn suits(architecture: Architecture) -> f64 {
    match architecture {
        Architecture::B3 => 0.0,
        _ => 2.0,
    }
}

/// A density and what it makes of the photos.
pub struct Fit {
    /// For the model file.
    pub density: FittedDensity,
    /// For each fold the distances of each held-out photo's windows, not yet weighed.
    pub held_out: Vec<Vec<Vec<Comparison>>>,
}

/// Fits a density whose distances on good photos that it has not seen are `weight` in the mean, once weighed.
pub fn fit(
    weight: f64,
    extractor: &Extractor,
    set: &TrainingSet,
    folds: &[Fold],
    device: &Device,
) -> Result<Fit, TrainError> {
    let (_, channels) = extractor.info.architecture.tap_channels();
    let mut held_out: Vec<Vec<Vec<Comparison>>> = Vec::with_capacity(folds.len());
    let fit = |photos: &[usize]| -> Result<FittedDensity, TrainError> {
        let slots = training_set::normal(&set.windows(photos));
        Ok(FittedDensity { gaussian: baselines::gaussian(extractor, set, &slots, Taps::F2, device)?, weight: 1.0 })
    };
    let look = |fitted: &FittedDensity, fold: &Fold| {
        let density = Density::take(&mut fitted.clone().tensors(), channels, device)?;
        let mut photos = Vec::with_capacity(fold.held_out.len());
        for photo in &fold.held_out {
            let slots = training_set::normal(&set.inspected(*photo));
            let windows = set.compute(&slots, device, |features| density.distances(features.f2))?;
            photos.push(windows.iter().map(|distances| density::compare(distances)).collect());
        }
        held_out.push(photos);
        Ok(())
    };
    let density = cross_fit(folds, set.photos.len(), fit, look)?;
    let weight = (weight / mean_distance(held_out.iter().flatten().flatten())) as f32;
    Ok(Fit { density: FittedDensity { weight, ..density }, held_out })
}
