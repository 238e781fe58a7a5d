//! Training loop of both recipes: Adam, a learning rate that rises and falls, checkpoints, a log.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::optim::{AdamConfig, GradientsAccumulator, GradientsParams};
use burn::store::ModuleRecord;
use burn::tensor::Bytes;
use burn::tensor::Tensor;
use cse::defects::NoKinds;
use rayon::prelude::*;
use serde::Serialize;

use super::batches::{self, Order, Purpose};
use super::{Common, PretrainError};
use crate::checkpoints::{Checkpoints, Saved};
use crate::progress;

/// Number of steps between two readings of the losses.
const LOOK_EVERY: u64 = 10;

/// Settings of a phase of training that decide its result.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Plan {
    /// Number of steps.
    pub steps: u64,
    /// Surfaces in a step.
    pub batch: u16,
    /// Side of the photos, pixels.
    pub side: u32,
    /// Highest learning rate.
    pub rate: f64,
    /// Seed of all random choices.
    pub seed: u64,
}

impl Plan {
    /// Formats the plan for checkpoints and provenance.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Phase of training with its checkpoints.
pub struct Training<'a> {
    /// Name in folders, logs and progress bars.
    pub name: &'static str,
    /// Settings that decide the result.
    pub plan: Plan,
    /// Origin of the initial weights and of the teacher. A run with another origin does not resume from its checkpoints.
    pub origin: String,
    /// Purpose of its batches.
    pub purpose: Purpose,
    /// Options of both recipes, such as the folder of the checkpoints.
    pub common: &'a Common,
}

impl Training<'_> {
    /// Checkpoints of the phase.
    pub fn checkpoints(&self) -> Checkpoints {
        Checkpoints::in_folder(self.common.folder().join(self.name))
    }

    /// Trains `learner`, or resumes it from a checkpoint.
    ///
    /// `render` makes a batch of one share, or of several shares that are computed in parallel. `loss` gives the part of a
    /// share in the loss of its batch, and the errors of the two taps in it.
    pub fn run<M: Module + Sync, B: Send + Sync + 'static>(
        &self,
        mut learner: M,
        log: &mut Log,
        render: impl Fn(&Order) -> Result<Vec<B>, NoKinds> + Clone + Send + 'static,
        loss: impl Fn(&M, &B) -> (Tensor<1>, [Tensor<1>; 2]) + Sync,
    ) -> Result<M, PretrainError> {
        let (name, Plan { steps, batch: batch_size, side, rate: highest_rate, seed }, purpose) =
            (self.name, self.plan, self.purpose);
        let checkpoints = self.checkpoints();
        let settings = format!("{}, {}", self.origin, self.plan.json());
        let mut optimiser = AdamConfig::new().with_epsilon(1e-8).init();
        let mut step = 0;
        if let Some(Saved { progress, module, optimizer }) = checkpoints.newest::<u64>(&settings)? {
            learner = learner.try_load_record(ModuleRecord::from_bytes(Bytes::from_bytes_vec(module))?)?;
            optimiser = optimiser.from_bytes(Bytes::from_bytes_vec(optimizer))?;
            step = progress;
        }
        let bar = progress::bar(steps, name, "steps").with_position(step);
        bar.reset_eta();
        let photos = usize::from(batch_size);
        let orders = (step..steps).map(move |number| Order { seed, purpose, number, photos, side });
        let (mut last_saved, mut unseen) = (Instant::now(), Vec::new());
        let mut batches = batches::ahead(orders, render);
        let (mut looked, mut waited) = (Instant::now(), Duration::ZERO);
        while let (wait, Some(batch)) = (Instant::now(), batches.next()) {
            waited += wait.elapsed();
            let (gradients, taps) = gradients(&learner, &batch?, &loss);
            unseen.push(taps);
            let rate = highest_rate * rate_at(step as f64 / steps as f64);
            learner = optimiser.step(rate, learner, gradients);
            step += 1;
            bar.inc(1);
            // Reading a loss waits for the device, which would then wait for the next step's kernels.
            if step.is_multiple_of(LOOK_EVERY) || step == steps {
                let photos = unseen.len() as f64 * f64::from(batch_size);
                let means = means(std::mem::take(&mut unseen));
                if !means.iter().all(|value| value.is_finite()) {
                    return Err(PretrainError::Diverged(step));
                }
                bar.set_message(format!("stage5 {:.4}, stage7 {:.4}", means[0], means[1]));
                let seconds = looked.elapsed().as_secs_f64();
                log.line(&serde_json::json!({
                    "phase": name, "step": step, "rate": rate, "means": means,
                    "photos_per_second": photos / seconds, "waiting_for_photos": waited.as_secs_f64() / seconds,
                }))?;
                (looked, waited) = (Instant::now(), Duration::ZERO);
                if last_saved.elapsed().as_secs_f64() > 60.0 * self.common.checkpoint_minutes.max(0.1) {
                    checkpoints.write(step, &settings, &saved(step, &learner, &optimiser)?)?;
                    last_saved = Instant::now();
                }
            }
        }
        checkpoints.write(step, &settings, &saved(step, &learner, &optimiser)?)?;
        if step < steps {
            return Err(PretrainError::NoBatches(step));
        }
        bar.finish();
        Ok(learner)
    }
}

