//! Metrics of scores that separate defective from normal images or pixels.
//!
//! A higher score means more defective. At a threshold, scores that are at least as high are positive. Equal scores are one
//! point of every curve, as in scikit-learn. Functions that need both classes return `None` where one is missing, and also
//! for NaN scores and for slices of different lengths.

use cse::image::components;
pub use cse::scoring::auroc::auroc as roc_auc;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::slice::ParallelSliceMut;

/// Best F1 score with its threshold, precision and recall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct F1Max {
    /// Harmonic mean of precision and recall, 0 to 1.
    pub f1: f64,
    /// Highest score that gives this F1 score as a threshold. Scores at least as high are positive.
    pub threshold: f32,
    /// Share of the positives that are defective, 0 to 1.
    pub precision: f64,
    /// Share of the defective ones that are positive, 0 to 1.
    pub recall: f64,
}

/// Mean precision over the recall gained at each threshold, 0 to 1: `sklearn.metrics.average_precision_score`.
pub fn average_precision(scores: &[f32], defective: &[bool]) -> Option<f64> {
    Some(Curve::new(&mut entries(scores, defective)?)?.average_precision())
}

/// Best F1 score over all thresholds.
pub fn f1_max(scores: &[f32], defective: &[bool]) -> Option<F1Max> {
    Some(Curve::new(&mut entries(scores, defective)?)?.f1_max())
}

/// Highest true positive rate at a threshold with a false positive rate of at most `fpr` (0 to 1).
pub fn tpr_at_fpr(scores: &[f32], defective: &[bool], fpr: f64) -> Option<f64> {
    Some(Curve::new(&mut entries(scores, defective)?)?.tpr_at_fpr(fpr))
}

/// 95 % interval of [`roc_auc`]: percentiles 2.5 and 97.5 over `draws` bootstrap samples. 1,000 are enough.
///
/// The bootstrap is stratified: each class is drawn with replacement from itself, so that no sample lacks a class. This is
/// the default of pROC (Robin et al., BMC Bioinformatics 2011). The same `seed` gives the same interval. `None` also for
/// no draws.
pub fn bootstrap_interval(scores: &[f32], defective: &[bool], seed: u64, draws: usize) -> Option<(f64, f64)> {
    Curve::new(&mut entries(scores, defective)?)?;
    let of_class = |wanted: bool| -> Vec<f32> {
        let pairs = scores.iter().zip(defective);
        pairs.filter(|&(_, &class)| class == wanted).map(|(&score, _)| score).collect()
    };
    let (normal, faulty) = (of_class(false), of_class(true));
    let classes: Vec<bool> = (0..scores.len()).map(|i| i >= normal.len()).collect();
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let mut areas = Vec::with_capacity(draws);
    let mut sample = Vec::with_capacity(scores.len());
    for _ in 0..draws {
        sample.clear();
        for class in [&normal, &faulty] {
            sample.extend((0..class.len()).map(|_| class[rng.random_range(0..class.len())]));
        }
        areas.push(roc_auc(&sample, &classes)?);
    }
    areas.sort_unstable_by(f64::total_cmp);
    Some((quantile(&areas, 0.025)?, quantile(&areas, 0.975)?))
}

/// Value at `share` (0 to 1) of the way through `sorted`, interpolated between neighbours as `numpy.quantile` does.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let position = share * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    Some(below + position.fract() * (above - below))
}

/// Why the pixels of an image cannot be counted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PixelError {
    /// The map or the mask is not `width` x a whole number of rows, or they differ.
    #[error("an anomaly map of {map} pixels and a mask of {mask} pixels are not two images of width {width}")]
    Sizes {
        /// Number of pixels of the map.
        map: usize,
        /// Number of pixels of the mask.
        mask: usize,
        /// Width of both.
        width: usize,
    },
    /// A score is NaN.
    #[error("the anomaly map has scores that are NaN")]
    NotANumber,
    /// The data set has more defective regions than can be counted.
    #[error("the masks have more than 4,294,967,295 defective regions")]
    TooManyRegions,
}

