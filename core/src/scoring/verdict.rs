//! Verdict: the answer on a photo.

use serde::{Deserialize, Serialize};

use super::prediction::Prediction;

/// Answer on a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The score is at most the threshold.
    NoDefect,
    /// The score is above the threshold, because of a part of the photo.
    Defect,
    /// The score is above the threshold, because most of the photo is unlike the good photos: another material, light or
    /// scale. Or the photo has other proportions than all good photos.
    Unlike,
}

impl Verdict {
    /// Answer on a photo whose score is compared with `threshold`.
    pub fn new(prediction: &Prediction, threshold: f32) -> Self {
        match (prediction.score > threshold, prediction.unlike) {
            _ if prediction.other_shape => Self::Unlike,
            (false, _) => Self::NoDefect,
            (true, false) => Self::Defect,
            (true, true) => Self::Unlike,
        }
    }

    /// Tells whether the photo is not to be taken for good.
    pub fn is_called(self) -> bool {
        self != Self::NoDefect
    }
}

/// Lower quartiles of the map and of the score's field, in edges, that a photo reaches which is unlike as a whole. A strong
/// defect raises the field far around it, because `stage7` sees far, but hardly the map. With a model of
/// magnetic tile, medians are 0.5 and 0.6 on its defects, 0.9 and 2.4 on leather, 1.3 and 2.4 on textures of all kinds.
const WHOLE: [f32; 2] = [0.75, 1.5];
/// Share of its highest value that the lower quartile of the field reaches where the map says less. Around a defect the field
/// falls off further.
const EVEN: f32 = 0.6;

/// Tells whether most of a photo is unlike the good photos. `map` and `field` are the values of its anomaly map and of the
/// score's field at all inspected positions, in units of the edge of the normal range.
pub(super) fn is_unlike(map: Vec<f32>, field: Vec<f32>) -> bool {
    let highest = field.iter().copied().fold(0.0, f32::max);
    let (map, field) = (lower_quartile(map), lower_quartile(field));
    (map > WHOLE[0] && field > WHOLE[1]) || field > f32::max(1.0, EVEN * highest)
}

/// Value that three quarters of `values` reach. 0 for none.
fn lower_quartile(mut values: Vec<f32>) -> f32 {
    let at = values.len() / 4;
    if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(at, f32::total_cmp).1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spot_is_a_defect_and_a_whole_photo_is_not() {
        let with = |far: usize, distance: f32| (0..100).map(|at| if at < far { distance } else { 0.7 }).collect();
        assert!(!is_unlike(with(10, 9.0), with(30, 9.0)));
        assert!(is_unlike(with(90, 1.2), with(90, 2.0)), "most of the map");
        assert!(is_unlike(with(0, 0.0), with(90, 5.0)), "most of the field");
        let flawed = || (0..100).map(|at| if at < 5 { 9.0 } else { 2.5 }).collect();
        assert!(is_unlike(with(90, 1.2), flawed()), "another material that has a flaw");
        assert!(!is_unlike(with(5, 3.0), flawed()), "a strong defect");
        // `stage7` sees far: all of the field is raised around a strong defect.
        let around = (0..100).map(|at| 9.0 / (1.0 + 0.05 * at as f32)).collect();
        assert!(!is_unlike(with(30, 4.0), around));
        assert!(!is_unlike(Vec::new(), Vec::new()));
    }
}
