//! Held-out photos: their distances give the normal ranges, the scores for the threshold, and the colours of the map.

use std::collections::{BTreeMap, BTreeSet};

use crate::files::category_file::MapScale;
use crate::image::inspected::Inspected;
use crate::network::grid::GridMap;
use crate::scoring::distances::Distances;
use crate::scoring::normal_range::NormalRange;
use crate::scoring::score_rule::ScoreRule;
use crate::scoring::verdict::lower_quartile;

/// Distances of each held-out photo's windows, by the photo's index, as the mean over the folds that held it out.
#[derive(Debug, Default)]
pub struct HeldOut(BTreeMap<usize, Photo>);

/// Distances of one photo by a fold that held it out.
#[derive(Clone, Debug)]
pub struct HeldOutPhoto {
    /// Index of the photo.
    pub photo: usize,
    /// Distances of each inspection window.
    pub windows: Vec<Distances>,
    /// Number of the window of each synthetic defect, and the distances of that window with the defect.
    pub defective: Vec<(usize, Distances)>,
}

/// Sums over the folds that held one photo out.
#[derive(Debug, Default)]
struct Photo {
    /// Sum of the distances of each window.
    sums: Vec<Distances>,
    /// Sum of the distances of each window with a synthetic defect, and the number of its window.
    defective: Vec<(usize, Distances)>,
    /// Number of folds.
    folds: f32,
}

impl Photo {
    fn share(&self) -> f32 {
        1.0 / self.folds.max(1.0)
    }

    fn mean(&self) -> Vec<Distances> {
        self.sums.iter().map(|sum| sum.times(self.share())).collect()
    }

    fn mean_defective(&self) -> impl Iterator<Item = (usize, Distances)> {
        self.defective.iter().map(|(window, sum)| (*window, sum.times(self.share())))
    }
}

/// Score rule, scores and colours that held-out photos give.
#[derive(Debug)]
pub struct Normal {
    /// Score rule with the normal ranges.
    pub rule: ScoreRule,
    /// Index and score of each photo.
    pub scores: Vec<(usize, f32)>,
    /// Score of each photo with each of its synthetic defects.
    pub synthetic: Vec<f32>,
    /// Colour scale of the map.
    pub map_scale: MapScale,
    /// Lower quartile of each photo's map.
    pub map_quartiles: Vec<f32>,
}

/// Largest number of groups to review.
const REVIEWED: usize = 5;

/// Group of photos to review.
#[derive(Debug, PartialEq)]
pub struct Reviewed {
    /// Highest score of its photos.
    pub score: f32,
    /// Indices of its photos, the highest score first.
    pub photos: Vec<usize>,
}

impl Normal {
    /// At most five groups with a photo that scores `threshold` or more, the highest first. They decide the threshold,
    /// so a user reviews whether they are good. `groups` has the group of each photo.
    pub fn reviewed(&self, groups: &[usize], threshold: f32) -> Vec<Reviewed> {
        let mut scores = self.scores.clone();
        scores.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut highest: Vec<(usize, Reviewed)> = Vec::new();
        for (photo, score) in scores {
            let (number, known) = (groups[photo], highest.len());
            match highest.iter_mut().find(|(of, _)| *of == number) {
                Some((_, group)) => group.photos.push(photo),
                None if score >= threshold && known < REVIEWED => {
                    highest.push((number, Reviewed { score, photos: vec![photo] }));
                }
                None => {}
            }
        }
        highest.into_iter().map(|(_, group)| group).collect()
    }
}

impl HeldOut {
    /// Adds the distances of one fold for a photo.
    pub fn add(&mut self, HeldOutPhoto { photo, windows, defective }: HeldOutPhoto) {
        let known = self.0.entry(photo).or_default();
        known.sums.resize_with(windows.len(), Distances::default);
        known.sums.iter_mut().zip(&windows).for_each(|(sum, window)| sum.add(window, 1.0));
        known.defective.resize_with(defective.len(), Default::default);
        for (sum, (window, distances)) in known.defective.iter_mut().zip(&defective) {
            sum.0 = *window;
            sum.1.add(distances, 1.0);
        }
        known.folds += 1.0;
    }