/// Collects anomaly maps and masks, image by image, for the metrics over all pixels of a data set.
///
/// The metrics are exact, which takes 8 bytes a pixel.
#[derive(Clone, Debug, Default)]
pub struct PixelScores {
    /// [`entry`] of each pixel's score and region. The region is 0 where normal, and otherwise counted over all images
    /// from 1.
    entries: Vec<u64>,
    /// Number of pixels of each region, starting with the normal pixels.
    areas: Vec<u64>,
}

/// Metrics over all pixels of a data set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelMetrics {
    /// Area under the ROC curve, as by [`roc_auc`].
    pub roc_auc: f64,
    /// Average precision, as by [`average_precision`].
    pub average_precision: f64,
    /// Best F1 score, as by [`f1_max`].
    pub f1_max: F1Max,
    /// Area under the per-region overlap (AUPRO), 0 to 1, up to a false positive rate.
    ///
    /// The curve is the mean true positive rate of the defective regions over the false positive rate of all normal
    /// pixels. It is interpolated linearly, integrated up to the limit and divided by the limit (Bergmann et al., IJCV
    /// 2021, section 5.2). Regions are 8-connected, as in OpenCV and kornia, whose components anomalib uses. The mean
    /// is taken at equal thresholds. Anomalib instead resamples the curve of each region to a common number of points.
    pub aupro: f64,
}

impl PixelScores {
    /// Adds an image. `map` holds the scores, and `mask` is true where defective. Both are row by row, `width` pixels each.
    ///
    /// # Errors
    /// If `map` and `mask` are not two images of that width, or a score is NaN. Nothing is added then.
    pub fn push(&mut self, map: &[f32], mask: &[bool], width: usize) -> Result<(), PixelError> {
        if map.len() != mask.len() || map.len().checked_rem(width) != Some(0) {
            return Err(PixelError::Sizes { map: map.len(), mask: mask.len(), width });
        }
        if map.iter().any(|score| score.is_nan()) {
            return Err(PixelError::NotANumber);
        }
        let known = self.areas.len().max(1);
        let (labels, regions) = components::label(mask, width);
        if u32::try_from(known + regions).is_err() {
            return Err(PixelError::TooManyRegions);
        }
        self.areas.resize(known + regions, 0);
        for (&score, &label) in map.iter().zip(&labels) {
            let region = if label == 0 { 0 } else { known - 1 + label };
            self.areas[region] += 1;
            self.entries.push(entry(score, region as u32));
        }
        Ok(())
    }

    /// Metrics over all images, with AUPRO up to the false positive rate `fpr_limit` (usually 0.3). `None` if there are no
    /// normal or no defective pixels, or if `fpr_limit` is not above 0.
    pub fn metrics(mut self, fpr_limit: f64) -> Option<PixelMetrics> {
        let curve = Curve::new(&mut self.entries)?;
        Some(PixelMetrics {
            roc_auc: curve.roc_auc(),
            average_precision: curve.average_precision(),
            f1_max: curve.f1_max(),
            aupro: aupro(curve.entries, &self.areas, fpr_limit)?,
        })
    }
}

/// Computes [`PixelMetrics::aupro`] of sorted `entries` in regions of `areas` pixels.
fn aupro(entries: &[u64], areas: &[u64], fpr_limit: f64) -> Option<f64> {
    let (&normal, regions) = areas.split_first()?;
    if normal == 0 || regions.is_empty() || fpr_limit.is_nan() || fpr_limit <= 0.0 {
        return None;
    }
    let limit = fpr_limit.min(1.0);
    let (mut fpr, mut overlap, mut area) = (0.0, 0.0, 0.0);
    let (mut false_positives, mut overlaps) = (0_u64, 0.0);
    for group in equal_scores(entries) {
        for region in group.iter().map(|&entry| entry as u32 as usize) {
            match region {
                0 => false_positives += 1,
                _ => overlaps += 1.0 / areas[region] as f64,
            }
        }
        let (next_fpr, next_overlap) = (false_positives as f64 / normal as f64, overlaps / regions.len() as f64);
        if next_fpr >= limit {
            let at_limit = overlap + (next_overlap - overlap) * (limit - fpr) / (next_fpr - fpr);
            return Some((area + (limit - fpr) * (overlap + at_limit) / 2.0) / limit);
        }
        area += (next_fpr - fpr) * (overlap + next_overlap) / 2.0;
        (fpr, overlap) = (next_fpr, next_overlap);
    }
    None
}

