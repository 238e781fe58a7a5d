//! Fit of the density that is added to the embedders.

use super::baseline_fit;
use super::error::TrainingError;
use super::feature_store::Slot;
use super::held_out::mean_distance;
use super::session::Session;
use super::training_set::slots;
use crate::detectors::density::Density;
use crate::detectors::gaussian::{Moments, Whitening};
use crate::network::features::Features;
use crate::network::grid::GridMap;
use crate::network::taps::Taps;

/// Density, and its distances for good photos that it was not fitted to.
pub(super) struct DensityFit {
    /// Density of all photos.
    pub density: Whitening,
    /// Weight of its distances.
    pub weight: f32,
    /// Distances of each photo, by a density of photos of other groups.
    pub held_out: Vec<PhotoMaps>,
}

/// Distances of one photo.
#[derive(Clone, Debug)]
pub(super) struct PhotoMaps {
    /// Those of each inspection window.
    pub good: Vec<GridMap>,
    /// Those of [`TrainingSet::defective_slots`](super::training_set::TrainingSet::defective_slots).
    pub defective: Vec<GridMap>,
}

/// Parts that are left out one after another. The embedders hold out a third of the photos. But a density of so few more
/// photos would lie nearer to a new good photo than those do that give the threshold, which would then be too high.
const PARTS: usize = 10;

/// Fits the density to all photos, and to those of all parts but one for the distances of the photos of that part. `groups`
/// has the group of each photo. `None` where the density has no weight.
pub(super) async fn fit(session: &Session<'_>, groups: &[usize]) -> Result<Option<DensityFit>, TrainingError> {
    let Session { spec, set, device, .. } = *session;
    if spec.density_weight == 0.0 {
        return Ok(None);
    }
    let mut distinct = groups.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let part = |photo: usize| distinct.binary_search(&groups[photo]).unwrap_or(0) % PARTS;
    let mut parts = Vec::new();
    for number in 0..PARTS.min(distinct.len()) {
        let photos: Vec<usize> = (0..groups.len()).filter(|photo| part(*photo) == number).collect();
        parts.push(baseline_fit::moments(session, &set.windows(&photos), Taps::Stage7).await?);
    }
    let whitening = |moments: &Moments| moments.whitening().ok_or(TrainingError::NoFeatures);
    let all = Moments::sum(&parts).ok_or(TrainingError::NoFeatures)?;
    // A single group cannot be left out.
    let others = |part: &Moments| if parts.len() > 1 { whitening(&all.without(part)) } else { whitening(&all) };
    let others: Vec<Density> =
        parts.iter().map(|part| Ok(Density::new(others(part)?, device))).collect::<Result<_, TrainingError>>()?;
    let mut held_out = Vec::with_capacity(groups.len());
    for photo in 0..groups.len() {
        let density = &others[part(photo)];
        let good = maps(session, density, &set.inspected_slots(photo)).await?;
        let defective = maps(session, density, &slots(&set.defective_slots(photo))).await?;
        held_out.push(PhotoMaps { good, defective });
    }
    // The distances are divided by their mean, so that a weight of 1 equals that of the embedders.
    let weight = (spec.density_weight / mean_distance(held_out.iter().flat_map(|photo| &photo.good))) as f32;
    Ok(Some(DensityFit { density: whitening(&all)?, weight, held_out }))
}

/// Distances of windows.
async fn maps(session: &Session<'_>, density: &Density, slots: &[Slot]) -> Result<Vec<GridMap>, TrainingError> {
    let Session { set, device, .. } = *session;
    let grid = Taps::Stage7.grid(set.store.layout().grid);
    let windows = set.compute(slots, device, |features: Features| density.distances(features.stage7)).await?;
    Ok(windows.into_iter().map(|values| GridMap { grid, values }).collect())
}