    /// Adds the normal ranges to `rule` if they are wanted, and scores each photo. `groups` has the group of each
    /// photo. `None` without a photo, or if a distance is not finite.
    pub fn normal(&self, rule: &ScoreRule, normal_range: bool, groups: &[usize]) -> Option<Normal> {
        let photos: Vec<(usize, Vec<Distances>)> =
            self.0.iter().map(|(photo, known)| Some((*groups.get(*photo)?, known.mean()))).collect::<Option<_>>()?;
        let windows = || photos.iter().flat_map(|(_, windows)| windows);
        if !windows().all(Distances::is_finite) {
            return None;
        }
        let range_without = |left_out: Option<usize>| {
            let kept = photos.iter().filter(|(group, _)| normal_range && Some(*group) != left_out);
            NormalRange::fit(
                &kept.flat_map(|(_, windows)| windows).collect::<Vec<_>>(),
                rule.density_weight.unwrap_or_default(),
            )
        };
        let with = |normal_range: Option<NormalRange>| ScoreRule { normal_range, ..rule.clone() };
        let whole = with(range_without(None));
        // A photo that counts in the normal ranges scores too low, and so does another photo of its group. So each is
        // scored by the ranges of the other groups.
        let shown: BTreeSet<usize> = photos.iter().map(|(group, _)| *group).collect();
        let of_others: BTreeMap<usize, ScoreRule> = shown
            .into_iter()
            .map(|group| (group, range_without(Some(group)).map_or_else(|| whole.clone(), |range| with(Some(range)))))
            .collect();
        let score = |(group, windows): &(usize, Vec<Distances>)| {
            let counted = windows.iter().filter(|window| window.inspected.as_ref().is_none_or(Inspected::any));
            counted.map(|window| of_others[group].score(window)).max_by(f32::total_cmp)
        };
        let scores = photos.iter().map(score).collect::<Option<Vec<f32>>>()?;
        let mut synthetic = Vec::new();
        for ((group, windows), known) in photos.iter().zip(self.0.values()) {
            let rule = &of_others[group];
            let own: Vec<f32> = windows.iter().map(|window| rule.score(window)).collect();
            for (window, distances) in known.mean_defective() {
                let others = own.iter().enumerate().filter(|(other, _)| *other != window).map(|(_, score)| *score);
                let whole = others.chain([rule.score(&distances)]).filter(|score| !score.is_nan());
                synthetic.extend(whole.max_by(f32::total_cmp));
            }
        }
        let scores = self.0.keys().copied().zip(scores).collect();
        let map = |(_, windows): &(usize, Vec<Distances>)| -> Vec<f32> {
            let values = windows.iter().flat_map(|window| whole.map(window).values);
            values.filter(|value| !value.is_nan()).collect()
        };
        let maps: Vec<Vec<f32>> = photos.iter().map(map).collect();
        let map_scale = map_scale(maps.concat());
        let map_quartiles = maps.into_iter().map(lower_quartile).collect();
        Some(Normal { rule: whole, scores, synthetic, map_scale, map_quartiles })
    }
}

/// Least mean distance: identical photos would have a mean of 0.
const LEAST_DISTANCE: f64 = 1e-6;

/// Mean of the values of all maps, above 0.
pub(super) fn mean_distance<'a>(maps: impl Iterator<Item = &'a GridMap>) -> f64 {
    let distances = maps.flat_map(|map| &map.values);
    let (sum, count) = distances.fold((0.0, 0.0), |(sum, count), d| (sum + f64::from(*d), count + 1.0));
    (sum / f64::max(count, 1.0)).max(LEAST_DISTANCE)
}

