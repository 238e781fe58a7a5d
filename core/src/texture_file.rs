//! The texture file: what was learnt of one texture. Embedder, bank, calibration, preprocessing, provenance.

use burn::tensor::Device;
use image::GrayImage;
use serde::{Deserialize, Serialize};

use crate::calibration::Calibration;
use crate::comparison::DensityWeights;
use crate::detector::{Detector, Method, Shape};
use crate::efficientnet::Architecture;
use crate::embedder;
use crate::extractor_file::ExtractorInfo;
use crate::model_file::{self, Kind, ModelFileError};
use crate::normal_range::NormalRange;
use crate::photo::{Reading, Region, Traits};
use crate::score::ScoreRule;
use crate::standardisation::Standardisation;
use crate::state_dict::{Precision, StateDict, StateDictError};
use crate::taps::Taps;
use crate::view::View;

/// Colour scale of the anomaly map, in its values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapScale {
    /// Shown as nothing: what is common on good samples.
    pub low: f32,
    /// Shown as most anomalous.
    pub high: f32,
}

impl MapScale {
    /// With the top raised to the strongest place of `map`: where all of a strong defect lies beyond the top, nothing
    /// shows its middle. Values that are no numbers are passed over.
    pub fn reaching(self, map: &[f32]) -> Self {
        Self { low: self.low, high: map.iter().copied().fold(self.high, f32::max) }
    }
}

/// Description of a texture model.
///
/// A file holds its short fields as JSON, and its lists, which grow with the photos, as tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextureInfo {
    /// Name of the texture, 1 to [`LONGEST_NAME`] characters.
    pub name: String,
    /// [`ExtractorInfo::id`] of the extractor that it was trained with.
    pub extractor_id: String,
    /// That extractor's architecture.
    pub extractor_architecture: Architecture,
    /// Which part of a photo is inspected.
    pub view: View,
    /// What the good photos have in common.
    pub photos: Traits,
    /// How normality is modelled.
    pub method: Method,
    /// Which feature maps the method looks at.
    pub taps: Taps,
    /// How distances become a score and a map.
    #[serde(flatten)]
    pub rule: ScoreRule,
    /// Number of embedders, 1 to [`MOST_MEMBERS`].
    pub members: usize,
    /// Number of clusters in the bank of each, 1 to [`MOST_CLUSTERS`].
    pub clusters: usize,
    /// Threshold and normal scores.
    #[serde(flatten)]
    pub calibration: Calibration,
    /// Colour scale of the map.
    pub map_scale: MapScale,
    /// How it was made, for a reader: data, settings, seed, program. At most [`model_file::LONGEST_TEXT`] bytes.
    pub provenance: String,
    /// The first 8 bytes of the SHA-256 of each good photo's file, so that an evaluation notices them.
    #[serde(skip)]
    pub learnt_from: Vec<[u8; 8]>,
    /// Region of every photo that is neither learned from nor inspected.
    #[serde(skip)]
    pub ignored: Option<Region>,
    /// Losses of each embedder's training. Empty for what is not trained.
    #[serde(skip)]
    pub losses: Vec<Vec<LossPoint>>,
}

/// Most characters of a texture's name.
pub const LONGEST_NAME: usize = 200;
/// Most embedders of a model.
pub const MOST_MEMBERS: usize = 64;
/// Most clusters of a bank.
pub const MOST_CLUSTERS: usize = 1024;
/// Largest threshold: far above every score that is made.
const LARGEST_THRESHOLD: f32 = 1e6;

/// Losses of a pair at one step of a training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossPoint {
    /// Steps done.
    pub step: u32,
    /// Mean over the steps since the last point.
    pub training: f32,
    /// Mean over the held-out photos.
    pub validation: f32,
}

impl TextureInfo {
    /// What its detector is loaded with.
    pub fn shape(&self) -> Shape {
        Shape {
            method: self.method,
            taps: self.taps,
            members: self.members,
            clusters: self.clusters,
            density: self.rule.density.is_some(),
        }
    }

    /// The description with its lists empty, as the JSON of its file holds it.
    pub fn without_lists(&self) -> Self {
        let mut short = self.clone();
        short.calibration.normal_scores.clear();
        if let Some(range) = &mut short.rule.normal_range {
            range.edges.clear();
            range.density_edges.clear();
        }
        short
    }

    /// Settings that its photos are decoded with.
    pub fn reading(&self) -> Reading {
        Reading { levels: self.photos.levels, ignored: self.ignored.clone() }
    }

    /// Whether it was trained with this extractor: the same weights, in the same architecture. Two that pad differently
    /// may have the same weights.
    pub fn fits(&self, extractor: &ExtractorInfo) -> bool {
        (&self.extractor_id, self.extractor_architecture) == (&extractor.id, extractor.architecture)
    }
}

