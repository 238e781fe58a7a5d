//! The training loop: pairs, both losses, one-cycle Adam, and the weights of the lowest validation loss.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use burn::module::Module;
use burn::nn::conv::Conv2dConfig;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData};
use cse::decoder::Decoder;
use cse::detector::Method;
use cse::efficientnet::Features;
use cse::embedder::{self, EMBEDDING_CHANNELS, Embedder, Statistics};
use cse::losses;
use cse::score::GRID;
use cse::standardisation::{Standardisation, Standardise};
use cse::state_dict::StateDict;
use cse::taps::Taps;
use cse::texture_file::LossPoint;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::checkpoint::{Checkpoint, Kept, Progress};
use super::error::TrainError;
use super::feature_store::{FeatureStore, Slot};
use super::fitted::History;
use super::one_cycle::{OneCycle, OneCycleAdam};
use super::settings::{BatchNormChoice, Contrasted, DecoderChoice, Settings};
use super::trainee::Trainee;
use super::training_set::{DefectiveSample, Sample};
use crate::{devices, progress};

/// The authors' weight decay.
const WEIGHT_DECAY: f64 = 1e-5;
/// Times that the validation loss is looked at, and a checkpoint written.
const VALIDATIONS: usize = 20;
/// Pairs in one pass of the validation.
const VALIDATION_BATCH: usize = 16;
/// Pairs to validate with at most: more change the kept step no more.
const VALIDATION_PAIRS: usize = 400;

/// Two images, and where the second is defective.
#[derive(Clone, Copy)]
struct Pair<'a> {
    a: Slot,
    b: Slot,
    defect: Option<&'a DefectiveSample>,
}

/// One line of the log.
#[derive(Serialize)]
struct LogLine<'a> {
    texture: &'a str,
    member: u32,
    step: usize,
    rate: f64,
    contrastive: f64,
    decoder: f64,
    loss: f64,
    validation_loss: f64,
    pairs_per_second: f64,
}

/// Where all runs write their losses, if anywhere.
pub type Log = Mutex<Option<BufWriter<File>>>;

/// Where a run writes, and what stops it.
pub struct Run<'a> {
    /// Name of the texture.
    pub texture: &'a str,
    /// Which of the members is trained, from 0.
    pub member: u32,
    /// To go on from, and to write to.
    pub checkpoint: &'a Checkpoint,
    /// Whether to go on from it.
    pub resume: bool,
    /// JSON lines, one at each validation.
    pub log: &'a Log,
    /// Set when the user wants the program to stop.
    pub stop: &'a AtomicBool,
}

/// What a run learns from, and what it is judged on.
#[derive(Clone, Copy)]
pub struct Samples<'a> {
    /// Where the features are.
    pub store: &'a FeatureStore,
    /// To learn from.
    pub train: &'a [&'a Sample],
    /// To validate with.
    pub validation: &'a [&'a Sample],
}

/// Seeds of different trainings must not meet in their members.
fn seed(settings: &Settings, member: u32) -> u64 {
    settings.seed.wrapping_mul(1 << 16).wrapping_add(u64::from(member))
}

/// What a member starts from: the same on every device.
pub fn untrained(settings: &Settings, extractor_taps: (usize, usize), device: &Device, member: u32) -> Trainee {
    let device = &device.clone().autodiff();
    let (embedder, decoder, head) = devices::initial(seed(settings, member), device, |cpu| {
        let embedder = Embedder::init(settings.taps.channels(extractor_taps), cpu);
        let head = Conv2dConfig::new([EMBEDDING_CHANNELS, 1], [1, 1]).init(cpu);
        (embedder, Decoder::init(extractor_taps, cpu), head)
    });
    // Frozen weights stay random, but BatchNorm goes on measuring: without, what leaves the decoder's ReLU could never
    // be negative, as the features are.
    let learns = matches!(settings.decoder, DecoderChoice::Trained | DecoderChoice::Before);
    let decoder = if learns { decoder } else { decoder.no_grad() };
    Trainee { embedder, decoder, head }
}

