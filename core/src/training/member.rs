//! Training of one member: steps of one-cycle Adam on pairs, with the weights of the lowest validation loss kept.

use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device, Tensor};
use serde::{Deserialize, Serialize};

use super::checkpoint::{Checkpoint, CheckpointError, History, Kept, Progress};
use super::error::TrainingError;
use super::folds::Fold;
use super::objective::{Objective, Terms, scalar};
use super::one_cycle::{OneCycle, OneCycleAdam};
use super::pairs::{Pair, Pairs, validation_pairs};
use super::session::Session;
use super::spec::{BatchNormTraining, DecoderTraining, TrainSpec};
use super::trainee::{Trainee, member_seed};
use super::training_set;
use crate::embedding::embedder::Statistics;
use crate::embedding::standardisation::Standardisation;
use crate::files::category_file::LossPoint;
use crate::files::state_dict::StateDict;

/// Weight decay of the authors' code.
const WEIGHT_DECAY: f64 = 1e-5;
/// Number of validations in a training.
const VALIDATIONS: usize = 10;

/// Training of one member, step by step.
pub struct MemberTraining<'a> {
    spec: &'a TrainSpec,
    member: u32,
    schedule: OneCycle,
    /// Number of steps in an epoch.
    epoch: usize,
    /// Number of steps that train the decoder before the embedder.
    before: usize,
    /// Trained module with its optimizer. None only within a step.
    trainee: Option<Trainee>,
    /// Initial weights of the embedder, which are restored after the decoder's training.
    untrained: crate::embedding::embedder::Embedder,
    optimizer: ModuleOptimizer,
    pairs: Pairs<'a>,
    validation_pairs: Vec<Pair>,
    /// Objective with gradients.
    objective: Objective<'a>,
    /// Objective of the validation.
    validation: Objective<'a>,
    standardisation: Standardisation,
    sums: Sums,
    progress: Progress,
}

/// Embedder that a training kept. A worker that trains it sends it to another one as text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrainedEmbedder {
    /// Tensors with the authors' names, and the classifier's.
    pub(super) weights: StateDict,
    /// Standardisation before the embedder.
    pub(super) standardisation: Standardisation,
    /// Course of the training.
    pub history: History,
    /// Mean loss of a validation pair with the kept weights.
    pub validation_loss: f64,
}

/// Losses at a validation, as means over pairs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Validation {
    /// Number of steps done, those of a decoder's own training included.
    pub step: usize,
    /// Learning rate of the last step.
    pub lr: f64,
    /// Contrastive term since the validation before, unweighted.
    pub contrastive: f64,
    /// Decoder term since the validation before, unweighted.
    pub decoder: f64,
    /// Weighted sum of both terms since the validation before.
    pub loss: f64,
    /// Weighted sum of both terms on held-out photos.
    pub validation_loss: f64,
}

/// Result of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A step was taken.
    Step,
    /// A step was taken, and the model was validated. This is the moment for a checkpoint.
    Validated(Validation),
}

impl<'a> MemberTraining<'a> {
    /// Begins the training of member number `member`, from 0, on `fold`.
    pub(super) async fn new(session: &Session<'a>, member: u32, fold: &Fold) -> Result<Self, TrainingError> {
        let Session { spec, set, device, extractor } = *session;
        let channels = extractor.info.architecture.efficient_net()?.channels();
        let (train, held_out) = (set.windows(&fold.train), set.windows(&fold.held_out));
        let standardisation = if spec.standardise {
            let normal = training_set::normal(&train);
            let maps = set.compute(&normal, device, |features| spec.taps.select_fine(features)).await?;
            let channels = spec.taps.channels(channels);
            Standardisation::fit(maps.iter().map(Vec::as_slice), channels).ok_or(TrainingError::NoFeatures)?
        } else {
            Standardisation::identity(spec.taps.channels(channels))
        };
        let gradients = device.clone().autodiff();
        let trainee = Trainee::init(spec, channels, &gradients, member);
        let objective = |device: Device| Objective {
            spec,
            contrast_weight: spec.contrast_weight,
            store: &set.store,
            standardise: standardisation.on(&device),
            device,
        };
        // Varied copies teach little that their photos do not.
        let (steps, epoch) = spec.steps(set.windows(&set.originals_of(&fold.train)).len());
        let schedule = OneCycle { max_lr: spec.max_lr, steps };
        Ok(Self {
            spec,
            member,
            schedule,
            epoch,
            before: if spec.decoder == DecoderTraining::Before { steps } else { 0 },
            untrained: trainee.embedder.clone(),
            trainee: Some(trainee),
            optimizer: optimizer(schedule),
            validation_pairs: validation_pairs(&train, &held_out, spec.seed),
            pairs: Pairs::new(train, member_seed(spec, member)),
            objective: objective(gradients),
            validation: objective(device.clone()),
            standardisation,
            sums: Sums::default(),
            progress: Progress::default(),
        })
    }

    /// Number of the member, from 0.
    pub fn member(&self) -> u32 {
        self.member
    }

    /// Number of steps done.
    pub fn step(&self) -> usize {
        self.progress.step
    }

    /// Number of steps of the whole training.
    pub fn steps(&self) -> usize {
        self.before + self.schedule.steps
    }

