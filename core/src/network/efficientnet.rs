//! EfficientNet up to its last stage: the frozen extractor (paper, section 3.1) and what pretraining trains.
//!
//! One table of seven stages gives B0 to B3 by compound scaling (Tan and Le 2019), and EfficientNet-Lite0, what teaches
//! the project's own weights. Layers are named as in timm, so that timm's weights load without renaming.
//! Two feature maps leave the network: the ends of stages 5 and 7 ([`Features`]).

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Initializer, PaddingConfig2d};
use burn::tensor::{Device, Tensor, activation};

use super::features::{Channels, Features};
use super::grid::Grid;
use super::ops::{self, Activation};

choices! {
    /// Member of the EfficientNet family, named as in timm.
    pub enum Architecture {
        /// Width 1.0, depth 1.0.
        #[serde(rename = "efficientnet_b0")]
        #[strum(serialize = "efficientnet_b0")]
        B0,
        /// B0 with TensorFlow's padding.
        #[serde(rename = "tf_efficientnet_b0")]
        #[strum(serialize = "tf_efficientnet_b0")]
        TfB0,
        /// Width 1.0, depth 1.1.
        #[serde(rename = "efficientnet_b1")]
        #[strum(serialize = "efficientnet_b1")]
        B1,
        /// Width 1.1, depth 1.2.
        #[serde(rename = "efficientnet_b2")]
        #[strum(serialize = "efficientnet_b2")]
        B2,
        /// Width 1.2, depth 1.4: the paper's extractor.
        #[serde(rename = "efficientnet_b3")]
        #[strum(serialize = "efficientnet_b3")]
        B3,
        /// [`Self::TfB0`] without squeeze-and-excitation, with ReLU6.
        #[serde(rename = "tf_efficientnet_lite0")]
        #[strum(serialize = "tf_efficientnet_lite0")]
        TfLite0,
    }
}

/// One stage of the table: `repeats` blocks, of which the first has the stride and changes the width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Number of blocks.
    pub repeats: usize,
    /// Side of the depthwise kernel, pixels.
    pub kernel: usize,
    /// Stride of the first block.
    pub stride: usize,
    /// Width inside a block over the width of its input; 1 is timm's depthwise separable block.
    pub expand: usize,
    /// Output channels.
    pub channels: usize,
}

/// EfficientNet-B0 (Tan and Le 2019, table 1, stages 2 to 8).
const B0_STAGES: [Stage; 7] = [
    Stage { repeats: 1, kernel: 3, stride: 1, expand: 1, channels: 16 },
    Stage { repeats: 2, kernel: 3, stride: 2, expand: 6, channels: 24 },
    Stage { repeats: 2, kernel: 5, stride: 2, expand: 6, channels: 40 },
    Stage { repeats: 3, kernel: 3, stride: 2, expand: 6, channels: 80 },
    Stage { repeats: 3, kernel: 5, stride: 1, expand: 6, channels: 112 },
    Stage { repeats: 4, kernel: 5, stride: 2, expand: 6, channels: 192 },
    Stage { repeats: 1, kernel: 3, stride: 1, expand: 6, channels: 320 },
];
const B0_STEM: usize = 32;

/// Index of stage 5.
const STAGE5: usize = 4;

impl Architecture {
    /// Every member that can be an extractor of the method.
    pub const EXTRACTORS: [Self; 4] = [Self::B0, Self::B1, Self::B2, Self::B3];

    fn scaling(self) -> (f64, f64) {
        match self {
            Self::B0 | Self::TfB0 | Self::TfLite0 => (1.0, 1.0),
            Self::B1 => (1.0, 1.1),
            Self::B2 => (1.1, 1.2),
            Self::B3 => (1.2, 1.4),
        }
    }

    /// Channels after the stem.
    pub fn stem_channels(self) -> usize {
        round_channels(B0_STEM, self.scaling().0)
    }

    /// The seven stages.
    pub fn stages(self) -> [Stage; 7] {
        let (width, depth) = self.scaling();
        B0_STAGES.map(|stage| Stage {
            repeats: (stage.repeats as f64 * depth).ceil() as usize,
            channels: round_channels(stage.channels, width),
            ..stage
        })
    }

