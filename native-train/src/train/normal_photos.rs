//! What is normal, from good photos that the one who judges them has not seen.

use std::collections::{BTreeMap, BTreeSet};

use cse::comparison::{Comparison, Weights};
use cse::inspected::Inspected;
use cse::normal_range::NormalRange;
use cse::score::ScoreRule;
use cse::texture_file::MapScale;

/// The distances of each photo's windows, by the photo's number, as the mean of all who held it out.
#[derive(Debug, Default)]
pub struct NormalPhotos(BTreeMap<usize, Judged>);

/// What is said of one photo.
#[derive(Debug, Default)]
struct Judged {
    /// Of each window, the sum of what all say.
    sums: Vec<Comparison>,
    /// How many say something.
    of_score: f32,
    /// How many of them say something for the map: a photo may have none.
    of_map: f32,
}

impl Judged {
    fn mean(&self) -> Vec<Comparison> {
        let weights = Weights { score: 1.0 / self.of_score, map: 1.0 / self.of_map.max(1.0) };
        self.sums.iter().map(|sum| sum.times(weights)).collect()
    }
}

/// What the photos say.
#[derive(Debug)]
pub struct Said {
    /// From distances to a score, with how far normal ones reach.
    pub rule: ScoreRule,
    /// Each photo's number and score.
    pub scores: Vec<(usize, f32)>,
    /// Colours of the map.
    pub map_scale: MapScale,
}

/// Pieces to look at.
const LOOKED_AT: usize = 5;

/// Photos of one piece.
#[derive(Debug, PartialEq)]
pub struct Piece {
    /// Of the highest of them.
    pub score: f32,
    /// Their numbers, the highest score first.
    pub photos: Vec<usize>,
}

impl Said {
    /// The pieces of which a photo scores `threshold` or more; of them the [`LOOKED_AT`] highest, in order.
    pub fn least_normal(&self, pieces: &[usize], threshold: f32) -> Vec<Piece> {
        let mut scores = self.scores.clone();
        scores.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut highest: Vec<(usize, Piece)> = Vec::new();
        for (photo, score) in scores {
            let (number, known) = (pieces[photo], highest.len());
            match highest.iter_mut().find(|(of, _)| *of == number) {
                Some((_, piece)) => piece.photos.push(photo),
                None if score >= threshold && known < LOOKED_AT => {
                    highest.push((number, Piece { score, photos: vec![photo] }));
                }
                None => {}
            }
        }
        highest.into_iter().map(|(_, piece)| piece).collect()
    }
}

impl NormalPhotos {
    /// Adds what one fold says of a photo's windows; nothing for the map where it has no grid.
    pub fn add(&mut self, photo: usize, windows: impl Iterator<Item = Comparison>) {
        let judged = self.0.entry(photo).or_default();
        let mut maps = false;
        for (index, window) in windows.enumerate() {
            if index == judged.sums.len() {
                judged.sums.push(Comparison::default());
            }
            judged.sums[index].add(&window, Weights::both(1.0));
            maps |= !window.grid.is_empty();
        }
        judged.of_score += 1.0;
        if maps {
            judged.of_map += 1.0;
        }
    }

    /// Joins the photos, `pieces` says of each which piece it shows, and completes `rule` by the normal range where one is
    /// wanted. `None` where there is no photo, or a distance is no number.
    pub fn said(&self, rule: &ScoreRule, normal_range: bool, pieces: &[usize]) -> Option<Said> {
        let photos: Vec<(usize, Vec<Comparison>)> =
            self.0.iter().map(|(photo, judged)| Some((*pieces.get(*photo)?, judged.mean()))).collect::<Option<_>>()?;
        let windows = || photos.iter().flat_map(|(_, windows)| windows);
        if !windows().all(Comparison::is_finite) {
            return None;
        }
        let range_without = |left_out: Option<usize>| {
            let kept = photos.iter().filter(|(piece, _)| normal_range && Some(*piece) != left_out);
            NormalRange::fit(&kept.flat_map(|(_, windows)| windows).collect::<Vec<_>>(), rule.density)
        };
        let with = |normal_range: Option<NormalRange>| ScoreRule { normal_range, ..rule.clone() };
        let whole = with(range_without(None));
        // A photo that helped to say what is normal would look too normal, and so would another one of its piece: it is
        // scored by what the other pieces say.
        let shown: BTreeSet<usize> = photos.iter().map(|(piece, _)| *piece).collect();
        let of_others: BTreeMap<usize, ScoreRule> = shown
            .into_iter()
            .map(|piece| (piece, range_without(Some(piece)).map_or_else(|| whole.clone(), |range| with(Some(range)))))
            .collect();
        let score = |(piece, windows): &(usize, Vec<Comparison>)| {
            let counted = windows.iter().filter(|window| window.inspected.as_ref().is_none_or(Inspected::any));
            counted.map(|window| of_others[piece].score(window)).max_by(f32::total_cmp)
        };
        let scores = photos.iter().map(score).collect::<Option<Vec<f32>>>()?;
        let scores = self.0.keys().copied().zip(scores).collect();
        let values = windows().flat_map(|window| whole.map(window)).filter(|value| !value.is_nan());
        let map_scale = map_scale(values.collect());
        Some(Said { rule: whole, scores, map_scale })
    }
}

