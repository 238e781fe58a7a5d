//! Verdict: the answer on a photo.

use serde::{Deserialize, Serialize};

use super::prediction::Prediction;

/// Answer on a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The score is at most the threshold, and the photo is not unlike the good photos.
    NoDefect,
    /// The score is above the threshold, because of a part of the photo.
    Defect,
    /// The photo is unlike the good photos as a whole: another material, light, scale or shape. See [`Unlikeness`].
    Unlike,
}

/// Difference of a whole photo from the good photos.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unlikeness {
    /// There is none, or the model cannot tell.
    #[default]
    None,
    /// Most of the photo is anomalous. It is [`Verdict::Unlike`] only if its score is above the threshold.
    Most,
    /// The map is higher than on good photos almost everywhere. It is [`Verdict::Unlike`] whatever its score.
    Throughout,
    /// The proportions differ from those of the good photos by more than a factor of two. It is [`Verdict::Unlike`] whatever
    /// its score.
    Proportions,
}

impl Verdict {
    /// Answer on a photo. `threshold` is in units of its score: 1 for a model as it was trained.
    pub fn new(prediction: &Prediction, threshold: f32) -> Self {
        let above = prediction.score > threshold;
        match prediction.unlike {
            Unlikeness::Throughout | Unlikeness::Proportions => Self::Unlike,
            Unlikeness::Most if above => Self::Unlike,
            Unlikeness::None if above => Self::Defect,
            Unlikeness::Most | Unlikeness::None => Self::NoDefect,
        }
    }

    /// Tells whether the photo is not to be taken for good.
    pub fn is_called(self) -> bool {
        self != Self::NoDefect
    }
}

/// Lower quartiles of the map and of the field of which a photo reaches both if most of it is anomalous, in edges. An edge is
/// the mean and three standard deviations of good distances, and the field has the distances of the score. A strong
/// defect raises the field far around it, because `stage7` sees far, but hardly the map. With a model of
/// magnetic tile, medians are 0.5 and 0.6 on its defects, 0.9 and 2.4 on leather, 1.3 and 2.4 on textures of all kinds.
const MOST: [f32; 2] = [0.75, 1.5];
/// Share of its highest value that the lower quartile of the field is above where most of a photo is anomalous, whatever its map. Around a defect the field
/// falls off further.
const EVEN: f32 = 0.6;
/// Logarithm of the ratio of a map's lower quartile to that of held-out good photos that the map exceeds where it is higher almost
/// everywhere. It is 0.29 at most on the demo's defects, and 0.30 at least on leather with a model of magnetic tile. Defects that
/// cover a tile reach 0.60.
const HIGHER: f64 = 0.3;
/// Standard deviations of the logarithm on held-out good photos that it must reach too.
const DEVIATIONS: f64 = 4.0;
/// Standard deviation that is assumed with the weight of [`PRIOR_PHOTOS`], because few photos give an uncertain one. It is that
/// of magnetic tile.
const PRIOR_DEVIATION: f64 = 0.075;
/// Number of photos that [`PRIOR_DEVIATION`] counts for.
const PRIOR_PHOTOS: f64 = 5.0;

/// Unlikeness of a photo by its anomaly map and the score's field at all inspected positions, in units of the edge of the
/// normal range. `limit` is the [`quartile_limit`] of the model. None leaves [`Unlikeness::Throughout`] out.
pub(super) fn unlikeness(map: Vec<f32>, field: Vec<f32>, limit: Option<f32>) -> Unlikeness {
    let highest = field.iter().copied().fold(0.0, f32::max);
    let (map, field) = (lower_quartile(map), lower_quartile(field));
    if limit.is_some_and(|limit| map > limit) {
        Unlikeness::Throughout
    } else if (map > MOST[0] && field > MOST[1]) || field > f32::max(1.0, EVEN * highest) {
        Unlikeness::Most
    } else {
        Unlikeness::None
    }
}

