//! `train`: from photos of good samples to a texture file (paper, section 3).

mod feature_pool;
mod one_cycle;
mod optimisation;

use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor};
use cse::bank::Bank;
use cse::calibration::Calibration;
use cse::defects::{DefectError, DefectKind, DefectMaker};
use cse::efficientnet::Features;
use cse::embedder::{Embedder, fuse};
use cse::extractor_file::Extractor;
use cse::losses::Grouping;
use cse::model_file::ModelFileError;
use cse::preprocess::{self, View};
use cse::score::Aggregation;
use cse::state_dict::StateDictError;
use cse::texture_file::{self, MapScale, TextureInfo};
use image::RgbImage;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::dataset::{self, Dataset, DatasetError};
use crate::devices::{self, DeviceChoice, DeviceError};
use crate::files::{self, FileError};
use crate::models::{self, LoadError};
use crate::progress;
use feature_pool::{PooledImage, StoredFeatures};

/// Aspect ratio beyond which squashing to a square hides more than it shows.
const LONGEST_ASPECT: f64 = 2.5;

/// Settings of `train`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folder of photos: train/good (MVTec AD's layout), or good
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Model file to write
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
    /// What part of a photo is inspected
    #[arg(long, value_enum, default_value = "resize")]
    pub view: ViewChoice,
    /// Training steps
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: u32,
    /// Pairs of images in a step
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub batch: u32,
    /// Highest learning rate of the one-cycle schedule
    #[arg(long, default_value_t = 4e-4)]
    pub max_rate: f64,
    /// Weight of the contrastive term (the paper: 10)
    #[arg(long, default_value_t = 1.0)]
    pub contrast_weight: f64,
    /// Weight of the decoder term (the paper: 1)
    #[arg(long, default_value_t = 10.0)]
    pub decoder_weight: f64,
    /// Vectors whose cosine is contrasted
    #[arg(long, value_enum, default_value = "position")]
    pub grouping: GroupingChoice,
    /// How the distances at 7 x 7 positions become a score (the paper: mean)
    #[arg(long, value_enum, default_value = "max")]
    pub aggregation: AggregationChoice,
    /// Clusters of good samples in the bank
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub clusters: u32,
    /// Share of the good photos kept for validation and calibration
    #[arg(long, default_value_t = 0.3)]
    pub validation_share: f64,
    /// Synthetic defects made of each photo
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub defects_per_image: u32,
    /// Share of good samples that may be called defective: sets the threshold
    #[arg(long, default_value_t = 0.02)]
    pub false_alarm_rate: f32,
    /// Where to compute
    #[arg(long, value_enum, default_value = "auto")]
    pub device: DeviceChoice,
}

/// `--view`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum ViewChoice {
    /// The whole photo, squashed to a square
    Resize,
    /// The paper's: the centre, so that the borders are not inspected
    Crop,
}

/// `--grouping`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum GroupingChoice {
    /// At each position, over the channels
    Position,
    /// In each channel, over the rows: the authors' released code
    Rows,
}

