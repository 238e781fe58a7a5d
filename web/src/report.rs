//! Results of the engine as plain objects with generated TypeScript types.

use cse::files::{category_file, extractor_file, provenance};
use cse::image::exposure::Exposure;
use cse::image::view;
use js_sys::{Float32Array, Uint8ClampedArray};
use serde::Serialize;
use serde_wasm_bindgen::preserve;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

/// Kind of a model file, and the extractor that it is or needs.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum ModelFile {
    /// Extractor file.
    Extractor {
        /// Id of the extractor.
        id: String,
    },
    /// Category file.
    Category {
        /// Id of the extractor that the category model was trained with.
        extractor_id: String,
        /// Architecture of that extractor, as timm names it.
        extractor_architecture: String,
    },
    /// Published weights, which can be made into an extractor.
    Weights,
}

/// Description of an extractor.
#[derive(Debug, Serialize, Tsify)]
pub struct ExtractorInfo {
    /// Architecture, as timm names it.
    pub architecture: String,
    /// First 16 hexadecimal digits of the SHA-256 of the weights.
    pub id: String,
    /// Where the weights come from, as text.
    pub provenance: String,
    /// Number of weights.
    pub parameters: usize,
    /// Format of the file.
    pub format_version: u32,
}

impl ExtractorInfo {
    /// The report of a description.
    pub fn new(info: &extractor_file::ExtractorInfo, format_version: u32) -> Self {
        let extractor_file::ExtractorInfo { architecture, id, provenance, parameters } = info;
        Self {
            architecture: architecture.to_string(),
            id: id.clone(),
            provenance: provenance.clone(),
            parameters: *parameters,
            format_version,
        }
    }
}

/// Declares an enumeration of the core to TypeScript. A choice that the core gains does not compile until it is here.
macro_rules! names {
    ($(#[doc = $doc:literal])+ $name:ident = $core:ty { $($choice:ident),+ }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, Serialize, Tsify)]
        #[serde(rename_all = "kebab-case")]
        #[allow(missing_docs)]
        pub enum $name {
            $($choice),+
        }

        impl From<$core> for $name {
            fn from(value: $core) -> Self {
                match value {
                    $(<$core>::$choice => Self::$choice),+
                }
            }
        }
    };
}

/// Windows that a photo is cut into.
#[derive(Clone, Copy, Debug, Serialize, Tsify)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum View {
    Resize,
    Crop,
    Tiles,
    Fit,
}

impl From<view::View> for View {
    fn from(view: view::View) -> Self {
        match view {
            view::View::Resize => Self::Resize,
            view::View::Crop => Self::Crop,
            view::View::Tiles => Self::Tiles,
            view::View::Fit(_) => Self::Fit,
        }
    }
}

names! {
    /// How normality is modelled.
    Method = cse::detectors::method::Method {
        Cse, MeanCosine, Gaussian, NearestNeighbours, Classifier, Patchcore, Padim
    }
}
names! {
    /// Feature maps that the method uses.
    Taps = cse::network::taps::Taps { Stage5, Stage7, Both }
}
names! {
    /// How the distances at the positions become one number.
    Aggregation = cse::scoring::aggregation::Aggregation { Mean, Max, Top }
}

names! {
    /// How the whole photo differs from the good photos. Most of it may be anomalous, which counts if the score is above the
    /// threshold. The map may be higher throughout, or the proportions may be others: then the score does not count.
    Unlikeness = cse::scoring::verdict::Unlikeness { None, Most, Throughout, Proportions }
}

/// Description of a category model.
#[derive(Debug, Serialize, Tsify)]
pub struct CategoryInfo {
    /// Name of the category.
    pub name: String,
    /// Id of the extractor that it was trained with.
    pub extractor_id: String,
    /// Windows that a photo is cut into.
    pub view: View,
    /// How normality is modelled.
    pub method: Method,
    /// Feature maps that the method uses.
    pub taps: Taps,
    /// How the distances at the positions become a score.
    pub aggregation: Aggregation,
    /// Whether distances are counted in units of their normal range.
    pub has_normal_range: bool,
    /// Standard deviation of the smoothing, as a share of the window's side.
    pub smoothing_sigma: f32,
    /// Whether photos are brought to one brightness.
    pub has_equal_exposure: bool,
    /// Whether a density is added to the score of the embedders.
    pub has_density: bool,
    /// Whether the anomaly map is that of a density.
    pub has_density_map: bool,
    /// Number of embedders.
    pub members: usize,
    /// Number of clusters in each bank.
    pub clusters: usize,
    /// Score above which a photo is called defective.
    pub threshold: f32,
    /// Share of good photos that is expected above the threshold.
    pub false_positive_rate: f32,
    /// Scores of held-out good photos, ascending.
    #[serde(with = "preserve")]
    #[tsify(type = "Float32Array")]
    pub normal_scores: Float32Array,
    /// Scores of held-out photos with a synthetic defect, ascending. Empty for a method without training.
    #[serde(with = "preserve")]
    #[tsify(type = "Float32Array")]
    pub synthetic_scores: Float32Array,
    /// Colour scale of the anomaly map.
    pub map_scale: MapScale,
    /// What the model was trained from, and how.
    pub provenance: Provenance,
    /// Format of the file.
    pub format_version: u32,
}

