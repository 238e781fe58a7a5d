//! Which of the extractor's two feature maps a method looks at.

use burn::tensor::Tensor;
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use serde::{Deserialize, Serialize};

use crate::efficientnet::Features;

/// The feature maps that are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Taps {
    /// `F1`, stride 16.
    F1,
    /// `F2`, stride 32.
    F2,
    /// Both, fused at stride 16: the paper's.
    #[default]
    Both,
}

impl Taps {
    /// Channels, where the extractor's taps have `(c1, c2)`.
    pub fn channels(self, (c1, c2): (usize, usize)) -> usize {
        match self {
            Self::F1 => c1,
            Self::F2 => c2,
            Self::Both => c1 + c2,
        }
    }

    /// The chosen map: `[n, channels, h, w]`, 14 x 14 for a 224 input, or 7 x 7 for `F2` alone.
    pub fn select(self, features: Features) -> Tensor<4> {
        match self {
            Self::F1 => features.f1,
            Self::F2 => features.f2,
            Self::Both => fuse(features),
        }
    }

    /// The chosen map at the size of `F1`; what an embedder sees, if not how it sees it (see [`crate::fused`]).
    pub fn select_fine(self, features: Features) -> Tensor<4> {
        match self {
            Self::F1 => features.f1,
            Self::Both => fuse(features),
            Self::F2 => {
                let channels = features.f1.dims()[1];
                let fused = fuse(features);
                let total = fused.dims()[1];
                fused.narrow(1, channels, total - channels)
            }
        }
    }
}

/// `F2` upsampled to `F1`'s size (bilinear, corners aligned) and put after it: `[n, c1 + c2, 14, 14]` for a 224 input.
fn fuse(features: Features) -> Tensor<4> {
    let [_, _, height, width] = features.f1.dims();
    let options =
        InterpolateOptions::new(InterpolateMode::Bilinear).with_align_corners(true).with_output_size([height, width]);
    Tensor::cat(vec![features.f1, interpolate(features.f2, options)], 1)
}
