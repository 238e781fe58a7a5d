//! A classifier of embeddings in the place of the bank (paper, table 4): the simplest thing that could be learnt from the
//! same pairs, and what the contrast has to beat.

use crate::comparison::Comparison;
use crate::embedder::EMBEDDING_CHANNELS;
use crate::score;
use crate::state_dict::{StateDict, StateDictError, take};

/// Linear in the embedding: a weight a channel, and a bias.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The weights, then the bias.
    values: Vec<f32>,
}

const NAME: &str = "head";
const LENGTH: usize = EMBEDDING_CHANNELS + 1;

impl Head {
    /// Of 64 weights and a bias.
    pub fn new(weights: &[f32; EMBEDDING_CHANNELS], bias: f32) -> Self {
        Self { values: weights.iter().copied().chain([bias]).collect() }
    }

    /// Takes the tensor that [`put`](Self::put) made.
    pub fn take(tensors: &mut StateDict) -> Result<Self, StateDictError> {
        Ok(Self { values: take(tensors, NAME, &[LENGTH])? })
    }

    /// As a tensor of a model file.
    pub fn put(self, tensors: &mut StateDict) {
        tensors.insert(NAME.into(), (vec![LENGTH], self.values));
    }

    /// The probability of a defect at each position of `E7` and of `E14`, in the place of distances; their mean over `E7`
    /// is the image's.
    pub fn compare(&self, e14: &[f32]) -> Comparison {
        Comparison::new(self.probabilities(&score::pool(e14)), self.probabilities(e14))
    }

    /// Of `[64, positions]`.
    fn probabilities(&self, embedding: &[f32]) -> Vec<f32> {
        let positions = (embedding.len() / EMBEDDING_CHANNELS).max(1);
        let mut logits = vec![self.values[EMBEDDING_CHANNELS]; positions];
        for (plane, weight) in embedding.chunks_exact(positions).zip(&self.values) {
            logits.iter_mut().zip(plane).for_each(|(logit, value)| *logit += weight * value);
        }
        logits.iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::E14_LENGTH;

    #[test]
    fn the_bias_alone_is_what_nothing_gives() {
        let mut weights = [0.0; EMBEDDING_CHANNELS];
        weights[3] = 2.0;
        let head = Head::new(&weights, -1.0);
        let quiet = head.compare(&vec![0.0; E14_LENGTH]);
        assert!(quiet.distances.len() == 49 && quiet.grid.len() == 196);
        assert!(quiet.grid.iter().all(|p| (p - 0.268_941_42).abs() < 1e-6));
        // Channel 3 at one position: 2 * 4 - 1 there, and a quarter of it in the mean of 2 x 2.
        let mut e14 = vec![0.0; E14_LENGTH];
        e14[3 * 196 + 15] = 4.0;
        let loud = head.compare(&e14);
        assert!((loud.grid[15] - 0.999_088_95).abs() < 1e-6 && (loud.distances[0] - 0.731_058_6).abs() < 1e-6);
        assert_eq!(loud.distances[1], quiet.distances[1]);
    }
}
