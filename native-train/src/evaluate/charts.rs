//! Charts of scores as inline SVG. Colours come from the page's style, by class.

use cse::files::category_file::LossPoint;
use cse::scoring::threshold::share_above;
use maud::{Markup, html};

use super::score_axis::ScoreAxis;

/// Width of each chart, in units of the view box.
const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 380.0;
/// Bars of a histogram.
const BINS: usize = 32;
/// Steps of a curve over thresholds.
const SHARES: usize = 200;

/// ROC curve, with a mark at a threshold's `(false positive rate, true positive rate)`.
pub fn roc(scores: &[f32], defective: &[bool], (fpr, tpr): (f64, f64)) -> Markup {
    let (left, top, side) = (64.0, 12.0, 310.0);
    let at = |(x, y): (f64, f64)| (left + side * x, top + side * (1.0 - y));
    let points: Vec<(f64, f64)> = roc_points(scores, defective).into_iter().map(at).collect();
    let line = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ");
    let (bottom, right) = (top + side, left + side);
    let (x, y) = at((fpr, tpr));
    // The label stays below the curve and inside the chart.
    let (label, anchor) = if fpr < 0.6 { (x + 11.0, "start") } else { (x - 11.0, "end") };
    html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-labelledby="roc-title" {
            title id="roc-title" {
                "ROC curve. At the model's threshold the true positive rate is " (percent(tpr)) " and the false positive rate "
                (percent(fpr))
            }
            @for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
                @let (x, y) = at((share, share));
                line.grid x1=(n(left)) x2=(n(right)) y1=(n(y)) y2=(n(y)) {}
                line.grid x1=(n(x)) x2=(n(x)) y1=(n(top)) y2=(n(bottom)) {}
                text x=(n(left - 8.0)) y=(n(y + 4.5)) text-anchor="end" { (format!("{:.0} %", 100.0 * share)) }
                text x=(n(x)) y=(n(bottom + 19.0)) text-anchor="middle" { (format!("{:.0} %", 100.0 * share)) }
            }
            line.chance x1=(n(left)) y1=(n(bottom)) x2=(n(right)) y2=(n(top)) {}
            polygon.under points=(format!("{left},{bottom} {line} {right},{bottom}")) {}
            polyline.curve points=(line) {}
            circle.point cx=(n(x)) cy=(n(y)) r="6" {}
            text.mark x=(n(label)) y=(n((y + 20.0).min(bottom - 6.0))) text-anchor=(anchor) { "threshold" }
            text x=(n(left + side / 2.0)) y=(n(bottom + 43.0)) text-anchor="middle" { "false positive rate" }
            text transform=(format!("translate(14 {}) rotate(-90)", n(top + side / 2.0))) text-anchor="middle" {
                "true positive rate"
            }
        }
    }
}

/// Histograms of the scores: good photos above, defective photos below, over the same axis.
pub fn histogram(scores: &[f32], defective: &[bool], threshold: f32) -> Markup {
    let (left, right, tall) = (44.0, WIDTH - 14.0, 126.0);
    let axis = ScoreAxis::over(scores, threshold);
    let x = |place: f64| left + (right - left) * place;
    let line = x(axis.at(f64::from(threshold)));
    let panels = [("good", false, 24.0), ("defective", true, 186.0)].map(|(name, class, top)| {
        let of_class = scores.iter().zip(defective).filter(|(_, defective)| **defective == class).map(|(s, _)| *s);
        let of_class: Vec<f32> = of_class.collect();
        (name, top, of_class.len(), axis.histogram(&of_class, threshold, BINS))
    });
    let bottom = 186.0 + tall;
    // The labels stay away from the threshold's line.
    let (label, anchor) = if line < (left + right) / 2.0 { (right, "end") } else { (left, "start") };
    html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-labelledby="histogram-title" {
            title id="histogram-title" {
                "Histograms of the scores: good photos above, defective photos below, with a line at the threshold "
                (format!("{threshold:.3}"))
            }
            @for (name, top, count, bins) in &panels {
                @let most = bins.iter().map(|(.., number)| *number).max().unwrap_or(1);
                line.grid x1=(n(left)) x2=(n(right)) y1=(n(*top)) y2=(n(*top)) {}
                text x=(n(left - 8.0)) y=(n(top + 4.5)) text-anchor="end" { (most) }
                text x=(n(left - 8.0)) y=(n(top + tall + 4.5)) text-anchor="end" { "0" }
                @for (begin, end, number) in bins {
                    @let bar = (tall * *number as f64 / most as f64).max(2.0);
                    rect class=(name) x=(n(x(*begin) + 0.5)) y=(n(top + tall - bar))
                        width=(n((x(*end) - x(*begin) - 1.0).max(1.0))) height=(n(bar)) {}
                }
                line.axis x1=(n(left)) x2=(n(right)) y1=(n(top + tall)) y2=(n(top + tall)) {}
                text.panel x=(n(label)) y=(n(top - 8.0)) text-anchor=(anchor) { (name) ", " (photos(*count)) }
            }
            (score_ticks(&axis, x, bottom))
            line.threshold x1=(n(line)) x2=(n(line)) y1="18" y2=(n(bottom)) {}
            text.mark x=(n(line.clamp(left + 50.0, right - 50.0))) y=(n(bottom + 40.0)) text-anchor="middle" {
                "threshold " (format!("{threshold:.3}"))
            }
            text x=(n(right)) y=(n(bottom + 60.0)) text-anchor="end" { "anomaly score" }
        }
    }
}