/// Trains on `samples`, whose features are standardised by `standardisation` on the way to the embedder.
pub fn run(
    settings: &Settings,
    samples: Samples<'_>,
    standardisation: &Standardisation,
    device: &Device,
    mut trainee: Trainee,
    run: &Run<'_>,
) -> Result<(StateDict, History), TrainError> {
    let training_device = device.clone().autodiff();
    let seed = seed(settings, run.member);
    let (steps, epoch) = settings.steps(samples.train.len());
    let schedule = OneCycle { max_rate: settings.max_rate, steps };
    let new_optimizer = || ModuleOptimizer::from(OneCycleAdam { schedule, weight_decay: WEIGHT_DECAY });
    let mut optimizer = new_optimizer();
    // A decoder that is trained before has a training of its own, without contrast; the embedder that it was trained
    // with is not kept.
    let before = if settings.decoder == DecoderChoice::Before { steps } else { 0 };
    let untrained = trainee.embedder.clone();
    let losses_on = |device: &Device, contrast_weight: f64| Losses {
        settings,
        contrasted: settings.contrast.of(run.member),
        contrast_weight,
        store: samples.store,
        standardise: standardisation.on(device),
        device: device.clone(),
    };
    let reconstruction = losses_on(&training_device, 0.0);
    let losses = losses_on(&training_device, settings.contrast_weight);
    let validation_reconstruction = losses_on(device, 0.0);
    let validation_losses = losses_on(device, settings.contrast_weight);
    let validation_pairs = validation_pairs(samples, settings.seed);
    let mut pairs = Pairs::new(samples.train, seed);
    let every = steps.div_ceil(VALIDATIONS);
    let what = if settings.members > 1 {
        format!("training {}/{}", run.member + 1, settings.members)
    } else {
        "training".into()
    };
    let mut progress = Progress::default();
    if run.resume
        && let Some(found) = run.checkpoint.read(settings, &trainee, &optimizer)?
    {
        (trainee, optimizer) = (found.module, found.optimiser);
        progress = found.progress;
        if before > 0 && progress.step > before {
            trainee.decoder = trainee.decoder.no_grad();
        }
        // The same draws as in the run that stopped.
        (0..progress.step * settings.batch as usize).for_each(|_| {
            pairs.draw();
        });
        println!("resumed     {what} after step {}", progress.step);
    }
    let all_steps = before + steps;
    let bar = progress::bar(all_steps as u64, &what, "steps");
    bar.set_position(progress.step as u64);
    let mut sums = Terms::default();
    let mut clock = Instant::now();
    for step in progress.step..all_steps {
        if before > 0 && step == before {
            (trainee.embedder, trainee.decoder) = (untrained.clone(), trainee.decoder.no_grad());
            optimizer = new_optimizer();
        }
        let (losses, validation_losses) =
            if step < before { (&reconstruction, &validation_reconstruction) } else { (&losses, &validation_losses) };
        let rate = schedule.rate(step % steps);
        let batch: Vec<Pair<'_>> = (0..settings.batch).map(|_| pairs.draw()).collect();
        let statistics = match settings.batch_norm {
            BatchNormChoice::FirstEpoch if step % steps >= epoch => Statistics::Running,
            _ => Statistics::Batch,
        };
        let (loss, contrastive, decoder) = losses.terms(&trainee, &batch, statistics)?;
        let gradients = GradientsParams::from_grads(loss.backward(), &trainee);
        trainee = optimizer.step(rate, trainee, gradients);
        let last = step + 1 == all_steps;
        let validate = (step % steps + 1).is_multiple_of(every) || (step + 1).is_multiple_of(steps);
        sums.add(contrastive, decoder);
        if validate {
            // Reading them waits for the steps, whose time ends there.
            let (contrastive, decoder) = sums.means(settings);
            let pairs_per_second = (sums.steps * settings.batch as usize) as f64 / clock.elapsed().as_secs_f64();
            let value = validation_losses.mean(&trainee.valid(), &validation_pairs)?;
            if !value.is_finite() {
                return Err(TrainError::Diverged(step + 1));
            }
            let line = LogLine {
                texture: run.texture,
                member: run.member,
                step: step + 1,
                rate,
                contrastive,
                decoder,
                loss: losses.contrast_weight * contrastive + settings.decoder_weight * decoder,
                validation_loss: value,
                pairs_per_second,
            };
            bar.set_message(format!("contrast {contrastive:.3}, decoder {decoder:.3}, validation {value:.4}"));
            if step >= before {
                let step = step + 1 - before;
                let training = line.loss as f32;
                progress.history.losses.push(LossPoint { step: step as u32, training, validation: value as f32 });
                if progress.best.as_ref().is_none_or(|best| value < best.validation_loss) {
                    progress.best = Some(Kept { weights: trainee.to_state_dict(), validation_loss: value });
                    progress.history.kept_step = step;
                }
            }
            progress.step = step + 1;
            if let Ok(mut log) = run.log.lock()
                && let Some(log) = &mut *log
            {
                let line = serde_json::to_string(&line).unwrap_or_default();
                // What was logged before a failure says what led to it.
                writeln!(log, "{line}").and_then(|()| log.flush()).map_err(TrainError::Log)?;
            }
            run.checkpoint.write(settings, &progress, &trainee, &optimizer)?;
            if !last && run.stop.load(Ordering::Relaxed) {
                bar.abandon();
                return Err(TrainError::Stopped(step + 1));
            }
            (sums, clock) = (Terms::default(), Instant::now());
        }
        bar.inc(1);
    }
    bar.finish();
    let Progress { best, history, .. } = progress;
    let Kept { weights, validation_loss } = best.ok_or(TrainError::Diverged(steps))?;
    let step = history.kept_step;
    println!("kept        {what}, step {step} of {steps}, validation loss {validation_loss:.4}");
    Ok((weights, history))
}

