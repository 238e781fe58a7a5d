//! ResNet up to `layer3` (He et al. 2016; wide: Zagoruyko and Komodakis 2016): the backbone of PatchCore, PaDiM and the
//! other methods of the comparison.
//!
//! Layers are named as in torchvision. The stride of a bottleneck is at its 3 x 3 convolution, as torchvision has it.

use burn::module::Module;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor, activation};

use super::batch_norm_folding::fold;
use super::ops;
use super::tally::Tally;
use crate::files::model_file::ModelFileError;
use crate::files::module_weights::load_module;
use crate::files::state_dict::{self, Precision, StateDict, StateDictError};

choices! {
    /// Member of the family, named as in torchvision and timm.
    pub enum ResNetArchitecture {
        /// 18 layers, in basic blocks.
        #[serde(rename = "resnet18")]
        #[strum(serialize = "resnet18")]
        ResNet18,
        /// 50 layers, in bottlenecks of twice the width.
        #[serde(rename = "wide_resnet50_2")]
        #[strum(serialize = "wide_resnet50_2")]
        WideResNet50,
    }
}

/// Channels of the stem.
const STEM: usize = 64;
/// `planes` of each layer: channels of its blocks before they are widened or expanded.
const PLANES: [usize; 3] = [64, 128, 256];
/// BatchNorm's epsilon in PyTorch.
const EPSILON: f64 = 1e-5;

impl ResNetArchitecture {
    /// Blocks of `layer1` to `layer3`.
    fn repeats(self) -> [usize; 3] {
        match self {
            Self::ResNet18 => [2, 2, 2],
            Self::WideResNet50 => [3, 4, 6],
        }
    }

    /// Number of channels of `layer1` to `layer3`.
    pub fn channels(self) -> [usize; 3] {
        PLANES.map(|planes| self.shape(planes).output())
    }

    /// Convolutions up to `layer3`: name, BatchNorm after it, and shape of its kernel.
    fn convolutions(self) -> Vec<(String, String, [usize; 4])> {
        let mut all = vec![("conv1".to_owned(), "bn1".to_owned(), [STEM, 3, 7, 7])];
        let mut input = STEM;
        for (layer, (planes, repeats)) in PLANES.into_iter().zip(self.repeats()).enumerate() {
            let shape = self.shape(planes);
            for block in 0..repeats {
                let name = format!("layer{}.{block}", layer + 1);
                for (index, [output, input, side]) in (1..).zip(shape.kernels(input)) {
                    all.push((format!("{name}.conv{index}"), format!("{name}.bn{index}"), [output, input, side, side]));
                }
                // `layer1` keeps the size, and the others halve it.
                if block == 0 && (layer > 0 || input != shape.output()) {
                    let downsample = format!("{name}.downsample");
                    all.push((format!("{downsample}.0"), format!("{downsample}.1"), [shape.output(), input, 1, 1]));
                }
                input = shape.output();
            }
        }
        all
    }

    /// Names and shapes of torchvision's tensors up to `layer3`, BatchNorm and all.
    pub fn tensors(self) -> Vec<(String, Vec<usize>)> {
        let of = |(conv, norm, shape): (String, String, [usize; 4])| {
            let norms = ["weight", "bias", "running_mean", "running_var"];
            let norms = norms.map(|part| (format!("{norm}.{part}"), vec![shape[0]]));
            std::iter::once((format!("{conv}.weight"), shape.to_vec())).chain(norms)
        };
        self.convolutions().into_iter().flat_map(of).collect()
    }

    /// Torchvision's tensors with BatchNorm folded into the convolutions. `layer4` and `fc` are left out.
    ///
    /// # Errors
    /// A tensor is missing or has another shape.
    pub fn folded(self, mut tensors: StateDict) -> Result<StateDict, StateDictError> {
        let mut folded = StateDict::new();
        for (conv, norm, _) in self.convolutions() {
            fold(&mut tensors, &conv, &norm, EPSILON)?;
            for part in ["weight", "bias"] {
                folded.extend(tensors.remove_entry(&format!("{conv}.{part}")));
            }
        }
        Ok(folded)
    }

    /// Shape of the blocks of a layer.
    pub(crate) fn shape(self, planes: usize) -> BlockShape {
        match self {
            Self::ResNet18 => BlockShape::Basic { planes },
            Self::WideResNet50 => BlockShape::Bottleneck { width: 2 * planes, output: 4 * planes },
        }
    }
}

/// Shape of a residual block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockShape {
    /// Two 3 x 3 convolutions of `planes` channels.
    Basic { planes: usize },
    /// 1 x 1 to `width` channels, 3 x 3, 1 x 1 to `output` channels.
    Bottleneck { width: usize, output: usize },
}

impl BlockShape {
    /// Output channels, input channels and side of the kernels of a block whose input has `input` channels.
    fn kernels(self, input: usize) -> Vec<[usize; 3]> {
        match self {
            Self::Basic { planes } => vec![[planes, input, 3], [planes, planes, 3]],
            Self::Bottleneck { width, output } => vec![[width, input, 1], [width, width, 3], [output, width, 1]],
        }
    }

    pub(crate) fn output(self) -> usize {
        match self {
            Self::Basic { planes } => planes,
            Self::Bottleneck { output, .. } => output,
        }
    }
}

