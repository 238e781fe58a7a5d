//! The frozen extractor (paper, section 3.1): EfficientNet as a table, its feature maps, and the kernels behind it.

pub(crate) mod batch_norm_folding;
pub mod efficientnet;
pub mod features;
pub mod grid;
pub(crate) mod ops;
pub mod taps;
