//! Fit of a Gaussian of the density, and its distances for good photos that it was not fitted to.

use super::baseline_fit;
use super::error::TrainingError;
use super::held_out::mean_distance;
use super::session::Session;
use super::training_set::PhotoValues;
use crate::detectors::gaussian::{Gaussian, Moments, Whitening};
use crate::network::grid::GridMap;
use crate::network::taps::Taps;

/// Gaussian of all photos, and its distances for good photos that it was not fitted to.
pub(super) struct DensityFit {
    /// Gaussian of all photos.
    pub fitted: Whitening,
    /// Distances of each photo, by a Gaussian of photos of other groups.
    pub held_out: Vec<PhotoMaps>,
}

/// Distances of one photo's windows.
pub(super) type PhotoMaps = PhotoValues<GridMap>;

/// Parts that are left out one after another. The embedders hold out a third of the photos. Gaussians of the other two thirds
/// would lie farther from a good photo than that of all photos does. The threshold, which rests on them, would be too high.
const PARTS: usize = 10;

impl DensityFit {
    /// Fits the Gaussian over `tap` to all photos, and to those of all parts but one for the distances of the photos of that
    /// part. `groups` has the group of each photo.
    pub async fn new(session: &Session<'_>, groups: &[usize], tap: Taps) -> Result<Self, TrainingError> {
        let Session { set, device, .. } = *session;
        let mut distinct = groups.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let part = |photo: usize| distinct.binary_search(&groups[photo]).unwrap_or(0) % PARTS;
        let mut parts = Vec::new();
        for number in 0..PARTS.min(distinct.len()) {
            let photos: Vec<usize> = (0..groups.len()).filter(|photo| part(*photo) == number).collect();
            parts.push(baseline_fit::moments(session, &set.windows(&photos), tap).await?);
        }
        let whitening = |moments: &Moments| moments.whitening().ok_or(TrainingError::NoFeatures);
        let all = Moments::sum(&parts).ok_or(TrainingError::NoFeatures)?;
        // A single group cannot be left out.
        let others = |part: &Moments| if parts.len() > 1 { whitening(&all.without(part)) } else { whitening(&all) };
        let others: Vec<Gaussian> =
            parts.iter().map(|part| Ok(Gaussian::new(others(part)?, device))).collect::<Result<_, TrainingError>>()?;
        let mut held_out = Vec::with_capacity(groups.len());
        let grid = tap.grid(set.store.layout().grid);
        for photo in 0..groups.len() {
            let distances = |features| others[part(photo)].distances(tap.select(features));
            let values = set.compute_photo(photo, device, distances).await?;
            held_out.push(values.map(|values| GridMap { grid, values }));
        }
        Ok(Self { fitted: whitening(&all)?, held_out })
    }

    /// Mean distance of good photos.
    pub fn mean(&self) -> f64 {
        mean_distance(self.held_out.iter().flat_map(|photo| &photo.good))
    }
}