/// Shares of held-out good photos and of synthetic defects above each threshold, with a line at the model's own.
pub fn shares(normal: &[f32], synthetic: &[f32], threshold: f32) -> Markup {
    let (left, right, top, bottom) = (64.0, WIDTH - 14.0, 12.0, 292.0);
    let axis = ScoreAxis::over(&[normal, synthetic].concat(), threshold);
    let x = |place: f64| left + (right - left) * place;
    let y = |share: f64| bottom - (bottom - top) * share;
    let line = |scores: &[f32]| {
        let points = (0..=SHARES).map(|step| step as f64 / SHARES as f64);
        let at = |place: f64| share_above(scores, axis.score(place) as f32).map(|share| (place, share));
        let points = points.filter_map(at).map(|(place, share)| format!("{},{}", n(x(place)), n(y(share))));
        points.collect::<Vec<_>>().join(" ")
    };
    let own = x(axis.at(f64::from(threshold)));
    html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-labelledby="shares-title" {
            title id="shares-title" {
                "Above the threshold " (format!("{threshold:.3}")) " are "
                (share_above(normal, threshold).map_or_else(|| "none".into(), percent)) " of the held-out good photos and "
                (share_above(synthetic, threshold).map_or_else(|| "none".into(), percent)) " of the synthetic defects"
            }
            @for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
                line.grid x1=(n(left)) x2=(n(right)) y1=(n(y(share))) y2=(n(y(share))) {}
                text x=(n(left - 8.0)) y=(n(y(share) + 4.5)) text-anchor="end" { (format!("{:.0} %", 100.0 * share)) }
            }
            (score_ticks(&axis, x, bottom))
            polyline.training points=(line(normal)) {}
            polyline.held-out points=(line(synthetic)) {}
            line.threshold x1=(n(own)) x2=(n(own)) y1=(n(top)) y2=(n(bottom)) {}
            text x=(n(right)) y=(n(bottom + 38.0)) text-anchor="end" { "threshold" }
            (key("training", left, bottom + 62.0, "good photos"))
            (key("held-out", left + 160.0, bottom + 62.0, "synthetic defects"))
        }
    }
}

/// Losses of each member over its training: a line for the training photos and one for the held-out photos.
pub fn losses(trainings: &[Vec<LossPoint>]) -> Markup {
    let (left, right, top, bottom) = (54.0, WIDTH - 14.0, 12.0, 312.0);
    let points = || trainings.iter().flatten().filter(|p| p.training.is_finite() && p.validation.is_finite());
    let last_step = f64::from(points().map(|point| point.step).max().unwrap_or(1).max(1));
    let all: Vec<f32> = points().flat_map(|point| [point.training, point.validation]).collect();
    let (low, high) = range(&all, all.first().copied().unwrap_or(0.0));
    let at = |step: u32, loss: f32| {
        let (x, y) = (f64::from(step) / last_step, (f64::from(loss) - low) / (high - low));
        format!("{},{}", n(left + (right - left) * x), n(bottom - (bottom - top) * y))
    };
    let line = |training: &[LossPoint], loss: fn(&LossPoint) -> f32| {
        let finite = training.iter().filter(|point| loss(point).is_finite());
        finite.map(|point| at(point.step, loss(point))).collect::<Vec<_>>().join(" ")
    };
    html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-labelledby="losses-title" {
            title id="losses-title" {
                "Losses over the steps of training: " (trainings.len()) " members, from "
                (format!("{high:.2}")) " down to " (format!("{low:.2}"))
            }
            @for tick in ticks(low, high) {
                @let y = bottom - (bottom - top) * (tick - low) / (high - low);
                line.grid x1=(n(left)) x2=(n(right)) y1=(n(y)) y2=(n(y)) {}
                text x=(n(left - 8.0)) y=(n(y + 4.5)) text-anchor="end" { (short(tick)) }
            }
            @for training in trainings {
                polyline.training points=(line(training, |point| point.training)) {}
                polyline.held-out points=(line(training, |point| point.validation)) {}
            }
            line.axis x1=(n(left)) x2=(n(right)) y1=(n(bottom)) y2=(n(bottom)) {}
            text x=(n(left)) y=(n(bottom + 19.0)) text-anchor="middle" { "0" }
            text x=(n(right)) y=(n(bottom + 19.0)) text-anchor="end" { (short(last_step)) " steps" }
            (key("training", left, bottom + 45.0, "training photos"))
            (key("held-out", left + 180.0, bottom + 45.0, "held-out photos"))
        }
    }
}

