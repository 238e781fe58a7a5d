//! Threshold at a given false positive rate, from the scores of good photos.

use serde::{Deserialize, Serialize};

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
}

impl Threshold {
    /// Smallest threshold that a further good photo exceeds with probability at most `false_positive_rate`.
    ///
    /// This is split conformal prediction: the `ceil((1 - rate)(n + 1))`-th smallest score, or the largest where there
    /// are too few. `normal_scores` are of photos in `groups` groups. Photos of one group are alike, so the rate is
    /// limited by the number of groups. `None` for no scores, or one that is not finite.
    pub fn new(mut normal_scores: Vec<f32>, groups: usize, false_positive_rate: f32) -> Option<Self> {
        if normal_scores.iter().any(|score| !score.is_finite()) {
            return None;
        }
        normal_scores.sort_by(f32::total_cmp);
        let n = normal_scores.len();
        // 2 % in single precision is a little less than 2 %. The rank must not become too low by that.
        let above = (f64::from(false_positive_rate) * (n + 1) as f64 + 1e-4).floor() as usize;
        let rank = (n + 1).saturating_sub(above);
        // Equal photos may have a distance just below 0 by rounding.
        let value = normal_scores.get(rank.clamp(1, n.max(1)) - 1)?.max(0.0);
        let promised = false_positive_rate.max(1.0 / (groups.min(n) + 1) as f32);
        Some(Self { value, false_positive_rate: promised, normal_scores })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stated_share_of_normal_scores_lies_above() {
        let scores: Vec<f32> = (0..99).map(|i| i as f32).collect();
        let threshold = Threshold::new(scores.clone(), 99, 0.05).unwrap();
        assert_eq!(threshold.value, 94.0);
        assert_eq!(scores.iter().filter(|s| **s > threshold.value).count(), 4);
        // The rank is a whole number here, in spite of the rounding of the rate to single precision.
        for (n, rate, rank) in [(99, 0.02, 98), (149, 0.02, 147), (949, 0.02, 931), (199, 0.01, 198), (299, 0.03, 291)]
        {
            let scores = (1..=n).map(|i| i as f32).collect();
            assert_eq!(Threshold::new(scores, n, rate).unwrap().value, rank as f32, "{n}, {rate}");
        }
    }

    #[test]
    fn few_photos_promise_what_they_can() {
        let threshold = Threshold::new(vec![0.3, 0.1, 0.2], 3, 0.01).unwrap();
        assert_eq!((threshold.value, threshold.false_positive_rate), (0.3, 0.25));
        assert_eq!(Threshold::new(vec![], 0, 0.01), None);
        assert_eq!(Threshold::new(vec![0.3, f32::NAN], 2, 0.01), None);
    }

    #[test]
    fn many_photos_of_few_groups_promise_no_more_than_the_groups() {
        let scores: Vec<f32> = (0..99).map(|i| i as f32).collect();
        let threshold = Threshold::new(scores, 4, 0.05).unwrap();
        assert_eq!((threshold.value, threshold.false_positive_rate), (94.0, 0.2));
    }
}