/// Limit of the lower quartile of a map, from those of held-out good photos. `None` without a photo.
pub fn quartile_limit(quartiles: &[f32]) -> Option<f32> {
    if quartiles.is_empty() {
        return None;
    }
    // Identical photos have maps of 0, which has no logarithm.
    let logs: Vec<f64> = quartiles.iter().map(|quartile| f64::from(quartile.max(1e-6)).ln()).collect();
    let count = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / count;
    let squares = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>();
    let deviation = ((squares + PRIOR_PHOTOS * PRIOR_DEVIATION.powi(2)) / (count + PRIOR_PHOTOS)).sqrt();
    Some((mean + HIGHER.max(DEVIATIONS * deviation)).exp() as f32)
}

/// Value that three quarters of `values` reach. 0 for none.
pub fn lower_quartile(mut values: Vec<f32>) -> f32 {
    let at = values.len() / 4;
    if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(at, f32::total_cmp).1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(map: Vec<f32>, field: Vec<f32>) -> Unlikeness {
        unlikeness(map, field, None)
    }

    #[test]
    fn a_spot_is_a_defect_and_a_whole_photo_is_not() {
        let with = |far: usize, distance: f32| (0..100).map(|at| if at < far { distance } else { 0.7 }).collect();
        assert_eq!(whole(with(10, 9.0), with(30, 9.0)), Unlikeness::None);
        assert_eq!(whole(with(90, 1.2), with(90, 2.0)), Unlikeness::Most, "most of the map");
        assert_eq!(whole(with(0, 0.0), with(90, 5.0)), Unlikeness::Most, "most of the field");
        let flawed = || (0..100).map(|at| if at < 5 { 9.0 } else { 2.5 }).collect();
        assert_eq!(whole(with(90, 1.2), flawed()), Unlikeness::Most, "another material that has a flaw");
        assert_eq!(whole(with(5, 3.0), flawed()), Unlikeness::None, "a strong defect");
        // `stage7` sees far: all of the field is raised around a strong defect.
        let around = (0..100).map(|at| 9.0 / (1.0 + 0.05 * at as f32)).collect();
        assert_eq!(whole(with(30, 4.0), around), Unlikeness::None);
        assert_eq!(whole(Vec::new(), Vec::new()), Unlikeness::None);
    }

    #[test]
    fn a_map_that_is_higher_throughout_is_unlike_whatever_the_score() {
        let limit = quartile_limit(&[0.40, 0.42, 0.44, 0.46, 0.48, 0.50]);
        let faint = || vec![0.3; 100];
        assert_eq!(unlikeness(vec![0.55; 100], faint(), limit), Unlikeness::None);
        assert_eq!(unlikeness(vec![0.66; 100], faint(), limit), Unlikeness::Throughout);
        let prediction = |score, unlike| Prediction {
            score,
            unlike,
            peak: crate::scoring::prediction::Place { x: 0.5, y: 0.5 },
            patches: Vec::new(),
        };
        let verdict = |score, unlike| Verdict::new(&prediction(score, unlike), 1.0);
        assert_eq!(verdict(0.5, Unlikeness::Throughout), Verdict::Unlike);
        assert_eq!(verdict(0.5, Unlikeness::Most), Verdict::NoDefect);
        assert_eq!(verdict(1.5, Unlikeness::Most), Verdict::Unlike);
        assert_eq!(verdict(1.5, Unlikeness::None), Verdict::Defect);
    }

    #[test]
    fn photos_that_vary_more_have_a_higher_limit() {
        let of = |spread: f32| quartile_limit(&[0.5 / spread, 0.5, 0.5 * spread].repeat(7)).unwrap();
        assert!((of(1.01) - 0.5 * 0.3f32.exp()).abs() < 0.01, "{}", of(1.01));
        assert!(of(1.3) > 1.0, "{}", of(1.3));
        assert_eq!(quartile_limit(&[]), None);
        assert!(quartile_limit(&[0.0]).is_some_and(f32::is_finite));
    }
}