/// Marks of scores below an axis at `bottom`. `x` has the position of a place of the axis.
fn score_ticks(axis: &ScoreAxis, x: impl Fn(f64) -> f64, bottom: f64) -> Markup {
    html! {
        @for tick in axis.ticks(0.09) {
            @let x = x(axis.at(tick));
            line.axis x1=(n(x)) x2=(n(x)) y1=(n(bottom)) y2=(n(bottom + 5.0)) {}
            text x=(n(x)) y=(n(bottom + 20.0)) text-anchor="middle" { (short(tick)) }
        }
    }
}

/// Sample of a line with its meaning.
fn key(class: &str, x: f64, y: f64, meaning: &str) -> Markup {
    html! {
        line class=(class) x1=(n(x)) x2=(n(x + 24.0)) y1=(n(y)) y2=(n(y)) {}
        text x=(n(x + 32.0)) y=(n(y + 4.5)) { (meaning) }
    }
}

/// Number of photos as text, such as "1 photo".
pub fn photos(count: usize) -> String {
    format!("{count} photo{}", if count == 1 { "" } else { "s" })
}

/// Share as a percentage.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// Coordinate as text.
fn n(value: f64) -> String {
    format!("{value:.1}")
}

/// Number on an axis, without trailing zeros.
fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// Points `(false positive rate, true positive rate)` from the highest threshold to the lowest, from (0, 0) to (1, 1).
/// Points within a straight run are left out. Where a class is missing, only the two ends are given.
fn roc_points(scores: &[f32], defective: &[bool]) -> Vec<(f64, f64)> {
    let mut photos: Vec<(f32, bool)> = scores.iter().copied().zip(defective.iter().copied()).collect();
    photos.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all = photos.iter().filter(|photo| photo.1).count();
    let (mut points, mut true_positives, mut false_positives) = (vec![(0.0, 0.0)], 0, 0);
    if all == 0 || all == photos.len() {
        return vec![(0.0, 0.0), (1.0, 1.0)];
    }
    for equal in photos.chunk_by(|a, b| a.0 == b.0) {
        let more = equal.iter().filter(|photo| photo.1).count();
        true_positives += more;
        false_positives += equal.len() - more;
        let next = (false_positives as f64 / (photos.len() - all) as f64, true_positives as f64 / all as f64);
        if let [.., before, last] = points[..]
            && ((before.0 == last.0 && last.0 == next.0) || (before.1 == last.1 && last.1 == next.1))
        {
            points.pop();
        }
        points.push(next);
    }
    points
}

/// Range of the axis. It holds all finite scores and the threshold, and is never empty.
fn range(scores: &[f32], threshold: f32) -> (f64, f64) {
    let finite = scores.iter().chain([&threshold]).map(|score| f64::from(*score)).filter(|score| score.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), s| (low.min(s), high.max(s)));
    match high - low {
        width if width > 0.0 => (low, high),
        0.0 => (low - 0.5, high + 0.5),
        _ => (0.0, 1.0),
    }
}

/// Three to nine round numbers from `low` to `high`.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 8.0;
    let decade = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * decade).into_iter().find(|step| *step >= rough).unwrap_or(rough);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).map(|i| i as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_turns_where_the_classes_do() {
        let scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.5];
        let defective = [true, true, false, false, true, false];
        let third = 1.0 / 3.0;
        let expected = [(0.0, 0.0), (0.0, 2.0 * third), (2.0 * third, 2.0 * third), (1.0, 1.0)];
        assert_eq!(roc_points(&scores, &defective), expected);
        assert_eq!(roc_points(&[0.1], &[true]), [(0.0, 0.0), (1.0, 1.0)]);
    }

    #[test]
    fn every_axis_has_a_width() {
        assert_eq!(range(&[0.2, 0.4, f32::NAN], 0.5), (f64::from(0.2_f32), 0.5));
        assert_eq!(range(&[2.0], 2.0), (1.5, 2.5));
        assert_eq!(range(&[], f32::NAN), (0.0, 1.0));
    }

    #[test]
    fn ticks_are_round_and_few() {
        let texts = |low, high| ticks(low, high).into_iter().map(short).collect::<Vec<_>>();
        assert_eq!(texts(0.13, 1.25), ["0.2", "0.4", "0.6", "0.8", "1", "1.2"]);
        assert_eq!(texts(-0.31, 0.62), ["-0.2", "0", "0.2", "0.4", "0.6"]);
        for width in [1e-3, 0.017, 0.6, 1.0, 3.3, 700.0] {
            assert!((3..=9).contains(&ticks(0.1, 0.1 + width).len()), "{width}");
        }
    }

    #[test]
    fn charts_have_a_title_and_stay_numbers() {
        let loss = |step, training| LossPoint { step, training, validation: 0.5 };
        for markup in [
            roc(&[0.1, 0.9], &[false, true], (0.0, 1.0)),
            histogram(&[0.5, 0.5], &[false, true], 0.5),
            losses(&[vec![loss(10, 1.5), loss(20, f32::NAN), loss(30, 0.7)], Vec::new()]),
            losses(&[vec![loss(0, 0.5)]]),
        ] {
            let text = markup.into_string();
            assert!(text.contains("role=\"img\"") && text.contains("<title"), "{text}");
            assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        }
    }
}
