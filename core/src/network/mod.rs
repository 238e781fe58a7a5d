//! The frozen extractor (paper, section 3.1): EfficientNet as a table, its feature maps, and the kernels behind it. The
//! [`backbone`] may also be a ResNet, which PatchCore and PaDiM work with.

pub mod backbone;
pub(crate) mod batch_norm_folding;
pub mod efficientnet;
pub mod features;
pub mod grid;
pub(crate) mod ops;
pub mod resnet;
pub mod tally;
pub mod taps;
