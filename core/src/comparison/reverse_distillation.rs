//! Reverse distillation (Deng and Li 2022): a bottleneck condenses the teacher's layers, and a decoder restores them.
//!
//! RD++ (Tien et al. 2023) projects the layers before the bottleneck.

use burn::module::Module;
use burn::nn::conv::{Conv2d, ConvTranspose2d, ConvTranspose2dConfig};
use burn::tensor::{Device, Tensor, activation};

use crate::network::ops::resized;
use crate::network::resnet::{self, Block, BlockShape, ResNetArchitecture, conv};
use crate::network::tally::Tally;

/// `planes` of the bottleneck's blocks: those of the teacher's `layer4`.
const BOTTLENECK_PLANES: usize = 512;

/// Bottleneck and decoder, with random weights.
#[derive(Module, Debug)]
pub(super) struct ReverseDistillation {
    /// RD++'s projection of each layer. Empty without it.
    projections: Vec<Projection>,
    bottleneck: Bottleneck,
    decoder: Vec<Vec<DecoderBlock>>,
}

/// Four convolutions, each followed by InstanceNorm and LeakyReLU.
#[derive(Module, Debug)]
struct Projection {
    convs: Vec<Conv2d>,
}

/// Brings `layer1` and `layer2` to the size of `layer3`, and condenses all three.
#[derive(Module, Debug)]
struct Bottleneck {
    conv1: Conv2d,
    conv2: Conv2d,
    conv3: Conv2d,
    blocks: Vec<Block>,
}

/// Mirror image of a residual block. The first of a layer doubles the size.
#[derive(Module, Debug)]
struct DecoderBlock {
    conv1: Option<Conv2d>,
    doubling: Option<ConvTranspose2d>,
    conv2: Option<Conv2d>,
    conv3: Conv2d,
    upsample: Option<ConvTranspose2d>,
}

impl ReverseDistillation {
    /// Random networks for a teacher: RD++'s if `projected`, else those of reverse distillation.
    pub(super) fn new(teacher: ResNetArchitecture, projected: bool, device: &Device) -> Self {
        let (repeats, bottleneck) = match teacher {
            ResNetArchitecture::ResNet18 => ([2, 2, 2], 2),
            ResNetArchitecture::WideResNet50 => ([3, 4, 6], 3),
        };
        // The bottleneck has the blocks of the ResNet without its factor of 2 in width.
        let shape = match teacher.shape(BOTTLENECK_PLANES) {
            BlockShape::Bottleneck { output, .. } => BlockShape::Bottleneck { width: BOTTLENECK_PLANES, output },
            basic => basic,
        };
        let [one, two, three] = teacher.channels();
        let mut input = shape.output();
        let decoder = [256, 128, 64].into_iter().zip(repeats).map(|(planes, repeats)| {
            let shape = teacher.shape(planes);
            let layer = (0..repeats).map(|index| {
                let block = DecoderBlock::new(input, shape, index == 0, device);
                input = shape.output();
                block
            });
            layer.collect()
        });
        let projection = |channels| Projection::new(channels, device);
        Self {
            projections: if projected { teacher.channels().map(projection).into() } else { Vec::new() },
            decoder: decoder.collect(),
            bottleneck: Bottleneck {
                conv1: conv([one, two], 3, 2, device),
                conv2: conv([two, three], 3, 2, device),
                conv3: conv([two, three], 3, 2, device),
                blocks: resnet::layer(3 * three, shape, bottleneck, 2, device),
            },
        }
    }

    /// Anomaly map `[n, 1, size, size]` of the teacher's layers: the sum of their cosine distances from what is restored.
    pub(super) fn anomaly_map(&self, layers: [Tensor<4>; 3], size: [usize; 2], tally: &Tally) -> Tensor<4> {
        let projected = match self.projections.as_slice() {
            [one, two, three] => {
                let [layer1, layer2, layer3] = layers.clone();
                [one.forward(layer1, tally), two.forward(layer2, tally), three.forward(layer3, tally)]
            }
            _ => layers.clone(),
        };
        let mut x = self.bottleneck.forward(projected, tally);
        let [one, two, three] = layers;
        let maps = self.decoder.iter().zip([three, two, one]).map(|(blocks, teacher)| {
            x = blocks.iter().fold(x.clone(), |x, block| block.forward(x, tally));
            resized(cosine_distance(teacher, x.clone()), size)
        });
        maps.reduce(|sum, map| sum + map).expect("three layers")
    }
}