/// Packs the state of a run for a checkpoint.
fn saved<M: Module>(step: u64, learner: &M, optimizer: &ModuleOptimizer) -> Result<Saved<u64>, PretrainError> {
    Ok(Saved {
        progress: step,
        module: learner.clone().into_record().into_bytes()?.to_vec(),
        optimizer: optimizer.into_bytes()?.to_vec(),
    })
}

/// Gradients of the sum of the shares' losses, and the errors of the two taps of each share. The result is the same for
/// any number of threads.
fn gradients<M: Module + Sync, B: Sync>(
    learner: &M,
    shares: &[B],
    loss: &(impl Fn(&M, &B) -> (Tensor<1>, [Tensor<1>; 2]) + Sync),
) -> (GradientsParams, Vec<[Tensor<1>; 2]>) {
    let of_share = |learner: M, share: &B| {
        let (loss, taps) = loss(&learner, share);
        (GradientsParams::from_grads(loss.backward(), &learner), taps.map(Tensor::inner))
    };
    // One share runs on this thread, as a GPU has a queue for each thread. It runs in the learner itself, so that BatchNorm
    // measures it.
    if let [share] = shares {
        let (gradients, taps) = of_share(learner.clone(), share);
        return (gradients, vec![taps]);
    }
    let devices = learner.devices();
    // Shares in one graph would wait for each other.
    let forked = || devices.iter().fold(learner.clone(), |learner, device| learner.fork(device));
    let (gradients, taps): (Vec<_>, Vec<_>) = shares.par_iter().map(|share| of_share(forked(), share)).unzip();
    let mut sum = GradientsAccumulator::new();
    gradients.into_iter().for_each(|gradients| sum.accumulate(learner, gradients));
    (sum.grads(), taps)
}

/// Mean of the errors of the two taps over some steps. The error of a step is the sum over its shares.
fn means(figures: Vec<Vec<[Tensor<1>; 2]>>) -> [f32; 2] {
    let steps = figures.len() as f32;
    let (stage5, stage7): (Vec<_>, Vec<_>) =
        figures.into_iter().flatten().map(|[stage5, stage7]| (stage5, stage7)).unzip();
    [stage5, stage7].map(|of_shares| scalar(&(Tensor::cat(of_shares, 0).sum() / steps)))
}

/// Value of a tensor of one number. NaN if the backend gives no value.
pub fn scalar(tensor: &Tensor<1>) -> f32 {
    tensor.to_data().try_to_vec::<f32>().ok().and_then(|values| values.first().copied()).unwrap_or(f32::NAN)
}

