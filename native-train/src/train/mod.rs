//! `train`: from photos of good samples to a texture file (paper, section 3).

mod baselines;
mod checkpoint;
mod feature_store;
mod one_cycle;
mod optimisation;
mod settings;
mod trainee;
mod training_set;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::Device;
use cse::bank::Bank;
use cse::calibration::Calibration;
use cse::defects::{DefectMaker, Generator};
use cse::detector::{Detector, Method, Shape, TrainedMember};
use cse::embedder::{Embedder, Statistics};
use cse::extractor_file::Extractor;
use cse::model_file::ModelFileError;
use cse::score::{Comparison, NormalRange, ScoreRule};
use cse::standardisation::Standardisation;
use cse::state_dict::{StateDict, StateDictError};
use cse::texture_file::{self, MapScale, TextureInfo};
use cse::view::View;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use crate::checkpoints::CheckpointError;
use crate::choices::{AggregationChoice, GroupingChoice, MethodChoice, TapsChoice, ViewChoice};
use crate::dataset::{self, Dataset, DatasetError};
use crate::devices::{self, DeviceChoice, DeviceError};
use crate::files::{self, FileError};
use crate::inspection::DeviceFailure;
use crate::models::{self, LoadError};
use crate::progress;
use checkpoint::Checkpoint;
use feature_store::Slot;
use settings::{BatchNormChoice, CentreChoice, Contrast, DecoderChoice, Preset, Settings};
use training_set::{Recipe, TrainingSet};

/// Aspect ratio from which `--view auto` takes windows: squashing to a square hides more than it shows.
const LONGEST_ASPECT: f64 = 2.5;

/// Settings of `train`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folder of photos: train/good (MVTec AD's layout), or good. Several folders make a model each
    #[arg(long, value_name = "DIR", required = true, num_args = 1..)]
    pub data: Vec<PathBuf>,
    /// Model file to write; with several folders of photos, the folder to write NAME.safetensors to
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Extractor file; without it, the shipped one
    #[arg(long, value_name = "FILE")]
    pub extractor: Option<PathBuf>,
    /// Folder of texture images for textural defects, searched with its subfolders; without it, generated ones
    #[arg(long, value_name = "DIR")]
    pub textures: Option<PathBuf>,
    /// Name of the texture; without it, the folder's
    #[arg(long)]
    pub name: Option<String>,
    /// Seed of everything random: the same seed on the same device gives the same model
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Where the paper, its released code and our own measurements differ; what follows changes single settings of it
    #[arg(long, value_enum, default_value = "default")]
    pub preset: Preset,
    /// How normality is modelled: the paper's method, or a plain statistic to compare it with
    #[arg(long, value_enum)]
    pub method: Option<MethodChoice>,
    /// How a photo is looked at
    #[arg(long, value_enum, default_value = "auto")]
    pub view: ViewChoice,
    /// Windows to train on, where a photo has more than one: those that an inspection looks at, and random ones
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(2..))]
    pub windows: u32,
    /// Feature maps that are looked at
    #[arg(long, value_enum)]
    pub taps: Option<TapsChoice>,
    /// Synthetic defects to contrast with
    #[arg(long, value_parser = crate::defects::generator_parser())]
    pub generator: Option<Generator>,
    /// Synthetic defects made of each image
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub defects_per_image: Option<u32>,
    /// Training steps
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: Option<u32>,
    /// Length in epochs instead of steps
    #[arg(long, conflicts_with = "steps", value_parser = clap::value_parser!(u32).range(1..))]
    pub epochs: Option<u32>,
    /// Pairs of images in a step
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub batch: Option<u32>,
    /// Highest learning rate of the one-cycle schedule
    #[arg(long)]
    pub max_rate: Option<f64>,
    /// Over what the contrastive term is taken
    #[arg(long, value_enum)]
    pub contrast: Option<Contrast>,
    /// Vectors whose cosine is contrasted, for whole images
    #[arg(long, value_enum)]
    pub grouping: Option<GroupingChoice>,
    /// Weight of the contrastive term
    #[arg(long)]
    pub contrast_weight: Option<f64>,
    /// Weight of the decoder term
    #[arg(long)]
    pub decoder_weight: Option<f64>,
    /// What becomes of the decoder's weights
    #[arg(long, value_enum)]
    pub decoder: Option<DecoderChoice>,
    /// When the embedder's BatchNorm measures
    #[arg(long, value_enum)]
    pub batch_norm: Option<BatchNormChoice>,
    /// Whether features are standardised a channel before the embedder
    #[arg(long)]
    pub standardise: Option<bool>,
    /// How the distances at the positions become a score
    #[arg(long, value_enum)]
    pub aggregation: Option<AggregationChoice>,
    /// Whether distances are counted in what is normal at their position, on a logarithmic scale
    #[arg(long)]
    pub normal_range: Option<bool>,
    /// Embedders, trained one after the other from seeds of their own, whose distances are averaged
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub members: Option<u32>,
    /// Clusters of good samples in the bank
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub clusters: Option<u32>,
    /// What stands for a cluster in the bank
    #[arg(long, value_enum)]
    pub centre: Option<CentreChoice>,
    /// Share of the good photos kept for validation and calibration
    #[arg(long)]
    pub validation_share: Option<f64>,
    /// Share of good samples that may be called defective: sets the threshold
    #[arg(long, default_value_t = 0.02)]
    pub false_alarm_rate: f32,
    /// Go on from where a run with the same settings was stopped
    #[arg(long)]
    pub resume: bool,
    /// File to write the losses to, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Where to compute
    #[arg(long, value_enum, default_value = "auto")]
    pub device: DeviceChoice,
}

