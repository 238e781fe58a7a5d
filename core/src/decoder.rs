//! The decoder (paper, section 3.3): two random heads, never trained, that ask of the embedding that the features can
//! be had back from it. Training only.

use burn::module::Module;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor};

use crate::conv_relu_norm::ConvReluNorm;
use crate::efficientnet::Features;
use crate::embedder::{EMBEDDING_CHANNELS, Statistics};
use crate::fused;
use crate::state_dict::{StateDict, StateDictError};

/// Both heads; see [`Decoder::forward`].
#[derive(Module, Debug)]
pub struct Decoder {
    head1: Vec<ConvReluNorm>,
    head2: Vec<ConvReluNorm>,
}

/// The authors' names of convolution and BatchNorm in each head.
const HEAD1: [(&str, &str); 2] = [("decoder1.0", "decoder1.2"), ("decoder1.3", "decoder1.5")];
const HEAD2: [(&str, &str); 2] = [("decoder2.0", "decoder2.2"), ("decoder2.4", "decoder2.6")];

/// Widths of a head that ends in `channels` channels: half of them between.
fn widths(channels: usize) -> [usize; 3] {
    [EMBEDDING_CHANNELS, channels / 2, channels]
}

impl Decoder {
    /// With random weights, for taps of `(c1, c2)` channels.
    pub fn init((c1, c2): (usize, usize), device: &Device) -> Self {
        let head =
            |channels| widths(channels).windows(2).map(|pair| ConvReluNorm::init(pair[0], pair[1], device)).collect();
        Self { head1: head(c1), head2: head(c2) }
    }

    /// From tensors with the authors' names (`decoder1.0.weight`, ..).
    pub fn from_state_dict(
        mut tensors: StateDict,
        (c1, c2): (usize, usize),
        device: &Device,
    ) -> Result<Self, StateDictError> {
        let mut head = |names: [(&str, &str); 2], channels| {
            names
                .into_iter()
                .zip(widths(channels).windows(2))
                .map(|(names, pair)| ConvReluNorm::take(&mut tensors, names, (pair[0], pair[1]), device))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self { head1: head(HEAD1, c1)?, head2: head(HEAD2, c2)? })
    }

    /// `E14` of `[n, 64, 14, 14]` to features like [`Features::f1`] and, after a 2x2 max pool, [`Features::f2`].
    pub fn forward(&self, embedding: Tensor<4>) -> Features {
        const BATCH: Statistics = Statistics::Batch;
        let [n, _, height, width] = embedding.dims();
        let rows = fused::rows(embedding);
        let f1 = self.head1[1].forward(self.head1[0].forward_values(rows.clone(), BATCH), BATCH);
        let x = fused::maps(self.head2[0].forward_values(rows, BATCH).into_values(), [n, height, width]);
        let x = max_pool2d(x, MaxPoolOptions::new([2, 2]));
        let [_, _, pooled_height, pooled_width] = x.dims();
        let f2 = self.head2[1].forward_values(fused::rows(x), BATCH);
        Features {
            f1: fused::maps(f1.into_values(), [n, height, width]),
            f2: fused::maps(f2.into_values(), [n, pooled_height, pooled_width]),
        }
    }
}