/// A loaded texture model.
#[derive(Debug)]
pub struct TextureModel {
    /// Its description.
    pub info: TextureInfo,
    /// On the device.
    pub detector: Detector,
}

/// A trained embedder (tensors with the authors' names) as a model file holds it: with BatchNorm and what its features go
/// through before folded into its convolutions.
pub fn folded_embedder(
    trained: StateDict,
    standardisation: &Standardisation,
    channels: usize,
) -> Result<StateDict, ModelFileError> {
    let mut tensors = embedder::fold_state_dict(trained, channels)?;
    standardisation.fold(&mut tensors)?;
    Ok(tensors)
}

/// A texture file of a fitted method's tensors, as [`Detector::take`] takes them.
pub fn write(info: &TextureInfo, tensors: &StateDict) -> Result<Vec<u8>, ModelFileError> {
    check(info)?;
    let mut tensors = tensors.clone();
    put_lists(info, &mut tensors);
    model_file::write(&info.without_lists(), Kind::Texture, &tensors, Precision::F32)
}

/// The description, checked, and the tensors of the fitted method.
pub fn read(bytes: &[u8]) -> Result<(TextureInfo, StateDict), ModelFileError> {
    let (mut info, mut tensors): (TextureInfo, StateDict) = model_file::read(bytes, Kind::Texture)?;
    take_lists(&mut info, &mut tensors)?;
    check(&info)?;
    Ok((info, tensors))
}

/// The description alone, checked.
pub fn read_info(bytes: &[u8]) -> Result<TextureInfo, ModelFileError> {
    Ok(read(bytes)?.0)
}

const NORMAL_SCORES: &str = "calibration.normal_scores";
const EDGES: &str = "normal_range.edges";
const DENSITY_EDGES: &str = "normal_range.density_edges";
const LEARNT_FROM: &str = "photos.learnt_from";
const IGNORED: &str = "photos.ignored";
const LOSSES: &str = "losses.";

/// Adds the lists of a description to the tensors of its file.
fn put_lists(info: &TextureInfo, tensors: &mut StateDict) {
    let mut put = |name: String, columns: usize, values: Vec<f32>| {
        let shape = if columns == 1 { vec![values.len()] } else { vec![values.len() / columns, columns] };
        tensors.insert(name, (shape, values));
    };
    put(NORMAL_SCORES.into(), 1, info.calibration.normal_scores.clone());
    if let Some(range) = &info.rule.normal_range {
        put(EDGES.into(), 1, range.edges.clone());
        put(DENSITY_EDGES.into(), 1, range.density_edges.clone());
    }
    // Two bytes a value, which a float holds exactly.
    let marks = info.learnt_from.iter().flat_map(|mark| mark.as_chunks::<2>().0);
    put(LEARNT_FROM.into(), 4, marks.map(|pair| f32::from(u16::from_be_bytes(*pair))).collect());
    if let Some(region) = &info.ignored {
        let mask = region.mask();
        let values = mask.pixels().map(|pixel| f32::from(pixel[0]) / 255.0).collect();
        put(IGNORED.into(), mask.width() as usize, values);
    }
    for (member, points) in info.losses.iter().enumerate() {
        let values = points.iter().flat_map(|point| [point.step as f32, point.training, point.validation]);
        put(format!("{LOSSES}{member}"), 3, values.collect());
    }
}

/// Moves the lists of a description out of the tensors of its file.
fn take_lists(info: &mut TextureInfo, tensors: &mut StateDict) -> Result<(), ModelFileError> {
    info.ignored = tensors.remove(IGNORED).map(|tensor| ignored(&tensor)).transpose()?;
    let mut take = |name: &str, columns: usize| -> Result<Vec<f32>, StateDictError> {
        let (shape, values) = tensors.remove(name).ok_or_else(|| StateDictError::Missing(name.to_owned()))?;
        let expected = if columns == 1 { vec![values.len()] } else { vec![values.len() / columns, columns] };
        if shape == expected {
            Ok(values)
        } else {
            Err(StateDictError::Shape { name: name.to_owned(), found: shape, expected })
        }
    };
    info.calibration.normal_scores = take(NORMAL_SCORES, 1)?;
    if let Some(range) = &mut info.rule.normal_range {
        range.edges = take(EDGES, 1)?;
        range.density_edges = take(DENSITY_EDGES, 1)?;
    }
    let marks = take(LEARNT_FROM, 4)?;
    if marks.iter().any(|value| value.fract() != 0.0 || !(0.0..=65535.0).contains(value)) {
        return Err(ModelFileError::Description("a mark of a photo in it is none".into()));
    }
    let mark = |values: &[f32; 4]| {
        let mut mark = [0; 8];
        for (pair, value) in mark.as_chunks_mut::<2>().0.iter_mut().zip(values) {
            *pair = (*value as u16).to_be_bytes();
        }
        mark
    };
    info.learnt_from = marks.as_chunks::<4>().0.iter().map(mark).collect();
    info.losses = Vec::new();
    for member in 0..info.members.min(MOST_MEMBERS) {
        // What is not trained has none.
        let Ok(values) = take(&format!("{LOSSES}{member}"), 3) else { break };
        let point = |&[step, training, validation]: &[f32; 3]| LossPoint { step: step as u32, training, validation };
        info.losses.push(values.as_chunks::<3>().0.iter().map(point).collect());
    }
    Ok(())
}

