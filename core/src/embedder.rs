//! The embedder (paper, section 3.2): both taps fused, then three 1x1 convolutions down to 64 channels.
//!
//! [`Embedder`] is what training trains; [`FoldedEmbedder`] is the same function as the model file holds it, with each
//! BatchNorm folded into the convolution after it (exact, since a 1x1 convolution pads nothing).

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::module::{avg_pool2d, interpolate};
use burn::tensor::ops::{AvgPoolOptions, InterpolateMode, InterpolateOptions};
use burn::tensor::{Device, Tensor, TensorData, activation};

use crate::batch_norm_folding::ChannelAffine;
use crate::conv_relu_norm::{BATCH_NORM_EPSILON, ConvReluNorm, Rows};
use crate::efficientnet::Features;
use crate::standardisation::Standardise;
use crate::state_dict::{StateDict, StateDictError, take};

/// Channels of the embedding.
pub const EMBEDDING_CHANNELS: usize = 64;

/// Widths from the fused features to the embedding: halved twice, then 64 (520, 260, 130, 64 for B3).
pub fn widths(fused_channels: usize) -> [usize; 4] {
    [fused_channels, fused_channels / 2, fused_channels / 4, EMBEDDING_CHANNELS]
}

/// `F2` upsampled to `F1`'s size (bilinear, corners aligned) and put after it: `[n, c1 + c2, 14, 14]` for a 224 input.
pub fn fuse(features: Features) -> Tensor<4> {
    let [_, _, height, width] = features.f1.dims();
    let options =
        InterpolateOptions::new(InterpolateMode::Bilinear).with_align_corners(true).with_output_size([height, width]);
    Tensor::cat(vec![features.f1, interpolate(features.f2, options)], 1)
}

/// The trainable embedder.
#[derive(Module, Debug)]
pub struct Embedder {
    blocks: Vec<ConvReluNorm>,
}

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn parameter<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> burn::module::Param<Tensor<D>> {
    burn::module::Param::from_tensor(tensor(values, shape, device))
}

/// Names of the three convolutions and BatchNorms in the authors' `nn.Sequential`.
const LAYERS: [(&str, &str); 3] =
    [("embedder.0", "embedder.2"), ("embedder.3", "embedder.5"), ("embedder.6", "embedder.8")];

impl Embedder {
    /// With random weights, for features of `fused_channels` channels.
    pub fn init(fused_channels: usize, device: &Device) -> Self {
        let widths = widths(fused_channels);
        Self { blocks: widths.windows(2).map(|pair| ConvReluNorm::init(pair[0], pair[1], device)).collect() }
    }

    /// From tensors with the authors' names (`embedder.0.weight`, ..).
    pub fn from_state_dict(
        mut tensors: StateDict,
        fused_channels: usize,
        device: &Device,
    ) -> Result<Self, StateDictError> {
        let widths = widths(fused_channels);
        let blocks = LAYERS
            .iter()
            .zip(widths.windows(2))
            .map(|(names, pair)| ConvReluNorm::take(&mut tensors, *names, (pair[0], pair[1]), device))
            .collect::<Result<_, _>>()?;
        Ok(Self { blocks })
    }

    /// Its tensors with the authors' names. Waits for the device.
    pub fn to_state_dict(&self) -> StateDict {
        let mut tensors = StateDict::new();
        for (block, (conv, norm)) in self.blocks.iter().zip(LAYERS) {
            block.put(&mut tensors, conv, norm);
        }
        tensors
    }

    /// Fused features `[n, c, h, w]`, standardised on the way, to `E14` of `[n, 64, h, w]`.
    pub fn forward(&self, fused: Tensor<4>, standardise: &Standardise, statistics: Statistics) -> Tensor<4> {
        let rows = Rows::of(fused, Some(standardise.affine()));
        self.blocks.iter().fold(rows, |rows, block| block.forward(rows, statistics)).into_maps()
    }
}

/// What BatchNorm normalises with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Statistics {
    /// The batch's while training, which also measures the running ones; the running ones otherwise.
    #[default]
    Batch,
    /// The running ones, even while training.
    Running,
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
#[derive(Module, Debug)]
pub struct FoldedEmbedder {
    convs: Vec<Conv2d>,
    scale: Tensor<4>,
    shift: Tensor<4>,
}

impl FoldedEmbedder {
    /// Takes the tensors `embedder.*` that [`fold_state_dict`] made.
    pub fn take(tensors: &mut StateDict, fused_channels: usize, device: &Device) -> Result<Self, StateDictError> {
        let widths = widths(fused_channels);
        let mut convs = Vec::with_capacity(3);
        for (index, pair) in widths.windows(2).enumerate() {
            let (input, output) = (pair[0], pair[1]);
            let weight = take(tensors, &format!("embedder.{index}.weight"), &[output, input, 1, 1])?;
            let bias = take(tensors, &format!("embedder.{index}.bias"), &[output])?;
            let mut conv = Conv2dConfig::new([input, output], [1, 1]).init(device);
            conv.weight = parameter(weight, [output, input, 1, 1], device);
            conv.bias = Some(parameter(bias, [output], device));
            convs.push(conv);
        }
        let mut affine = |name: &str| -> Result<Tensor<4>, StateDictError> {
            let values = take(tensors, name, &[EMBEDDING_CHANNELS])?;
            Ok(tensor(values, [1, EMBEDDING_CHANNELS, 1, 1], device))
        };
        Ok(Self { convs, scale: affine("embedder.scale")?, shift: affine("embedder.shift")? })
    }

    /// Fused features `[n, c, h, w]` to `E14` of `[n, 64, h, w]`.
    pub fn forward(&self, fused: Tensor<4>) -> Tensor<4> {
        let x = self.convs.iter().fold(fused, |x, conv| activation::relu(conv.forward(x)));
        x * self.scale.clone() + self.shift.clone()
    }
}
