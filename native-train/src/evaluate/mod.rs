//! `eval`: a model on photos whose truth is known. Metrics are anomalib's, per data set and per kind of defect.

mod charts;
mod figures;
mod gallery;
mod mask;
mod report_html;
mod score_axis;

use std::path::{Path, PathBuf};
use std::time::Instant;

use cse::inspector::{Finding, InspectError};
use cse::photo::Photo;
use cse::texture_file::TextureInfo;

pub use self::figures::Figures;
use self::gallery::Gallery;
use self::mask::Mask;
use self::report_html::About;

use crate::dataset::{Dataset, DatasetError, Sample};
use crate::files::{self, FileError};
use crate::inspection;
use crate::learnt_from;
use crate::metrics::{PixelError, PixelScores};
use crate::models::{ModelArgs, OpenError};
use crate::progress;

/// Settings of `eval`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The model and where it computes.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Folder of photos: test/good, test/KIND and ground_truth/KIND (MVTec AD's layout), or good and KIND, or e0 to e7
    /// (TILDA's); of the last two, the first 70 % of the good photos are for training and not evaluated
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// File to write all figures and every photo's score to, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// File to write a report with charts and pictures to, as a web page
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
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
    /// A mask that does not fit.
    #[error("{path}: the mask is {mask:?} pixels and its photo {photo:?}: draw it on the photo as it is shown upright", path = .path.display())]
    MaskSize {
        /// The mask.
        path: PathBuf,
        /// Its width and height.
        mask: (u32, u32),
        /// The photo's.
        photo: (u32, u32),
    },
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
    /// From the decoded photo to its score.
    seconds: f64,
}

/// Evaluates, prints a table, writes the figures.
pub fn run(args: &Args) -> Result<(), EvalError> {
    let dataset = open(&args.data)?;
    args.json.iter().chain(&args.report).try_for_each(|path| files::check_place(path))?;
    let model = args.model.open()?;
    let info = &model.texture.info;
    let (inspected, pixels) = inspect_all(info, (&dataset, &args.data), |_, photo| model.inspect(photo))?;
    let learnt: Vec<&Inspected<'_>> = inspected.iter().filter(|photo| photo.learnt).collect();
    if let Some(one) = learnt.first() {
        let (learnt, all) = (learnt.len(), dataset.test.len());
        eprintln!(
            "warning: {learnt} of the {all} test photos were learnt from, such as {}: the model is not as good as the figures",
            one.sample.photo.display()
        );
    }
    let figures = Figures::new(info, &inspected, pixels);
    figures.print();
    if let Some(path) = &args.json {
        let json = serde_json::to_string_pretty(&figures).unwrap_or_default();
        files::write_whole(path, json.as_bytes())?;
    }
    if let Some(path) = &args.report {
        let gallery = Gallery::new(&model, &inspected)?;
        let page = report_html::page(&About::new(info, &dataset.name, learnt.len()), &figures, &gallery);
        files::write_whole(path, page.as_bytes())?;
    }
    Ok(())
}

/// Image-level AUROC of a model on the photos in `data`.
pub fn image_auroc(model: &ModelArgs, data: &Path) -> Result<Option<f64>, EvalError> {
    let dataset = open(data)?;
    let model = model.open()?;
    let info = &model.texture.info;
    let (inspected, pixels) = inspect_all(info, (&dataset, data), |_, photo| model.inspect(photo))?;
    Ok(Figures::new(info, &inspected, pixels).image_auroc)
}

/// Figures of what `inspect` finds on each photo of a data set in a folder, which it gets with its number; `info` describes
/// who looks. Without a time: features may be there already.
pub fn figures(
    info: &TextureInfo,
    photos: (&Dataset, &Path),
    inspect: impl Fn(usize, &Photo) -> Result<Finding, InspectError>,
) -> Result<Figures, EvalError> {
    let (inspected, pixels) = inspect_all(info, photos, inspect)?;
    Ok(Figures { seconds: None, ..Figures::new(info, &inspected, pixels) })
}

/// A data set with both classes.
pub fn open(data: &Path) -> Result<Dataset, EvalError> {
    let dataset = Dataset::open(data)?;
    let defective = dataset.test.iter().filter(|sample| sample.defect.is_some()).count();
    let good = dataset.test.len() - defective;
    if good == 0 || defective == 0 {
        return Err(EvalError::OneClass { path: data.to_owned(), good, defective });
    }
    Ok(dataset)
}

fn inspect_all<'a>(
    info: &TextureInfo,
    (dataset, folder): (&'a Dataset, &Path),
    inspect: impl Fn(usize, &Photo) -> Result<Finding, InspectError>,
) -> Result<(Vec<Inspected<'a>>, PixelScores), EvalError> {
    let has_masks = dataset.test.iter().any(|sample| sample.mask.is_some());
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
        let mask = match (&sample.mask, &sample.defect) {
            (Some(path), _) => Some(mask_of(path, photo.pixels.dimensions())?),
            (None, None) if has_masks => Some(Mask::blank(photo.pixels.dimensions())),
            _ => None,
        };
        // A mask with nothing drawn says that nobody drew it, not that the photo is good.
        if let Some(mask) = mask.filter(|mask| sample.defect.is_none() || mask.marks()) {
            push(&mut pixels, inspection::map(&finding, photo.pixels.dimensions()), &mask)
                .map_err(|source| EvalError::Map { path: sample.photo.clone(), source })?;
        }
        inspected.push(Inspected { sample, name: name_below(folder, &sample.photo), learnt, finding, seconds });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok((inspected, pixels))
}

/// `path` without `folder`, with slashes on every system.
fn name_below(folder: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(folder).unwrap_or(path).components();
    parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("/")
}

/// The mask of a photo of this width and height.
fn mask_of(path: &Path, photo: (u32, u32)) -> Result<Mask, EvalError> {
    let mask = Mask::read(path)?;
    if mask.size != photo {
        return Err(EvalError::MaskSize { path: path.to_owned(), mask: mask.size, photo });
    }
    Ok(mask)
}

/// Pixels outside the view count as least anomalous: that is what an inspector would be told of them.
fn push(pixels: &mut PixelScores, mut map: Vec<f32>, mask: &Mask) -> Result<(), PixelError> {
    map.iter_mut().filter(|value| value.is_nan()).for_each(|value| *value = 0.0);
    pixels.push(&map, &mask.marked, mask.size.0 as usize)
}
