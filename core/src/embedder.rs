//! The embedder (paper, section 3.2): both taps fused, then three 1x1 convolutions down to 64 channels.
//!
//! [`Embedder`] is what training trains; [`FoldedEmbedder`] is the same function as the model file holds it, with each
//! BatchNorm folded into the convolution after it (exact, since a 1x1 convolution pads nothing).

use burn::module::Module;
use burn::tensor::module::avg_pool2d;
use burn::tensor::ops::AvgPoolOptions;
use burn::tensor::{Device, Tensor, TensorData, activation};

use crate::batch_norm_folding::ChannelAffine;
pub use crate::conv_relu_norm::Statistics;
use crate::conv_relu_norm::{BATCH_NORM_EPSILON, ConvReluNorm};
use crate::fused::{self, Fused};
use crate::standardisation::Standardise;
use crate::state_dict::{StateDict, StateDictError, take};

/// Channels of the embedding.
pub const EMBEDDING_CHANNELS: usize = 64;

/// Widths from the fused features to the embedding: halved twice, then 64 (520, 260, 130, 64 for B3).
pub fn widths(fused_channels: usize) -> [usize; 4] {
    [fused_channels, fused_channels / 2, fused_channels / 4, EMBEDDING_CHANNELS]
}

/// The trainable embedder.
#[derive(Module, Debug)]
pub struct Embedder {
    first: ConvReluNorm,
    others: [ConvReluNorm; 2],
}

/// Names of the three convolutions and BatchNorms in the authors' `nn.Sequential`.
const LAYERS: [(&str, &str); 3] =
    [("embedder.0", "embedder.2"), ("embedder.3", "embedder.5"), ("embedder.6", "embedder.8")];

impl Embedder {
    /// With random weights, for features of `fused_channels` channels.
    pub fn init(fused_channels: usize, device: &Device) -> Self {
        let widths = widths(fused_channels);
        let block = |index: usize| ConvReluNorm::init(widths[index], widths[index + 1], device);
        Self { first: block(0), others: [block(1), block(2)] }
    }

    /// From tensors with the authors' names (`embedder.0.weight`, ..).
    pub fn from_state_dict(
        mut tensors: StateDict,
        fused_channels: usize,
        device: &Device,
    ) -> Result<Self, StateDictError> {
        let widths = widths(fused_channels);
        let mut block =
            |index: usize| ConvReluNorm::take(&mut tensors, LAYERS[index], (widths[index], widths[index + 1]), device);
        Ok(Self { first: block(0)?, others: [block(1)?, block(2)?] })
    }

    /// Its tensors with the authors' names. Waits for the device.
    pub fn to_state_dict(&self) -> StateDict {
        let mut tensors = StateDict::new();
        for (block, (conv, norm)) in std::iter::once(&self.first).chain(&self.others).zip(LAYERS) {
            block.put(&mut tensors, conv, norm);
        }
        tensors
    }

    /// Standardises and embeds: `E14` of `[n, 64, h, w]`.
    pub fn forward(&self, fused: Fused, standardise: &Standardise, statistics: Statistics) -> Tensor<4> {
        let size = fused.size();
        let rows = self.first.forward_fused(fused, standardise.affine(), statistics);
        let rows = self.others.iter().fold(rows, |rows, block| block.forward(rows, statistics));
        fused::maps(rows.into_values(), size)
    }
}

/// `E14` to `E7`: mean of 2x2, stride 2.
pub fn pool(embedding: Tensor<4>) -> Tensor<4> {
    avg_pool2d(embedding, AvgPoolOptions::new([2, 2]))
}

/// Turns the tensors of a trained embedder (authors' names) into those of a [`FoldedEmbedder`].
pub fn fold_state_dict(mut tensors: StateDict, fused_channels: usize) -> Result<StateDict, StateDictError> {
    let widths = widths(fused_channels);
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

/// The embedder of a model file: three convolutions with bias, each followed by ReLU, then a scale and shift a channel.
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
    pub fn take(tensors: &mut StateDict, fused_channels: usize, device: &Device) -> Result<Self, StateDictError> {
        let widths = widths(fused_channels);
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

    /// `E14` of `[n, 64, h, w]`.
    pub fn forward(&self, fused: Fused) -> Tensor<4> {
        let size = fused.size();
        let first = fused.product(self.first.weight.clone());
        let x = activation::relu(first + self.first.bias.clone());
        let x = self
            .others
            .iter()
            .fold(x, |x, Layer { weight, bias }| activation::relu(x.matmul(weight.clone().transpose()) + bias.clone()));
        fused::maps(x * self.scale.clone() + self.shift.clone(), size)
    }
}
