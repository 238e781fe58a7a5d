//! The texture file: what was learnt of one texture. Embedder, bank, calibration, preprocessing, provenance.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::bank::Bank;
use crate::calibration::Calibration;
use crate::efficientnet::Architecture;
use crate::embedder::{self, EMBEDDING_CHANNELS, FoldedEmbedder};
use crate::extractor_file::ExtractorInfo;
use crate::model_file::{self, Kind, ModelFileError};
use crate::preprocess::View;
use crate::score::{Aggregation, E14_LENGTH, GRID};
use crate::state_dict::{Precision, StateDict, take};

/// Colour scale of the anomaly map, in cosine distance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapScale {
    /// Shown as nothing: what is common on good samples.
    pub low: f32,
    /// Shown as most anomalous.
    pub high: f32,
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
    /// How distances become a score.
    pub aggregation: Aggregation,
    /// Number of clusters in the bank.
    pub clusters: usize,
    /// Threshold and normal scores.
    #[serde(flatten)]
    pub calibration: Calibration,
    /// Colour scale of the map.
    pub map_scale: MapScale,
    /// How it was made, for a reader: data, settings, seed, program.
    pub provenance: String,
}

/// A loaded texture model.
#[derive(Debug)]
pub struct TextureModel {
    /// Its description.
    pub info: TextureInfo,
    /// Folded, on the device.
    pub embedder: FoldedEmbedder,
    /// Normal embeddings.
    pub bank: Bank,
}

const BANK: &str = "bank.e14";

/// A texture file of a trained embedder's tensors (authors' names) and its bank.
pub fn write(info: &TextureInfo, trained: StateDict, bank: &Bank) -> Result<Vec<u8>, ModelFileError> {
    let (c1, c2) = info.extractor_architecture.tap_channels();
    let mut tensors = embedder::fold_state_dict(trained, c1 + c2)?;
    let centres: Vec<f32> = bank.e14().flatten().copied().collect();
    tensors.insert(BANK.into(), (vec![bank.clusters(), EMBEDDING_CHANNELS, GRID, GRID], centres));
    model_file::write(info, Kind::Texture, &tensors, Precision::F32)
}

/// The description alone.
pub fn read_info(bytes: &[u8]) -> Result<TextureInfo, ModelFileError> {
    Ok(model_file::read(bytes, Kind::Texture)?.0)
}

impl TextureModel {
    /// Loads a texture file for use with `extractor`.
    pub fn load(bytes: &[u8], extractor: &ExtractorInfo, device: &Device) -> Result<Self, ModelFileError> {
        let (info, mut tensors): (TextureInfo, _) = model_file::read(bytes, Kind::Texture)?;
        if info.extractor_id != extractor.id {
            return Err(ModelFileError::OtherExtractor {
                wanted: info.extractor_id,
                architecture: info.extractor_architecture.to_string(),
                found: extractor.id.clone(),
            });
        }
        if !info.calibration.threshold.is_finite() || info.clusters == 0 {
            return Err(ModelFileError::Description("it has no threshold or no bank".into()));
        }
        let (c1, c2) = extractor.architecture.tap_channels();
        let embedder = FoldedEmbedder::take(&mut tensors, c1 + c2, device)?;
        let centres = take(&mut tensors, BANK, &[info.clusters, EMBEDDING_CHANNELS, GRID, GRID])?;
        let bank = Bank::from_e14(centres.chunks_exact(E14_LENGTH).map(<[f32]>::to_vec).collect());
        Ok(Self { info, embedder, bank })
    }
}