/// Residual block: torchvision's `BasicBlock`, or its `Bottleneck` where `conv3` is present.
#[derive(Module, Debug)]
pub(crate) struct Block {
    conv1: Conv2d,
    conv2: Conv2d,
    conv3: Option<Conv2d>,
    downsample: Option<Vec<Conv2d>>,
}

/// Convolution with a square kernel of an odd side, padded so that a stride of 1 keeps the size. BatchNorm is folded into it,
/// so that it has a bias.
pub(crate) fn conv(channels: [usize; 2], kernel: usize, stride: usize, device: &Device) -> Conv2d {
    let half = kernel / 2;
    Conv2dConfig::new(channels, [kernel, kernel])
        .with_stride([stride, stride])
        .with_padding(PaddingConfig2d::Explicit(half, half, half, half))
        .init(device)
}

impl Block {
    pub(crate) fn new(input: usize, shape: BlockShape, stride: usize, device: &Device) -> Self {
        let output = shape.output();
        let (conv1, conv2, conv3) = match shape {
            BlockShape::Basic { planes } => {
                (conv([input, planes], 3, stride, device), conv([planes, planes], 3, 1, device), None)
            }
            BlockShape::Bottleneck { width, output } => (
                conv([input, width], 1, 1, device),
                conv([width, width], 3, stride, device),
                Some(conv([width, output], 1, 1, device)),
            ),
        };
        let downsample = (stride != 1 || input != output).then(|| vec![conv([input, output], 1, stride, device)]);
        Self { conv1, conv2, conv3, downsample }
    }

    /// `[n, input, h, w]` to `[n, output, h / stride, w / stride]`.
    pub(crate) fn forward(&self, x: Tensor<4>, tally: &Tally) -> Tensor<4> {
        let skip = match self.downsample.as_deref() {
            Some([downsample, ..]) => tally.conv(downsample, x.clone()),
            _ => x.clone(),
        };
        let x = tally.conv_relu(&self.conv1, x);
        let x = match &self.conv3 {
            Some(conv3) => tally.conv(conv3, tally.conv_relu(&self.conv2, x)),
            None => tally.conv(&self.conv2, x),
        };
        activation::relu(x + skip)
    }
}

/// Blocks of a layer, one after the other.
pub(crate) fn forward(blocks: &[Block], x: Tensor<4>, tally: &Tally) -> Tensor<4> {
    blocks.iter().fold(x, |x, block| block.forward(x, tally))
}

/// `repeats` blocks, of which the first has the stride and changes the width.
pub(crate) fn layer(input: usize, shape: BlockShape, repeats: usize, stride: usize, device: &Device) -> Vec<Block> {
    let block = |index| match index {
        0 => Block::new(input, shape, stride, device),
        _ => Block::new(shape.output(), shape, 1, device),
    };
    (0..repeats).map(block).collect()
}

/// ResNet up to `layer3`.
#[derive(Module, Debug)]
pub struct ResNet {
    conv1: Conv2d,
    layer1: Vec<Block>,
    layer2: Vec<Block>,
    layer3: Vec<Block>,
}

impl ResNet {
    /// A network with random weights.
    pub fn new(architecture: ResNetArchitecture, device: &Device) -> Self {
        let ([first, second, third], [one, two, three]) = (architecture.repeats(), PLANES);
        let shape = |planes| architecture.shape(planes);
        let [out1, out2, _] = architecture.channels();
        Self {
            conv1: conv([3, STEM], 7, 2, device),
            layer1: layer(STEM, shape(one), first, 1, device),
            layer2: layer(out1, shape(two), second, 2, device),
            layer3: layer(out2, shape(three), third, 2, device),
        }
    }

    /// Loads torchvision's weights, BatchNorm and all. `layer4` and `fc` are passed over.
    ///
    /// # Errors
    /// A tensor is missing or has another shape.
    pub fn load(architecture: ResNetArchitecture, tensors: StateDict, device: &Device) -> Result<Self, ModelFileError> {
        let mut network = Self::new(architecture, device);
        let tensors = architecture.folded(tensors)?;
        load_module(&mut network, state_dict::write(&tensors, Default::default(), Precision::F32)?)?;
        Ok(network)
    }

    /// Feature maps of a normalised batch `[n, 3, h, w]`: `layer1` at stride 4, `layer2` at 8, `layer3` at 16. Sides are
    /// multiples of 16.
    pub fn forward(&self, images: Tensor<4>, tally: &Tally) -> [Tensor<4>; 3] {
        let parts = ops::in_parts(images, |images| self.forward_at_once(images, tally));
        let (mut one, mut two, mut three) = (Vec::new(), Vec::new(), Vec::new());
        for [layer1, layer2, layer3] in parts {
            one.push(layer1);
            two.push(layer2);
            three.push(layer3);
        }
        [one, two, three].map(ops::joined)
    }

    fn forward_at_once(&self, images: Tensor<4>, tally: &Tally) -> [Tensor<4>; 3] {
        let x = tally.conv_relu(&self.conv1, images);
        let x = max_pool2d(x, MaxPoolOptions::new([3, 3]).with_stride([2, 2]).with_padding([1, 1]));
        let layer1 = forward(&self.layer1, x, tally);
        let layer2 = forward(&self.layer2, layer1.clone(), tally);
        let layer3 = forward(&self.layer3, layer2.clone(), tally);
        [layer1, layer2, layer3]
    }
}
