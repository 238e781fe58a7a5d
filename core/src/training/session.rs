//! Session: a training on one set of features, from the division of the photos to the fitted method.

use burn::tensor::Device;

use super::error::TrainingError;
use super::fit::Fit;
use super::folds::{Fold, folds};
use super::groups::groups;
use super::member::{MemberTraining, TrainedEmbedder};
use super::spec::TrainSpec;
use super::training_set::TrainingSet;
use super::{baseline_fit, ensemble_fit};
use crate::files::extractor_file::Extractor;

/// Everything that a training computes with.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// Settings.
    pub spec: &'a TrainSpec,
    /// The frozen network, which made the features.
    pub extractor: &'a Extractor,
    /// Features of the good photos and of their synthetic defects.
    pub set: &'a TrainingSet,
    /// Device to compute on.
    pub device: &'a Device,
}

/// Division of the good photos.
#[derive(Clone, Debug)]
pub struct Division {
    /// Group of each photo.
    pub groups: Vec<usize>,
    /// One fold for each embedder.
    pub folds: Vec<Fold>,
}

impl<'a> Session<'a> {
    /// Finds near-duplicate photos and divides the photos into folds.
    pub async fn divide(&self) -> Result<Division, TrainingError> {
        let groups = groups(self.set, self.device).await?;
        let TrainSpec { members, val_split_ratio, seed, .. } = *self.spec;
        let folds = folds(&groups, members as usize, val_split_ratio, seed);
        Ok(Division { groups, folds })
    }

    /// Begins the training of each member, one after another. A method without training has none.
    ///
    /// Parallel trainings would keep more cores busy. But gradients would be added in another order in every run, and a
    /// seed would not give the same weights.
    pub fn members<'d>(&self, division: &'d Division) -> impl Iterator<Item = Untrained<'a, 'd>> + use<'a, 'd> {
        let session = *self;
        let folds = if self.spec.method.is_trained() { division.folds.as_slice() } else { &[] };
        (0..).zip(folds).map(move |(member, fold)| Untrained { session, member, fold })
    }

    /// Fits the method: banks of the trained embedders and the density, or a baseline. The fit holds the distances of the
    /// held-out photos.
    pub async fn fit(&self, division: &Division, embedders: &[TrainedEmbedder]) -> Result<Fit, TrainingError> {
        if self.spec.method.is_trained() {
            ensemble_fit::fit(self, division, embedders).await
        } else {
            baseline_fit::fit(self, &division.folds).await
        }
    }
}

/// One embedder of the ensemble whose training has not begun.
pub struct Untrained<'a, 'd> {
    session: Session<'a>,
    /// Number of the member, from 0.
    pub member: u32,
    /// Photos that it is trained on and holds out.
    pub fold: &'d Fold,
}

impl<'a> Untrained<'a, '_> {
    /// Begins the training.
    pub async fn begin(&self) -> Result<MemberTraining<'a>, TrainingError> {
        MemberTraining::new(&self.session, self.member, self.fold).await
    }
}
