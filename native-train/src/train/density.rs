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
use super::folds::Fold;
use super::members;
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
    /// For each fold the distances of each held-out photo's windows, times the density's weight.
    pub held_out: Vec<Vec<Vec<Comparison>>>,
}

/// Fits a density whose distances on good photos that it has not seen are `weight` in the mean. A single fold is the fit
/// itself.
pub fn fit(
    weight: f64,
    extractor: &Extractor,
    set: &TrainingSet,
    folds: &[Fold],
    device: &Device,
) -> Result<Fit, TrainError> {
    let (_, channels) = extractor.info.architecture.tap_channels();
    let fit_on = |photos: &[usize]| -> Result<FittedDensity, TrainError> {
        Ok(FittedDensity { gaussian: baselines::gaussian(extractor, set, photos, Taps::F2, device)?, weight: 1.0 })
    };
    let mut held_out: Vec<Vec<Vec<Comparison>>> = Vec::with_capacity(folds.len());
    for fold in folds {
        let density = Density::take(&mut fit_on(&fold.train)?.tensors(), channels, device)?;
        let mut photos = Vec::with_capacity(fold.held_out.len());
        for photo in &fold.held_out {
            let slots = training_set::normal(&set.inspected(*photo));
            let windows = set.compute(&slots, device, |features| density.distances(features))?;
            photos.push(windows.iter().map(|distances| density::compare(distances)).collect());
        }
        held_out.push(photos);
    }
    let weight = (weight / members::mean_distance(held_out.iter().flatten().flatten())) as f32;
    let weighed = |comparison: &Comparison| {
        let mut weighed = Comparison::default();
        weighed.add(comparison, weight);
        weighed
    };
    for windows in held_out.iter_mut().flatten() {
        *windows = windows.iter().map(weighed).collect();
    }
    let density = match folds {
        [only] => fit_on(&only.train)?,
        _ => fit_on(&(0..set.photos.len()).collect::<Vec<_>>())?,
    };
    Ok(Fit { density: FittedDensity { weight, ..density }, held_out })
}