/// Colour scale of the anomaly map, in its values.
#[derive(Clone, Copy, Debug, Serialize, Tsify)]
pub struct MapScale {
    /// Value that is shown as transparent.
    pub low: f32,
    /// Value that is shown as most anomalous.
    pub high: f32,
}

/// What a category model was trained from, and how.
#[derive(Debug, Serialize, Tsify)]
pub struct Provenance {
    /// Program that trained it, with its version.
    pub program: String,
    /// Number of good photos.
    pub photos: usize,
    /// Preset that the settings started from.
    pub preset: String,
    /// Names and values of settings that differ from the preset.
    pub settings: Vec<(String, String)>,
    /// Seed of everything random, as text, because it may exceed the exact numbers of JavaScript.
    pub seed: String,
}

impl CategoryInfo {
    /// The report of a description.
    pub fn new(info: &category_file::CategoryInfo, format_version: u32) -> Self {
        let provenance::Provenance { program, photos, preset, settings, seed, .. } = info.provenance.clone();
        Self {
            name: info.name.clone(),
            extractor_id: info.extractor_id.clone(),
            view: info.view.into(),
            method: info.method.into(),
            taps: info.taps.into(),
            aggregation: info.rule.aggregation.into(),
            has_normal_range: info.rule.normal_range.is_some(),
            smoothing_sigma: info.rule.smoothing_sigma,
            has_equal_exposure: info.exposure == Exposure::Equal,
            has_density: info.rule.density_weight.is_some(),
            has_density_map: info.density_map,
            members: info.members,
            clusters: info.clusters,
            threshold: info.threshold.value,
            false_positive_rate: info.threshold.false_positive_rate,
            normal_scores: Float32Array::from(info.threshold.normal_scores.as_slice()),
            synthetic_scores: Float32Array::from(info.threshold.synthetic_scores.as_slice()),
            map_scale: MapScale { low: info.map_scale.low, high: info.map_scale.high },
            provenance: Provenance {
                program,
                photos,
                preset,
                settings: settings.into_iter().collect(),
                seed: seed.to_string(),
            },
            format_version,
        }
    }
}

/// Duration of each step of one prediction, milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Tsify)]
pub struct Milliseconds {
    /// Encoded bytes to pixels.
    pub decode: f64,
    /// Windows, resized and normalised.
    pub preprocess: f64,
    /// The frozen network.
    pub extractor: f64,
    /// The embedder, and reading its result back.
    pub embedder: f64,
    /// Distances and score.
    pub score: f64,
    /// Map over the photo.
    pub map: f64,
    /// All steps together.
    pub total: f64,
}

/// Prediction of one photo.
#[derive(Debug, Serialize, Tsify)]
pub struct Inspection {
    /// Width of the upright photo, pixels.
    pub width: u32,
    /// Height of the upright photo, pixels.
    pub height: u32,
    /// Anomaly score, in multiples of the model's threshold.
    pub score: f32,
    /// Place that the score comes from, as a fraction of the photo's width.
    pub peak_x: f32,
    /// Place that the score comes from, as a fraction of the photo's height.
    pub peak_y: f32,
    /// Difference of the whole photo from the good photos.
    pub unlike: Unlikeness,
    /// Sentence on how a photo that is unlike the good photos differs from them, where brightness, colour, contrast or
    /// sharpness say it.
    pub beyond: Option<String>,
    /// Sentences on how the photo differs from those that the model was trained on.
    pub notes: Vec<String>,
    /// Anomaly map over the whole photo, row by row. NaN where the photo was not inspected.
    #[serde(with = "preserve")]
    #[tsify(type = "Float32Array")]
    pub map: Float32Array,
    /// Width of the map, values.
    pub map_width: usize,
    /// Height of the map, values.
    pub map_height: usize,
    /// Pixels that were inspected, RGBA row by row, at most 2,048 on the longer side. Alpha is 0 where transparent.
    #[serde(with = "preserve")]
    #[tsify(type = "Uint8ClampedArray<ArrayBuffer>")]
    pub preview: Uint8ClampedArray,
    /// Width of the preview, pixels.
    pub preview_width: u32,
    /// Height of the preview, pixels.
    pub preview_height: u32,
    /// Duration of each step.
    pub milliseconds: Milliseconds,
}

/// Decoded photo, to be shown.
#[derive(Debug, Serialize, Tsify)]
pub struct Preview {
    /// RGBA row by row, at most 2,048 on the longer side. Alpha is 0 where transparent.
    #[serde(with = "preserve")]
    #[tsify(type = "Uint8ClampedArray<ArrayBuffer>")]
    pub pixels: Uint8ClampedArray,
    /// Width of the preview, pixels.
    pub width: u32,
    /// Height of the preview, pixels.
    pub height: u32,
    /// Width of the upright photo, pixels.
    pub photo_width: u32,
    /// Height of the upright photo, pixels.
    pub photo_height: u32,
}
