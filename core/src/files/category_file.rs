//! Category file: the trained model of one category. It holds embedders, banks, score rule, threshold and description.

use burn::tensor::Device;
use image::GrayImage;
use serde::{Deserialize, Serialize};

use super::extractor_file::ExtractorInfo;
use super::model_file::{self, Kind, ModelFileError};
use super::provenance::Provenance;
use super::state_dict::{Precision, StateDict, StateDictError};
use crate::detectors::density::DensityShape;
use crate::detectors::detector::{Detector, Shape};
use crate::detectors::method::Method;
use crate::image::exposure::Exposure;
use crate::image::measures::{self, Measures, Ranges};
use crate::image::photo::{Difference, Facts, IgnoreMask, Photo, Reading, Traits};
use crate::image::view::View;
use crate::network::backbone::Backbone;
use crate::network::grid::{Grid, GridMap};
use crate::network::taps::Taps;
use crate::scoring::normal_range::NormalRange;
use crate::scoring::prediction::Prediction;
use crate::scoring::score_rule::ScoreRule;
use crate::scoring::threshold::Threshold;
use crate::scoring::verdict::Unlikeness;

/// Colour scale of the anomaly map, in its values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapScale {
    /// Value that is shown as transparent. Such values are common on good photos.
    pub low: f32,
    /// Value that is shown as most anomalous.
    pub high: f32,
}

/// Description of a category model.
///
/// A file holds the short fields as JSON. It holds the lists, which grow with the photos, as tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryInfo {
    /// Name of the category, 1 to [`LONGEST_NAME`] characters.
    pub name: String,
    /// [`ExtractorInfo::id`] of the extractor that it was trained with.
    pub extractor_id: String,
    /// Architecture of that extractor.
    pub extractor_architecture: Backbone,
    /// Windows that a photo is cut into.
    pub view: View,
    /// Brightness at which the network gets a photo.
    pub exposure: Exposure,
    /// Traits that the good photos share.
    pub photos: Traits,
    /// Ranges of the good photos' brightness, colour, contrast and sharpness. May be empty.
    pub ranges: Ranges,
    /// Method.
    pub method: Method,
    /// Feature maps that the method uses.
    pub taps: Taps,
    /// Steps from distances to score and map.
    #[serde(flatten)]
    pub rule: ScoreRule,
    /// Number of embedders, 1 to [`MOST_MEMBERS`].
    pub members: usize,
    /// Number of clusters in each member's bank, 1 to [`MOST_CLUSTERS`].
    pub clusters: usize,
    /// True if the anomaly map is that of a Gaussian over `stage5`, and false if it is that of the method's distances.
    pub density_map: bool,
    /// Threshold, and the scores of good photos.
    #[serde(flatten)]
    pub threshold: Threshold,
    /// Colour scale of the map.
    pub map_scale: MapScale,
    /// Origin of the model.
    pub provenance: Provenance,
    /// First 8 bytes of the SHA-256 of each good photo's file. An evaluation warns of photos that were trained on.
    #[serde(skip)]
    pub trained_on: Vec<[u8; 8]>,
    /// Region of every photo that is neither trained on nor inspected.
    #[serde(skip)]
    pub ignored: Option<IgnoreMask>,
    /// Losses of each member's training. Empty for a method without training.
    #[serde(skip)]
    pub losses: Vec<Vec<LossPoint>>,
}

/// Most characters of a category's name.
pub const LONGEST_NAME: usize = 200;
/// Most members of a model.
pub const MOST_MEMBERS: usize = 64;
/// Most clusters of a bank.
pub const MOST_CLUSTERS: usize = 1024;
/// Distortion of a photo above which the user is told.
const WORTH_TELLING: f64 = 1.5;
/// Distortion above which a photo is unlike the good photos, whatever its score. Strips of fabric, squashed 9 times, have
/// scores below the threshold of a model of magnetic tile with EfficientNet-B3.
const OTHER_SHAPE: f64 = 2.0;
/// Largest ratio of a threshold to the highest score of a good photo.
const FARTHEST: f32 = 100.0;
/// Largest threshold: far above every score.
const LARGEST_THRESHOLD: f32 = 1e6;

/// Losses of a training at one step, as means over pairs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossPoint {
    /// Number of steps done.
    pub step: u32,
    /// Mean over the steps since the point before.
    pub training: f32,
    /// Mean over held-out photos.
    pub validation: f32,
}

