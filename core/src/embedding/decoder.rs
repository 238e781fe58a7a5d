//! Decoder (paper, section 3.3): two heads that compute the feature maps from the embedding, only in training.
//!
//! Its random weights are not trained, so the embedding must keep the information of the features.

use burn::module::Module;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor};

use super::concatenated::{maps, rows};
use super::conv_relu_norm::ConvReluNorm;
use super::embedder::{EMBEDDING_CHANNELS, Statistics};
use crate::files::state_dict::{StateDict, StateDictError};
use crate::network::features::{Channels, Features};

/// Decoder of both feature maps.
#[derive(Module, Debug)]
pub struct Decoder {
    head5: Vec<ConvReluNorm>,
    head7: Vec<ConvReluNorm>,
}

/// The authors' names of convolution and BatchNorm in each head.
const HEAD5: [(&str, &str); 2] = [("decoder1.0", "decoder1.2"), ("decoder1.3", "decoder1.5")];
const HEAD7: [(&str, &str); 2] = [("decoder2.0", "decoder2.2"), ("decoder2.4", "decoder2.6")];

/// Widths of a head that ends in `channels` channels: half of them between.
fn widths(channels: usize) -> [usize; 3] {
    [EMBEDDING_CHANNELS, channels / 2, channels]
}

impl Decoder {
    /// A decoder with random weights, for feature maps of `channels`.
    pub fn init(channels: Channels, device: &Device) -> Self {
        let head =
            |channels| widths(channels).windows(2).map(|pair| ConvReluNorm::init(pair[0], pair[1], device)).collect();
        Self { head5: head(channels.stage5), head7: head(channels.stage7) }
    }

    /// A decoder from tensors with the authors' names (`decoder1.0.weight`, ..).
    pub fn from_state_dict(
        mut tensors: StateDict,
        channels: Channels,
        device: &Device,
    ) -> Result<Self, StateDictError> {
        let mut head = |names: [(&str, &str); 2], channels| {
            names
                .into_iter()
                .zip(widths(channels).windows(2))
                .map(|(names, pair)| ConvReluNorm::take(&mut tensors, names, (pair[0], pair[1]), device))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self { head5: head(HEAD5, channels.stage5)?, head7: head(HEAD7, channels.stage7)? })
    }

    /// Feature maps from an embedding `[n, 64, h, w]`. `stage7` is computed after a 2x2 max pool.
    pub fn forward(&self, embedding: Tensor<4>) -> Features {
        const BATCH: Statistics = Statistics::Batch;
        let [n, _, height, width] = embedding.dims();
        let embedded = rows(embedding);
        let stage5 = self.head5[1].forward(self.head5[0].forward_values(embedded.clone(), BATCH), BATCH);
        let x = maps(self.head7[0].forward_values(embedded, BATCH).into_values(), [n, height, width]);
        let x = max_pool2d(x, MaxPoolOptions::new([2, 2]));
        let [_, _, pooled_height, pooled_width] = x.dims();
        let stage7 = self.head7[1].forward_values(rows(x), BATCH);
        Features {
            stage5: maps(stage5.into_values(), [n, height, width]),
            stage7: maps(stage7.into_values(), [n, pooled_height, pooled_width]),
        }
    }
}
