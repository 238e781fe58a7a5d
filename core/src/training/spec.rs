//! Training settings: each with its field, its help text, its range and its name on a command line, written once.

use serde::{Deserialize, Serialize};

use super::knobs::{Knob, Limits, Scope, SpecError, Value};
use super::losses::Grouping;
use crate::defects::{DefectKind, Generator, Mix};
use crate::detectors::method::Method;
use crate::image::exposure::Exposure;
use crate::image::variation::Tolerance;
use crate::network::backbone::Backbone;
use crate::network::taps::Taps;
use crate::scoring::aggregation::Aggregation;

/// Expands to the second argument, or to the first if there is only one.
macro_rules! or {
    ($default:expr) => {
        $default
    };
    ($default:expr, $own:expr) => {
        $own
    };
}

/// Makes [`TrainSpec`] and [`KNOBS`] from one list. A setting has a field, a help text, and one or more knobs. A knob has a
/// scope, a name and a type, and optionally a help text, limits and a conversion to the field.
macro_rules! train_spec {
    ($($field:ident: $type:ty, $help:literal, {$(
        $scope:ident $knob:literal $value:ty $(, help $own:literal)? $(, limits $limits:expr)? $(, as $make:expr)?;
    )+})+) => {
        /// Settings of a training. Together with the photos, the extractor and the anomaly source they decide the model.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub struct TrainSpec {
            /// Preset that the settings started from
            pub preset: Preset,
            $(#[doc = $help] pub $field: $type,)+
        }

        /// Every setting but the preset, as a command line or a form shows it.
        pub const KNOBS: &[Knob] = &[$($(
            Knob {
                name: $knob,
                help: or!($help $(, $own)?),
                scope: Scope::$scope,
                limits: or!(Limits::None $(, $limits)?),
                choices: <$value as Value>::choices,
                set: |spec, text| {
                    let limits: Limits = or!(Limits::None $(, $limits)?);
                    let value = limits.check(<$value as Value>::parse(text)?)?;
                    spec.$field = or!(value $(, ($make)(value))?);
                    Ok(())
                },
            },
        )+)+];
    };
}

train_spec! {
    seed: u64, "Seed of all random choices. The same seed on the same device gives the same model", {
        Any "seed" u64;
    }
    method: Method, "Method of anomaly detection: the paper's, or a baseline", {
        Any "method" Method;
    }
    view: ViewChoice, "Windows that a photo is cut into", {
        Any "view" ViewChoice;
    }
    exposure: Exposure, "Brightness of the photos", {
        Any "exposure" Exposure;
    }
    tolerance: Tolerance, "Variations of light, JPEG quality, scale and blur that do not make a photo defective, as light=SHARE,jpeg=QUALITY,scale=SHARE,blur=PIXELS, or none", {
        Any "tolerance" Tolerance;
    }
    windows: u32, "Windows of each photo to train on, if it has more than one: those of an inspection, and random ones", {
        Any "windows" u32, limits Limits::AtLeast(2.0);
    }
    taps: Taps, "Feature maps that the method uses", {
        Rule "taps" Taps;
    }
    defects: Mix, "Synthetic defects for the contrastive training", {
        Training "generator" Generator, as Mix::Generator;
        Training "kinds" Vec<DefectKind>, help "Kinds of synthetic defect, separated by commas, instead of a generator",
            as Mix::Kinds;
    }
    defects_per_image: Option<u32>, "Synthetic defects of each window [default: 2 to 16, about 3,000 in total]", {
        Training "defects-per-image" u32, limits Limits::Between(1.0, 100.0), as Some;
    }
    length: Length, "Length of the training", {
        Training "steps" u32, help "Number of training steps [default: 15 times the root of the number of windows, and at least 60]", limits Limits::AtLeast(1.0), as Length::Steps;
        Training "epochs" u32, help "Number of epochs, instead of steps", limits Limits::AtLeast(1.0),
            as Length::Epochs;
    }
    batch_size: u32, "Pairs of images in a training step", {
        Training "batch-size" u32, limits Limits::Between(1.0, 256.0);
    }
    max_lr: f64, "Highest learning rate of the one-cycle schedule", {
        Training "max-lr" f64, limits Limits::Above(0.0);
    }
    grouping: Grouping, "Vectors whose cosine is compared between whole images", {
        Training "grouping" Grouping;
    }
    contrast_weight: f64, "Weight of the contrastive term", {
        Training "contrast-weight" f64, limits Limits::AtLeast(0.0);
    }
    decoder_weight: f64, "Weight of the decoder term", {
        Training "decoder-weight" f64, limits Limits::AtLeast(0.0);
    }
    decoder: DecoderTraining, "Training of the decoder's weights", {
        Training "decoder" DecoderTraining;
    }
    density_weight: f64, "Weight of the density's distances. The embedders together have weight 1. 0 for no density", {
        Training "density-weight" f64, limits Limits::AtLeast(0.0);
    }
    map: MapSource, "Distances that the anomaly map shows", {
        Training "map" MapSource;
    }
    batch_norm: BatchNormTraining, "Steps in which the embedder's BatchNorm uses the statistics of the batch", {
        Training "batch-norm" BatchNormTraining;
    }
    standardise: bool, "Standardise features before the embedder", {
        Training "standardise" bool;
    }
    members: u32, "Number of embedders. Each holds out different photos", {
        Any "members" u32, limits Limits::Between(1.0, 16.0);
    }
    clusters: u32, "Clusters in each bank. The paper has one", {
        Bank "clusters" u32, limits Limits::Between(1.0, 64.0);
    }
    centre: Centre, "Centre of a cluster in the bank", {
        Bank "centre" Centre;
    }
    coreset: f64, "Share of the good patches in PatchCore's memory bank", {
        Coreset "coreset" f64, limits Limits::Between(0.001, 1.0);
    }
    aggregation: Aggregation, "Aggregation of the distances at the positions to a score", {
        Rule "aggregation" Aggregation;
    }
    normal_range: bool, "Divide distances by the normal range at their position", {
        Rule "normal-range" bool;
    }
    smoothing_sigma: f32, "Standard deviation of the Gaussian that smooths distances, as a share of the window's side. 0 for no smoothing", {
        Rule "smoothing-sigma" f32, limits Limits::Between(0.0, 0.5);
    }
    val_split_ratio: f64, "Share of the good photos that each embedder holds out, for validation and normal ranges", {
        Any "val-split-ratio" f64, limits Limits::Inside(0.0, 1.0);
    }
    false_positive_rate: f32, "Share of good photos that may be labelled as defective. It sets the threshold", {
        Any "false-positive-rate" f32, limits Limits::Inside(0.0, 1.0);
    }
}

