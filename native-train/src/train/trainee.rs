//! What a training step changes, in one module, so that the optimizer sees all of it.

use burn::module::Module;
use cse::decoder::Decoder;
use cse::embedder::Embedder;

/// What is trained, and what goes along.
#[derive(Module, Debug)]
pub struct Trainee {
    /// See [`cse::embedder`].
    pub embedder: Embedder,
    /// See [`cse::decoder`].
    pub decoder: Decoder,
}