    /// Number of channels of the feature maps.
    pub fn channels(self) -> Channels {
        let stages = self.stages();
        Channels { stage5: stages[STAGE5].channels, stage7: stages[6].channels }
    }

    /// Multiply-adds of the network for an image whose `stage5` has the grid `fine`: those of its convolutions.
    pub fn multiply_adds(self, fine: Grid) -> u64 {
        // The stem halves the image, which is 16 times as wide as the grid.
        let (mut side, mut input) = ([8 * fine.rows, 8 * fine.columns], self.stem_channels());
        // In wasm `usize` has 32 bits, which the sum may exceed.
        let mut sum = (side[0] * side[1] * 27 * input) as u64;
        for stage in self.stages() {
            for index in 0..stage.repeats {
                let (before, middle) = (side[0] * side[1], input * stage.expand);
                if index == 0 {
                    side = side.map(|side| side.div_ceil(stage.stride));
                }
                let after = side[0] * side[1];
                let widened = if stage.expand == 1 { 0 } else { before as u64 * (input * middle) as u64 };
                let gate = if self.has_squeeze_excite() { 2 * middle * (input / 4) } else { 0 };
                let inner = middle * (stage.kernel * stage.kernel + stage.channels);
                sum += widened + after as u64 * inner as u64 + gate as u64;
                input = stage.channels;
            }
        }
        sum
    }

    /// Indices of the [`EfficientNet::parts`] that end stages 5 and 7.
    pub fn tap_parts(self) -> (usize, usize) {
        let blocks = |stages: usize| self.stages()[..stages].iter().map(|stage| stage.repeats).sum();
        (blocks(STAGE5 + 1), blocks(7))
    }

    /// Whether blocks have squeeze-and-excitation.
    pub fn has_squeeze_excite(self) -> bool {
        self != Self::TfLite0
    }

    fn activation(self) -> Activation {
        match self {
            Self::TfLite0 => Activation::Relu6,
            _ => Activation::Silu,
        }
    }

    /// The epsilon that BatchNorm was trained with.
    pub fn batch_norm_epsilon(self) -> f64 {
        match self {
            Self::TfB0 | Self::TfLite0 => 1e-3,
            _ => 1e-5,
        }
    }

    fn padding(self, kernel: usize) -> PaddingConfig2d {
        match self {
            Self::TfB0 | Self::TfLite0 => PaddingConfig2d::Same,
            _ => PaddingConfig2d::Explicit(kernel / 2, kernel / 2, kernel / 2, kernel / 2),
        }
    }
}

/// The compound scaling's rule: to the nearest multiple of 8, and never below nine tenths.
fn round_channels(channels: usize, width: f64) -> usize {
    let scaled = channels as f64 * width;
    let rounded = ((scaled + 4.0) as usize / 8 * 8).max(8);
    if (rounded as f64) < 0.9 * scaled { rounded + 8 } else { rounded }
}

/// Form of a network's BatchNorm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalisation {
    /// Layers of their own: for training, and as weights are published.
    BatchNorm,
    /// Folded into the convolutions, which then have a bias: as the extractor file holds it.
    Folded,
}

/// Architecture of a network, and the form of its BatchNorm.
#[derive(Clone, Copy, Debug)]
pub struct EfficientNetConfig {
    /// Member of the family.
    pub architecture: Architecture,
    /// Form of BatchNorm.
    pub normalisation: Normalisation,
}

/// EfficientNet up to its last stage, as [`EfficientNetConfig::init`] makes it.
#[derive(Module, Debug)]
pub struct EfficientNet {
    conv_stem: Conv2d,
    bn1: Option<BatchNorm>,
    blocks: Vec<Vec<Block>>,
    #[module(skip)]
    activation: Activation,
}

