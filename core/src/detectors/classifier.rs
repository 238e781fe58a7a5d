//! Classifier of embeddings instead of the bank (paper, table 4). It is trained on the same pairs, as a baseline for the
//! contrastive training.

use crate::embedding::embedder::EMBEDDING_CHANNELS;
use crate::files::state_dict::{StateDict, StateDictError, take};
use crate::network::grid::{Grid, GridMap, pool};
use crate::scoring::distances::Distances;

/// Logistic regression of an embedding: a weight a channel, and a bias.
#[derive(Clone, Debug, PartialEq)]
pub struct Classifier {
    /// The weights, then the bias.
    values: Vec<f32>,
}

const NAME: &str = "head";
const LENGTH: usize = EMBEDDING_CHANNELS + 1;

impl Classifier {
    /// A classifier of 64 weights and a bias.
    pub fn new(weights: &[f32; EMBEDDING_CHANNELS], bias: f32) -> Self {
        Self { values: weights.iter().copied().chain([bias]).collect() }
    }

    /// Takes the tensor that [`put`](Self::put) made.
    pub fn take(tensors: &mut StateDict) -> Result<Self, StateDictError> {
        Ok(Self { values: take(tensors, NAME, &[LENGTH])? })
    }

    /// Adds the classifier to the tensors of a model file.
    pub fn put(self, tensors: &mut StateDict) {
        tensors.insert(NAME.into(), (vec![LENGTH], self.values));
    }

    /// Probability of a defect at each position of `E7` and of `E14`, used instead of distances. `e14` is
    /// `[64, positions]`.
    pub fn distances(&self, e14: &[f32], grid: Grid) -> Distances {
        let map = |embedding: &[f32], grid| GridMap { grid, values: self.probabilities(embedding, grid) };
        Distances::new(map(&pool(e14, grid), grid.halved()), map(e14, grid))
    }

    /// Probability of a defect at each position of `[64, positions]`.
    fn probabilities(&self, embedding: &[f32], grid: Grid) -> Vec<f32> {
        let mut logits = vec![self.values[EMBEDDING_CHANNELS]; grid.positions()];
        for (plane, weight) in embedding.chunks_exact(grid.positions()).zip(&self.values) {
            logits.iter_mut().zip(plane).for_each(|(logit, value)| *logit += weight * value);
        }
        logits.iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_embedding_of_0_has_the_probability_of_the_bias() {
        let grid = Grid { rows: 14, columns: 14 };
        let mut weights = [0.0; EMBEDDING_CHANNELS];
        weights[3] = 2.0;
        let classifier = Classifier::new(&weights, -1.0);
        let mut e14 = vec![0.0; EMBEDDING_CHANNELS * 196];
        let quiet = classifier.distances(&e14, grid);
        assert!(quiet.score.values.len() == 49 && quiet.map.values.len() == 196);
        assert!(quiet.map.values.iter().all(|p| (p - 0.268_941_42).abs() < 1e-6));
        // Channel 3 at one position: 2 * 4 - 1 there, and a quarter of it in the mean of 2 x 2.
        e14[3 * 196 + 15] = 4.0;
        let loud = classifier.distances(&e14, grid);
        assert!((loud.map.values[15] - 0.999_088_95).abs() < 1e-6);
        assert!((loud.score.values[0] - 0.731_058_6).abs() < 1e-6);
        assert_eq!(loud.score.values[1], quiet.score.values[1]);
    }
}