/// Packs a score and a label into one number. Ascending numbers are descending scores.
///
/// The bits of positive floats are in ascending order, and those of negative floats in descending order.
fn entry(score: f32, label: u32) -> u64 {
    let bits = (score + 0.0).to_bits();
    let ascending = if bits >> 31 == 0 { bits | 1 << 31 } else { !bits };
    u64::from(!ascending) << 32 | u64::from(label)
}

/// Score of an [`entry`].
fn score_of(entry: u64) -> f32 {
    let ascending = !((entry >> 32) as u32);
    f32::from_bits(if ascending >> 31 == 1 { ascending & !(1 << 31) } else { !ascending })
}

/// Entries of images or pixels that are either defective or not. `None` for NaN scores and different lengths.
fn entries(scores: &[f32], defective: &[bool]) -> Option<Vec<u64>> {
    if scores.len() != defective.len() || scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    Some(scores.iter().zip(defective).map(|(&score, &class)| entry(score, class.into())).collect())
}

/// Runs of equal scores in sorted `entries`, highest score first.
fn equal_scores(entries: &[u64]) -> impl Iterator<Item = &[u64]> {
    entries.chunk_by(|a, b| a >> 32 == b >> 32)
}

/// Sorted entries of both classes, from which each metric computes the points of its curve. A list of the points would
/// take three times the memory of the entries.
struct Curve<'a> {
    entries: &'a [u64],
    defective: f64,
    normal: f64,
}

/// Numbers of true and false positives at a threshold.
#[derive(Clone, Copy)]
struct Point {
    threshold: f32,
    /// Number of true positives.
    true_positives: f64,
    /// Number of false positives.
    false_positives: f64,
}

impl<'a> Curve<'a> {
    /// Sorts `entries`, whose label is 0 where normal. `None` if they do not have both classes.
    fn new(entries: &'a mut [u64]) -> Option<Self> {
        entries.par_sort_unstable();
        let normal = entries.iter().filter(|&&entry| entry as u32 == 0).count();
        let defective = entries.len() - normal;
        (normal > 0 && defective > 0).then_some(Self { entries, defective: defective as f64, normal: normal as f64 })
    }

    /// Points from the highest threshold down.
    fn points(&self) -> impl Iterator<Item = Point> {
        equal_scores(self.entries).scan((0, 0), |(true_positives, false_positives), group| {
            let normal = group.iter().filter(|&&entry| entry as u32 == 0).count();
            *false_positives += normal;
            *true_positives += group.len() - normal;
            let threshold = score_of(group[0]);
            Some(Point { threshold, true_positives: *true_positives as f64, false_positives: *false_positives as f64 })
        })
    }

    /// Pairs of neighbouring points. The first pair begins with a threshold above all scores.
    fn steps(&self) -> impl Iterator<Item = (Point, Point)> {
        let nothing = Point { threshold: f32::INFINITY, true_positives: 0.0, false_positives: 0.0 };
        std::iter::once(nothing).chain(self.points()).zip(self.points())
    }

    fn roc_auc(&self) -> f64 {
        let area: f64 = self
            .steps()
            .map(|(a, b)| (b.false_positives - a.false_positives) * (a.true_positives + b.true_positives) / 2.0)
            .sum();
        area / (self.defective * self.normal)
    }

    fn average_precision(&self) -> f64 {
        let precision = |point: Point| point.true_positives / (point.true_positives + point.false_positives);
        self.steps().map(|(a, b)| (b.true_positives - a.true_positives) * precision(b)).sum::<f64>() / self.defective
    }

    fn f1_max(&self) -> F1Max {
        let mut best = F1Max { f1: -1.0, threshold: f32::INFINITY, precision: 0.0, recall: 0.0 };
        for Point { threshold, true_positives, false_positives } in self.points() {
            let f1 = 2.0 * true_positives / (true_positives + false_positives + self.defective);
            if f1 > best.f1 {
                best = F1Max {
                    f1,
                    threshold,
                    precision: true_positives / (true_positives + false_positives),
                    recall: true_positives / self.defective,
                };
            }
        }
        best
    }