/// Learning rate relative to its maximum. It rises linearly in the first 5 % of the phase, then falls to 0 along a cosine.
fn rate_at(share: f64) -> f64 {
    const RISE: f64 = 0.05;
    if share < RISE {
        return (share / RISE).max(0.02);
    }
    let fall = ((share - RISE) / (1.0 - RISE)).min(1.0);
    0.5 + 0.5 * (std::f64::consts::PI * fall).cos()
}

/// JSON-lines file that is only appended to.
pub struct Log {
    path: PathBuf,
    file: fs::File,
}

impl Log {
    /// Opens or creates the file, and creates its folder.
    pub fn open(common: &Common) -> Result<Self, PretrainError> {
        let path = common.log.clone().unwrap_or_else(|| common.folder().join("log.jsonl"));
        let failed = |source| PretrainError::Log { path: path.clone(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        Ok(Self { path, file })
    }

    /// Appends a line.
    pub fn line(&mut self, value: &serde_json::Value) -> Result<(), PretrainError> {
        writeln!(self.file, "{value}").map_err(|source| PretrainError::Log { path: self.path.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
    use burn::tensor::{Device, TensorData};

    use super::*;
    use cse::training::initial_weights::initial;

    type Photos = Vec<[f32; 2]>;

    fn rows(photos: &Photos) -> TensorData {
        TensorData::new(photos.concat(), [photos.len(), 2])
    }

    fn share_of_loss(values: Tensor<2>, of: usize) -> (Tensor<1>, [Tensor<1>; 2]) {
        let part = values.dims()[0] as f32 / of as f32;
        let loss = values.square().mean() * part;
        (loss.clone(), [loss.clone(), loss])
    }

    #[test]
    fn shares_give_the_gradients_of_the_batch() {
        let device = Device::flex().autodiff();
        let learner = initial(1, &device, |cpu| LinearConfig::new(2, 3).init(cpu));
        let photos = [[1.0, 2.0], [-0.5, 0.25], [3.0, -1.0], [0.1, 0.7], [2.0, 2.0]];
        let slopes = |shares: &[Photos]| {
            let loss = |learner: &Linear, share: &Photos| {
                let photos = Tensor::<2>::from_data(rows(share), &device);
                share_of_loss(learner.forward(photos), 5)
            };
            let (gradients, taps) = gradients(&learner, shares, &loss);
            let slopes = gradients.get::<2>(learner.weight.id).expect("a gradient").into_data();
            (slopes.try_into_vec::<f32>().expect("numbers"), means(vec![taps])[0])
        };
        let (whole, whole_loss) = slopes(&[photos.to_vec()]);
        let (shared, shared_loss) = slopes(&[photos[..2].to_vec(), photos[2..4].to_vec(), photos[4..].to_vec()]);
        assert!((whole_loss - shared_loss).abs() < 1e-5 * whole_loss, "{whole_loss} {shared_loss}");
        for (whole, shared) in whole.iter().zip(&shared) {
            assert!((whole - shared).abs() < 1e-5, "{whole} {shared}");
        }
    }

    #[test]
    fn batch_norm_measures_a_batch_in_one_share() {
        let device = Device::flex().autodiff();
        let learner = initial(1, &device, |cpu| BatchNormConfig::new(2).init(cpu));
        let loss = |learner: &BatchNorm, share: &Photos| {
            let photos = Tensor::<2>::from_data(rows(share), &device);
            let [n, channels] = photos.dims();
            share_of_loss(learner.forward(photos.reshape([n, channels, 1])).reshape([n, channels]), n)
        };
        let _ = gradients(&learner, &[vec![[4.0, 0.0], [6.0, 0.0]]], &loss);
        let mean = learner.running_mean.value_sync().into_data().try_into_vec::<f32>().expect("numbers");
        assert!(mean[0] > 0.1 && mean[1].abs() < 1e-6, "{mean:?}");
    }
}
