//! Fit of the density that is added to the embedders.

use super::baseline_fit;
use super::error::TrainingError;
use super::folds::Fold;
use super::held_out::mean_distance;
use super::session::Session;
use crate::detectors::density::Density;
use crate::detectors::gaussian::Whitening;
use crate::network::features::Features;
use crate::network::grid::GridMap;
use crate::network::taps::Taps;

/// Density, and its distances for the held-out photos.
pub(super) struct DensityFit {
    /// Density of all photos.
    pub density: Whitening,
    /// Weight of its distances.
    pub weight: f32,
    /// Distances of each fold's held-out photos.
    pub held_out: Vec<Vec<PhotoMaps>>,
}

/// Distances of each window of one photo.
pub(super) type PhotoMaps = Vec<GridMap>;

/// Fits the density to each fold for the distances of its held-out photos, and then to all photos. A single fold is the fit
/// itself. `None` where the density has no weight.
pub(super) async fn fit(session: &Session<'_>, folds: &[Fold]) -> Result<Option<DensityFit>, TrainingError> {
    let Session { spec, set, .. } = *session;
    if spec.density_weight == 0.0 {
        return Ok(None);
    }
    let (mut held_out, mut last) = (Vec::with_capacity(folds.len()), None);
    for fold in folds {
        let fitted = fit_on(session, &fold.train).await?;
        held_out.push(distances(session, &fitted, &fold.held_out).await?);
        last = Some(fitted);
    }
    let density = match last {
        Some(only) if folds.len() == 1 => only,
        _ => fit_on(session, &(0..set.photos.len()).collect::<Vec<_>>()).await?,
    };
    // The distances are divided by their mean, so that a weight of 1 equals that of the embedders.
    let weight = (spec.density_weight / mean_distance(held_out.iter().flatten().flatten())) as f32;
    Ok(Some(DensityFit { density, weight, held_out }))
}

async fn fit_on(session: &Session<'_>, photos: &[usize]) -> Result<Whitening, TrainingError> {
    baseline_fit::gaussian(session, &session.set.windows(photos), Taps::Stage7).await
}

/// Distances of the inspection windows of each photo.
async fn distances(
    session: &Session<'_>,
    fitted: &Whitening,
    photos: &[usize],
) -> Result<Vec<PhotoMaps>, TrainingError> {
    let Session { set, device, .. } = *session;
    let grid = Taps::Stage7.grid(set.store.layout().grid);
    let density = Density::new(fitted.clone(), device);
    let distances = |features: Features| density.distances(features.stage7);
    let mut all = Vec::with_capacity(photos.len());
    for photo in photos {
        let windows = set.compute(&set.inspected_slots(*photo), device, distances).await?;
        all.push(windows.into_iter().map(|values| GridMap { grid, values }).collect());
    }
    Ok(all)
}