/// Sums of both terms over some steps, on the device: to read them at each step would make it wait.
#[derive(Default)]
struct Terms {
    sums: Option<(Tensor<1>, Tensor<1>)>,
    steps: usize,
}

impl Terms {
    fn add(&mut self, contrastive: Tensor<1>, decoder: Tensor<1>) {
        let (contrastive, decoder) = (contrastive.detach(), decoder.detach());
        self.sums = Some(match self.sums.take() {
            Some((a, b)) => (a + contrastive, b + decoder),
            None => (contrastive, decoder),
        });
        self.steps += 1;
    }

    /// Mean of a pair.
    fn means(&self, settings: &Settings) -> (f64, f64) {
        let pairs = (self.steps * settings.batch as usize).max(1) as f64;
        self.sums.as_ref().map_or((0.0, 0.0), |(contrastive, decoder)| {
            let mean = |sum: &Tensor<1>| sum.clone().into_scalar::<f64>() / pairs;
            (mean(contrastive), mean(decoder))
        })
    }
}

/// Both terms, on one device.
struct Losses<'a> {
    settings: &'a Settings,
    contrasted: Contrasted,
    contrast_weight: f64,
    store: &'a FeatureStore,
    standardise: Standardise,
    device: Device,
}

impl Losses<'_> {
    /// The weighted sum of both terms, and each of them; summed over the pairs.
    fn terms(
        &self,
        trainee: &Trainee,
        pairs: &[Pair<'_>],
        statistics: Statistics,
    ) -> Result<(Tensor<1>, Tensor<1>, Tensor<1>), TrainError> {
        let device = &self.device;
        let n = pairs.len();
        // One batch of both sides, so that BatchNorm sees normal and defective images together.
        let slots: Vec<Slot> = pairs.iter().map(|pair| pair.a).chain(pairs.iter().map(|pair| pair.b)).collect();
        let features = self.store.batch(&slots, device).map_err(TrainError::Store)?;
        let of_a = Features { f1: features.f1.clone().narrow(0, 0, n), f2: features.f2.clone().narrow(0, 0, n) };
        let e14 = embed(&trainee.embedder, &self.standardise, self.settings.taps, features, statistics);
        let (e14_a, e14_b) = (e14.clone().narrow(0, 0, n), e14.narrow(0, n, n));
        let classifies = self.settings.method == Method::Classifier;
        let contrastive = match self.contrasted {
            Contrasted::Position if classifies => {
                let covers = Tensor::cat(vec![Tensor::zeros([n, 1, GRID, GRID], device), covers(pairs, device)], 0);
                losses::classification_by_position(
                    trainee.head.forward(Tensor::cat(vec![e14_a.clone(), e14_b], 0)),
                    covers,
                )
            }
            Contrasted::Image if classifies => {
                let e7 = embedder::pool(Tensor::cat(vec![e14_a.clone(), e14_b], 0));
                let defective = Tensor::cat(vec![Tensor::zeros([n], device), defective(pairs, device)], 0);
                losses::classification(trainee.head.forward(e7), defective)
            }
            Contrasted::Position => losses::contrastive_by_position(e14_a.clone(), e14_b, covers(pairs, device)),
            Contrasted::Image => {
                let defective = defective(pairs, device);
                let (e7_a, e7_b) = (embedder::pool(e14_a.clone()), embedder::pool(e14_b));
                losses::contrastive(e7_a, e7_b, defective, self.settings.grouping)
            }
        };
        let weighted = contrastive.clone() * self.contrast_weight;
        if self.settings.decoder == DecoderChoice::None || self.settings.decoder_weight == 0.0 {
            return Ok((weighted, contrastive.clone(), contrastive.zeros_like()));
        }
        let decoder = losses::decoder(trainee.decoder.forward(e14_a), of_a);
        Ok((weighted + decoder.clone() * self.settings.decoder_weight, contrastive, decoder))
    }

    /// Mean loss of a pair, with the running statistics of BatchNorm.
    fn mean(&self, trainee: &Trainee, pairs: &[Pair<'_>]) -> Result<f64, TrainError> {
        let mut sum = 0.0;
        for batch in pairs.chunks(VALIDATION_BATCH) {
            sum += self.terms(trainee, batch, Statistics::Batch)?.0.into_scalar::<f64>();
        }
        Ok(sum / pairs.len().max(1) as f64)
    }
}

/// Features to `E14`.
pub fn embed(
    embedder: &Embedder,
    standardise: &Standardise,
    taps: Taps,
    features: Features,
    statistics: Statistics,
) -> Tensor<4> {
    embedder.forward(taps.fused(features), standardise, statistics)
}

/// 1 for each pair with a defect, else 0.
fn defective(pairs: &[Pair<'_>], device: &Device) -> Tensor<1> {
    let values: Vec<f32> = pairs.iter().map(|pair| f32::from(pair.defect.is_some())).collect();
    Tensor::from_data(TensorData::new(values, [pairs.len()]), device)
}

/// Share of each position that the defect of each pair covers, `[n, 1, 14, 14]`.
fn covers(pairs: &[Pair<'_>], device: &Device) -> Tensor<4> {
    let mut values = Vec::with_capacity(pairs.len() * GRID * GRID);
    for pair in pairs {
        match pair.defect {
            Some(defect) => values.extend(defect.cover.iter().map(|cover| f32::from(*cover) / 255.0)),
            None => values.extend([0.0; GRID * GRID]),
        }
    }
    Tensor::from_data(TensorData::new(values, [pairs.len(), 1, GRID, GRID]), device)
}

/// An endless supply of training pairs: `a` goes through all images in a new order each time, `b` is any other image,
/// defective with probability 1/2.
struct Pairs<'a> {
    samples: &'a [&'a Sample],
    order: Vec<usize>,
    rng: ChaCha8Rng,
}

impl<'a> Pairs<'a> {
    fn new(samples: &'a [&'a Sample], seed: u64) -> Self {
        Self { samples, order: Vec::new(), rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    fn draw(&mut self) -> Pair<'a> {
        if self.order.is_empty() {
            self.order = (0..self.samples.len()).collect();
            self.order.shuffle(&mut self.rng);
        }
        let a = self.order.pop().unwrap_or(0);
        let b = (a + self.rng.random_range(1..self.samples.len().max(2))) % self.samples.len();
        let defects = &self.samples[b].defective;
        let defective = self.rng.random::<bool>() && !defects.is_empty();
        let defect = defective.then(|| &defects[self.rng.random_range(0..defects.len())]);
        Pair { a: self.samples[a].normal, b: defect.map_or(self.samples[b].normal, |defect| defect.slot), defect }
    }
}

/// The same pairs at every validation: each image with another one, normal and in each of its defective versions.
/// A single validation image is paired with a training image.
fn validation_pairs(samples: Samples<'_>, seed: u64) -> Vec<Pair<'_>> {
    let mut pairs = Vec::new();
    let held_out = samples.validation;
    for (index, sample) in held_out.iter().enumerate() {
        let other = if held_out.len() > 1 { held_out[(index + 1) % held_out.len()] } else { samples.train[0] };
        pairs.push(Pair { a: sample.normal, b: other.normal, defect: None });
        pairs.extend(sample.defective.iter().map(|defect| Pair {
            a: other.normal,
            b: defect.slot,
            defect: Some(defect),
        }));
    }
    pairs.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    pairs.truncate(VALIDATION_PAIRS);
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::presets;
    use crate::train::settings::Preset;
    use burn::tensor::{DeviceKind, DeviceType};
    use cse::efficientnet::Architecture;
    use cse::state_dict::StateDict;

    /// Initial weights, as an untrained member has them.
    fn weights(device: Device) -> StateDict {
        untrained(&presets::settings(Preset::Default, Architecture::B0), (8, 16), &device, 2).to_state_dict()
    }

    #[test]
    fn a_seed_gives_the_same_weights_again() {
        assert_eq!(weights(Device::flex()), weights(Device::flex()));
    }

    #[test]
    #[ignore = "needs a GPU, see README"]
    fn a_gpu_starts_from_the_same_weights_as_the_cpu() {
        assert!(!Device::enumerate(DeviceType::Wgpu).into_vec().is_empty(), "no Vulkan, Metal or DirectX 12 device");
        assert_eq!(weights(Device::wgpu(DeviceKind::DefaultDevice)), weights(Device::flex()));
    }
}
