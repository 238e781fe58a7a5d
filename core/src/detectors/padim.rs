//! PaDiM (Defard et al. 2021): the Mahalanobis distance to a Gaussian at each position, on a ResNet.
//!
//! The layers are repeated to the grid of `layer1`, and some of their channels are kept, at random. Details are those of
//! anomalib 2.

use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;

use super::gaussian::{cholesky, inverse_of_lower};
use crate::files::model_file::ModelFileError;
use crate::files::state_dict::{StateDict, take};
use crate::image::inspected::Inspected;
use crate::network::grid::{Grid, GridMap};
use crate::network::resnet::ResNetArchitecture;
use crate::scoring::distances::Distances;
use crate::scoring::pixel_map::{blurred, interpolated};

/// Added to each variance: 0.01, as in the paper, and anomalib's 1e-5.
const REGULARISATION: f64 = 0.01 + 1e-5;
/// Pixels between neighbouring positions of `layer1`.
const STRIDE: usize = 4;
const KEPT: &str = "padim.kept";
const MEANS: &str = "padim.means";
const WHITENING: &str = "padim.whitening";

/// Number of channels that are kept of a ResNet's three layers: 100 of a ResNet-18, 550 of a WideResNet-50 (the paper's).
pub fn kept_channels(architecture: ResNetArchitecture) -> usize {
    match architecture {
        ResNetArchitecture::ResNet18 => 100,
        ResNetArchitecture::WideResNet50 => 550,
    }
}

/// Indices of the channels that are kept, in ascending order, from those of `layer1`, `layer2` and `layer3` one after another.
/// The same seed gives the same channels.
pub fn choose(architecture: ResNetArchitecture, seed: u64) -> Vec<u32> {
    let all = architecture.channels().iter().sum();
    let chosen = index::sample(&mut ChaCha8Rng::seed_from_u64(seed), all, kept_channels(architecture));
    let mut chosen: Vec<u32> = chosen.into_iter().map(|channel| channel as u32).collect();
    chosen.sort_unstable();
    chosen
}

/// Indices of kept channels as a tensor `[kept]` on `device`.
pub fn on_device(kept: &[u32], device: &Device) -> Tensor<1, Int> {
    let kept: Vec<i32> = kept.iter().map(|channel| *channel as i32).collect();
    let count = kept.len();
    Tensor::from_data(TensorData::new(kept, [count]), device)
}

/// The kept channels of a ResNet's layers at the grid of `layer1`, `[n, kept, h, w]`.
pub fn features([one, two, three]: [Tensor<4>; 3], kept: &Tensor<1, Int>) -> Tensor<4> {
    let [_, _, rows, columns] = one.dims();
    let options = || InterpolateOptions::new(InterpolateMode::Nearest).with_output_size([rows, columns]);
    let all = vec![one, interpolate(two, options()), interpolate(three, options())];
    Tensor::cat(all, 1).select(1, kept.clone())
}

/// Sums from which the Gaussians are estimated, in two passes: first for the means, then for the covariances.
#[derive(Clone, Debug)]
pub struct Moments {
    channels: usize,
    /// Number of windows in which each position counts.
    windows: Vec<u32>,
    /// Sum over the windows, and after [`centred`](Self::centred) the mean, `[channels, positions]`.
    means: Vec<f64>,
    /// Sums of the outer products at each position, `[positions, channels, channels]`. Empty in the first pass.
    products: Vec<f32>,
}

/// Most numbers in the covariances: 1 GB in a program of 32 bits, which can hold few more, and else no limit. A ResNet-18 has
/// 31 million for 224 x 224 pixels.
const MOST_NUMBERS: Option<usize> = if usize::BITS > 32 { None } else { Some(1 << 28) };