impl CategoryInfo {
    /// Grid of a map of stride 16 for one window: `stage5`, or a ResNet's `layer3`.
    pub fn grid(&self) -> Grid {
        self.view.grid()
    }

    /// Number and shape of the detector's parts.
    pub fn shape(&self) -> Shape {
        Shape {
            method: self.method,
            taps: self.taps,
            members: self.members,
            clusters: self.clusters,
            density: DensityShape { score: self.rule.density_weight.is_some(), map: self.density_map },
            grid: self.grid(),
        }
    }

    /// Settings that the category's photos are decoded with.
    pub fn reading(&self) -> Reading {
        Reading { levels: self.photos.levels, ignored: self.ignored.clone() }
    }

    /// How far a photo of `width` x `height` pixels is distorted, 1 or more: beside the training photos where the view
    /// distorts all photos, else beside the view.
    fn distortion(&self, width: u32, height: u32) -> f64 {
        match (self.view, self.photos.proportions) {
            (View::Resize, Some(proportions)) => proportions.beyond(width, height),
            (view, _) => view.distortion(width, height),
        }
    }

    /// Tells whether a photo of `width` x `height` pixels is distorted so far that its score says nothing.
    fn is_other_shape(&self, width: u32, height: u32) -> bool {
        self.distortion(width, height) > OTHER_SHAPE
    }

    /// The prediction of a photo of `width` x `height` pixels, which is unlike the good photos where its proportions are
    /// others.
    pub fn with_proportions(&self, prediction: Prediction, width: u32, height: u32) -> Prediction {
        match self.is_other_shape(width, height) {
            true => Prediction { unlike: Unlikeness::Proportions, ..prediction },
            false => prediction,
        }
    }

    /// Differences of a photo from the training photos, the most severe first.
    pub fn differences(&self, facts: &Facts) -> Vec<Difference> {
        let distortion = self.distortion(facts.width, facts.height);
        let distorted =
            (distortion > WORTH_TELLING).then_some(Difference::Proportions { distortion: distortion as f32 });
        distorted.into_iter().chain(self.photos.differences(facts)).collect()
    }

    /// Sentence on how a photo that is unlike the good photos differs from them in brightness, colour, contrast and
    /// sharpness. None where it lies within all their ranges, so that only the extractor tells them apart.
    pub fn beyond(&self, photo: &Photo) -> Option<String> {
        measures::sentence(&self.ranges.beyond(&Measures::of(&photo.pixels)))
    }

    /// Tells whether the model was trained with this extractor. Both weights and architecture must be the same, because two
    /// architectures that differ in padding may have the same weights.
    pub fn fits(&self, extractor: &ExtractorInfo) -> bool {
        (&self.extractor_id, self.extractor_architecture) == (&extractor.id, extractor.architecture)
    }
}

/// Category model on a device.
#[derive(Debug)]
pub struct CategoryModel {
    /// Description.
    pub info: CategoryInfo,
    /// Fitted method.
    pub detector: Detector,
}

/// Makes a category file of a description and a fitted method's tensors, as [`Detector::take`] takes them.
pub fn write(info: &CategoryInfo, tensors: &StateDict) -> Result<Vec<u8>, ModelFileError> {
    check(info)?;
    let mut tensors = tensors.clone();
    put_lists(info, &mut tensors);
    model_file::write(info, Kind::Category, &tensors, Precision::F32)
}

/// Reads a category file: the description, and the tensors of the fitted method. An error where a field is out of its
/// range.
pub fn read(bytes: &[u8]) -> Result<(CategoryInfo, StateDict), ModelFileError> {
    let (mut info, mut tensors): (CategoryInfo, StateDict) = model_file::read(bytes, Kind::Category)?;
    take_lists(&mut info, &mut tensors)?;
    check(&info)?;
    Ok((info, tensors))
}

/// Reads the description of a category file. An error where a field is out of its range.
pub fn read_info(bytes: &[u8]) -> Result<CategoryInfo, ModelFileError> {
    Ok(read(bytes)?.0)
}

const NORMAL_SCORES: &str = "calibration.normal_scores";
const SYNTHETIC_SCORES: &str = "calibration.synthetic_scores";
const EDGES: &str = "normal_range.edges";
const TRAINED_ON: &str = "photos.trained_on";
const IGNORED: &str = "photos.ignored";
const LOSSES: &str = "losses.";

