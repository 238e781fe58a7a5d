//! The texture file: what was learnt of one texture. Embedder, bank, calibration, preprocessing, provenance.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::calibration::Calibration;
use crate::comparison::DensityWeights;
use crate::detector::{Detector, Method, Shape};
use crate::efficientnet::Architecture;
use crate::embedder;
use crate::extractor_file::ExtractorInfo;
use crate::model_file::{self, Kind, ModelFileError};
use crate::normal_range::NormalRange;
use crate::score::ScoreRule;
use crate::standardisation::Standardisation;
use crate::state_dict::{Precision, StateDict};
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

/// What a texture file says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextureInfo {
    /// Name of the texture.
    pub name: String,
    /// [`ExtractorInfo::id`] of the extractor that it was trained with.
    pub extractor_id: String,
    /// That extractor's architecture.
    pub extractor_architecture: Architecture,
    /// Which part of a photo is inspected.
    pub view: View,
    /// How normality is modelled.
    pub method: Method,
    /// Which feature maps the method looks at.
    pub taps: Taps,
    /// How distances become a score and a map.
    #[serde(flatten)]
    pub rule: ScoreRule,
    /// Number of embedders.
    pub members: usize,
    /// Number of clusters in the bank of each.
    pub clusters: usize,
    /// Threshold and normal scores.
    #[serde(flatten)]
    pub calibration: Calibration,
    /// Colour scale of the map.
    pub map_scale: MapScale,
    /// How it was made, for a reader: data, settings, seed, program.
    pub provenance: String,
    /// The good photos that it was made from: of each file the first 16 hexadecimal digits of its SHA-256, so that an
    /// evaluation notices them. None in the files of before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learnt_from: Vec<String>,
    /// How each embedder's losses went; empty for what is not trained.
    pub losses: Vec<Vec<LossPoint>>,
}

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
    model_file::write(info, Kind::Texture, tensors, Precision::F32)
}

/// The description and the tensors.
pub fn read(bytes: &[u8]) -> Result<(TextureInfo, StateDict), ModelFileError> {
    model_file::read(bytes, Kind::Texture)
}

/// The description alone.
pub fn read_info(bytes: &[u8]) -> Result<TextureInfo, ModelFileError> {
    model_file::read_info(bytes, Kind::Texture)
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
        if !info.calibration.threshold.is_finite() || info.clusters == 0 || info.members == 0 {
            return Err(ModelFileError::Description("it has no threshold or no bank".into()));
        }
        if !(0.0..=1.0).contains(&info.rule.smoothing) {
            return Err(ModelFileError::Description("it smooths by more than a window".into()));
        }
        if !info.rule.normal_range.as_ref().is_none_or(NormalRange::is_sound) {
            return Err(ModelFileError::Description("an edge of what is normal in it is no number above 0".into()));
        }
        if !info.rule.density.as_ref().is_none_or(DensityWeights::is_sound) {
            return Err(ModelFileError::Description("what its density counts is below 0".into()));
        }
        let extractor_taps = extractor.architecture.tap_channels();
        let detector = Detector::take(info.shape(), extractor_taps, &mut tensors, device)?;
        if !detector.is_sound() {
            return Err(ModelFileError::Description("an embedder in it does not count".into()));
        }
        Ok(Self { info, detector })
    }
}