impl Moments {
    /// Empty sums, for windows with `channels` kept channels at `positions` positions. None where the covariances are more
    /// than this program can hold.
    pub fn new(channels: usize, positions: usize) -> Option<Self> {
        let numbers = channels.checked_mul(channels)?.checked_mul(positions)?;
        MOST_NUMBERS.is_none_or(|most| numbers <= most).then(|| Self {
            channels,
            windows: vec![0; positions],
            means: vec![0.0; channels * positions],
            products: Vec::new(),
        })
    }

    /// Adds the features `[channels, positions]` of a window in the first pass, at the positions that are `counted`. None
    /// counts all.
    pub fn add_to_mean(&mut self, features: &[f32], counted: Option<&[bool]>) {
        let positions = self.windows.len().max(1);
        let counts = |position: usize| counted.is_none_or(|counted| counted[position]);
        (0..self.windows.len()).for_each(|position| self.windows[position] += u32::from(counts(position)));
        for (index, (sum, value)) in self.means.iter_mut().zip(features).enumerate() {
            if counts(index % positions) {
                *sum += f64::from(*value);
            }
        }
    }

    /// Ends the first pass.
    pub fn centred(mut self) -> Self {
        let positions = self.windows.len().max(1);
        for (index, sum) in self.means.iter_mut().enumerate() {
            *sum /= f64::from(self.windows[index % positions].max(1));
        }
        self.products = vec![0.0; self.means.len() * self.channels];
        self
    }

    /// Adds the features of a window in the second pass, as [`add_to_mean`](Self::add_to_mean) did. Does nothing before
    /// [`centred`](Self::centred).
    pub fn add_to_covariance(&mut self, features: &[f32], counted: Option<&[bool]>) {
        let channels = self.channels;
        let positions = self.windows.len();
        let mut away = vec![0.0f32; channels];
        for (position, products) in self.products.chunks_exact_mut((channels * channels).max(1)).enumerate() {
            if counted.is_some_and(|counted| !counted[position]) {
                continue;
            }
            for (channel, away) in away.iter_mut().enumerate() {
                let at = channel * positions + position;
                *away = (f64::from(features[at]) - self.means[at]) as f32;
            }
            for (row, a) in products.chunks_exact_mut(channels).zip(&away) {
                row.iter_mut().zip(&away).for_each(|(product, b)| *product += a * b);
            }
        }
    }

    /// The Gaussians of the windows over the channels `kept`. A covariance is the unbiased one, with 0.01001 added to each
    /// variance. A position that counts in no window has the mean 0. `None`
    /// before the second pass, without a window, or with NaN.
    pub fn gaussians(mut self, kept: Vec<u32>) -> Option<Gaussians> {
        let channels = self.channels;
        if self.products.is_empty() || self.windows.iter().all(|windows| *windows == 0) {
            return None;
        }
        let positions = self.windows.len();
        // In place, because there are gigabytes of them for a WideResNet-50.
        for (products, windows) in self.products.chunks_exact_mut(channels * channels).zip(&self.windows) {
            let divisor = f64::from(windows.saturating_sub(1).max(1));
            let mut covariance: Vec<f64> = products.iter().map(|product| f64::from(*product) / divisor).collect();
            (0..channels).for_each(|channel| covariance[channel * channels + channel] += REGULARISATION);
            let whitening = inverse_of_lower(&cholesky(covariance, channels)?, channels);
            products.iter_mut().zip(whitening).for_each(|(own, value)| *own = value as f32);
        }
        let mean = |index: usize| self.means[index % channels * positions + index / channels] as f32;
        let means = (0..channels * positions).map(mean).collect();
        Some(Gaussians { kept, means, whitening: self.products })
    }
}

/// Gaussian at each position.
///
/// The covariance is `C C'`, with a lower triangular `C`. The Mahalanobis distance of `x` from the mean `m` is the length of
/// `C^-1 (x - m)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Gaussians {
    /// Channels that are kept.
    pub kept: Vec<u32>,
    /// Means, `[positions, kept]`.
    pub means: Vec<f32>,
    /// `C^-1` of each position, `[positions, kept, kept]`.
    pub whitening: Vec<f32>,
}