/// Adds the lists of a description to the tensors of its file.
fn put_lists(info: &CategoryInfo, tensors: &mut StateDict) {
    let mut put = |name: &str, shape: Vec<usize>, values: Vec<f32>| tensors.insert(name.to_owned(), (shape, values));
    put(NORMAL_SCORES, vec![info.threshold.normal_scores.len()], info.threshold.normal_scores.clone());
    if !info.threshold.synthetic_scores.is_empty() {
        let scores = info.threshold.synthetic_scores.clone();
        put(SYNTHETIC_SCORES, vec![scores.len()], scores);
    }
    if let Some(range) = &info.rule.normal_range {
        let GridMap { grid, values } = &range.edges;
        put(EDGES, vec![grid.rows, grid.columns], values.clone());
    }
    // Two bytes a value, which a float holds exactly.
    let marks = info.trained_on.iter().flat_map(|mark| mark.as_chunks::<2>().0);
    let marks = marks.map(|pair| f32::from(u16::from_be_bytes(*pair))).collect();
    put(TRAINED_ON, vec![info.trained_on.len(), 4], marks);
    if let Some(ignored) = &info.ignored {
        let mask = ignored.mask();
        let values = mask.pixels().map(|pixel| f32::from(pixel[0]) / 255.0).collect();
        put(IGNORED, vec![mask.height() as usize, mask.width() as usize], values);
    }
    for (member, points) in info.losses.iter().enumerate() {
        let values = points.iter().flat_map(|point| [point.step as f32, point.training, point.validation]);
        put(&format!("{LOSSES}{member}"), vec![points.len(), 3], values.collect());
    }
}

/// Moves the lists of a description out of the tensors of its file.
fn take_lists(info: &mut CategoryInfo, tensors: &mut StateDict) -> Result<(), ModelFileError> {
    info.ignored = tensors.remove(IGNORED).map(|tensor| ignored(&tensor)).transpose()?;
    info.threshold.normal_scores = take_rows(tensors, NORMAL_SCORES, 1)?;
    if tensors.contains_key(SYNTHETIC_SCORES) {
        info.threshold.synthetic_scores = take_rows(tensors, SYNTHETIC_SCORES, 1)?;
    }
    if let Some(range) = &mut info.rule.normal_range {
        range.edges = take_map(tensors, EDGES)?;
    }
    let marks = take_rows(tensors, TRAINED_ON, 4)?;
    if marks.iter().any(|value| value.fract() != 0.0 || !(0.0..=65535.0).contains(value)) {
        return Err(ModelFileError::Description("the digest of a photo in it is not one".into()));
    }
    let mark = |values: &[f32; 4]| {
        let mut mark = [0; 8];
        for (pair, value) in mark.as_chunks_mut::<2>().0.iter_mut().zip(values) {
            *pair = (*value as u16).to_be_bytes();
        }
        mark
    };
    info.trained_on = marks.as_chunks::<4>().0.iter().map(mark).collect();
    info.losses = Vec::new();
    for member in 0..info.members.min(MOST_MEMBERS) {
        // A method without training has no losses.
        let Ok(values) = take_rows(tensors, &format!("{LOSSES}{member}"), 3) else { break };
        let point = |&[step, training, validation]: &[f32; 3]| LossPoint { step: step as u32, training, validation };
        info.losses.push(values.as_chunks::<3>().0.iter().map(point).collect());
    }
    Ok(())
}

/// Takes a tensor of any number of rows with `columns` values each. With one column it has a single dimension.
fn take_rows(tensors: &mut StateDict, name: &str, columns: usize) -> Result<Vec<f32>, StateDictError> {
    let (shape, values) = tensors.remove(name).ok_or_else(|| StateDictError::Missing(name.to_owned()))?;
    let expected = if columns == 1 { vec![values.len()] } else { vec![values.len() / columns, columns] };
    if shape == expected {
        Ok(values)
    } else {
        Err(StateDictError::Shape { name: name.to_owned(), found: shape, expected })
    }
}

/// Takes a tensor `[rows, columns]` as a map.
fn take_map(tensors: &mut StateDict, name: &str) -> Result<GridMap, StateDictError> {
    let (shape, values) = tensors.remove(name).ok_or_else(|| StateDictError::Missing(name.to_owned()))?;
    match shape.as_slice() {
        &[rows, columns] => Ok(GridMap { grid: Grid { rows, columns }, values }),
        _ => Err(StateDictError::Shape { name: name.to_owned(), expected: vec![1, values.len()], found: shape }),
    }
}

