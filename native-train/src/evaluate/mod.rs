//! `eval`: a model on photos whose truth is known. Metrics are anomalib's, per data set and per kind of defect.

mod charts;
mod figures;
mod gallery;
mod report_html;
mod score_axis;

use std::path::{Path, PathBuf};
use std::time::Instant;

use cse::inspector::{Finding, InspectError};
use cse::photo::{Difference, Photo};
use cse::texture_file::TextureInfo;

pub use self::figures::Figures;
use self::gallery::Gallery;
use self::report_html::About;

use crate::dataset::{Dataset, DatasetError, Mask, MaskError, Sample};
use crate::files::{self, FileError};
use crate::inspection;
use crate::learnt_from;
use crate::look::{self, LookError, MaskArgs, Needs, UnreadableArgs};
use crate::metrics::{PixelError, PixelScores};
use crate::models::{ModelArgs, OpenError};
use crate::progress;

/// Settings of `eval`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The model and where it computes.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Folder of photos, or CSV file, as for `data`; where it does not say which good photos are for training, the first
    /// 70 % are, and are not evaluated
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// File to write all figures and every photo's score to, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// File to write a report with charts and pictures to, as a web page
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// How masks are read.
    #[command(flatten)]
    pub masks: MaskArgs,
    /// Whether unreadable files are an error.
    #[command(flatten)]
    pub unreadable: UnreadableArgs,
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
    /// The model, or the device.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A photo that gives no score.
    #[error("{path}: {source}", path = .path.display())]
    Inspect {
        /// The photo.
        path: PathBuf,
        /// Why.
        source: InspectError,
    },
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
    /// A look at the photos before any is inspected.
    #[error(transparent)]
    Look(#[from] LookError),
    /// A mask.
    #[error(transparent)]
    Mask(#[from] MaskError),
    /// A map that cannot be measured.
    #[error("{path}: {source}", path = .path.display())]
    Map {
        /// The photo.
        path: PathBuf,
        /// Why.
        source: PixelError,
    },
}

/// A photo and what the model says of it. The photo itself is not kept.
struct Inspected<'a> {
    sample: &'a Sample,
    /// Its path below the data set's folder, with slashes.
    name: String,
    /// Whether the model has learnt from it.
    learnt: bool,
    finding: Finding,
    /// Ways in which the photo differs from those that the model learned from.
    differences: Vec<Difference>,
    /// From the decoded photo to its score.
    seconds: f64,
}

/// Evaluates, prints a table, writes the figures.
pub fn run(args: &Args) -> Result<(), EvalError> {
    args.json.iter().chain(&args.report).try_for_each(|path| files::check_place(path))?;
    let (dataset, report) = open(&args.data, Needs::Test, args.masks, args.unreadable)?;
    let model = args.model.open()?;
    let info = &model.texture.info;
    let (inspected, pixels) = inspect_all(info, &dataset, |_, photo| model.inspect(photo))?;
    let learnt: Vec<&Inspected<'_>> = inspected.iter().filter(|photo| photo.learnt).collect();
    if let Some(one) = learnt.first() {
        let (learnt, all) = (learnt.len(), dataset.test.len());
        eprintln!(
            "warning: {learnt} of the {all} test photos were learnt from, such as {}: the model is not as good as the figures",
            one.sample.photo.display()
        );
    }
    warn_of_differences(&inspected);
    let figures = Figures { unreadable: report.unreadable_test(), ..Figures::new(info, &inspected, pixels) };
    figures.print();
    if let Some(path) = &args.json {
        let json = serde_json::to_string_pretty(&figures).unwrap_or_default();
        files::write_whole(path, json.as_bytes())?;
    }
    if let Some(path) = &args.report {
        let gallery = Gallery::new(&model, &inspected, dataset.marks)?;
        let page = report_html::page(&About::new(info, &dataset.name, learnt.len()), &figures, &gallery);
        files::write_whole(path, page.as_bytes())?;
    }
    Ok(())
}