/// Colour scale: transparent up to the 95th percentile of good positions, strongest at three times their 99.9th.
fn map_scale(mut values: Vec<f32>) -> MapScale {
    values.sort_by(f32::total_cmp);
    let quantile = |q: f64| values.get((q * values.len().saturating_sub(1) as f64) as usize).copied();
    let low = quantile(0.95).unwrap_or(0.0);
    let high = 3.0 * quantile(0.999).unwrap_or(0.5);
    MapScale { low, high: high.max(low + 1e-3) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::grid::Grid;
    use crate::scoring::aggregation::Aggregation;

    fn rule(aggregation: Aggregation, smoothing_sigma: f32) -> ScoreRule {
        ScoreRule { aggregation, smoothing_sigma, ..ScoreRule::default() }
    }

    fn window(distance: f32) -> Distances {
        let map = |side| GridMap::filled(Grid { rows: side, columns: side }, distance);
        Distances::new(map(2), map(4))
    }

    fn photo<const N: usize>(photo: usize, windows: [Distances; N]) -> HeldOutPhoto {
        HeldOutPhoto { photo, windows: windows.into(), defective: Vec::new() }
    }

    #[test]
    fn a_photo_that_two_folds_hold_out_counts_once() {
        let mut photos = HeldOut::default();
        photos.add(photo(3, [window(0.2)]));
        photos.add(photo(1, [window(0.2), window(0.6)]));
        photos.add(photo(3, [window(0.4)]));
        let normal = photos.normal(&rule(Aggregation::Mean, 0.0), false, &[0, 1, 2, 3]).unwrap();
        assert_eq!(normal.scores, [(1, 0.6), (3, 0.3)]);
        assert_eq!(normal.rule.normal_range, None);
    }

    #[test]
    fn a_photo_is_scored_by_the_ranges_of_the_other_groups() {
        let mut photos = HeldOut::default();
        (0..20).for_each(|number| photos.add(photo(number, [window(0.1)])));
        photos.add(photo(20, [window(0.7)]));
        let normal = photos.normal(&rule(Aggregation::Mean, 0.1), true, &Vec::from_iter(0..21)).unwrap();
        // The other photos are all alike, so their edge equals their distance.
        assert!((normal.scores[20].1 - 7.0f32.sqrt()).abs() < 1e-3, "{:?}", normal.scores[20]);
        // Another photo of the same group changes nothing.
        photos.add(photo(21, [window(0.7)]));
        let groups: Vec<usize> = (0..21).chain([20]).collect();
        let normal = photos.normal(&rule(Aggregation::Mean, 0.1), true, &groups).unwrap();
        assert!((normal.scores[20].1 - 7.0f32.sqrt()).abs() < 1e-3, "{:?}", normal.scores[20]);
        assert_eq!(normal.scores[20].1, normal.scores[21].1);
    }

    #[test]
    fn a_photo_with_a_defect_scores_as_its_highest_window() {
        let mut photos = HeldOut::default();
        let defective = vec![(0, window(0.2)), (1, window(0.9))];
        photos.add(HeldOutPhoto { photo: 0, windows: vec![window(0.1), window(0.4)], defective });
        let normal = photos.normal(&rule(Aggregation::Mean, 0.0), false, &[0]).unwrap();
        assert_eq!(normal.synthetic, [0.4, 0.9]);
        assert_eq!(normal.scores, [(0, 0.4)]);
    }

    #[test]
    fn nan_gives_no_normal_ranges() {
        let mut photos = HeldOut::default();
        assert!(photos.normal(&rule(Aggregation::Top, 0.1), true, &[0]).is_none_or(|normal| normal.scores.is_empty()));
        photos.add(photo(0, [window(f32::NAN)]));
        assert!(photos.normal(&rule(Aggregation::Top, 0.1), true, &[0]).is_none());
    }

    #[test]
    fn groups_at_and_above_the_threshold_are_reviewed() {
        let of = |scores| {
            let map_scale = MapScale { low: 0.0, high: 1.0 };
            Normal { rule: ScoreRule::default(), scores, synthetic: Vec::new(), map_scale, map_quartiles: Vec::new() }
        };
        let normal = of(vec![(0, 0.5), (1, 0.2), (2, 1.0), (3, 3.0), (4, 0.9)]);
        let highest = [Reviewed { score: 3.0, photos: vec![3, 1] }, Reviewed { score: 1.0, photos: vec![2] }];
        assert_eq!(normal.reviewed(&[0, 1, 2, 1, 4], 1.0), highest);
        let many: Vec<usize> = (0..40).collect();
        assert_eq!(of(many.iter().map(|photo| (*photo, 1.0)).collect()).reviewed(&many, 0.0).len(), REVIEWED);
    }
}