/// Why training gave no model.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The photos.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The extractor.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The device, while computing.
    #[error(transparent)]
    Failure(#[from] DeviceFailure),
    /// Tensors of the trained embedder.
    #[error("the trained embedder cannot be used: {0}")]
    Embedder(#[from] StateDictError),
    /// The model file.
    #[error("the model file cannot be made: {0}")]
    Model(#[from] ModelFileError),
    /// The features' file.
    #[error("the features cannot be stored in the system's folder for temporary files ({0}): make room there")]
    Store(io::Error),
    /// The log.
    #[error("the log cannot be written ({0})")]
    Log(io::Error),
    /// A checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The user stopped it.
    #[error("stopped after step {0}: the same command with --resume goes on from there")]
    Stopped(usize),
    /// Too few photos.
    #[error("{0} photo(s) of good samples in {folder}: at least 3 are needed, and 50 or more are better", folder = .1.display())]
    TooFew(usize, PathBuf),
    /// A number out of its range.
    #[error("{0}")]
    Setting(&'static str),
    /// Loss no longer a number.
    #[error("training diverged at step {0} (the loss is no number): use a smaller --max-rate")]
    Diverged(usize),
}

/// Trains and writes a model for each folder of photos.
pub fn run(args: &Args) -> Result<(), TrainError> {
    let settings = Settings::of(args);
    check(args, &settings)?;
    let chosen = devices::choose(args.device)?;
    println!("device      {}", chosen.reason);
    let extractor = models::extractor(args.extractor.as_deref(), &chosen.device)?;
    println!("extractor   {} {}", extractor.info.architecture, extractor.info.id);
    let sources = match &args.textures {
        Some(folder) => files::windows(&dataset::images_below(folder)?, View::Resize)?,
        None => Vec::new(),
    };
    let generator = args.generator.unwrap_or(match args.preset {
        Preset::Default => Generator::Default,
        Preset::Paper | Preset::Released => Generator::Paper,
    });
    let maker = generator.maker(sources);
    stop_on_interrupt();
    let session = Session { args, settings, generator, extractor, device: chosen.device, maker };
    if let [data] = args.data.as_slice() {
        session.train(data, &args.out)?;
        return Ok(());
    }
    let mut table = Vec::new();
    for data in &args.data {
        let name = Dataset::open(data)?.name;
        println!("\n{name}");
        let path = args.out.join(format!("{name}.safetensors"));
        std::fs::create_dir_all(&args.out).map_err(|source| FileError::Write { path: path.clone(), source })?;
        table.push((name, session.train(data, &path)?));
    }
    let width = table.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(7);
    println!("\n{:width$} {:>7} {:>10} {:>8}", "texture", "photos", "threshold", "seconds");
    for (name, summary) in table {
        let Summary { photos, threshold, seconds } = summary;
        println!("{name:width$} {photos:>7} {threshold:>10.4} {seconds:>8.0}");
    }
    Ok(())
}

/// A row of the table at the end.
struct Summary {
    photos: usize,
    threshold: f32,
    seconds: f64,
}

/// What all textures of one call have in common.
struct Session<'a> {
    args: &'a Args,
    settings: Settings,
    generator: Generator,
    extractor: Extractor,
    device: Device,
    maker: DefectMaker,
}

fn check(args: &Args, settings: &Settings) -> Result<(), TrainError> {
    let between = |value: f64| value > 0.0 && value < 1.0;
    let weight = |value: f64| value >= 0.0 && value.is_finite();
    let checks = [
        (between(settings.validation_share), "--validation-share must lie between 0 and 1"),
        (between(f64::from(args.false_alarm_rate)), "--false-alarm-rate must lie between 0 and 1"),
        (settings.max_rate > 0.0 && settings.max_rate.is_finite(), "--max-rate must be above 0"),
        (weight(settings.contrast_weight), "--contrast-weight must be 0 or more"),
        (weight(settings.decoder_weight), "--decoder-weight must be 0 or more"),
        (args.name.is_none() || args.data.len() == 1, "--name is for one folder of photos"),
    ];
    checks.into_iter().find(|(fine, _)| !fine).map_or(Ok(()), |(_, sentence)| Err(TrainError::Setting(sentence)))
}

/// Set when the user interrupts: the training then saves where it is. Of the whole process, as interrupts are.
static STOP: AtomicBool = AtomicBool::new(false);

/// From now on an interrupt sets [`STOP`], and a second one ends the program at once.
fn stop_on_interrupt() {
    // Where no handler can be set, or one is already, an interrupt does what it did, and the last checkpoint is there.
    let _ = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("stopping at the next checkpoint; interrupt again to stop at once");
    });
}