    fn tpr_at_fpr(&self, fpr: f64) -> f64 {
        let allowed = self.points().take_while(|point| point.false_positives / self.normal <= fpr);
        allowed.last().map_or(0.0, |point| point.true_positives / self.defective)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images() -> (Vec<f32>, Vec<bool>) {
        let defective = |i: u32| i * 7 % 10 < 3;
        let score = |i: u32| ((i * i * 31 + i * 17) % 97 + 30 * u32::from(defective(i))) as f32 / 128.0;
        (0..60).map(|i| (score(i), defective(i))).unzip()
    }

    fn pixels() -> PixelScores {
        let mut pixels = PixelScores::default();
        for k in 0..3_i32 {
            let at = |i: i32| (i % 32, i / 32);
            let disc = |x: i32, y: i32| (x - 8 - k).pow(2) + (y - 8).pow(2) < 20;
            let diagonal = |x: i32, y: i32| x - y == 10 && (20..25).contains(&x);
            let corner = |x: i32, y: i32| k == 1 && x >= 28 && y >= 20;
            let defective = |(x, y)| k < 2 && (disc(x, y) || diagonal(x, y) || corner(x, y));
            let score = |(x, y)| {
                let texture = (3 * x * x + 5 * y * y + 7 * x * y + 11 * k) % 61;
                (texture + 25 * i32::from(defective((x, y))) + 10 * i32::from(x < 16)) as f32 / 128.0
            };
            let (map, mask): (Vec<f32>, Vec<bool>) = (0..32 * 24).map(|i| (score(at(i)), defective(at(i)))).unzip();
            pixels.push(&map, &mask, 32).unwrap();
        }
        pixels
    }

    fn assert_close(ours: &[f64], reference: &[f64]) {
        assert_eq!(ours.len(), reference.len());
        for (a, b) in ours.iter().zip(reference) {
            assert!((a - b).abs() < 1e-12, "{ours:?}, reference {reference:?}");
        }
    }

    /// Compares with scikit-learn, by the output of `tests/reference/metrics.py`.
    #[test]
    fn image_metrics_are_those_of_scikit_learn() {
        let (scores, defective) = images();
        let f1 = f1_max(&scores, &defective).unwrap();
        let ours = [
            roc_auc(&scores, &defective).unwrap(),
            average_precision(&scores, &defective).unwrap(),
            f1.f1,
            f1.threshold.into(),
            f1.precision,
            f1.recall,
            tpr_at_fpr(&scores, &defective, 0.02).unwrap(),
            tpr_at_fpr(&scores, &defective, 0.05).unwrap(),
            tpr_at_fpr(&scores, &defective, 0.2).unwrap(),
        ];
        assert_close(
            &ours,
            &[
                0.7268518518518519,
                0.6065477570339939,
                0.5714285714285714,
                0.453125,
                0.45161290322580644,
                0.7777777777777778,
                0.2222222222222222,
                0.3333333333333333,
                0.3888888888888889,
            ],
        );
    }

    /// Compares with `tests/reference/metrics.py`: scikit-learn, and AUPRO by another algorithm. Anomalib 2.7 gives
    /// 0.4651998.
    #[test]
    fn pixel_metrics_are_those_of_the_reference() {
        let pixels = pixels();
        assert_eq!(pixels.areas.len() - 1, 5);
        let ours = pixels.metrics(0.3).unwrap();
        let f1 = ours.f1_max;
        let ours =
            [ours.roc_auc, ours.average_precision, f1.f1, f1.threshold.into(), f1.precision, f1.recall, ours.aupro];
        assert_close(
            &ours,
            &[
                0.8481531740460311,
                0.5271206349315738,
                0.5631067961165048,
                0.5546875,
                1.0,
                0.3918918918918919,
                0.46519981276344197,
            ],
        );
    }

    #[test]
    fn scores_of_any_sign_are_ordered() {
        let scores = [f32::NEG_INFINITY, -3.5, -1e-40, 0.0, 1e-40, 2.0, f32::INFINITY];
        let entries = scores.map(|score| entry(score, 7));
        assert!(entries.is_sorted_by(|a, b| a > b));
        assert_eq!(entries.map(score_of), scores);
        assert_eq!(entry(-0.0, 1), entry(0.0, 1));
    }

    #[test]
    fn extremes() {
        let classes = [false, false, true, true];
        assert_eq!(roc_auc(&[1.0, 2.0, 3.0, 4.0], &classes), Some(1.0));
        assert_eq!(roc_auc(&[4.0, 3.0, 2.0, 1.0], &classes), Some(0.0));
        assert_eq!(roc_auc(&[1.0; 4], &classes), Some(0.5));
        assert_eq!(tpr_at_fpr(&[1.0, 2.0, 3.0, 4.0], &classes, 0.02), Some(1.0));
        assert_eq!(f1_max(&[1.0, 2.0, 3.0, 4.0], &classes).map(|best| best.threshold), Some(3.0));
        for (scores, classes) in
            [(&[][..], &[][..]), (&[1.0], &[true]), (&[1.0], &[]), (&[f32::NAN, 1.0], &[true, false])]
        {
            assert_eq!(roc_auc(scores, classes), None);
            assert_eq!(bootstrap_interval(scores, classes, 0, 10), None);
        }
    }

    #[test]
    fn perfect_maps_have_aupro_one_and_blind_ones_half_the_limit() {
        let mask: Vec<bool> = (0..100).map(|i| i % 10 > 6 && i > 60).collect();
        let aupro = |map: Vec<f32>| {
            let mut pixels = PixelScores::default();
            pixels.push(&map, &mask, 10).unwrap();
            pixels.metrics(0.3).unwrap().aupro
        };
        assert_close(&[aupro(mask.iter().map(|&m| f32::from(u8::from(m))).collect())], &[1.0]);
        assert_close(&[aupro(vec![0.5; 100])], &[0.15]);
    }

    #[test]
    fn pixels_that_do_not_fit_are_refused() {
        let mut pixels = PixelScores::default();
        assert!(pixels.push(&[0.0; 6], &[false; 5], 3).is_err());
        assert!(pixels.push(&[0.0; 6], &[false; 6], 4).is_err());
        assert!(pixels.push(&[0.0; 6], &[false; 6], 0).is_err());
        assert_eq!(pixels.push(&[f32::NAN], &[true], 1), Err(PixelError::NotANumber));
        assert_eq!(pixels.clone().metrics(0.3), None);
        pixels.push(&[0.0, 1.0], &[false, true], 2).unwrap();
        assert_eq!(pixels.clone().metrics(0.0), None);
        assert!(pixels.metrics(5.0).is_some());
    }

    #[test]
    fn the_interval_is_around_the_area_and_repeatable() {
        let (scores, defective) = images();
        let area = roc_auc(&scores, &defective).unwrap();
        let (low, high) = bootstrap_interval(&scores, &defective, 1, 1000).unwrap();
        assert!(low < area && area < high && high - low < 0.35, "{low} {area} {high}");
        assert_eq!(bootstrap_interval(&scores, &defective, 1, 1000), Some((low, high)));
        // DeLong's standard error, by the variance of the placements. The interval is about 4 standard errors wide.
        let placements = |of: bool| -> Vec<f64> {
            let class = |wanted| scores.iter().zip(&defective).filter(move |(_, d)| **d == wanted).map(|(s, _)| *s);
            let above = |a: f32, b: f32| {
                if a > b {
                    1.0
                } else if a == b {
                    0.5
                } else {
                    0.0
                }
            };
            let others: Vec<f32> = class(!of).collect();
            let placement = |s: f32| others.iter().map(|&o| above(s, o)).sum::<f64>() / others.len() as f64;
            class(of).map(placement).collect()
        };
        let variance_of_mean = |values: Vec<f64>| {
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0) / n
        };
        let error = (variance_of_mean(placements(true)) + variance_of_mean(placements(false))).sqrt();
        assert!(((high - low) / (3.92 * error) - 1.0).abs() < 0.15, "{low} {high} {error}");
    }
}