/// Tells how many photos differ from those that the model learned from, with the first of them.
fn warn_of_differences(inspected: &[Inspected<'_>]) {
    let mut different = inspected.iter().filter(|photo| !photo.differences.is_empty());
    let count = different.clone().count();
    if let Some((photo, first)) = different.next().and_then(|photo| Some((photo, photo.differences.first()?))) {
        let (all, name) = (inspected.len(), &photo.name);
        eprintln!(
            "warning: {count} of the {all} test photos are unlike those that the model learned from, such as {name}. {first}"
        );
    }
}

/// Image-level AUROC of a model on the photos in `data`.
pub fn image_auroc(model: &ModelArgs, data: &Path) -> Result<Option<f64>, EvalError> {
    let (dataset, _) = open(data, Needs::Test, MaskArgs::default(), UnreadableArgs::default())?;
    let model = model.open()?;
    let info = &model.texture.info;
    let (inspected, pixels) = inspect_all(info, &dataset, |_, photo| model.inspect(photo))?;
    Ok(Figures::new(info, &inspected, pixels).image_auroc)
}

/// Figures of what `inspect` finds on each photo of a data set, which it gets with its number; `info` describes who looks.
/// Without a time: features may be there already.
pub fn figures(
    info: &TextureInfo,
    dataset: &Dataset,
    inspect: impl Fn(usize, &Photo) -> Result<Finding, InspectError>,
) -> Result<Figures, EvalError> {
    let (inspected, pixels) = inspect_all(info, dataset, inspect)?;
    Ok(Figures { seconds: None, ..Figures::new(info, &inspected, pixels) })
}

/// Opens a data set with both classes, and looks at its photos.
pub fn open(
    data: &Path,
    needs: Needs,
    masks: MaskArgs,
    unreadable: UnreadableArgs,
) -> Result<(Dataset, look::Report), EvalError> {
    let mut dataset = Dataset::open(data, masks.marks())?;
    check_classes(&dataset, data)?;
    let report = look::first(&mut dataset, data, needs, unreadable)?;
    // Without those that cannot be read.
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

fn inspect_all<'a>(
    info: &TextureInfo,
    dataset: &'a Dataset,
    inspect: impl Fn(usize, &Photo) -> Result<Finding, InspectError>,
) -> Result<(Vec<Inspected<'a>>, PixelScores), EvalError> {
    let has_masks = dataset.test.iter().any(|sample| !sample.masks.is_empty());
    let mut pixels = PixelScores::default();
    let mut inspected = Vec::with_capacity(dataset.test.len());
    let bar = progress::bar(dataset.test.len() as u64, "inspecting", "photos");
    for (number, sample) in dataset.test.iter().enumerate() {
        let bytes = files::read(&sample.photo)?;
        let (photo, learnt) =
            (files::decode_photo(&sample.photo, &bytes, &info.reading())?, learnt_from::is_among(info, &bytes));
        let start = Instant::now();
        let finding =
            inspect(number, &photo).map_err(|source| EvalError::Inspect { path: sample.photo.clone(), source })?;
        let seconds = start.elapsed().as_secs_f64();
        let blank = || (has_masks && sample.defect.is_none()).then(|| Mask::blank(photo.pixels.dimensions()));
        let mask = Mask::read(&sample.masks, dataset.marks)?.or_else(blank);
        // A mask with nothing drawn says that nobody drew it, not that the photo is good.
        if let Some(mut mask) = mask.filter(|mask| sample.defect.is_none() || mask.marks()) {
            leave_out(&mut mask, &photo);
            push(&mut pixels, inspection::map(&finding, photo.pixels.dimensions()), &mask)
                .map_err(|source| EvalError::Map { path: sample.photo.clone(), source })?;
        }
        inspected.push(Inspected {
            sample,
            name: dataset.name_of(&sample.photo),
            learnt,
            differences: info.photos.differences(&photo.facts),
            finding,
            seconds,
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok((inspected, pixels))
}

/// Unmarks what is not inspected: a defect that lies there is not to be found.
fn leave_out(mask: &mut Mask, photo: &Photo) {
    if let Some(opaque) = &photo.opaque {
        mask.marked.iter_mut().zip(opaque.pixels()).for_each(|(marked, opaque)| *marked &= opaque[0] == u8::MAX);
    }
}

/// Pixels outside the view count as least anomalous: that is what an inspector would be told of them.
fn push(pixels: &mut PixelScores, mut map: Vec<f32>, mask: &Mask) -> Result<(), PixelError> {
    map.iter_mut().filter(|value| value.is_nan()).for_each(|value| *value = 0.0);
    pixels.push(&map, &mask.marked, mask.size.0 as usize)
}
