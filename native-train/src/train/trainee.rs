//! What a training step changes, in one module, so that the optimizer sees all of it.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use cse::classifier::Head;
use cse::decoder::Decoder;
use cse::embedder::{EMBEDDING_CHANNELS, Embedder};
use cse::state_dict::{StateDict, StateDictError, take};

/// What is trained, and what goes along.
#[derive(Module, Debug)]
pub struct Trainee {
    /// See [`cse::embedder`].
    pub embedder: Embedder,
    /// See [`cse::decoder`].
    pub decoder: Decoder,
    /// For a classifier: one logit a position.
    pub head: Conv2d,
}

const HEAD_WEIGHT: &str = "head.weight";
const HEAD_BIAS: &str = "head.bias";

impl Trainee {
    /// What is kept of it: the embedder with the authors' names, and the head.
    pub fn to_state_dict(&self) -> StateDict {
        let mut tensors = self.embedder.to_state_dict();
        let values = |tensor: burn::tensor::TensorData| tensor.try_into_vec().unwrap_or_default();
        tensors.insert(HEAD_WEIGHT.into(), (vec![EMBEDDING_CHANNELS], values(self.head.weight.val().into_data())));
        let bias = self.head.bias.as_ref().map_or_else(|| vec![0.0], |bias| values(bias.val().into_data()));
        tensors.insert(HEAD_BIAS.into(), (vec![1], bias));
        tensors
    }
}

/// The head among what was kept.
pub fn take_head(tensors: &mut StateDict) -> Result<Head, StateDictError> {
    let weights = take(tensors, HEAD_WEIGHT, &[EMBEDDING_CHANNELS])?;
    let bias = take(tensors, HEAD_BIAS, &[1])?;
    let mut own = [0.0; EMBEDDING_CHANNELS];
    own.copy_from_slice(&weights);
    Ok(Head::new(&own, bias[0]))
}
