//! `eval`: a model on photos whose truth is known. Metrics are anomalib's, per data set and per kind of defect.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::dataset::{Dataset, DatasetError};
use crate::devices::{self, DeviceChoice, DeviceError};
use crate::files::{self, FileError};
use crate::inspection::{DeviceFailure, Model};
use crate::metrics::{self, PixelError, PixelScores};
use crate::models::{self, LoadError};
use crate::progress;

/// False-positive rate up to which AUPRO is integrated (MVTec AD's).
const AUPRO_LIMIT: f64 = 0.3;

/// Settings of `eval`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Texture model
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// Folder of photos: test/good, test/KIND and ground_truth/KIND (MVTec AD's layout), or good and KIND
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Extractor file; without it, the shipped or the fetched one that the model was trained with
    #[arg(long, value_name = "FILE")]
    pub extractor: Option<PathBuf>,
    /// File to write all figures to
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Where to compute
    #[arg(long, value_enum, default_value = "auto")]
    pub device: DeviceChoice,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// The photos.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The model.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The device, while computing.
    #[error(transparent)]
    Failure(#[from] DeviceFailure),
    /// Good and defective photos are needed.
    #[error("{path}: has {good} good and {defective} defective test photos; both are needed", path = .path.display())]
    OneClass {
        /// The folder.
        path: PathBuf,
        /// Photos.
        good: usize,
        /// Photos.
        defective: usize,
    },
    /// A mask that does not fit.
    #[error("{path}: {source}", path = .path.display())]
    Mask {
        /// The mask.
        path: PathBuf,
        /// Why.
        source: PixelError,
    },
}

/// All figures; what the data does not allow is null.
#[derive(Debug, Serialize)]
struct Report {
    model: String,
    extractor: String,
    images: usize,
    image_auroc: Option<f64>,
    image_auroc_interval: Option<(f64, f64)>,
    average_precision: Option<f64>,
    f1_max: Option<f64>,
    f1_max_threshold: Option<f32>,
    fpr_at_95_tpr: Option<f64>,
    pixel_auroc: Option<f64>,
    aupro: Option<f64>,
    threshold: f32,
    false_alarms_at_threshold: f64,
    detected_at_threshold: f64,
    per_kind: BTreeMap<String, KindReport>,
}

#[derive(Debug, Serialize)]
struct KindReport {
    images: usize,
    image_auroc: Option<f64>,
    detected_at_threshold: f64,
}

struct Scored {
    score: f32,
    defect: Option<String>,
}

/// Evaluates, prints a table, writes the figures.
pub fn run(args: &Args) -> Result<(), EvalError> {
    let dataset = Dataset::open(&args.data)?;
    let defective = dataset.test.iter().filter(|sample| sample.defect.is_some()).count();
    let good = dataset.test.len() - defective;
    if good == 0 || defective == 0 {
        return Err(EvalError::OneClass { path: args.data.clone(), good, defective });
    }
    if dataset.tests_what_it_trains() {
        eprintln!("warning: the good photos here are also those to train on: the figures will look too good");
    }
    let chosen = devices::choose(args.device)?;
    let (extractor, texture) = models::texture(&args.model, args.extractor.as_deref(), &chosen.device)?;
    let model = Model { extractor, texture, device: chosen.device };
    let (scored, pixels) = inspect_all(&model, &dataset)?;
    let report = report(&model, &scored, pixels);
    print_table(&report);
    if let Some(path) = &args.json {
        let json = serde_json::to_string_pretty(&report).unwrap_or_default();
        files::write_whole(path, json.as_bytes())?;
    }
    Ok(())
}