/// A mean distance is no smaller: identical photos would leave none.
const LEAST_DISTANCE: f64 = 1e-6;

/// Mean over the positions of all windows' distances; above 0.
pub fn mean_distance<'a>(windows: impl Iterator<Item = &'a Vec<f32>>) -> f64 {
    let distances = windows.flatten();
    let (sum, count) = distances.fold((0.0, 0.0), |(sum, count), d| (sum + f64::from(*d), count + 1.0));
    (sum / f64::max(count, 1.0)).max(LEAST_DISTANCE)
}

/// Transparent up to what 95 % of good positions stay below, strongest at three times what nearly all stay below.
fn map_scale(mut values: Vec<f32>) -> MapScale {
    values.sort_by(f32::total_cmp);
    let quantile = |q: f64| values.get((q * values.len().saturating_sub(1) as f64) as usize).copied();
    let low = quantile(0.95).unwrap_or(0.0);
    let high = 3.0 * quantile(0.999).unwrap_or(0.5);
    MapScale { low, high: high.max(low + 1e-3) }
}

#[cfg(test)]
mod tests {
    use cse::score::Aggregation;

    use super::*;

    fn rule(aggregation: Aggregation, smoothing: f32) -> ScoreRule {
        ScoreRule { aggregation, smoothing, ..ScoreRule::default() }
    }

    fn window(distance: f32) -> Comparison {
        Comparison::new(vec![distance; 4], vec![distance; 16])
    }

    #[test]
    fn a_photo_that_two_hold_out_counts_once() {
        let mut photos = NormalPhotos::default();
        photos.add(3, [window(0.2)].into_iter());
        photos.add(1, [window(0.2), window(0.6)].into_iter());
        photos.add(3, [window(0.4)].into_iter());
        let said = photos.said(&rule(Aggregation::Mean, 0.0), false, &[0, 1, 2, 3]).unwrap();
        assert_eq!(said.scores, [(1, 0.6), (3, 0.3)]);
        assert_eq!(said.rule.normal_range, None);
    }

    /// Who only says whether there is a defect changes nothing about where.
    #[test]
    fn the_map_is_of_those_who_have_one() {
        let scale = |others: &[f32]| {
            let mut photos = NormalPhotos::default();
            (0..20).for_each(|photo| photos.add(photo, [window(0.1 + 0.01 * photo as f32)].into_iter()));
            others.iter().enumerate().for_each(|(index, distance)| {
                // Of photos that have a map and of one that has none.
                let unmapped = Comparison { grid: Vec::new(), ..window(*distance) };
                photos.add(2 * index + 18, [unmapped].into_iter());
            });
            let said = photos.said(&rule(Aggregation::Mean, 0.1), true, &Vec::from_iter(0..30)).unwrap();
            (said.map_scale, said.rule.normal_range.unwrap().map_edge, said.scores.len())
        };
        let (alone, with) = (scale(&[]), scale(&[0.9, 0.8]));
        assert_eq!((alone.0, alone.1), (with.0, with.1));
        assert_eq!((alone.2, with.2), (20, 21));
    }

    #[test]
    fn a_photo_is_scored_by_what_the_others_say() {
        let mut photos = NormalPhotos::default();
        (0..20).for_each(|photo| photos.add(photo, [window(0.1)].into_iter()));
        photos.add(20, [window(0.7)].into_iter());
        let said = photos.said(&rule(Aggregation::Mean, 0.1), true, &Vec::from_iter(0..21)).unwrap();
        // The others are all alike, and their edge is where they are.
        assert!((said.scores[20].1 - 7.0f32.sqrt()).abs() < 1e-3, "{:?}", said.scores[20]);
        // Nor does another photo of the same piece help.
        photos.add(21, [window(0.7)].into_iter());
        let pieces: Vec<usize> = (0..21).chain([20]).collect();
        let said = photos.said(&rule(Aggregation::Mean, 0.1), true, &pieces).unwrap();
        assert!((said.scores[20].1 - 7.0f32.sqrt()).abs() < 1e-3, "{:?}", said.scores[20]);
        assert_eq!(said.scores[20].1, said.scores[21].1);
    }

    #[test]
    fn no_number_and_no_photo_say_nothing() {
        let mut photos = NormalPhotos::default();
        assert!(photos.said(&rule(Aggregation::Top, 0.1), true, &[0]).is_none_or(|said| said.scores.is_empty()));
        photos.add(0, [window(f32::NAN)].into_iter());
        assert!(photos.said(&rule(Aggregation::Top, 0.1), true, &[0]).is_none());
    }

    #[test]
    fn pieces_above_the_threshold_are_to_be_looked_at() {
        let said = |scores| Said { rule: ScoreRule::default(), scores, map_scale: MapScale { low: 0.0, high: 1.0 } };
        let seen = said(vec![(0, 0.5), (1, 0.2), (2, 1.0), (3, 3.0), (4, 0.9)]);
        let highest = [Piece { score: 3.0, photos: vec![3, 1] }, Piece { score: 1.0, photos: vec![2] }];
        assert_eq!(seen.least_normal(&[0, 1, 2, 1, 4], 1.0), highest);
        let many: Vec<usize> = (0..40).collect();
        assert_eq!(said(many.iter().map(|photo| (*photo, 1.0)).collect()).least_normal(&many, 0.0).len(), LOOKED_AT);
    }
}
