//! Axis for scores. A defect may score thirty times the threshold, but the scores around the threshold need most room.

/// Symlog scale: linear well below the threshold, logarithmic well above it, and smooth in between. It begins at 0, or at
/// the lowest score if that is negative. The chart of the web page has the same axis.
#[derive(Clone, Copy, Debug)]
pub struct ScoreAxis {
    low: f64,
    high: f64,
    /// Score at which the scale goes from linear to logarithmic.
    unit: f64,
}

impl ScoreAxis {
    /// Axis over all finite scores and the threshold.
    pub fn over(scores: &[f32], threshold: f32) -> Self {
        let threshold = if threshold.is_finite() { f64::from(threshold) } else { 1.0 };
        let finite = || scores.iter().map(|&score| f64::from(score)).filter(|score| score.is_finite());
        let high = round_up(finite().fold(1.6 * threshold, f64::max).max(1e-3));
        let low = finite().fold(threshold.min(0.0), f64::min);
        Self { low, high, unit: threshold.abs().clamp(high / 1000.0, high) }
    }

    /// Place of a score on the axis, 0..1. Scores beyond an end are placed at that end.
    pub fn at(&self, score: f64) -> f64 {
        let (low, high) = (self.bent(self.low), self.bent(self.high));
        ((self.bent(score) - low) / (high - low)).clamp(0.0, 1.0)
    }

    /// Score at a place of the axis, 0..1.
    pub fn score(&self, place: f64) -> f64 {
        let (low, high) = (self.bent(self.low), self.bent(self.high));
        let at = low + place * (high - low);
        (self.unit * at.abs().exp_m1()).copysign(at)
    }

    /// Symlog of a score.
    fn bent(&self, score: f64) -> f64 {
        (score.abs() / self.unit).ln_1p().copysign(score)
    }

    /// Scores to mark, at least `gap` of the axis apart: both ends of the part from 0 on, and round numbers between them.
    /// Powers of ten come first.
    pub fn ticks(&self, gap: f64) -> Vec<f64> {
        let mut chosen = vec![0.0, self.high];
        let (first, last) = ((self.high / 1000.0).log10().floor() as i32, self.high.log10().ceil() as i32);
        for factor in [1.0, 5.0, 2.0] {
            for power in first..=last {
                let figure = factor * 10_f64.powi(power);
                let part = self.at(figure);
                if figure < self.high && chosen.iter().all(|other| (self.at(*other) - part).abs() >= gap) {
                    chosen.push(figure);
                }
            }
        }
        chosen
    }

    /// Histogram of the scores over about `bins` equal parts of the axis, as `(begin, end, number)` with places 0..1. One
    /// part ends at the threshold, so that no part has scores of both its sides.
    pub fn histogram(&self, scores: &[f32], threshold: f32, bins: usize) -> Vec<(f64, f64, usize)> {
        let (bins, edge) = (bins as f64, self.at(f64::from(threshold)));
        let mut numbers = std::collections::BTreeMap::new();
        for score in scores.iter().map(|&score| f64::from(score)).filter(|score| score.is_finite()) {
            // A score that equals the threshold is not above it.
            *numbers.entry(((self.at(score) - edge) * bins).ceil() as i64).or_default() += 1;
        }
        let place = |part: i64| (edge + part as f64 / bins).clamp(0.0, 1.0);
        numbers.into_iter().map(|(part, number)| (place(part - 1), place(part), number)).collect()
    }
}

/// Next larger round number.
fn round_up(value: f64) -> f64 {
    let step = 10_f64.powf(value.log10().floor());
    let nice = [1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 7.5].into_iter().find(|nice| nice * step >= value);
    nice.unwrap_or(10.0) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_photos_have_room_beside_a_defect() {
        let axis = ScoreAxis::over(&[0.7, 1.1, 38.7], 1.243);
        assert_eq!((axis.at(0.0), axis.at(40.0), axis.at(1e9)), (0.0, 1.0, 1.0));
        assert!((0.15..0.25).contains(&axis.at(1.243)), "{}", axis.at(1.243));
        assert!((axis.score(axis.at(1.1)) - 1.1).abs() < 1e-9);
        let mut ticks = axis.ticks(0.09);
        ticks.sort_by(f64::total_cmp);
        assert_eq!(ticks, [0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0]);
    }

    #[test]
    fn no_bar_has_scores_of_both_sides_of_the_threshold() {
        let scores = [0.0, 0.3, 0.5, 0.500_001, 0.9, 4.0, f32::NAN];
        let bars = ScoreAxis::over(&scores, 0.5).histogram(&scores, 0.5, 32);
        let edge = ScoreAxis::over(&scores, 0.5).at(0.5);
        let count = |below: bool| -> usize {
            bars.iter().filter(|(begin, ..)| (*begin < edge - 1e-9) == below).map(|(.., number)| number).sum()
        };
        assert_eq!((count(true), count(false)), (3, 3));
        assert!(bars.iter().all(|(begin, end, _)| (0.0..=1.0).contains(begin) && begin <= end && *end <= 1.0));
    }

    #[test]
    fn every_axis_has_a_width() {
        for (scores, threshold) in [(vec![], f32::NAN), (vec![0.0], 0.0), (vec![-0.3, 0.2], -0.1), (vec![2.0], 2.0)] {
            let axis = ScoreAxis::over(&scores, threshold);
            let places =
                scores.iter().map(|&score| axis.at(f64::from(score))).chain([axis.at(f64::from(threshold.max(0.0)))]);
            assert!(places.into_iter().all(|place| (0.0..=1.0).contains(&place)), "{scores:?}, {threshold}");
            assert!(axis.ticks(0.1).len() >= 2, "{axis:?}");
        }
    }
}