/// timm's `InvertedResidual` (`conv_pw` expands, `conv_dw`, `conv_pwl` projects), or, where `conv_pwl` is absent,
/// its `DepthwiseSeparableConv` (`conv_dw`, then `conv_pw` projects).
#[derive(Module, Debug)]
pub struct Block {
    conv_pw: Conv2d,
    bn1: Option<BatchNorm>,
    conv_dw: Conv2d,
    bn2: Option<BatchNorm>,
    se: Option<SqueezeExcite>,
    conv_pwl: Option<Conv2d>,
    bn3: Option<BatchNorm>,
    has_skip: bool,
    #[module(skip)]
    activation: Activation,
}

#[derive(Module, Debug)]
struct SqueezeExcite {
    conv_reduce: Conv2d,
    conv_expand: Conv2d,
    #[module(skip)]
    activation: Activation,
}

impl EfficientNetConfig {
    /// A network with random weights.
    pub fn init(&self, device: &Device) -> EfficientNet {
        let mut channels = self.architecture.stem_channels();
        let blocks = self
            .architecture
            .stages()
            .iter()
            .map(|stage| {
                (0..stage.repeats)
                    .map(|index| {
                        let stride = if index == 0 { stage.stride } else { 1 };
                        let block = self.block(stage, channels, stride, device);
                        channels = stage.channels;
                        block
                    })
                    .collect()
            })
            .collect();
        let stem = self.architecture.stem_channels();
        EfficientNet {
            conv_stem: self.conv([3, stem], 3, 2, 1, device),
            bn1: self.norm(stem, device),
            blocks,
            activation: self.architecture.activation(),
        }
    }

    fn block(&self, stage: &Stage, input: usize, stride: usize, device: &Device) -> Block {
        let output = stage.channels;
        let middle = input * stage.expand;
        let activation = self.architecture.activation();
        let separable = stage.expand == 1;
        let (pw, norms) =
            if separable { ([input, output], [middle, output]) } else { ([input, middle], [middle, middle]) };
        Block {
            conv_pw: self.conv(pw, 1, 1, 1, device),
            bn1: self.norm(norms[0], device),
            conv_dw: self.conv([middle, middle], stage.kernel, stride, middle, device),
            bn2: self.norm(norms[1], device),
            se: self.architecture.has_squeeze_excite().then(|| {
                // A quarter of the block's input, not of its inner width (timm: rd_ratio 0.25 of in_chs).
                let reduced = input / 4;
                let conv = |channels| Conv2dConfig::new(channels, [1, 1]).init(device);
                SqueezeExcite { conv_reduce: conv([middle, reduced]), conv_expand: conv([reduced, middle]), activation }
            }),
            conv_pwl: (!separable).then(|| self.conv([middle, output], 1, 1, 1, device)),
            bn3: if separable { None } else { self.norm(output, device) },
            has_skip: stride == 1 && input == output,
            activation,
        }
    }

    fn conv(&self, channels: [usize; 2], kernel: usize, stride: usize, groups: usize, device: &Device) -> Conv2d {
        Conv2dConfig::new(channels, [kernel, kernel])
            .with_stride([stride, stride])
            .with_groups(groups)
            .with_padding(if kernel == 1 { PaddingConfig2d::Valid } else { self.architecture.padding(kernel) })
            .with_bias(self.normalisation == Normalisation::Folded)
            .with_initializer(Initializer::KaimingNormal { gain: 1.0, fan_out_only: true })
            .init(device)
    }

    fn norm(&self, channels: usize, device: &Device) -> Option<BatchNorm> {
        (self.normalisation == Normalisation::BatchNorm)
            .then(|| BatchNormConfig::new(channels).with_epsilon(self.architecture.batch_norm_epsilon()).init(device))
    }
}

impl EfficientNet {
    /// Feature maps of a normalised batch `[n, 3, h, w]`. `h` and `w` are multiples of 32.
    pub fn forward(&self, images: Tensor<4>) -> Features {
        let parts = ops::in_parts(images, |images| self.forward_at_once(images));
        let (stage5, stage7) = parts.into_iter().map(|features| (features.stage5, features.stage7)).unzip();
        Features { stage5: ops::joined(stage5), stage7: ops::joined(stage7) }
    }

    fn forward_at_once(&self, images: Tensor<4>) -> Features {
        let mut x = self.stem(images);
        let mut stage5 = x.clone();
        for (index, stage) in self.blocks.iter().enumerate() {
            for block in stage {
                x = block.forward(x);
            }
            if index == STAGE5 {
                stage5 = x.clone();
            }
        }
        Features { stage5, stage7: x }
    }