/// `--aggregation`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum AggregationChoice {
    /// Mean of the positions
    Mean,
    /// The most anomalous position
    Max,
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
    /// The kinds of defect.
    #[error(transparent)]
    Defects(#[from] DefectError),
    /// Tensors of the trained embedder.
    #[error("the trained embedder cannot be used: {0}")]
    Embedder(#[from] StateDictError),
    /// The model file.
    #[error("the model file cannot be made: {0}")]
    Model(#[from] ModelFileError),
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

/// Trains and writes the model.
pub fn run(args: &Args) -> Result<(), TrainError> {
    if !(args.validation_share > 0.0 && args.validation_share < 1.0) {
        return Err(TrainError::Setting("--validation-share must lie between 0 and 1"));
    }
    if !(args.false_alarm_rate > 0.0 && args.false_alarm_rate < 1.0) {
        return Err(TrainError::Setting("--false-alarm-rate must lie between 0 and 1"));
    }
    if !(args.max_rate > 0.0 && args.max_rate.is_finite()) {
        return Err(TrainError::Setting("--max-rate must be above 0"));
    }
    let dataset = Dataset::open(&args.data)?;
    if dataset.train.len() < 3 {
        return Err(TrainError::TooFew(dataset.train.len(), args.data.clone()));
    }
    let chosen = devices::choose(args.device)?;
    println!("device      {}", chosen.reason);
    let extractor = models::extractor(args.extractor.as_deref(), &chosen.device)?;
    println!("extractor   {} {}", extractor.info.architecture, extractor.info.id);

    let (train, validation) = split(&dataset.train, args.validation_share, args.seed);
    println!("photos      {} to train, {} to validate", train.len(), validation.len());
    let view = View::from(args.view);
    let (train, validation) = (inputs(&train, view)?, inputs(&validation, view)?);
    let sources = match &args.textures {
        Some(folder) => texture_sources(folder)?,
        None => Vec::new(),
    };
    let maker = DefectMaker::new(DefectKind::ALL.to_vec(), sources)?;

    let defects = args.defects_per_image as usize;
    let total = (train.len() + validation.len()) * (1 + defects);
    let bar = progress::bar(total as u64, "features", "images");
    let pool = |images: &[RgbImage], seed| {
        feature_pool::compute(&extractor, &chosen.device, images, &maker, (defects, seed), &bar)
    };
    let (train, validation) = (pool(&train, args.seed << 32), pool(&validation, (args.seed << 32) + (1 << 31)));
    bar.finish();

    let taps = extractor.info.architecture.tap_channels();
    let trained = optimisation::run(args, taps, &train, &validation, &chosen.device)?;
    let model = finish(args, &dataset, &extractor, &trained, (&train, &validation), &chosen.device)?;
    files::write_whole(&args.out, &model)?;
    println!("written     {} ({} kB)", args.out.display(), model.len() / 1000);
    Ok(())
}

/// Bank and calibration of a trained embedder, as a texture file.
fn finish(
    args: &Args,
    dataset: &Dataset,
    extractor: &Extractor,
    trained: &optimisation::Trained,
    (train, validation): (&[PooledImage], &[PooledImage]),
    device: &Device,
) -> Result<Vec<u8>, TrainError> {
    let taps = extractor.info.architecture.tap_channels();
    let embedder = Embedder::from_state_dict(trained.weights.clone(), taps.0 + taps.1, device)?;
    let embed = |images: &[PooledImage]| embed(&embedder, images.iter().map(|image| &image.normal), taps, device);
    let aggregation = Aggregation::from(args.aggregation);
    let bank = Bank::fit(&embed(train), args.clusters as usize, args.seed)
        .ok_or(TrainError::Setting("no embedding came out of the extractor"))?;
    let compared: Vec<_> = embed(validation).iter().map(|e14| bank.compare(e14, aggregation)).collect();
    let scores = compared.iter().map(|comparison| comparison.score).collect();
    let calibration = Calibration::new(scores, args.false_alarm_rate)
        .ok_or(TrainError::Setting("no photo was left for validation"))?;
    let map_scale = map_scale(compared.iter().flat_map(|comparison| comparison.grid.iter().copied()).collect());
    println!(
        "threshold   {:.4} (false-alarm rate {:.1} % from {} good photos)",
        calibration.threshold,
        100.0 * calibration.false_alarm_rate,
        calibration.normal_scores.len(),
    );
    let info = TextureInfo {
        name: args.name.clone().unwrap_or_else(|| dataset.name.clone()),
        extractor_id: extractor.info.id.clone(),
        extractor_architecture: extractor.info.architecture,
        view: args.view.into(),
        aggregation,
        clusters: bank.clusters(),
        calibration,
        map_scale,
        provenance: provenance(args, train.len(), validation.len(), trained),
    };
    Ok(texture_file::write(&info, trained.weights.clone(), &bank)?)
}

fn provenance(args: &Args, train: usize, validation: usize, trained: &optimisation::Trained) -> String {
    format!(
        "native-train {}: {train} good photos to train, {validation} to validate; {} defects an image; {} steps of {}; \
         contrast {} to decoder {}; top rate {}; kept step {}; seed {}",
        env!("CARGO_PKG_VERSION"),
        args.defects_per_image,
        args.steps,
        args.batch,
        args.contrast_weight,
        args.decoder_weight,
        args.max_rate,
        trained.kept_step,
        args.seed,
    )
}

/// Transparent up to what 95 % of good positions stay below, strongest at three times what nearly all stay below.
fn map_scale(mut distances: Vec<f32>) -> MapScale {
    distances.sort_by(f32::total_cmp);
    let quantile = |q: f64| distances.get((q * distances.len().saturating_sub(1) as f64) as usize).copied();
    let low = quantile(0.95).unwrap_or(0.0);
    MapScale { low, high: (3.0 * quantile(0.999).unwrap_or(0.5)).clamp(low + 1e-3, 2.0_f32.max(low + 1e-3)) }
}

/// `E14` of each image's features.
fn embed<'a>(
    embedder: &Embedder,
    images: impl Iterator<Item = &'a StoredFeatures>,
    taps: (usize, usize),
    device: &Device,
) -> Vec<Vec<f32>> {
    let images: Vec<&StoredFeatures> = images.collect();
    images
        .chunks(16)
        .flat_map(|batch| {
            let features: Features = feature_pool::batch(batch, taps, device);
            let e14: Tensor<4> = embedder.forward(fuse(features));
            let values = e14.into_data().try_into_vec::<f32>().unwrap_or_default();
            values.chunks_exact(cse::score::E14_LENGTH).map(<[f32]>::to_vec).collect::<Vec<_>>()
        })
        .collect()
}

/// A seeded split; at least one photo to validate and two to train.
fn split(photos: &[PathBuf], validation_share: f64, seed: u64) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut photos = photos.to_vec();
    photos.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let validation = ((photos.len() as f64 * validation_share).round() as usize).clamp(1, photos.len() - 2);
    let train = photos.split_off(validation);
    (train, photos)
}

fn inputs(photos: &[PathBuf], view: View) -> Result<Vec<RgbImage>, FileError> {
    let bar = progress::bar(photos.len() as u64, "photos", "files");
    let inputs = photos
        .par_iter()
        .map(|path| {
            let photo = files::read_photo(path)?;
            let (long, short) = (photo.width().max(photo.height()), photo.width().min(photo.height()));
            if f64::from(long) > LONGEST_ASPECT * f64::from(short) {
                bar.println(format!(
                    "warning: {} is {} x {}: so long a photo loses detail as a {} square; cut it into pieces",
                    path.display(),
                    photo.width(),
                    photo.height(),
                    preprocess::INPUT_SIDE,
                ));
            }
            bar.inc(1);
            Ok(preprocess::view(&photo, view))
        })
        .collect();
    bar.finish_and_clear();
    inputs
}

/// Every image below `folder`, at the network's input size.
fn texture_sources(folder: &Path) -> Result<Vec<RgbImage>, TrainError> {
    Ok(inputs(&dataset::images_below(folder)?, View::Resize)?)
}

impl From<ViewChoice> for View {
    fn from(choice: ViewChoice) -> Self {
        match choice {
            ViewChoice::Resize => Self::Resize,
            ViewChoice::Crop => Self::Crop,
        }
    }
}

impl From<GroupingChoice> for Grouping {
    fn from(choice: GroupingChoice) -> Self {
        match choice {
            GroupingChoice::Position => Self::Position,
            GroupingChoice::Rows => Self::Rows,
        }
    }
}

impl From<AggregationChoice> for Aggregation {
    fn from(choice: AggregationChoice) -> Self {
        match choice {
            AggregationChoice::Mean => Self::Mean,
            AggregationChoice::Max => Self::Max,
        }
    }
}