choices! {
    /// Preset of the settings: the paper, its released code and our own measurements differ.
    #[derive(Default)]
    #[serde(rename_all = "kebab-case")]
    #[strum(serialize_all = "kebab-case")]
    pub enum Preset {
        /// The settings with the best results on difficult surfaces
        #[default]
        Default,
        /// The default with fewer synthetic defects, for little time: the web page's
        Quick,
        /// The settings of the paper
        Paper,
        /// The settings of the authors' released code
        Released,
    }
}

choices! {
    /// Windows that a photo is cut into, or the choice of them by the photos' shape.
    #[derive(Default)]
    #[serde(rename_all = "kebab-case")]
    #[strum(serialize_all = "kebab-case")]
    pub enum ViewChoice {
        /// Tiles for long photos, and else resize
        #[default]
        Auto,
        /// The whole photo, resized to one size with the proportions of most photos
        Fit,
        /// The whole photo, resized to a square
        Resize,
        /// The centre, so that the borders are not inspected: the paper's
        Crop,
        /// Overlapping windows at the photo's own scale
        Tiles,
    }
}

choices! {
    /// Training of the decoder's weights.
    #[derive(Default)]
    #[serde(rename_all = "kebab-case")]
    #[strum(serialize_all = "kebab-case")]
    pub enum DecoderTraining {
        /// No decoder term
        None,
        /// Not at all, they stay random: the paper's
        #[default]
        Frozen,
        /// Before the embedder, and then frozen
        Before,
        /// Together with the embedder
        Trained,
    }
}

choices! {
    /// Distances that the anomaly map shows.
    #[derive(Default)]
    #[serde(rename_all = "lowercase")]
    #[strum(serialize_all = "lowercase")]
    pub enum MapSource {
        /// Distances of the embedders: the paper's
        Embedders,
        /// Distances of a Gaussian over `stage5`
        #[default]
        Density,
    }
}

choices! {
    /// Steps in which the embedder's BatchNorm uses the statistics of the batch.
    #[derive(Default)]
    #[serde(rename_all = "kebab-case")]
    #[strum(serialize_all = "kebab-case")]
    pub enum BatchNormTraining {
        /// In every step
        #[default]
        Always,
        /// Until the end of the first epoch, as in the authors' released code
        FirstEpoch,
    }
}

choices! {
    /// Centre of a cluster in the bank.
    #[derive(Default)]
    #[serde(rename_all = "kebab-case")]
    #[strum(serialize_all = "kebab-case")]
    pub enum Centre {
        /// The mean of its embeddings: the paper's
        #[default]
        Mean,
        /// The embedding nearest to the mean, as in the authors' released code
        Nearest,
    }
}

/// Length of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Length {
    /// Number of steps that grows with the root of the number of images.
    Auto,
    /// Number of steps.
    Steps(u32),
    /// Number of times that each image is drawn.
    Epochs(u32),
}

/// Steps of [`Length::Auto`], times the root of the number of images, and the fewest of them. With few images a longer
/// training learns them by heart: the AUROC on real defects falls below that of a plain statistic.
const STEPS_A_ROOT: f64 = 15.0;
const FEWEST_STEPS: f64 = 60.0;

impl TrainSpec {
    /// Number of steps for `images` images to train on, and number of steps in an epoch.
    pub fn steps(&self, images: usize) -> (usize, usize) {
        let epoch = images.div_ceil(self.batch_size as usize).max(1);
        match self.length {
            Length::Auto => ((STEPS_A_ROOT * (images as f64).sqrt()).round().max(FEWEST_STEPS) as usize, epoch),
            Length::Steps(steps) => (steps as usize, epoch),
            Length::Epochs(epochs) => (epochs as usize * epoch, epoch),
        }
    }

    /// Checks that the method works with an extractor.
    ///
    /// # Errors
    /// One of them is for an EfficientNet, and the other for a ResNet.
    pub fn check(&self, extractor: Backbone) -> Result<(), SpecError> {
        match self.method.works_with(extractor) {
            true => Ok(()),
            false => Err(SpecError::Extractor(self.method, extractor)),
        }
    }

    /// Settings that the trained members depend on, with the others at fixed values. Two specs with the same result
    /// share their members.
    pub fn learning(&self) -> Self {
        Self {
            density_weight: 0.0,
            map: MapSource::Embedders,
            clusters: 1,
            centre: Centre::Mean,
            coreset: 1.0,
            aggregation: Aggregation::Mean,
            normal_range: true,
            smoothing_sigma: 0.0,
            false_positive_rate: 0.5,
            ..self.clone()
        }
    }
}