/// The ignored region, whose mask a file holds as `[height, width]` values of 0 and 1.
fn ignored((shape, values): &(Vec<usize>, Vec<f32>)) -> Result<IgnoreMask, ModelFileError> {
    let wrong = || ModelFileError::Description("its mask of the ignored region is empty or damaged".into());
    let &[height, width] = shape.as_slice() else { return Err(wrong()) };
    let pixels = values.iter().map(|value| if *value > 0.0 { u8::MAX } else { 0 }).collect();
    let mask = GrayImage::from_raw(width as u32, height as u32, pixels).ok_or_else(wrong)?;
    IgnoreMask::new(&mask).ok_or_else(wrong)
}

/// An error where a field is out of its range.
fn check(info: &CategoryInfo) -> Result<(), ModelFileError> {
    let Threshold { value: threshold, false_positive_rate, normal_scores, synthetic_scores } = &info.threshold;
    let ascending = |scores: &[f32]| scores.is_sorted() && scores.iter().all(|score| score.is_finite());
    let MapScale { low, high } = info.map_scale;
    let printable = |text: &str| !text.chars().any(|letter| letter.is_control());
    let range = info.rule.normal_range.as_ref();
    model_file::check(&[
        ((1..=LONGEST_NAME).contains(&info.name.chars().count()), "its name is empty or longer than 200 characters"),
        (printable(&info.name), "its name has characters that cannot be printed"),
        (
            info.extractor_id.len() <= 64 && printable(&info.extractor_id),
            "the id of its extractor is too long or cannot be printed",
        ),
        (info.provenance.length() <= model_file::LONGEST_TEXT, "its provenance is too long"),
        ((1..=MOST_MEMBERS).contains(&info.members), "it has no embedder, or more than 64"),
        ((1..=MOST_CLUSTERS).contains(&info.clusters), "it has no bank, or one of more than 1,024 clusters"),
        ((0.0..=LARGEST_THRESHOLD).contains(threshold), "its threshold is below 0 or above a million"),
        (*false_positive_rate > 0.0 && *false_positive_rate < 1.0, "its false-positive rate is not between 0 and 1"),
        (!normal_scores.is_empty(), "it has no scores of good photos"),
        (ascending(synthetic_scores), "its scores of synthetic defects are not finite, or not in ascending order"),
        (ascending(normal_scores), "its scores of good photos are not finite, or not in ascending order"),
        // The threshold extrapolates from the scores, but not far.
        (
            normal_scores.last().is_some_and(|last| *threshold <= FARTHEST * last.max(f32::MIN_POSITIVE)),
            "its threshold lies far above all scores of good photos",
        ),
        (low.is_finite() && high.is_finite() && 0.0 <= low && low < high, "the scale of its map is empty or inverted"),
        (info.rule.unit.is_finite() && info.rule.unit > 0.0, "the unit of its scores is not above 0"),
        ((0.0..=1.0).contains(&info.rule.smoothing_sigma), "it smooths by more than a window"),
        (range.is_none_or(NormalRange::is_sound), "an edge of its normal range is not finite and above 0"),
        (
            info.rule.density_weight.is_none_or(|weight| weight.is_finite() && weight >= 0.0),
            "the weight of its density is below 0",
        ),
        (info.photos.is_sound(), "its range of photo values is empty"),
        (info.ranges.is_sound(), "a range of its good photos is empty or not finite"),
        (info.view.is_sound(), "the size of its input is out of range"),
    ])
}

impl CategoryModel {
    /// Loads a category file for use with `extractor`. An error where it was trained with another extractor.
    pub fn load(bytes: &[u8], extractor: &ExtractorInfo, device: &Device) -> Result<Self, ModelFileError> {
        Self::from_parts(read(bytes)?, extractor, device)
    }

    /// Loads the description and the tensors that [`read`] gave, for use with `extractor`.
    pub fn from_parts(
        (info, mut tensors): (CategoryInfo, StateDict),
        extractor: &ExtractorInfo,
        device: &Device,
    ) -> Result<Self, ModelFileError> {
        if !info.fits(extractor) {
            return Err(ModelFileError::OtherExtractor {
                wanted: format!("{} ({})", info.extractor_id, info.extractor_architecture),
                found: format!("{} ({})", extractor.id, extractor.architecture),
            });
        }
        check(&info)?;
        let detector = Detector::take(info.shape(), extractor.architecture, &mut tensors, device)?;
        if !detector.is_sound() {
            return Err(ModelFileError::Description("the weight of an embedder in it is not above 0".into()));
        }
        Ok(Self { info, detector })
    }
}
