//! The density beside the embedders: fitted to all photos, with what is normal said by fits that have not seen the photo
//! in question.

use burn::tensor::Device;
use cse::comparison::DensityWeights;
use cse::density::{self, Density};
use cse::efficientnet::Features;
use cse::extractor_file::Extractor;
use cse::state_dict::StateDict;
use cse::taps::Taps;

use super::baselines;
use super::error::TrainError;
use super::folds::{Fold, cross_fit};
use super::normal_photos::mean_distance;
use super::settings::Settings;
use super::training_set::TrainingSet;

/// A density and what it makes of the photos.
pub struct Fit {
    /// For the model file.
    pub tensors: StateDict,
    /// What it counts.
    pub weights: DensityWeights,
    /// For each fold the distances of each held-out photo's windows, at the positions of `F2`.
    pub held_out: Vec<Vec<Vec<Vec<f32>>>>,
}

/// Fits a density, as [`cross_fit`] has it; `None` where `settings` count none.
pub fn fit(
    settings: &Settings,
    extractor: &Extractor,
    set: &TrainingSet,
    folds: &[Fold],
    device: &Device,
) -> Result<Option<Fit>, TrainError> {
    // Without the edge of what is normal nothing lies beyond it.
    let excess = if settings.normal_range { settings.density_excess } else { 0.0 };
    if settings.density_weight == 0.0 && excess == 0.0 {
        return Ok(None);
    }
    let (_, channels) = extractor.info.architecture.tap_channels();
    let mut held_out: Vec<Vec<Vec<Vec<f32>>>> = Vec::with_capacity(folds.len());
    let fit = |photos: &[usize]| baselines::gaussian(extractor, set, &set.windows(photos), Taps::F2, device);
    let look = |fitted: &StateDict, fold: &Fold| {
        let density = Density::take(&mut fitted.clone(), channels, device)?;
        let mut photos = Vec::with_capacity(fold.held_out.len());
        for photo in &fold.held_out {
            let distances = |features: Features| density.distances(features.f2);
            let windows = set.compute(&set.inspected(*photo), device, distances)?;
            photos.push(windows.iter().map(|distances| density::at_f2(distances)).collect());
        }
        held_out.push(photos);
        Ok::<_, TrainError>(())
    };
    let tensors = cross_fit(folds, set.photos.len(), fit, look)?;
    // So that weight 1 is the embedders' own.
    let weight = (settings.density_weight / mean_distance(held_out.iter().flatten().flatten())) as f32;
    Ok(Some(Fit { tensors, weights: DensityWeights { weight, excess }, held_out }))
}
