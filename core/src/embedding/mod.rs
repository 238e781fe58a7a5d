//! From feature maps to the embedding (paper, sections 3.2 and 3.3): concatenated taps, embedder, and decoder.

pub mod concatenated;
mod conv_relu_norm;
#[cfg(feature = "training")]
pub mod decoder;
pub mod embedder;
pub mod standardisation;
