//! CFA (Lee et al. 2022): the distance of each position to the nearest centroid, times the softmin over the nearest three,
//! after a CoordConv of 1x1.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::{Device, Distribution, Tensor};

use crate::network::ops::{pooled, resized};
use crate::network::resnet::ResNetArchitecture;
use crate::network::tally::Tally;

/// Nearest centroids that count.
const NEIGHBOURS: usize = 3;

/// CFA without its smoothing of the map.
#[derive(Debug, Module)]
pub(super) struct Cfa {
    /// 1x1 convolution of all layers and of two coordinates.
    descriptor: Conv2d,
    /// Centroids `[1, channels, positions]`, one for each position of `layer1`.
    centroids: Tensor<3>,
    /// Squares of their lengths, `[1, 1, positions]`.
    squares: Tensor<3>,
}

impl Cfa {
    /// Random centroids, as many as the `positions` of `layer1`.
    pub(super) fn new(architecture: ResNetArchitecture, positions: usize, device: &Device) -> Self {
        let channels = architecture.channels().into_iter().sum();
        let descriptor = Conv2dConfig::new([channels + 2, channels], [1, 1]).init(device);
        let centroids = Tensor::<3>::random([1, channels, positions], Distribution::Uniform(-0.1, 0.1), device);
        let squares = centroids.clone().square().sum_dim(1);
        Self { descriptor, centroids, squares }
    }

    /// Numbers in the centroids.
    pub(super) fn stored(&self) -> usize {
        self.centroids.shape().num_elements()
    }

    /// Anomaly map `[n, 1, size, size]`.
    pub(super) fn anomaly_map(&self, layers: [Tensor<4>; 3], size: [usize; 2], tally: &Tally) -> Tensor<4> {
        let [n, _, rows, columns] = layers[0].dims();
        let device = layers[0].device();
        let [one, two, three] = layers.map(|layer| resized(pooled(layer), [rows, columns]));
        let ramp = |count: usize| {
            let values = (0..count).map(|index| 2.0 * index as f32 / (count.max(2) - 1) as f32 - 1.0);
            Tensor::<1>::from_floats(values.collect::<Vec<f32>>().as_slice(), &device)
        };
        let across = ramp(columns).reshape([1, 1, 1, columns]).expand([n, 1, rows, columns]);
        let down = ramp(rows).reshape([1, 1, rows, 1]).expand([n, 1, rows, columns]);
        let x = tally.conv(&self.descriptor, Tensor::cat(vec![one, two, three, down, across], 1));
        let [_, channels, ..] = x.dims();
        let x = x.reshape([n, channels, rows * columns]);
        let [.., centroids] = self.centroids.dims();
        tally.add(&[n, rows * columns, channels, centroids]);
        let own = x.clone().square().sum_dim(1).swap_dims(1, 2);
        let products = x.swap_dims(1, 2).matmul(self.centroids.clone().expand([n, channels, centroids]));
        let distances = (own + self.squares.clone() - products * 2.0).clamp_min(0.0).sqrt();
        resized(nearest(distances).reshape([n, 1, rows, columns]), size)
    }
}

/// The least distance of each row, weighted by how much nearer it is than the next ones: `[n, rows, columns]` to
/// `[n, rows, 1]`.
fn nearest(mut distances: Tensor<3>) -> Tensor<3> {
    let mut least = Vec::with_capacity(NEIGHBOURS);
    for _ in 0..NEIGHBOURS {
        let one = distances.clone().min_dim(2);
        distances = distances.clone().mask_fill(distances.lower_equal(one.clone()), f32::INFINITY);
        least.push(one);
    }
    let first = least[0].clone();
    let all = least.into_iter().map(|one| (first.clone() - one).exp()).reduce(|sum, one| sum + one);
    first / all.expect("three of them")
}
