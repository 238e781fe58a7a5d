//! FastFlow (Yu et al. 2021): a normalising flow on each of the backbone's three layers.

use burn::module::{Module, Param};
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Distribution, Int, Tensor, activation};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::network::ops::resized;
use crate::network::resnet::conv;
use crate::network::tally::Tally;

/// Flow steps on each layer, alternately with 3 x 3 and 1 x 1 convolutions (anomalib).
const STEPS: usize = 8;
/// Bound of a coupling's logarithmic scale.
const CLAMP: f32 = 2.0;

/// Flows of the three layers, with random weights.
#[derive(Module, Debug)]
pub(super) struct FastFlow {
    flows: Vec<Flow>,
}

#[derive(Module, Debug)]
struct Flow {
    /// Factor and offset of a LayerNorm over channels and positions, each `[1, c, h, w]`.
    norm: Affine,
    steps: Vec<Coupling>,
}

/// Affine coupling, then a factor and an offset for each channel, then a permutation of channels.
#[derive(Module, Debug)]
struct Coupling {
    hidden: Conv2d,
    output: Conv2d,
    /// `[1, c, 1, 1]`.
    affine: Affine,
    permutation: Tensor<1, Int>,
}

/// Factor and offset, of one shape.
#[derive(Module, Debug)]
struct Affine {
    factor: Param<Tensor<4>>,
    offset: Param<Tensor<4>>,
}

impl FastFlow {
    /// `layers` has channels, rows and columns of each layer.
    pub(super) fn new(layers: [[usize; 3]; 3], device: &Device) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        Self { flows: layers.map(|layer| Flow::new(layer, &mut rng, device)).into() }
    }

    /// Anomaly map `[n, 1, size, size]`: the mean of the layers' likelihoods, negative.
    pub(super) fn anomaly_map(&self, layers: [Tensor<4>; 3], size: [usize; 2], tally: &Tally) -> Tensor<4> {
        let maps = self.flows.iter().zip(layers).map(|(flow, layer)| {
            let likelihood = (flow.forward(layer, tally).square().mean_dim(1) * -0.5).exp();
            resized(likelihood, size)
        });
        maps.reduce(|sum, map| sum + map).expect("three layers") / -3.0
    }
}

impl Affine {
    /// Random factors around 1, and offsets around 0.
    fn new(shape: [usize; 4], device: &Device) -> Self {
        let around = |mean| Param::from_tensor(Tensor::random(shape, Distribution::Normal(mean, 0.1), device));
        Self { factor: around(1.0), offset: around(0.0) }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        x * self.factor.val() + self.offset.val()
    }
}

impl Flow {
    fn new([channels, rows, columns]: [usize; 3], rng: &mut ChaCha8Rng, device: &Device) -> Self {
        let steps = (0..STEPS).map(|step| Coupling::new(channels, if step % 2 == 0 { 3 } else { 1 }, rng, device));
        Self { norm: Affine::new([1, channels, rows, columns], device), steps: steps.collect() }
    }

    /// `[n, c, h, w]` to the hidden variable of the same shape.
    fn forward(&self, x: Tensor<4>, tally: &Tally) -> Tensor<4> {
        let mean = x.clone().mean_dims(&[1, 2, 3]);
        let x = x - mean;
        let deviation = x.clone().square().mean_dims(&[1, 2, 3]).add_scalar(1e-5).sqrt();
        let x = self.norm.forward(x / deviation);
        self.steps.iter().fold(x, |x, step| step.forward(x, tally))
    }
}

impl Coupling {
    fn new(channels: usize, kernel: usize, rng: &mut ChaCha8Rng, device: &Device) -> Self {
        let half = channels / 2;
        let mut order: Vec<i32> = (0..channels as i32).collect();
        order.shuffle(rng);
        Self {
            hidden: conv([half, half], kernel, 1, device),
            output: conv([half, 2 * half], kernel, 1, device),
            affine: Affine::new([1, channels, 1, 1], device),
            permutation: Tensor::from_ints(order.as_slice(), device),
        }
    }

    fn forward(&self, x: Tensor<4>, tally: &Tally) -> Tensor<4> {
        let half = x.dims()[1] / 2;
        let (kept, changed) = (x.clone().narrow(1, 0, half), x.narrow(1, half, half));
        let coefficients = tally.conv(&self.output, tally.conv_relu(&self.hidden, kept.clone())) * 0.1;
        let scale = (activation::tanh(coefficients.clone().narrow(1, 0, half)) * CLAMP).exp();
        let changed = changed * scale + coefficients.narrow(1, half, half);
        let x = self.affine.forward(Tensor::cat(vec![kept, changed], 1));
        // anomalib multiplies with a permutation matrix. The result is the same.
        x.select(1, self.permutation.clone())
    }
}
