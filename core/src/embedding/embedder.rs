//! Embedder (paper, section 3.2): concatenated taps, then three 1x1 convolutions down to 64 channels.
//!
//! Training changes an [`Embedder`]. A model file holds a [`FoldedEmbedder`], in which each BatchNorm is folded into the
//! next convolution. Both compute the same, because a 1x1 convolution needs no padding.

use burn::module::Module;
use burn::tensor::module::avg_pool2d;
use burn::tensor::ops::AvgPoolOptions;
use burn::tensor::{Device, ExecutionError, Tensor, TensorData, activation};

use super::concatenated::{self, Concatenated};
pub use super::conv_relu_norm::Statistics;
use super::conv_relu_norm::{BATCH_NORM_EPSILON, ConvReluNorm};
use super::standardisation::Standardise;
use crate::files::state_dict::{StateDict, StateDictError, take};
use crate::network::batch_norm_folding::ChannelAffine;

/// Channels of the embedding.
pub const EMBEDDING_CHANNELS: usize = 64;

/// Channels before, between and after the three convolutions: halved twice, then 64 (520, 260, 130, 64 for B3).
pub fn widths(channels: usize) -> [usize; 4] {
    [channels, channels / 2, channels / 4, EMBEDDING_CHANNELS]
}

/// Embedder that can be trained.
#[derive(Module, Debug)]
pub struct Embedder {
    first: ConvReluNorm,
    others: [ConvReluNorm; 2],
}

/// Names of the three convolutions and BatchNorms in the authors' `nn.Sequential`.
const LAYERS: [(&str, &str); 3] =
    [("embedder.0", "embedder.2"), ("embedder.3", "embedder.5"), ("embedder.6", "embedder.8")];

impl Embedder {
    /// An embedder with random weights, for concatenated taps of `channels` channels.
    pub fn init(channels: usize, device: &Device) -> Self {
        let widths = widths(channels);
        let block = |index: usize| ConvReluNorm::init(widths[index], widths[index + 1], device);
        Self { first: block(0), others: [block(1), block(2)] }
    }

    /// An embedder from tensors with the authors' names (`embedder.0.weight`, ..).
    pub fn from_state_dict(mut tensors: StateDict, channels: usize, device: &Device) -> Result<Self, StateDictError> {
        let widths = widths(channels);
        let mut block =
            |index: usize| ConvReluNorm::take(&mut tensors, LAYERS[index], (widths[index], widths[index + 1]), device);
        Ok(Self { first: block(0)?, others: [block(1)?, block(2)?] })
    }

    /// Tensors of the embedder with the authors' names, read from the device.
    pub async fn to_state_dict(&self) -> Result<StateDict, ExecutionError> {
        let mut tensors = StateDict::new();
        for (block, (conv, norm)) in std::iter::once(&self.first).chain(&self.others).zip(LAYERS) {
            block.put(&mut tensors, conv, norm).await?;
        }
        Ok(tensors)
    }

    /// Standardises and embeds. Gives `E14`, `[n, 64, h, w]` at the grid of `stage5`.
    pub fn forward(&self, taps: Concatenated, standardise: &Standardise, statistics: Statistics) -> Tensor<4> {
        let size = taps.size();
        let rows = self.first.forward_taps(taps, standardise.affine(), statistics);
        let rows = self.others.iter().fold(rows, |rows, block| block.forward(rows, statistics));
        concatenated::maps(rows.into_values(), size)
    }
}

/// `E7` from `E14`: mean of 2x2 positions, stride 2.
pub fn pool(embedding: Tensor<4>) -> Tensor<4> {
    avg_pool2d(embedding, AvgPoolOptions::new([2, 2]))
}

/// Tensors of a [`FoldedEmbedder`] from those of a trained embedder with the authors' names.
pub fn fold_state_dict(mut tensors: StateDict, channels: usize) -> Result<StateDict, StateDictError> {
    let widths = widths(channels);
    let mut folded = StateDict::new();
    let mut before: Option<ChannelAffine> = None;
    for (index, (conv, norm)) in LAYERS.iter().enumerate() {
        let (input, output) = (widths[index], widths[index + 1]);
        let mut weight = take(&mut tensors, &format!("{conv}.weight"), &[output, input, 1, 1])?;
        let mut bias = vec![0.0; output];
        if let Some(affine) = &before {
            for (filter, bias) in weight.chunks_exact_mut(input).zip(&mut bias) {
                *bias = filter.iter().zip(&affine.shift).map(|(w, shift)| w * shift).sum();
                filter.iter_mut().zip(&affine.scale).for_each(|(w, scale)| *w *= scale);
            }
        }
        folded.insert(format!("embedder.{index}.weight"), (vec![output, input, 1, 1], weight));
        folded.insert(format!("embedder.{index}.bias"), (vec![output], bias));
        before = Some(ChannelAffine::take(&mut tensors, norm, output, BATCH_NORM_EPSILON)?);
    }
    if let Some(affine) = before {
        folded.insert("embedder.scale".into(), (vec![EMBEDDING_CHANNELS], affine.scale));
        folded.insert("embedder.shift".into(), (vec![EMBEDDING_CHANNELS], affine.shift));
    }
    Ok(folded)
}

/// Embedder of a model file: three convolutions with bias, each followed by ReLU, then a scale and a shift a channel.
#[derive(Clone, Debug)]
pub struct FoldedEmbedder {
    first: Layer,
    others: [Layer; 2],
    /// `[1, 64]`, as the shift.
    scale: Tensor<2>,
    shift: Tensor<2>,
}

/// A convolution and the ReLU after it.
#[derive(Clone, Debug)]
struct Layer {
    /// `[output, input]`.
    weight: Tensor<2>,
    /// `[1, output]`.
    bias: Tensor<2>,
}

impl FoldedEmbedder {
    /// Takes the tensors `embedder.*` that [`fold_state_dict`] made.
    pub fn take(tensors: &mut StateDict, channels: usize, device: &Device) -> Result<Self, StateDictError> {
        let widths = widths(channels);
        let mut matrix = |name: &str, shape: &[usize], [rows, columns]: [usize; 2]| {
            let values = take(tensors, name, shape)?;
            Ok::<_, StateDictError>(Tensor::from_data(TensorData::new(values, [rows, columns]), device))
        };
        let mut layer = |index: usize| {
            let (input, output) = (widths[index], widths[index + 1]);
            let weight = matrix(&format!("embedder.{index}.weight"), &[output, input, 1, 1], [output, input])?;
            let bias = matrix(&format!("embedder.{index}.bias"), &[output], [1, output])?;
            Ok::<_, StateDictError>(Layer { weight, bias })
        };
        let (first, others) = (layer(0)?, [layer(1)?, layer(2)?]);
        let mut vector = |name: &str| matrix(name, &[EMBEDDING_CHANNELS], [1, EMBEDDING_CHANNELS]);
        Ok(Self { first, others, scale: vector("embedder.scale")?, shift: vector("embedder.shift")? })
    }

    /// Embeds. Gives `E14`, `[n, 64, h, w]` at the grid of `stage5`.
    pub fn forward(&self, taps: Concatenated) -> Tensor<4> {
        let size = taps.size();
        let first = taps.product(self.first.weight.clone());
        let x = activation::relu(first + self.first.bias.clone());
        let x = self
            .others
            .iter()
            .fold(x, |x, Layer { weight, bias }| activation::relu(x.matmul(weight.clone().transpose()) + bias.clone()));
        concatenated::maps(x * self.scale.clone() + self.shift.clone(), size)
    }
}