/// A fitted method before its calibration.
struct Fitted {
    tensors: StateDict,
    clusters: usize,
    /// Of each member.
    kept_steps: Vec<usize>,
    /// What the detector reads out of each validation sample.
    read_outs: Vec<Vec<f32>>,
}

impl Session<'_> {
    /// From one folder of photos to one model file.
    fn train(&self, data: &Path, out: &Path) -> Result<Summary, TrainError> {
        let started = std::time::Instant::now();
        let dataset = Dataset::open(data)?;
        if dataset.train.len() < 3 {
            return Err(TrainError::TooFew(dataset.train.len(), data.to_owned()));
        }
        let (train, validation) = split(&dataset.train, self.settings.validation_share, self.settings.seed);
        println!("photos      {} to train, {} to validate", train.len(), validation.len());
        let (view, why) = self.view(&dataset.train)?;
        println!("view        {} ({why})", format!("{view:?}").to_lowercase());

        // The plain statistics need no defects.
        let defects = if self.settings.method == Method::Cse { self.settings.defects_per_image as usize } else { 0 };
        let recipe =
            Recipe { view, windows: self.args.windows as usize, defects, maker: &self.maker, seed: self.settings.seed };
        let windows = if view == View::Tiles { self.args.windows as usize } else { train.len() };
        let bar = progress::bar((windows + validation.len()) as u64, "features", "windows");
        let set = TrainingSet::make(&self.extractor, &self.device, (&train, &validation), &recipe, &bar)?;
        bar.finish();

        let fitted = match self.settings.method {
            Method::Cse => {
                self.fit_cse(&set, out, &inputs_digest(&dataset.train, &self.extractor, view, self.generator))?
            }
            _ => baselines::fit(&self.settings, &self.extractor, &set, &self.device)?,
        };
        let (info, threshold) = self.calibrate(&dataset, view, &set, &fitted, (train.len(), validation.len()))?;
        let model = texture_file::write(&info, &fitted.tensors)?;
        files::write_whole(out, &model)?;
        Checkpoint::clear(out).map_err(|source| FileError::Write { path: out.to_owned(), source })?;
        println!("written     {} ({} kB)", out.display(), model.len() / 1000);
        Ok(Summary { photos: dataset.train.len(), threshold, seconds: started.elapsed().as_secs_f64() })
    }

    /// The view asked for, or the one that suits the photos' shape, and why.
    fn view(&self, photos: &[PathBuf]) -> Result<(View, String), TrainError> {
        if let Some(view) = self.args.view.view() {
            return Ok((view, "as asked".into()));
        }
        let mut aspects = Vec::with_capacity(photos.len());
        for path in photos {
            let (width, height) = files::photo_size(path)?;
            aspects.push(f64::from(width.max(height)) / f64::from(width.min(height).max(1)));
        }
        aspects.sort_by(f64::total_cmp);
        let aspect = aspects[aspects.len() / 2];
        Ok(if aspect > LONGEST_ASPECT {
            (View::Tiles, format!("the photos are {aspect:.1} times as long as wide"))
        } else {
            (View::Resize, format!("the photos are {aspect:.1} times as long as wide: nothing is lost in a square"))
        })
    }

    /// Trains the embedder and makes its bank.
    fn fit_cse(&self, set: &TrainingSet, out: &Path, inputs: &str) -> Result<Fitted, TrainError> {
        let settings = &self.settings;
        let extractor_taps = self.extractor.info.architecture.tap_channels();
        let channels = settings.taps.channels(extractor_taps);
        let normal = training_set::normal(&set.train);
        let standardisation = if settings.standardise {
            let maps = set.compute(&normal, &self.device, |features| settings.taps.select_fine(features))?;
            Standardisation::fit(maps.iter().map(Vec::as_slice), channels)
                .ok_or(TrainError::Setting("no features came out of the extractor"))?
        } else {
            Standardisation::identity(channels)
        };
        let standardise = standardisation.on(&self.device);
        let mut log = match &self.args.log {
            Some(path) => {
                let mut options = std::fs::OpenOptions::new();
                options.create(true).write(true).append(self.args.resume).truncate(!self.args.resume);
                Some(BufWriter::new(options.open(path).map_err(TrainError::Log)?))
            }
            None => None,
        };
        let validation = training_set::normal(&set.validation);
        let (mut members, mut read_outs, mut kept_steps) = (Vec::new(), Vec::new(), Vec::new());
        for member in 0..settings.members {
            let checkpoint = Checkpoint::beside(out, member, inputs.to_owned());
            let run = optimisation::Run {
                member,
                checkpoint: &checkpoint,
                resume: self.args.resume,
                log: log.as_mut().map(|log| log as &mut dyn Write),
                stop: &STOP,
            };
            let trained = optimisation::run(settings, extractor_taps, set, &standardisation, &self.device, run);
            if let Some(log) = &mut log {
                log.flush().map_err(TrainError::Log)?;
            }
            let trained = trained?;
            let embedder = Embedder::from_state_dict(trained.weights.clone(), channels, &self.device)?;
            let embed = |slots: &[Slot]| {
                set.compute(slots, &self.device, |features| {
                    optimisation::embed(&embedder, &standardise, settings.taps, features, Statistics::Batch)
                })
            };
            let of_train = embed(&normal)?;
            let mut bank = Bank::fit(&of_train, settings.clusters as usize, settings.seed)
                .ok_or(TrainError::Setting("no embedding came out of the extractor"))?;
            if settings.centre == CentreChoice::Nearest {
                bank = bank.nearest_members(&of_train);
            }
            read_outs.push(embed(&validation)?);
            let embedder = texture_file::folded_embedder(trained.weights, &standardisation, channels)?;
            members.push(TrainedMember { embedder, bank });
            kept_steps.push(trained.step);
        }
        let clusters = members.first().map_or(1, |member| member.bank.clusters());
        let tensors = Detector::cse_tensors(members, &read_outs, settings.aggregation);
        let joined = (0..validation.len()).map(|image| read_outs.iter().flat_map(|own| &own[image]).copied().collect());
        Ok(Fitted { clusters, kept_steps, read_outs: joined.collect(), tensors })
    }

    /// Score rule, threshold and description, from the validation photos.
    fn calibrate(
        &self,
        dataset: &Dataset,
        view: View,
        set: &TrainingSet,
        fitted: &Fitted,
        (train, validation): (usize, usize),
    ) -> Result<(TextureInfo, f32), TrainError> {
        let settings = &self.settings;
        let extractor_taps = self.extractor.info.architecture.tap_channels();
        let shape = Shape {
            method: settings.method,
            taps: settings.taps,
            members: fitted.kept_steps.len().max(1),
            clusters: fitted.clusters,
        };
        let detector = Detector::take(shape, extractor_taps, &mut fitted.tensors.clone(), &self.device)?;
        let compared: Vec<Comparison> =
            fitted.read_outs.iter().map(|read_out| detector.compare(read_out, settings.aggregation)).collect();
        if !compared.iter().all(Comparison::is_finite) {
            return Err(TrainError::Setting(
                "the embedder gives no numbers for the validation photos: use a smaller --max-rate",
            ));
        }
        let range_without = |left_out: Option<usize>| -> Option<NormalRange> {
            let kept = set.validation_photos.iter().enumerate().filter(|(index, _)| Some(*index) != left_out);
            let windows: Vec<&Comparison> = kept.flat_map(|(_, photo)| &compared[photo.samples.clone()]).collect();
            NormalRange::fit(&windows)
        };
        let range = if settings.normal_range { range_without(None) } else { None };
        // A photo that helped to say what is normal would look too normal: it is scored by what the others say.
        let leave_out = range.is_some() && set.validation_photos.len() > 1;
        let scores = set.validation_photos.iter().enumerate().map(|(index, photo)| {
            let range = if leave_out { range_without(Some(index)) } else { range.clone() };
            let rule = ScoreRule { aggregation: settings.aggregation, range };
            let windows = compared[photo.samples.clone()].iter();
            windows.map(|window| rule.score(&window.distances)).max_by(f32::total_cmp).unwrap_or(f32::NAN)
        });
        let calibration = Calibration::new(scores.collect(), self.args.false_alarm_rate)
            .ok_or(TrainError::Setting("the good photos that were kept for validation have no scores"))?;
        println!(
            "threshold   {:.4} (false-alarm rate {:.1} % from {} good photos)",
            calibration.threshold,
            100.0 * calibration.false_alarm_rate,
            calibration.normal_scores.len(),
        );
        let rule = ScoreRule { aggregation: settings.aggregation, range };
        let map_scale = map_scale(compared.iter().flat_map(|window| rule.map(&window.grid)).collect());
        let threshold = calibration.threshold;
        let info = TextureInfo {
            name: self.args.name.clone().unwrap_or_else(|| dataset.name.clone()),
            extractor_id: self.extractor.info.id.clone(),
            extractor_architecture: self.extractor.info.architecture,
            view,
            method: settings.method,
            taps: settings.taps,
            aggregation: settings.aggregation,
            normal_range: rule.range,
            members: shape.members,
            clusters: fitted.clusters,
            calibration,
            map_scale,
            provenance: format!(
                "native-train {}: {train} good photos to train, {validation} to validate; {} defects; {}{}",
                env!("CARGO_PKG_VERSION"),
                self.generator,
                kept(&fitted.kept_steps),
                settings.provenance(),
            ),
        };
        Ok((info, threshold))
    }
}