impl Gaussians {
    /// Takes the tensors that [`put`](Self::put) made, for windows whose `layer1` has `grid`.
    ///
    /// # Errors
    /// A tensor is missing, has another shape, or names a channel that the network does not have.
    pub fn take(tensors: &mut StateDict, architecture: ResNetArchitecture, grid: Grid) -> Result<Self, ModelFileError> {
        let (channels, positions) = (kept_channels(architecture), grid.positions());
        let all: usize = architecture.channels().iter().sum();
        let kept = take(tensors, KEPT, &[channels])?;
        if kept.iter().any(|channel| channel.fract() != 0.0 || !(0.0..all as f32).contains(channel)) {
            return Err(ModelFileError::Description("it keeps a channel that the network does not have".into()));
        }
        Ok(Self {
            kept: kept.into_iter().map(|channel| channel as u32).collect(),
            means: take(tensors, MEANS, &[positions, channels])?,
            whitening: take(tensors, WHITENING, &[positions, channels, channels])?,
        })
    }

    /// Adds the Gaussians to the tensors of a model file.
    pub fn put(self, tensors: &mut StateDict) {
        let channels = self.kept.len();
        let positions = self.means.len() / channels.max(1);
        tensors.insert(KEPT.into(), (vec![channels], self.kept.iter().map(|channel| *channel as f32).collect()));
        tensors.insert(MEANS.into(), (vec![positions, channels], self.means));
        tensors.insert(WHITENING.into(), (vec![positions, channels, channels], self.whitening));
    }
}

/// PaDiM on a device.
#[derive(Debug)]
pub struct Padim {
    kept: Tensor<1, Int>,
    /// `[positions, kept, 1]`.
    means: Tensor<3>,
    /// `[positions, kept, kept]`.
    whitening: Tensor<3>,
}

impl Padim {
    /// Puts Gaussians on `device`.
    pub fn new(Gaussians { kept, means, whitening }: Gaussians, device: &Device) -> Self {
        let channels = kept.len();
        let positions = means.len() / channels.max(1);
        Self {
            kept: on_device(&kept, device),
            means: Tensor::from_data(TensorData::new(means, [positions, channels, 1]), device),
            whitening: Tensor::from_data(TensorData::new(whitening, [positions, channels, channels]), device),
        }
    }

    /// Mahalanobis distances `[n, 1, h, w]` at the grid of `layer1`, which is that of the windows that the Gaussians were
    /// fitted to.
    pub fn distances(&self, layers: [Tensor<4>; 3]) -> Tensor<4> {
        let features = features(layers, &self.kept);
        let [n, channels, rows, columns] = features.dims();
        let away = features.reshape([n, channels, rows * columns]).permute([2, 1, 0]) - self.means.clone();
        let squared = self.whitening.clone().matmul(away).square().sum_dim(1);
        squared.sqrt().permute([2, 1, 0]).reshape([n, 1, rows, columns])
    }
}

/// Distances of one window. `output` is its part of [`Padim::distances`], and `grid` that of `layer1`. Score and map of the
/// result are the same: a smoothed Mahalanobis distance for each pixel. Their highest value at the `inspected` positions is
/// PaDiM's score. Without `inspected` all positions count.
pub fn window_distances(output: &[f32], grid: Grid, inspected: Option<&Inspected>) -> Distances {
    let mut distances = GridMap { grid, values: output.to_vec() };
    if let Some(counted) = inspected.and_then(|inspected| inspected.at(grid)) {
        distances
            .values
            .iter_mut()
            .zip(counted)
            .filter(|(_, counted)| !counted)
            .for_each(|(value, _)| *value = f32::NAN);
    }
    let map = blurred(&interpolated(&distances, STRIDE), inspected);
    Distances::new(map.clone(), map)
}
