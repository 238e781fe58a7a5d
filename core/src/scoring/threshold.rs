//! Threshold at a given false positive rate, from the scores of good photos.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::statistics::Statistics;

/// Threshold with the scores that it was computed from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// Score above which a photo is labelled as defective. 0 or more.
    #[serde(rename = "threshold")]
    pub value: f32,
    /// Expected share of good photos above the threshold. It is at least `1 / (groups + 1)`, because few groups cannot
    /// show a lower rate for the next group.
    pub false_positive_rate: f32,
    /// Scores of held-out good photos, ascending.
    #[serde(skip)]
    pub normal_scores: Vec<f32>,
    /// Scores of held-out photos with a synthetic defect, ascending. Empty for a method without training.
    #[serde(skip)]
    pub synthetic_scores: Vec<f32>,
}

/// Share of `scores` above `threshold`, 0 to 1. None without a score.
pub fn share_above(scores: &[f32], threshold: f32) -> Option<f64> {
    let above = scores.iter().filter(|score| **score > threshold).count();
    (!scores.is_empty()).then(|| above as f64 / scores.len() as f64)
}

/// Share of the median score below which a score counts as this share. A photo that scores very low says nothing of the
/// highest scores, but its logarithm would raise the standard deviation.
const LEAST_SHARE: f32 = 0.25;

impl Threshold {
    /// Threshold that a further good photo exceeds with probability `false_positive_rate`, if the logarithms of the scores
    /// of good photos are normally distributed.
    ///
    /// It is the upper prediction limit `exp(m + t s sqrt(1 + 1 / n))` (Hahn and Meeker, Statistical Intervals, 1991). The
    /// logarithms have the mean `m` and the standard deviation `s`. `t` is the quantile of Student's distribution with `n - 1`
    /// degrees of freedom. `n` is the number of `groups`: photos of one group are alike, so they count as one. A rate below
    /// `1 / (n + 1)` is raised to that. `None` for no scores, no groups, or a score that is not finite.
    ///
    /// A quantile of the scores, as in conformal prediction, needs no distribution. But below 50 photos it is the largest
    /// score, which one odd photo decides.
    pub fn new(mut normal_scores: Vec<f32>, groups: usize, false_positive_rate: f32) -> Option<Self> {
        if normal_scores.is_empty() || groups == 0 || normal_scores.iter().any(|score| !score.is_finite()) {
            return None;
        }
        normal_scores.sort_by(f32::total_cmp);
        let n = groups.min(normal_scores.len()) as f64;
        let promised = f64::from(false_positive_rate).max(1.0 / (n + 1.0));
        // Identical photos score 0, which has no logarithm.
        let least = (LEAST_SHARE * normal_scores[normal_scores.len() / 2]).max(f32::MIN_POSITIVE);
        let logs = normal_scores.iter().map(|score| f64::from(score.max(least)).ln());
        let (mean, deviation) = (logs.clone().mean(), logs.std_dev());
        // A single score has no standard deviation.
        let spread = if normal_scores.len() > 1 && n > 1.0 {
            let student = StudentsT::new(0.0, 1.0, n - 1.0).ok()?;
            student.inverse_cdf(1.0 - promised) * deviation * (1.0 + 1.0 / n).sqrt()
        } else {
            0.0
        };
        let value = (mean + spread).exp() as f32;
        Some(Self { value, false_positive_rate: promised as f32, normal_scores, synthetic_scores: Vec::new() })
    }

    /// The threshold with the scores of synthetic defects, which do not change it.
    pub fn with_synthetic(self, mut scores: Vec<f32>) -> Self {
        scores.sort_by(f32::total_cmp);
        Self { synthetic_scores: scores, ..self }
    }

    /// The threshold with itself as the unit of all scores, so that its value is 1, and that unit. A threshold of 0, of
    /// photos that are all the same, keeps its unit.
    pub fn in_units(self) -> (Self, f32) {
        // The reciprocal of a smaller one is infinite.
        let unit = if self.value > f32::MIN_POSITIVE { self.value } else { 1.0 };
        let scaled = |scores: Vec<f32>| scores.into_iter().map(|score| score / unit).collect();
        let (normal_scores, synthetic_scores) = (scaled(self.normal_scores), scaled(self.synthetic_scores));
        (Self { value: self.value / unit, normal_scores, synthetic_scores, ..self }, unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number of scores exp(0.01), exp(0.02), and so on, groups, rate, and the threshold by SciPy
    /// (`tests/reference/threshold.py`).
    const REFERENCE: [(usize, usize, f32, f64); 6] = [
        (2, 2, 0.02, 1.02020134),
        (12, 12, 0.02, 1.13029618),
        (20, 20, 0.02, 1.23545258),
        (99, 99, 0.02, 3.00675491),
        (99, 20, 0.05, 2.74263884),
        (764, 130, 0.02, 2506.5467),
    ];

    #[test]
    fn the_threshold_is_the_prediction_limit() {
        for (n, groups, rate, expected) in REFERENCE {
            let scores = (1..=n).map(|i| (0.01 * i as f64).exp() as f32).collect();
            let threshold = Threshold::new(scores, groups, rate).unwrap().value;
            assert!((f64::from(threshold) / expected - 1.0).abs() < 1e-5, "{n}, {groups}: {threshold}, not {expected}");
        }
    }

    #[test]
    fn few_photos_promise_what_they_can() {
        let promised =
            |scores: &[f32], groups| Some(Threshold::new(scores.to_vec(), groups, 0.01)?.false_positive_rate);
        assert_eq!(promised(&[0.3, 0.1, 0.2], 3), Some(0.25));
        assert_eq!(promised(&[0.3; 99], 4), Some(0.2));
        assert_eq!(promised(&[0.3; 99], 99), Some(0.01));
        assert_eq!(promised(&[], 0), None);
        assert_eq!(promised(&[0.3, f32::NAN], 2), None);
    }

    /// A black frame among the good photos must not hide defects.
    #[test]
    fn a_very_low_score_does_not_raise_the_threshold() {
        let scores: Vec<f32> = (0..20).map(|i| 1.0 + 0.02 * i as f32).collect();
        let without = Threshold::new(scores.clone(), 20, 0.05).unwrap().value;
        for low in [0.0, 0.01, 0.2] {
            let with = Threshold::new([&scores[1..], &[low]].concat(), 20, 0.05).unwrap().value;
            assert!(with < 1.5 * without, "{low}: {with}, not {without}");
        }
    }

    /// A threshold must not be NaN, because then every photo would pass for good.
    #[test]
    fn odd_scores_give_a_number() {
        for scores in [vec![0.0; 5], vec![0.7], vec![0.0, 3.0], vec![-1e-7, 0.2, 1e30]] {
            for groups in [1, scores.len()] {
                let value = Threshold::new(scores.clone(), groups, 0.02).unwrap().value;
                assert!(value.is_finite() && value >= 0.0, "{scores:?}: {value}");
            }
        }
        assert!((Threshold::new(vec![0.7], 1, 0.02).unwrap().value - 0.7).abs() < 1e-6);
    }
}