    /// Resumes from a checkpoint of the same training.
    ///
    /// # Errors
    /// The checkpoint is damaged, or of another training.
    pub fn resume(&mut self, checkpoint: Checkpoint) -> Result<(), CheckpointError> {
        let bytes = |bytes: Vec<u8>| Bytes::from_bytes_vec(bytes);
        let module = ModuleRecord::from_bytes(bytes(checkpoint.module))?;
        let trainee = self.trainee.take().ok_or_else(|| CheckpointError("a step failed before".into()))?;
        let mut trainee = trainee.try_load_record(module)?;
        if self.before > 0 && checkpoint.progress.step > self.before {
            trainee.decoder = trainee.decoder.no_grad();
        }
        self.optimizer = optimizer(self.schedule).from_bytes(bytes(checkpoint.optimizer))?;
        self.trainee = Some(trainee);
        // Repeats the draws of the steps before the checkpoint.
        for _ in 0..checkpoint.progress.step * self.spec.batch_size as usize {
            self.pairs.draw();
        }
        self.progress = checkpoint.progress;
        Ok(())
    }

    /// A checkpoint after the last step.
    pub fn checkpoint(&self) -> Result<Checkpoint, CheckpointError> {
        let trainee = self.trainee.clone().ok_or_else(|| CheckpointError("a step failed before".into()))?;
        Ok(Checkpoint {
            progress: self.progress.clone(),
            module: trainee.into_record().into_bytes()?.to_vec(),
            optimizer: self.optimizer.into_bytes()?.to_vec(),
        })
    }

    /// Takes one step, and validates where it is due. `None` after the last step.
    ///
    /// # Errors
    /// The device fails, the features cannot be read, or the validation loss is not finite.
    pub async fn advance(&mut self) -> Result<Option<Event>, TrainingError> {
        let (step, steps) = (self.progress.step, self.schedule.steps);
        if step >= self.steps() {
            return Ok(None);
        }
        let mut trainee = self.trainee.take().ok_or_else(|| CheckpointError("a step failed before".into()))?;
        if self.before > 0 && step == self.before {
            // The decoder was trained with an embedder that is not kept.
            (trainee.embedder, trainee.decoder) = (self.untrained.clone(), trainee.decoder.no_grad());
            self.optimizer = optimizer(self.schedule);
        }
        // A decoder's own training has no contrast.
        let contrast_weight = if step < self.before { 0.0 } else { self.spec.contrast_weight };
        (self.objective.contrast_weight, self.validation.contrast_weight) = (contrast_weight, contrast_weight);
        let lr = self.schedule.lr(step % steps);
        let batch: Vec<Pair> = (0..self.spec.batch_size).map(|_| self.pairs.draw()).collect();
        let statistics = match self.spec.batch_norm {
            BatchNormTraining::FirstEpoch if step % steps >= self.epoch => Statistics::Running,
            _ => Statistics::Batch,
        };
        let terms = self.objective.terms(&trainee, &batch, statistics)?;
        let gradients = GradientsParams::from_grads(terms.sum.backward(), &trainee);
        let trainee = self.optimizer.step(lr, trainee, gradients);
        self.sums.add(terms);
        self.progress.step = step + 1;
        let every = steps.div_ceil(VALIDATIONS);
        let event = if (step % steps + 1).is_multiple_of(every) || (step + 1).is_multiple_of(steps) {
            Event::Validated(self.validate(&trainee, lr).await?)
        } else {
            Event::Step
        };
        self.trainee = Some(trainee);
        Ok(Some(event))
    }

    /// Validates, and keeps the weights where they are the best.
    async fn validate(&mut self, trainee: &Trainee, lr: f64) -> Result<Validation, TrainingError> {
        let step = self.progress.step;
        let (contrastive, decoder) = self.sums.means(self.spec.batch_size as usize).await?;
        self.sums = Sums::default();
        let validation_loss = self.validation.mean(&trainee.valid(), &self.validation_pairs).await?;
        if !validation_loss.is_finite() {
            return Err(TrainingError::Diverged(step));
        }
        let loss = self.objective.contrast_weight * contrastive + self.spec.decoder_weight * decoder;
        if step > self.before {
            let step = step - self.before;
            self.progress.history.losses.push(LossPoint {
                step: step as u32,
                training: loss as f32,
                validation: validation_loss as f32,
            });
            if self.progress.best.as_ref().is_none_or(|best| validation_loss < best.validation_loss) {
                self.progress.best = Some(Kept { weights: trainee.to_state_dict().await?, validation_loss });
                self.progress.history.kept_step = step;
            }
        }
        Ok(Validation { step, lr, contrastive, decoder, loss, validation_loss })
    }

    /// The embedder with the best weights. An error where no step was validated.
    pub fn finish(self) -> Result<TrainedEmbedder, TrainingError> {
        let Progress { best, history, step } = self.progress;
        let Kept { weights, validation_loss } = best.ok_or(TrainingError::Diverged(step))?;
        Ok(TrainedEmbedder { weights, standardisation: self.standardisation, history, validation_loss })
    }
}

fn optimizer(schedule: OneCycle) -> ModuleOptimizer {
    ModuleOptimizer::from(OneCycleAdam { schedule, weight_decay: WEIGHT_DECAY })
}

/// Sums of both terms over some steps. They stay on the device, which would wait if each step were read.
#[derive(Default)]
struct Sums {
    terms: Option<(Tensor<1>, Tensor<1>)>,
    steps: usize,
}

impl Sums {
    fn add(&mut self, terms: Terms) {
        let (contrastive, decoder) = (terms.contrastive.detach(), terms.decoder.detach());
        self.terms = Some(match self.terms.take() {
            Some((a, b)) => (a + contrastive, b + decoder),
            None => (contrastive, decoder),
        });
        self.steps += 1;
    }

    /// Means over the pairs of all steps.
    async fn means(&self, batch_size: usize) -> Result<(f64, f64), TrainingError> {
        let Some((contrastive, decoder)) = &self.terms else { return Ok((0.0, 0.0)) };
        let pairs = (self.steps * batch_size).max(1) as f64;
        Ok((scalar(contrastive.clone()).await? / pairs, scalar(decoder.clone()).await? / pairs))
    }
}
