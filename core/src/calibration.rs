//! From the scores of normal images to a threshold at a stated false-alarm rate.

use serde::{Deserialize, Serialize};

/// Threshold and the raw scores that it was taken from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// A photo that scores above it is called defective. 0 or more.
    pub threshold: f32,
    /// The share of normal images that is expected above the threshold: what was asked for, or `1 / (pieces + 1)` where
    /// that is larger, since images of so many pieces cannot promise less of the next piece.
    pub false_alarm_rate: f32,
    /// Scores of the normal validation images, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub normal_scores: Vec<f32>,
}

impl Calibration {
    /// The smallest threshold that a further normal image, drawn like `normal_scores`, exceeds with probability at most
    /// `false_alarm_rate` (split conformal prediction: the `ceil((1 - rate)(n + 1))`-th smallest score; the largest where
    /// there are too few). They show `pieces` different pieces; images of one say little of the next one. `None` for no
    /// scores, or one that is no number.
    pub fn new(mut normal_scores: Vec<f32>, pieces: usize, false_alarm_rate: f32) -> Option<Self> {
        if normal_scores.iter().any(|score| !score.is_finite()) {
            return None;
        }
        normal_scores.sort_by(f32::total_cmp);
        let n = normal_scores.len();
        // In single precision, 2 % are a hair less than that: the ranks above must not be one too few for it.
        let above = (f64::from(false_alarm_rate) * (n + 1) as f64 + 1e-4).floor() as usize;
        let rank = (n + 1).saturating_sub(above);
        // Equal photos may be a rounding error less than 0 apart.
        let threshold = normal_scores.get(rank.clamp(1, n.max(1)) - 1)?.max(0.0);
        let promised = false_alarm_rate.max(1.0 / (pieces.min(n) + 1) as f32);
        Some(Self { threshold, false_alarm_rate: promised, normal_scores })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stated_share_of_normal_scores_lies_above() {
        let scores: Vec<f32> = (0..99).map(|i| i as f32).collect();
        let calibration = Calibration::new(scores.clone(), 99, 0.05).unwrap();
        assert_eq!(calibration.threshold, 94.0);
        assert_eq!(scores.iter().filter(|s| **s > calibration.threshold).count(), 4);
        // Where the rank is a whole number, whatever single precision makes of the rate.
        for (n, rate, rank) in [(99, 0.02, 98), (149, 0.02, 147), (949, 0.02, 931), (199, 0.01, 198), (299, 0.03, 291)]
        {
            let scores = (1..=n).map(|i| i as f32).collect();
            assert_eq!(Calibration::new(scores, n, rate).unwrap().threshold, rank as f32, "{n}, {rate}");
        }
    }

    #[test]
    fn few_images_promise_what_they_can() {
        let calibration = Calibration::new(vec![0.3, 0.1, 0.2], 3, 0.01).unwrap();
        assert_eq!((calibration.threshold, calibration.false_alarm_rate), (0.3, 0.25));
        assert_eq!(Calibration::new(vec![], 0, 0.01), None);
        assert_eq!(Calibration::new(vec![0.3, f32::NAN], 2, 0.01), None);
    }

    #[test]
    fn many_images_of_few_pieces_promise_no_more_than_the_pieces() {
        let scores: Vec<f32> = (0..99).map(|i| i as f32).collect();
        let calibration = Calibration::new(scores, 4, 0.05).unwrap();
        assert_eq!((calibration.threshold, calibration.false_alarm_rate), (94.0, 0.2));
    }
}
