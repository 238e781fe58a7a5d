//! Prediction: score and anomaly map of one photo.

use super::anomaly_map::{self, Patch};
use super::distances::Distances;
use super::score_rule::ScoreRule;
use super::verdict::{self, Unlikeness};
use crate::image::inspected::Inspected;
use crate::image::view::Region;
use crate::network::backbone::OtherNetwork;
use crate::network::grid::GridMap;

/// Place in a photo, as fractions of its width and height.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// From the left edge, 0 to 1.
    pub x: f32,
    /// From the top edge, 0 to 1.
    pub y: f32,
}

/// Score and anomaly map of one photo.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Anomaly score of the most anomalous window, finite.
    pub score: f32,
    /// Difference of the whole photo from the good photos. A model without normal ranges tells those of proportions alone.
    pub unlike: Unlikeness,
    /// Centre of the position with the highest distance in the window that the score is of.
    pub peak: Place,
    /// Anomaly map of each window.
    pub patches: Vec<Patch>,
}

/// Why a photo has no prediction.
#[derive(Debug, thiserror::Error)]
pub enum PredictError {
    /// The device failed while computing.
    #[error("the device failed ({0}): try the CPU")]
    Device(String),
    /// A distance is not finite. Compared with a threshold, NaN would pass for good.
    #[error("the computation gave NaN for this photo: try the CPU, or train the model again")]
    NotFinite,
    /// The model's method works with another kind of network than its extractor.
    #[error(transparent)]
    Network(#[from] OtherNetwork),
    /// All positions lie in or beside a transparent part.
    #[error("no part of the photo is left to inspect: all of it is transparent, or lies beside a transparent part")]
    NothingInspected,
}

impl From<burn::tensor::ExecutionError> for PredictError {
    fn from(error: burn::tensor::ExecutionError) -> Self {
        Self::Device(error.to_string())
    }
}

impl Prediction {
    /// Joins the windows of a photo. A window without an inspected position does not count.
    ///
    /// # Errors
    /// A distance is not finite, a window is missing, or no position is inspected.
    pub fn join(rule: &ScoreRule, regions: &[Region], windows: &[Distances]) -> Result<Self, PredictError> {
        // A window without distances would not be inspected.
        if regions.len() != windows.len() || windows.is_empty() {
            return Err(PredictError::NotFinite);
        }
        let inspected =
            regions.iter().zip(windows).filter(|(_, window)| window.inspected.as_ref().is_none_or(Inspected::any));
        let scored = |(region, window): (&Region, &Distances)| {
            let field = rule.field(window)?;
            Some(rule.score_of(&field)).filter(|score| score.is_finite()).map(|score| (score, *region, field))
        };
        let fields = inspected.map(scored).collect::<Option<Vec<_>>>().ok_or(PredictError::NotFinite)?;
        let highest = fields.iter().max_by(|a, b| a.0.total_cmp(&b.0)).ok_or(PredictError::NothingInspected)?;
        let (score, peak) = (highest.0, peak(&highest.1, &highest.2));
        let patch = |(region, window): (&Region, &Distances)| Patch { region: *region, map: rule.map(window) };
        let patches: Vec<Patch> = regions.iter().zip(windows).map(patch).collect();
        let unlike = rule.normal_range.as_ref().map_or(Unlikeness::None, |range| {
            let of = |map: &GridMap| map.values.iter().copied().filter(|value| !value.is_nan()).collect::<Vec<f32>>();
            let map = patches.iter().flat_map(|patch| of(&patch.map)).collect();
            let field = fields.iter().flat_map(|(_, _, field)| of(field)).collect();
            verdict::unlikeness(map, field, range.map_quartile)
        });
        Ok(Self { score, unlike, peak, patches })
    }

    /// Anomaly map of the photo, `width * height` values row by row. NaN where the photo was not inspected.
    pub fn map(&self, width: usize, height: usize) -> Vec<f32> {
        anomaly_map::spread(&self.patches, (width, height))
    }
}

/// Centre of the highest position of a window's field.
fn peak(region: &Region, field: &GridMap) -> Place {
    let inspected = field.values.iter().enumerate().filter(|(_, value)| !value.is_nan());
    let at = inspected.max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(at, _)| at);
    let columns = field.grid.columns.max(1);
    let centre = |index: usize, count: usize| (index as f32 + 0.5) / count.max(1) as f32;
    Place {
        x: region.x + region.width * centre(at % columns, columns),
        y: region.y + region.height * centre(at / columns, field.grid.rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::grid::Grid;

    #[test]
    fn the_score_has_a_place() {
        let map = |odd: Option<usize>| {
            let mut map = GridMap::filled(Grid { rows: 4, columns: 4 }, 0.1);
            odd.into_iter().for_each(|odd| map.values[odd] = 0.9);
            map
        };
        let window = |odd| Distances::new(map(odd), map(odd));
        let half = |x| Region { x, y: 0.0, width: 0.5, height: 1.0 };
        let rule =
            ScoreRule { unit: 0.5, aggregation: super::super::aggregation::Aggregation::Max, ..ScoreRule::default() };
        let joined = Prediction::join(&rule, &[half(0.0), half(0.5)], &[window(None), window(Some(6))]).unwrap();
        // Third column and second row of the window to the right.
        assert_eq!((joined.score, joined.peak), (1.8, Place { x: 0.8125, y: 0.375 }));
    }
}
