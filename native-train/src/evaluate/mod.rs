//! `eval`: evaluates a model on labelled photos, with anomalib's metrics, per data set and per kind of defect.

mod charts;
mod figures;
mod gallery;
mod report_html;
mod score_axis;
pub mod stress;

use std::path::{Path, PathBuf};
use std::time::Instant;

use cse::files::category_file::CategoryInfo;
use cse::image::photo::Difference;
use cse::scoring::prediction::{PredictError, Prediction};
use image::GrayImage;
use sha2::{Digest, Sha256};

pub use self::figures::Figures;
use self::gallery::Gallery;
use self::report_html::About;

use crate::dataset::{Dataset, DatasetError, Mask, MaskError, Sample};
use crate::files::{self, FileError};
use crate::look::{self, LookError, MaskArgs, Needs, UnreadableArgs};
use crate::metrics::{PixelError, PixelScores};
use crate::model::Model;
use crate::models::{ModelArgs, OpenError};
use crate::progress;
use crate::trained_on;

/// Settings of `eval`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The model and its device.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Folder of photos or CSV file, as for `data`. Without a training split, the first 70 % of the good photos count as
    /// training photos and are left out
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// File to write all figures and every photo's score to, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// File to write a report with charts and pictures to, as a web page
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Evaluate the test photos also as if they had been taken a little differently: other light, JPEG compression, scale and
    /// blur. It takes eleven times as long
    #[arg(long)]
    pub stress: bool,
    /// Options for reading masks.
    #[command(flatten)]
    pub masks: MaskArgs,
    /// Options for unreadable files.
    #[command(flatten)]
    pub unreadable: UnreadableArgs,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// The data set cannot be opened.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The model or the device cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A photo has no prediction.
    #[error("{path}: {source}", path = .path.display())]
    Predict {
        /// Path of the photo.
        path: PathBuf,
        /// Reason.
        source: PredictError,
    },
    /// One of the classes has no test photos.
    #[error("{path}: has {good} good and {defective} defective test photos, but an evaluation needs both", path = .path.display())]
    OneClass {
        /// Path of the data set.
        path: PathBuf,
        /// Number of good test photos.
        good: usize,
        /// Number of defective test photos.
        defective: usize,
    },
    /// The photos cannot be used.
    #[error(transparent)]
    Look(#[from] LookError),
    /// A mask cannot be used.
    #[error(transparent)]
    Mask(#[from] MaskError),
    /// An anomaly map does not fit its mask.
    #[error("{path}: {source}", path = .path.display())]
    Map {
        /// Path of the photo.
        path: PathBuf,
        /// Reason.
        source: PixelError,
    },
}

/// Prediction for one photo, with the facts that the evaluation needs. The photo itself is not kept.
pub struct Seen {
    /// Score and anomaly map.
    pub prediction: Prediction,
    /// Width and height of the photo, pixels.
    pub size: (u32, u32),
    /// Mask of the size of the photo: 255 at opaque pixels, 0 at transparent ones. None for a photo that is opaque
    /// throughout.
    pub opaque: Option<GrayImage>,
    /// True if the model was trained on the photo.
    pub trained_on: bool,
    /// Ways in which the photo differs from those that the model was trained on.
    pub differences: Vec<Difference>,
    /// Seconds from the decoded photo to its score. None where features were there already.
    pub seconds: Option<f64>,
}

/// Test photo with its prediction.
struct Predicted<'a> {
    sample: &'a Sample,
    /// Path below the data set's folder, with slashes.
    name: String,
    seen: Seen,
}

/// Evaluates the model, prints a table and writes the figures.
pub fn run(args: &Args) -> Result<(), EvalError> {
    args.json.iter().chain(&args.report).try_for_each(|path| files::check_place(path))?;
    let (dataset, report) = open(&args.data, Needs::Test, args.masks, args.unreadable)?;
    let model = args.model.open()?;
    let info = &model.category.info;
    let (predicted, pixels) = predict_all(&dataset, |number| see(&model, &dataset.test[number]))?;
    let trained_on: Vec<&Predicted<'_>> = predicted.iter().filter(|photo| photo.seen.trained_on).collect();
    if let Some(one) = trained_on.first() {
        let (trained_on, all) = (trained_on.len(), dataset.test.len());
        eprintln!(
            "warning: the model was trained on {trained_on} of the {all} test photos, such as {}: it is not as good as these figures",
            one.sample.photo.display()
        );
    }
    warn_of_differences(&predicted);
    let stress = if args.stress { stress::rows(&model, &dataset)? } else { Vec::new() };
    let figures = Figures { unreadable: report.unreadable_test(), stress, ..Figures::new(info, &predicted, pixels) };
    figures.print();
    if let Some(path) = &args.json {
        let json = serde_json::to_string_pretty(&figures).expect("figures are numbers and names");
        files::write_whole(path, json.as_bytes())?;
    }
    if let Some(path) = &args.report {
        let gallery = Gallery::new(&model, &predicted, dataset.marks)?;
        let page = report_html::page(&About::new(info, &dataset.name, trained_on.len()), &figures, &gallery);
        files::write_whole(path, page.as_bytes())?;
    }
    Ok(())
}