fn inspect_all(model: &Model, dataset: &Dataset) -> Result<(Vec<Scored>, PixelScores), EvalError> {
    let has_masks = dataset.test.iter().any(|sample| sample.mask.is_some());
    let mut pixels = PixelScores::default();
    let mut scored = Vec::with_capacity(dataset.test.len());
    let bar = progress::bar(dataset.test.len() as u64, "inspecting", "photos");
    for sample in &dataset.test {
        let photo = files::read_photo(&sample.photo)?;
        let comparison = model.compare(&photo)?;
        let mask = match (&sample.mask, &sample.defect) {
            (Some(path), _) => Some((path.as_path(), read_mask(path)?)),
            (None, None) if has_masks => Some((sample.photo.as_path(), vec![false; photo.as_raw().len() / 3])),
            _ => None,
        };
        // A mask with nothing drawn says that nobody drew it, not that the photo is good.
        if let Some((path, mask)) = mask.filter(|(_, mask)| sample.defect.is_none() || mask.contains(&true)) {
            push(&mut pixels, model.map(&comparison, &photo), mask, photo.width() as usize)
                .map_err(|source| EvalError::Mask { path: path.to_owned(), source })?;
        }
        scored.push(Scored { score: comparison.score, defect: sample.defect.clone() });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok((scored, pixels))
}

/// Pixels outside the view count as least anomalous: that is what an inspector would be told of them.
fn push(pixels: &mut PixelScores, mut map: Vec<f32>, mask: Vec<bool>, width: usize) -> Result<(), PixelError> {
    map.iter_mut().filter(|value| value.is_nan()).for_each(|value| *value = 0.0);
    pixels.push(&map, &mask, width)
}

fn read_mask(path: &Path) -> Result<Vec<bool>, FileError> {
    Ok(files::read_photo(path)?.pixels().map(|pixel| pixel.0[0] > 127).collect())
}

fn report(model: &Model, scored: &[Scored], pixels: PixelScores) -> Report {
    let info = &model.texture.info;
    let threshold = info.calibration.threshold;
    let scores: Vec<f32> = scored.iter().map(|s| s.score).collect();
    let defective: Vec<bool> = scored.iter().map(|s| s.defect.is_some()).collect();
    let above = |wanted: &dyn Fn(&Scored) -> bool| {
        let chosen: Vec<&Scored> = scored.iter().filter(|s| wanted(s)).collect();
        chosen.iter().filter(|s| s.score > threshold).count() as f64 / chosen.len().max(1) as f64
    };
    let mut per_kind = BTreeMap::new();
    for kind in scored.iter().filter_map(|s| s.defect.as_ref()) {
        per_kind.entry(kind.clone()).or_insert_with(|| {
            let chosen: Vec<&Scored> =
                scored.iter().filter(|s| s.defect.is_none() || s.defect.as_ref() == Some(kind)).collect();
            let scores: Vec<f32> = chosen.iter().map(|s| s.score).collect();
            let labels: Vec<bool> = chosen.iter().map(|s| s.defect.is_some()).collect();
            KindReport {
                images: labels.iter().filter(|defective| **defective).count(),
                image_auroc: metrics::roc_auc(&scores, &labels),
                detected_at_threshold: above(&|s| s.defect.as_ref() == Some(kind)),
            }
        });
    }
    let f1 = metrics::f1_max(&scores, &defective);
    let pixel = pixels.metrics(AUPRO_LIMIT);
    Report {
        model: info.name.clone(),
        extractor: format!("{} {}", info.extractor_architecture, info.extractor_id),
        images: scored.len(),
        image_auroc: metrics::roc_auc(&scores, &defective),
        image_auroc_interval: metrics::bootstrap_interval(&scores, &defective, 0, 1000),
        average_precision: metrics::average_precision(&scores, &defective),
        f1_max: f1.as_ref().map(|f1| f1.f1),
        f1_max_threshold: f1.as_ref().map(|f1| f1.threshold),
        fpr_at_95_tpr: metrics::fpr_at_tpr(&scores, &defective, 0.95),
        pixel_auroc: pixel.as_ref().map(|pixel| pixel.roc_auc),
        aupro: pixel.as_ref().map(|pixel| pixel.aupro),
        threshold,
        false_alarms_at_threshold: above(&|s| s.defect.is_none()),
        detected_at_threshold: above(&|s| s.defect.is_some()),
        per_kind,
    }
}

fn print_table(report: &Report) {
    let figure = |value: Option<f64>| value.map_or_else(|| "-".into(), |value| format!("{value:.4}"));
    println!("{} on {}, {} photos", report.model, report.extractor, report.images);
    let interval = report
        .image_auroc_interval
        .map_or_else(String::new, |(low, high)| format!("  (95 % interval {low:.3} to {high:.3})"));
    println!("  image AUROC        {}{interval}", figure(report.image_auroc));
    println!("  average precision  {}", figure(report.average_precision));
    println!("  F1 max             {}", figure(report.f1_max));
    println!("  FPR at 95 % TPR    {}", figure(report.fpr_at_95_tpr));
    println!("  pixel AUROC        {}", figure(report.pixel_auroc));
    println!("  AUPRO (30 %)       {}", figure(report.aupro));
    println!(
        "  at threshold {:.4}: {:.1} % of the defective found, {:.1} % of the good called defective",
        report.threshold,
        100.0 * report.detected_at_threshold,
        100.0 * report.false_alarms_at_threshold
    );
    println!("  {:16} {:>7} {:>12} {:>9}", "kind", "photos", "image AUROC", "found");
    for (kind, row) in &report.per_kind {
        let found = format!("{:.1} %", 100.0 * row.detected_at_threshold);
        println!("  {kind:16} {:>7} {:>12} {found:>9}", row.images, figure(row.image_auroc));
    }
}