/// The region whose mask a file holds as `[height, width]` values of 0 and 1.
fn ignored((shape, values): &(Vec<usize>, Vec<f32>)) -> Result<Region, ModelFileError> {
    let wrong = || ModelFileError::Description("its mask of the ignored region marks nothing, or is none".into());
    let &[height, width] = shape.as_slice() else { return Err(wrong()) };
    let pixels = values.iter().map(|value| if *value > 0.0 { u8::MAX } else { 0 }).collect();
    let mask = GrayImage::from_raw(width as u32, height as u32, pixels).ok_or_else(wrong)?;
    Region::new(&mask).ok_or_else(wrong)
}

/// An error where a field is out of its range.
fn check(info: &TextureInfo) -> Result<(), ModelFileError> {
    let Calibration { threshold, false_alarm_rate, normal_scores } = &info.calibration;
    let ascending = normal_scores.is_sorted() && normal_scores.iter().all(|score| score.is_finite());
    let MapScale { low, high } = info.map_scale;
    let printable = |text: &str| !text.chars().any(|letter| letter.is_control());
    let range = info.rule.normal_range.as_ref();
    model_file::check(&[
        ((1..=LONGEST_NAME).contains(&info.name.chars().count()), "its name is empty or longer than 200 characters"),
        (printable(&info.name), "its name has characters that cannot be printed"),
        (info.extractor_id.len() <= 64 && printable(&info.extractor_id), "the id of its extractor is none"),
        (info.provenance.len() <= model_file::LONGEST_TEXT, "its provenance is too long"),
        ((1..=MOST_MEMBERS).contains(&info.members), "it has no embedder, or more than 64"),
        ((1..=MOST_CLUSTERS).contains(&info.clusters), "it has no bank, or one of more than 1,024 clusters"),
        ((0.0..=LARGEST_THRESHOLD).contains(threshold), "its threshold is below 0 or above a million"),
        (*false_alarm_rate > 0.0 && *false_alarm_rate < 1.0, "its false-alarm rate is not between 0 and 1"),
        (!normal_scores.is_empty(), "it has no scores of good photos"),
        (ascending, "its scores of good photos are not finite, or not in ascending order"),
        // The threshold is one of them.
        (
            normal_scores.last().is_some_and(|last| *threshold <= last.max(0.0)),
            "its threshold lies above all scores of good photos",
        ),
        (low.is_finite() && high.is_finite() && 0.0 <= low && low < high, "the scale of its map is empty or inverted"),
        ((0.0..=1.0).contains(&info.rule.smoothing), "it smooths by more than a window"),
        (range.is_none_or(NormalRange::is_sound), "an edge of its normal range is not finite and above 0"),
        (info.rule.density.as_ref().is_none_or(DensityWeights::is_sound), "a weight of its density is below 0"),
        (info.photos.is_sound(), "its range of photo values is empty"),
    ])
}

impl TextureModel {
    /// Loads a texture file for use with `extractor`.
    pub fn load(bytes: &[u8], extractor: &ExtractorInfo, device: &Device) -> Result<Self, ModelFileError> {
        Self::from_parts(read(bytes)?, extractor, device)
    }

    /// Makes what [`read`] gave ready for use with `extractor`.
    pub fn from_parts(
        (info, mut tensors): (TextureInfo, StateDict),
        extractor: &ExtractorInfo,
        device: &Device,
    ) -> Result<Self, ModelFileError> {
        if !info.fits(extractor) {
            return Err(ModelFileError::OtherExtractor {
                wanted: info.extractor_id,
                architecture: info.extractor_architecture.to_string(),
                found: format!("{} ({})", extractor.id, extractor.architecture),
            });
        }
        check(&info)?;
        let extractor_taps = extractor.architecture.tap_channels();
        let detector = Detector::take(info.shape(), extractor_taps, &mut tensors, device)?;
        if !detector.is_sound() {
            return Err(ModelFileError::Description("an embedder in it does not count".into()));
        }
        Ok(Self { info, detector })
    }
}