/// Warns of photos that differ from those that the model was trained on: their number, and the first of them.
fn warn_of_differences(predicted: &[Predicted<'_>]) {
    let mut different = predicted.iter().filter(|photo| !photo.seen.differences.is_empty());
    let count = different.clone().count();
    if let Some((photo, first)) = different.next().and_then(|photo| Some((photo, photo.seen.differences.first()?))) {
        let (all, name) = (predicted.len(), &photo.name);
        eprintln!(
            "warning: {count} of the {all} test photos are unlike those that the model was trained on, such as {name}. {first}"
        );
    }
}

/// Image AUROC of a model on the photos in `data`.
pub fn image_auroc(model: &ModelArgs, data: &Path) -> Result<Option<f64>, EvalError> {
    let (dataset, _) = open(data, Needs::Test, MaskArgs::default(), UnreadableArgs::default())?;
    let model = model.open()?;
    let (predicted, pixels) = predict_all(&dataset, |number| see(&model, &dataset.test[number]))?;
    Ok(Figures::new(&model.category.info, &predicted, pixels).image_auroc)
}

/// Figures of a model on a data set. `info` describes the model, and `see` predicts the photo with an index.
pub fn figures<Error: From<EvalError>>(
    info: &CategoryInfo,
    dataset: &Dataset,
    see: impl Fn(usize) -> Result<Seen, Error>,
) -> Result<Figures, Error> {
    let (predicted, pixels) = predict_all(dataset, see)?;
    Ok(Figures::new(info, &predicted, pixels))
}

/// Reads a photo and predicts its score and anomaly map.
fn see(model: &Model, sample: &Sample) -> Result<Seen, EvalError> {
    let (path, info) = (&sample.photo, &model.category.info);
    let bytes = files::read(path)?;
    let photo = files::decode_photo(path, &bytes, &info.reading())?;
    let start = Instant::now();
    let prediction = model.predict(&photo).map_err(|source| EvalError::Predict { path: path.clone(), source })?;
    Ok(Seen {
        prediction,
        size: photo.pixels.dimensions(),
        trained_on: trained_on::is_among(info, &Sha256::digest(&bytes).into()),
        differences: info.differences(&photo.facts),
        opaque: photo.opaque,
        seconds: Some(start.elapsed().as_secs_f64()),
    })
}

/// Opens a data set with both classes and checks its photos.
pub fn open(
    data: &Path,
    needs: Needs,
    masks: MaskArgs,
    unreadable: UnreadableArgs,
) -> Result<(Dataset, look::Report), EvalError> {
    let mut dataset = Dataset::open(data, masks.marks())?;
    check_classes(&dataset, data)?;
    let report = look::first(&mut dataset, data, needs, unreadable)?;
    // The look may have dropped unreadable photos.
    check_classes(&dataset, data)?;
    Ok((dataset, report))
}

fn check_classes(dataset: &Dataset, data: &Path) -> Result<(), EvalError> {
    let defective = dataset.test.iter().filter(|sample| sample.defect.is_some()).count();
    let good = dataset.test.len() - defective;
    if good == 0 || defective == 0 {
        return Err(EvalError::OneClass { path: data.to_owned(), good, defective });
    }
    Ok(())
}

/// Predicts every test photo, and collects the pixels of photos with a mask.
fn predict_all<'a, Error: From<EvalError>>(
    dataset: &'a Dataset,
    see: impl Fn(usize) -> Result<Seen, Error>,
) -> Result<(Vec<Predicted<'a>>, PixelScores), Error> {
    let has_masks = dataset.test.iter().any(|sample| !sample.masks.is_empty());
    let mut pixels = PixelScores::default();
    let mut predicted = Vec::with_capacity(dataset.test.len());
    let bar = progress::bar(dataset.test.len() as u64, "predicting", "photos");
    for (number, sample) in dataset.test.iter().enumerate() {
        let seen = see(number)?;
        let blank = || (has_masks && sample.defect.is_none()).then(|| Mask::blank(seen.size));
        let mask = Mask::read(&sample.masks, dataset.marks).map_err(EvalError::from)?.or_else(blank);
        // An empty mask of a defective photo was not drawn. It does not say that the photo is good.
        if let Some(mut mask) = mask.filter(|mask| sample.defect.is_none() || mask.marks()) {
            leave_out(&mut mask, seen.opaque.as_ref());
            let map = seen.prediction.map(seen.size.0 as usize, seen.size.1 as usize);
            push(&mut pixels, map, &mask).map_err(|source| EvalError::Map { path: sample.photo.clone(), source })?;
        }
        predicted.push(Predicted { sample, name: dataset.name_of(&sample.photo), seen });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok((predicted, pixels))
}

/// Unmarks transparent pixels, which are not inspected.
fn leave_out(mask: &mut Mask, opaque: Option<&GrayImage>) {
    if let Some(opaque) = opaque {
        mask.marked.iter_mut().zip(opaque.pixels()).for_each(|(marked, opaque)| *marked &= opaque[0] == u8::MAX);
    }
}

/// Adds the pixels of one photo. Pixels outside of the view get the score 0.
fn push(pixels: &mut PixelScores, mut map: Vec<f32>, mask: &Mask) -> Result<(), PixelError> {
    map.iter_mut().filter(|value| value.is_nan()).for_each(|value| *value = 0.0);
    pixels.push(&map, &mask.marked, mask.size.0 as usize)
}
