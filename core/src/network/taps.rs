//! Taps: which of the extractor's feature maps a method uses.

use super::features::{Channels, Features};
use super::grid::Grid;
use burn::tensor::Tensor;
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};

choices! {
    /// Feature maps that a method uses.
    #[derive(Default)]
    #[serde(rename_all = "lowercase")]
    #[strum(serialize_all = "lowercase")]
    pub enum Taps {
        /// End of stage 5, stride 16
        Stage5,
        /// End of stage 7, stride 32
        Stage7,
        /// Both, concatenated at stride 16: the paper's
        #[default]
        Both,
    }
}

impl Taps {
    /// Number of channels of the chosen maps together.
    pub fn channels(self, extractor: Channels) -> usize {
        match self {
            Self::Stage5 => extractor.stage5,
            Self::Stage7 => extractor.stage7,
            Self::Both => extractor.stage5 + extractor.stage7,
        }
    }

    /// Grid of [`select`](Self::select), where `stage5` has the grid `fine`.
    pub fn grid(self, fine: Grid) -> Grid {
        if self == Self::Stage7 { fine.halved() } else { fine }
    }

    /// The chosen map `[n, channels, h, w]` at its own grid. Both maps are concatenated at the grid of `stage5`.
    pub fn select(self, features: Features) -> Tensor<4> {
        match self {
            Self::Stage5 => features.stage5,
            Self::Stage7 => features.stage7,
            Self::Both => concatenate(features),
        }
    }

    /// The chosen map `[n, channels, h, w]` at the grid of `stage5`. An embedder computes the same without writing it out:
    /// see [`crate::embedding::concatenated`].
    pub fn select_fine(self, features: Features) -> Tensor<4> {
        match self {
            Self::Stage5 => features.stage5,
            Self::Both => concatenate(features),
            Self::Stage7 => {
                let channels = features.stage5.dims()[1];
                let both = concatenate(features);
                let total = both.dims()[1];
                both.narrow(1, channels, total - channels)
            }
        }
    }
}

/// `stage7` upsampled to the grid of `stage5` (bilinear, corners aligned) and put after it, `[n, c5 + c7, h, w]`.
fn concatenate(features: Features) -> Tensor<4> {
    let [_, _, height, width] = features.stage5.dims();
    let options =
        InterpolateOptions::new(InterpolateMode::Bilinear).with_align_corners(true).with_output_size([height, width]);
    Tensor::cat(vec![features.stage5, interpolate(features.stage7, options)], 1)
}
