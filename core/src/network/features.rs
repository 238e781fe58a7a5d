//! Feature maps that leave the extractor, named by their layer.

use burn::tensor::Tensor;

/// Feature maps of an image batch `[n, 3, h, w]`.
#[derive(Clone, Debug)]
pub struct Features {
    /// End of stage 5, `[n, c5, h/16, w/16]`: 136 channels for EfficientNet-B3.
    pub stage5: Tensor<4>,
    /// End of stage 7, `[n, c7, h/32, w/32]`: 384 channels for EfficientNet-B3.
    pub stage7: Tensor<4>,
}

/// Number of channels of each feature map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channels {
    /// Channels of `stage5`.
    pub stage5: usize,
    /// Channels of `stage7`.
    pub stage7: usize,
}
