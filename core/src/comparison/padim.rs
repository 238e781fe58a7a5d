//! PaDiM (Defard et al. 2021): the Mahalanobis distance to a Gaussian at each position.

use burn::tensor::{Device, Distribution, Int, Tensor};

use super::layers::{repeated, resized};
use super::tally::Tally;

/// Channels that are kept of the three layers of a ResNet-18: at equal steps here, at random in PaDiM.
const KEPT: usize = 100;

/// Gaussians of random numbers.
#[derive(Debug)]
pub(super) struct Padim {
    kept: Tensor<1, Int>,
    /// `[positions, 1, kept]`.
    means: Tensor<3>,
    /// `[positions, kept, kept]`.
    inverses: Tensor<3>,
}

impl Padim {
    /// Gaussians at `positions` positions over channels of `layers` channels in all.
    pub(super) fn new(layers: usize, positions: usize, device: &Device) -> Self {
        let kept: Vec<i32> = (0..KEPT).map(|index| (index * layers / KEPT) as i32).collect();
        let normal = Distribution::Normal(0.0, 0.1);
        Self {
            kept: Tensor::from_ints(kept.as_slice(), device),
            means: Tensor::random([positions, 1, KEPT], normal, device),
            inverses: Tensor::random([positions, KEPT, KEPT], normal, device),
        }
    }

    /// Numbers in means and inverse covariances.
    pub(super) fn stored(&self) -> usize {
        [self.means.dims(), self.inverses.dims()].iter().map(|shape| shape.iter().product::<usize>()).sum()
    }

    /// Anomaly map `[1, 1, size, size]` of one photo.
    pub(super) fn anomaly_map(&self, [one, two, three]: [Tensor<4>; 3], size: [usize; 2], tally: &Tally) -> Tensor<4> {
        let [_, _, rows, columns] = one.dims();
        let spread = |layer: Tensor<4>| repeated(layer, [rows, columns]);
        let features = Tensor::cat(vec![one, spread(two), spread(three)], 1).select(1, self.kept.clone());
        let [_, channels, ..] = features.dims();
        let features = features.reshape([channels, rows * columns]).transpose();
        let away = features.reshape([rows * columns, 1, channels]) - self.means.clone();
        let weighed = tally.matmul(away.clone(), self.inverses.clone());
        tally.add(&[rows, columns, channels]);
        let squared = (weighed * away).sum_dim(2);
        resized(squared.clamp_min(0.0).sqrt().reshape([1, 1, rows, columns]), size)
    }
}
