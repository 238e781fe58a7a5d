//! Model: a fitted method with its score rule, threshold and description, ready for a category file.

use super::error::TrainingError;
use super::fit::Fit;
use super::groups;
use super::held_out::Reviewed;
use super::presets;
use super::session::{Division, Session};
use crate::files::category_file::CategoryInfo;
use crate::files::provenance::Provenance;
use crate::files::state_dict::StateDict;
use crate::image::measures::Ranges;
use crate::image::photo::{IgnoreMask, Traits};
use crate::image::view::View;
use crate::scoring::score_rule::ScoreRule;
use crate::scoring::threshold::Threshold;
use crate::scoring::verdict::quartile_limit;

/// Facts of a category that a training does not compute.
#[derive(Clone, Debug)]
pub struct CategoryFacts {
    /// Name of the category.
    pub name: String,
    /// Windows that a photo is cut into.
    pub view: View,
    /// Traits that the good photos share.
    pub photos: Traits,
    /// Ranges of the good photos' brightness, colour, contrast and sharpness.
    pub ranges: Ranges,
    /// Region of every photo that is neither trained on nor inspected.
    pub ignored: Option<IgnoreMask>,
    /// Program that trains, with its version.
    pub program: String,
}

/// Trained model.
#[derive(Debug)]
pub struct TrainedModel {
    /// Description.
    pub info: CategoryInfo,
    /// Tensors of the fitted method.
    pub tensors: StateDict,
    /// Groups of photos that the threshold rests on, for a user to review. See
    /// [`Normal::reviewed`](super::held_out::Normal).
    pub reviewed: Vec<Reviewed>,
}

/// First 8 bytes of the SHA-256 of a photo's file, as a category file keeps them.
pub fn photo_mark(digest: &[u8; 32]) -> [u8; 8] {
    std::array::from_fn(|index| digest[index])
}

impl Session<'_> {
    /// Completes a fit by score rule, threshold and description.
    ///
    /// # Errors
    /// A held-out photo has no finite score.
    pub fn model(&self, division: &Division, fit: Fit, facts: &CategoryFacts) -> Result<TrainedModel, TrainingError> {
        let Session { spec, set, extractor, .. } = *self;
        let rule = ScoreRule {
            aggregation: spec.aggregation,
            normal_range: None,
            smoothing_sigma: spec.smoothing_sigma,
            density_weight: fit.density_weight,
            unit: 1.0,
        };
        let Division { groups, folds } = division;
        let normal = fit.held_out.normal(&rule, spec.normal_range, groups).ok_or(TrainingError::NoScores)?;
        // A single fold, the paper's split, holds out some groups and not all.
        let held_out = folds.iter().flat_map(|fold| &fold.held_out).map(|photo| groups[*photo]);
        let scores = normal.scores.iter().map(|(_, score)| *score).collect();
        let threshold = Threshold::new(scores, groups::count(held_out), spec.false_positive_rate);
        let threshold = threshold.ok_or(TrainingError::NoScores)?.with_synthetic(normal.synthetic.clone());
        let (threshold, unit) = threshold.in_units();
        let mut rule = ScoreRule { unit, ..normal.rule.clone() };
        if let Some(range) = rule.normal_range.as_mut().filter(|_| fit.density_map) {
            range.map_quartile = quartile_limit(&normal.map_quartiles);
        }
        let originals = set.originals();
        let info = CategoryInfo {
            name: facts.name.clone(),
            extractor_id: extractor.info.id.clone(),
            extractor_architecture: extractor.info.architecture,
            view: facts.view,
            exposure: spec.exposure,
            photos: facts.photos,
            ranges: facts.ranges.clone(),
            ignored: facts.ignored.clone(),
            method: spec.method,
            taps: spec.taps,
            members: fit.members,
            clusters: fit.clusters,
            density_map: fit.density_map,
            map_scale: normal.map_scale,
            provenance: Provenance {
                program: facts.program.clone(),
                photos: originals.len(),
                held_out: folds.iter().map(|fold| set.originals_of(&fold.held_out).len()).collect(),
                kept_steps: fit.histories.iter().map(|history| history.kept_step).collect(),
                preset: spec.preset.to_string(),
                settings: presets::changes(spec),
                seed: spec.seed,
            },
            trained_on: originals.iter().map(|photo| photo_mark(&set.photos[*photo].digest)).collect(),
            losses: fit.histories.into_iter().map(|history| history.losses).collect(),
            threshold,
            rule,
        };
        // A user knows photos, and not their varied copies.
        let photo = |copy: usize| originals.binary_search(&set.photos[copy].original).ok();
        let mut reviewed = normal.reviewed(groups, unit * info.threshold.value);
        for group in &mut reviewed {
            group.score /= unit;
            let mut seen = std::collections::BTreeSet::new();
            group.photos = std::mem::take(&mut group.photos).into_iter().filter_map(photo).collect();
            group.photos.retain(|photo| seen.insert(*photo));
        }
        Ok(TrainedModel { info, tensors: fit.method.tensors(), reviewed })
    }
}
