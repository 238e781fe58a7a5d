//! The training loop: pairs, both losses, one-cycle Adam, and the weights of the lowest validation loss.

use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData};
use cse::decoder::Decoder;
use cse::efficientnet::Features;
use cse::embedder::{self, Embedder, fuse};
use cse::losses::{self, Grouping};
use cse::state_dict::StateDict;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::feature_pool::{self, PooledImage, StoredFeatures};
use super::one_cycle::{OneCycle, OneCycleAdam};
use super::{Args, TrainError};
use crate::progress;

/// The authors' weight decay.
const WEIGHT_DECAY: f64 = 1e-5;
/// Times that the validation loss is looked at.
const VALIDATIONS: usize = 40;
/// Pairs in one pass of the validation.
const VALIDATION_BATCH: usize = 16;

/// What is kept of a training.
pub struct Trained {
    /// The embedder's tensors with the authors' names.
    pub weights: StateDict,
    /// After how many steps they were taken.
    pub kept_step: usize,
}

/// Two images and whether the second is defective.
struct Pair<'a> {
    a: &'a StoredFeatures,
    b: &'a StoredFeatures,
    defective: bool,
}

/// Trains on features; see [`Args`] for the settings and METHOD's sources in [`cse::losses`].
pub fn run(
    args: &Args,
    taps: (usize, usize),
    train: &[PooledImage],
    validation: &[PooledImage],
    device: &Device,
) -> Result<Trained, TrainError> {
    let training_device = device.clone().autodiff();
    // The backend draws initial weights from its own generator.
    training_device.seed(args.seed);
    let mut embedder = Embedder::init(taps.0 + taps.1, &training_device).materialize();
    // Its weights stay random, but its BatchNorm goes on measuring: without, what leaves its ReLU could never be negative,
    // as the features are.
    let decoder = Decoder::init(taps, &training_device).materialize().no_grad();
    let losses = Losses { args, taps, decoder };

    let steps = args.steps as usize;
    let schedule = OneCycle { max_rate: args.max_rate, steps };
    let mut optimizer = ModuleOptimizer::from(OneCycleAdam { schedule, weight_decay: WEIGHT_DECAY });
    let mut pairs = Pairs::new(train, args.seed);
    let validation_pairs = validation_pairs(validation, train);
    let every = steps.div_ceil(VALIDATIONS);
    let mut best: Option<(f64, Trained)> = None;
    let bar = progress::bar(steps as u64, "training", "steps");
    for step in 0..steps {
        let batch: Vec<Pair<'_>> = (0..args.batch).map(|_| pairs.draw()).collect();
        let loss = losses.total(&embedder, &losses.decoder, &batch, &training_device);
        let gradients = GradientsParams::from_grads(loss.backward(), &embedder);
        embedder = optimizer.step(schedule.rate(step), embedder, gradients);
        if (step + 1) % every == 0 || step + 1 == steps {
            let value = losses.validate(&embedder.valid(), &validation_pairs, device);
            if !value.is_finite() {
                return Err(TrainError::Diverged(step + 1));
            }
            bar.set_message(format!("validation loss {value:.4}"));
            if best.as_ref().is_none_or(|(lowest, _)| value < *lowest) {
                best = Some((value, Trained { weights: embedder.to_state_dict(), kept_step: step + 1 }));
            }
        }
        bar.inc(1);
    }
    bar.finish();
    best.map(|(loss, trained)| {
        println!("kept        step {} of {steps}, validation loss {loss:.4}", trained.kept_step);
        trained
    })
    .ok_or(TrainError::Diverged(steps))
}

struct Losses<'a> {
    args: &'a Args,
    taps: (usize, usize),
    decoder: Decoder,
}

impl Losses<'_> {
    /// Weighted sum of both terms, summed over the pairs.
    fn total(&self, embedder: &Embedder, decoder: &Decoder, pairs: &[Pair<'_>], device: &Device) -> Tensor<1> {
        let n = pairs.len();
        // One batch of both sides, so that BatchNorm sees normal and defective images together.
        let images: Vec<&StoredFeatures> =
            pairs.iter().map(|pair| pair.a).chain(pairs.iter().map(|pair| pair.b)).collect();
        let features = feature_pool::batch(&images, self.taps, device);
        let of_a = Features { f1: features.f1.clone().narrow(0, 0, n), f2: features.f2.clone().narrow(0, 0, n) };
        let e14 = embedder.forward(fuse(features));
        let decoded = decoder.forward(e14.clone().narrow(0, 0, n));
        let e7 = embedder::pool(e14);
        let defective: Vec<f32> = pairs.iter().map(|pair| f32::from(u8::from(pair.defective))).collect();
        let defective = Tensor::from_data(TensorData::new(defective, [n]), device);
        let grouping = Grouping::from(self.args.grouping);
        let contrastive = losses::contrastive(e7.clone().narrow(0, 0, n), e7.narrow(0, n, n), defective, grouping);
        contrastive * self.args.contrast_weight + losses::decoder(decoded, of_a) * self.args.decoder_weight
    }

    /// Mean loss of a pair, with the running statistics of BatchNorm.
    fn validate(&self, embedder: &Embedder, pairs: &[Pair<'_>], device: &Device) -> f64 {
        let decoder = self.decoder.valid();
        let sum: f64 = pairs
            .chunks(VALIDATION_BATCH)
            .map(|batch| self.total(embedder, &decoder, batch, device).into_scalar::<f64>())
            .sum();
        sum / pairs.len().max(1) as f64
    }
}

/// An endless supply of training pairs: `a` goes through all images in a new order each time, `b` is any other image,
/// defective with probability 1/2.
struct Pairs<'a> {
    images: &'a [PooledImage],
    order: Vec<usize>,
    rng: ChaCha8Rng,
}

impl<'a> Pairs<'a> {
    fn new(images: &'a [PooledImage], seed: u64) -> Self {
        Self { images, order: Vec::new(), rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    fn draw(&mut self) -> Pair<'a> {
        if self.order.is_empty() {
            self.order = (0..self.images.len()).collect();
            self.order.shuffle(&mut self.rng);
        }
        let a = self.order.pop().unwrap_or(0);
        let b = (a + self.rng.random_range(1..self.images.len())) % self.images.len();
        let defects = &self.images[b].defective;
        let defective = self.rng.random::<bool>() && !defects.is_empty();
        let second = if defective { &defects[self.rng.random_range(0..defects.len())] } else { &self.images[b].normal };
        Pair { a: &self.images[a].normal, b: second, defective }
    }
}

/// The same pairs at every validation: each image with the next one, normal and in each of its defective versions.
/// A single validation image is paired with a training image.
fn validation_pairs<'a>(images: &'a [PooledImage], train: &'a [PooledImage]) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    for (index, image) in images.iter().enumerate() {
        let other = if images.len() > 1 { &images[(index + 1) % images.len()] } else { &train[0] };
        pairs.push(Pair { a: &image.normal, b: &other.normal, defective: false });
        pairs.extend(image.defective.iter().map(|b| Pair { a: &other.normal, b, defective: true }));
    }
    pairs
}