impl Projection {
    fn new(channels: usize, device: &Device) -> Self {
        let widths = [channels, channels / 2, channels / 4, channels / 2, channels];
        Self { convs: widths.windows(2).map(|pair| conv([pair[0], pair[1]], 3, 1, device)).collect() }
    }

    fn forward(&self, x: Tensor<4>, tally: &Tally) -> Tensor<4> {
        self.convs.iter().fold(x, |x, conv| {
            let x = tally.conv(conv, x);
            let x = x.clone() - x.mean_dims(&[2, 3]);
            let deviation = x.clone().square().mean_dims(&[2, 3]).add_scalar(1e-5).sqrt();
            activation::leaky_relu(x / deviation, 0.01)
        })
    }
}

impl Bottleneck {
    fn forward(&self, [one, two, three]: [Tensor<4>; 3], tally: &Tally) -> Tensor<4> {
        let one = tally.conv_relu(&self.conv2, tally.conv_relu(&self.conv1, one));
        let two = tally.conv_relu(&self.conv3, two);
        resnet::forward(&self.blocks, Tensor::cat(vec![one, two, three], 1), tally)
    }
}

impl DecoderBlock {
    fn new(input: usize, shape: BlockShape, doubles: bool, device: &Device) -> Self {
        let output = shape.output();
        // 3 x 3, or the transposed one that doubles.
        let middle = |channels: [usize; 2]| match doubles {
            true => (Some(doubling(channels, device)), None),
            false => (None, Some(conv(channels, 3, 1, device))),
        };
        let (conv1, (doubling_conv, conv2), conv3) = match shape {
            BlockShape::Basic { planes } => (None, middle([input, planes]), conv([planes, planes], 3, 1, device)),
            BlockShape::Bottleneck { width, output } => {
                let conv1 = conv([input, width], 1, 1, device);
                (Some(conv1), middle([width, width]), conv([width, output], 1, 1, device))
            }
        };
        let upsample = doubles.then(|| doubling([input, output], device));
        Self { conv1, doubling: doubling_conv, conv2, conv3, upsample }
    }

    /// `[n, input, h, w]` to `[n, output, h', w']`, where `h'` and `w'` are twice as large if it doubles.
    fn forward(&self, x: Tensor<4>, tally: &Tally) -> Tensor<4> {
        let skip = self.upsample.as_ref().map_or_else(|| x.clone(), |upsample| tally.transposed(upsample, x.clone()));
        let x = match &self.conv1 {
            Some(conv1) => tally.conv_relu(conv1, x),
            None => x,
        };
        let x = match (&self.doubling, &self.conv2) {
            (Some(doubling), _) => activation::relu(tally.transposed(doubling, x)),
            (None, Some(conv2)) => tally.conv_relu(conv2, x),
            (None, None) => x,
        };
        activation::relu(tally.conv(&self.conv3, x) + skip)
    }
}

/// Transposed convolution that doubles the size, with a kernel of 2 x 2.
fn doubling(channels: [usize; 2], device: &Device) -> ConvTranspose2d {
    ConvTranspose2dConfig::new(channels, [2, 2]).with_stride([2, 2]).init(device)
}

/// `1 - cos(a, b)` over the channels: twice `[n, c, h, w]` to `[n, 1, h, w]`.
fn cosine_distance(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    let length = |x: &Tensor<4>| x.clone().square().sum_dim(1).sqrt();
    let lengths = length(&a) * length(&b);
    (a * b).sum_dim(1) / lengths.add_scalar(1e-8) * -1.0 + 1.0
}