/// The steps whose weights were kept, for the reader.
fn kept(steps: &[usize]) -> String {
    let steps: Vec<String> = steps.iter().map(usize::to_string).collect();
    if steps.is_empty() { String::new() } else { format!("kept steps {}; ", steps.join(", ")) }
}

/// What a resumed run must have in common with the one that stopped, beside the settings.
fn inputs_digest(photos: &[PathBuf], extractor: &Extractor, view: View, generator: Generator) -> String {
    let mut digest = Sha256::new();
    for path in photos {
        digest.update(path.as_os_str().as_encoded_bytes());
    }
    digest.update(format!("{} {view:?} {generator}", extractor.info.id));
    digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Transparent up to what 95 % of good positions stay below, strongest at three times what nearly all stay below.
fn map_scale(mut distances: Vec<f32>) -> MapScale {
    distances.sort_by(f32::total_cmp);
    let quantile = |q: f64| distances.get((q * distances.len().saturating_sub(1) as f64) as usize).copied();
    let low = quantile(0.95).unwrap_or(0.0);
    let high = 3.0 * quantile(0.999).unwrap_or(0.5);
    MapScale { low, high: high.max(low + 1e-3) }
}

/// A seeded split; at least one photo to validate and two to train.
fn split(photos: &[PathBuf], validation_share: f64, seed: u64) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut photos = photos.to_vec();
    photos.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let validation = ((photos.len() as f64 * validation_share).round() as usize).clamp(1, photos.len() - 2);
    let train = photos.split_off(validation);
    (train, photos)
}