    fn stem(&self, images: Tensor<4>) -> Tensor<4> {
        ops::conv_norm_act(&self.conv_stem, &self.bn1, Some(self.activation), images)
    }

    /// Parts of the network in their order, the stem and then every block. Each takes the output of the one before.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        std::iter::once(Part::Stem(self)).chain(self.blocks.iter().flatten().map(Part::Block))
    }
}

/// Part of a network, as [`EfficientNet::parts`] gives it.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// The first convolution.
    Stem(&'a EfficientNet),
    /// A block.
    Block(&'a Block),
}

impl Part<'_> {
    /// `[n, c, h, w]` to `[n, d, h / stride, w / stride]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Stem(network) => network.stem(x),
            Self::Block(block) => block.forward(x),
        }
    }
}

impl Block {
    /// `[n, input, h, w]` to `[n, output, h / stride, w / stride]`.
    fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let activation = Some(self.activation);
        let skip = self.has_skip.then(|| input.clone());
        let output = match &self.conv_pwl {
            Some(conv_pwl) => {
                let x = ops::conv_norm_act(&self.conv_pw, &self.bn1, activation, input);
                let x = ops::conv_norm_act(&self.conv_dw, &self.bn2, activation, x);
                ops::conv_norm_act(conv_pwl, &self.bn3, None, self.squeeze_excite(x))
            }
            None => {
                let x = ops::conv_norm_act(&self.conv_dw, &self.bn1, activation, input);
                ops::conv_norm_act(&self.conv_pw, &self.bn2, None, self.squeeze_excite(x))
            }
        };
        match skip {
            Some(skip) => output + skip,
            None => output,
        }
    }

    fn squeeze_excite(&self, x: Tensor<4>) -> Tensor<4> {
        match &self.se {
            Some(se) => se.forward(x),
            None => x,
        }
    }
}

impl SqueezeExcite {
    /// Scales each channel of `[n, c, h, w]` by a gate computed from the channels' means.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let squeezed = x.clone().mean_dims(&[2, 3]);
        let reduced = self.activation.apply(self.conv_reduce.forward(squeezed));
        let gate = activation::sigmoid(self.conv_expand.forward(reduced));
        ops::scale_channels(x, gate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    #[test]
    fn b3_has_the_published_widths_and_depths() {
        let stages = Architecture::B3.stages();
        assert_eq!(Architecture::B3.stem_channels(), 40);
        assert_eq!(stages.map(|s| s.channels), [24, 32, 48, 96, 136, 232, 384]);
        assert_eq!(stages.map(|s| s.repeats), [2, 3, 3, 5, 5, 6, 2]);
    }

    #[test]
    fn b1_and_b2_have_the_published_widths_and_depths() {
        assert_eq!(Architecture::B1.stages().map(|s| s.repeats), [2, 3, 3, 4, 4, 5, 2]);
        assert_eq!(Architecture::B2.stages().map(|s| s.channels), [16, 24, 48, 88, 120, 208, 352]);
    }

    #[test]
    fn the_parts_one_after_the_other_are_the_network() {
        let device = Device::flex();
        let _turn = crate::random::turn_to_draw();
        device.seed(0);
        let config = EfficientNetConfig { architecture: Architecture::B0, normalisation: Normalisation::Folded };
        let network = config.init(&device);
        // Parts take the batch at once, and the network takes it image by image.
        let images = Tensor::random([3, 3, 64, 96], Distribution::Normal(0.0, 1.0), &device);
        let mut maps = Vec::new();
        for part in network.parts() {
            maps.push(part.forward(maps.last().unwrap_or(&images).clone()));
        }
        let (stage5, stage7) = Architecture::B0.tap_parts();
        assert_eq!(maps.len(), stage7 + 1);
        let whole = network.forward(images);
        assert_eq!(maps[stage5].to_data(), whole.stage5.to_data());
        assert_eq!(maps[stage7].to_data(), whole.stage7.to_data());
    }
}
