//! Aggregation: one number from the distances at the positions of a window.

choices! {
    /// Aggregation of the distances at the positions to one number.
    #[derive(Default)]
    #[serde(rename_all = "lowercase")]
    #[strum(serialize_all = "lowercase")]
    pub enum Aggregation {
        /// Mean of the positions: the paper's
        #[default]
        Mean,
        /// The most anomalous position: for defects that are small in the photo
        Max,
        /// Mean of the most anomalous tenth of the positions
        Top,
    }
}

impl Aggregation {
    /// Aggregates distances. 0 for no distance with `Mean`, negative infinity with `Max`.
    pub fn of(self, distances: &[f32]) -> f32 {
        let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len().max(1) as f32;
        match self {
            Self::Mean => mean(distances),
            Self::Max => distances.iter().copied().fold(f32::NEG_INFINITY, f32::max),
            Self::Top => {
                let mut sorted = distances.to_vec();
                sorted.sort_unstable_by(|a, b| b.total_cmp(a));
                mean(&sorted[..distances.len().div_ceil(10).min(distances.len())])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn top_is_the_mean_of_the_largest_tenth() {
        let distances: Vec<f32> = (0..49).map(|i| i as f32).collect();
        assert_eq!(Aggregation::Top.of(&distances), 46.0);
        assert_eq!(Aggregation::Max.of(&distances), 48.0);
        assert_eq!(Aggregation::Mean.of(&distances), 24.0);
    }
}
