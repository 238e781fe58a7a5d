//! Settings of a training.

use cse::detector::Method;
use cse::losses::Grouping;
use cse::score::Aggregation;
use cse::taps::Taps;
use serde::Serialize;

/// `--preset`: where the paper, its released code and our own measurements differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// What was found to work best on hard textures
    #[default]
    Default,
    /// As the paper describes it
    Paper,
    /// As the authors' released code does it
    Released,
}

/// `--contrast`: over what the contrastive term is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Contrast {
    /// Whole images, normal or defective: the paper's
    Image,
    /// Positions, covered by the defect or not
    Position,
    /// The embedders take turns: positions, positions, whole images, ..
    Turns,
}

impl Contrast {
    /// What the embedder of this number, from 0, contrasts.
    pub fn of(self, member: u32) -> Contrasted {
        match self {
            Self::Image => Contrasted::Image,
            Self::Turns if member % 3 == 2 => Contrasted::Image,
            Self::Position | Self::Turns => Contrasted::Position,
        }
    }

    /// Whether the map is of this embedder too: of those that contrast whole images only where all do. With the shipped
    /// extractor's two of six, magnetic tile has an AUPRO of 0.633 by a map of all and of 0.695 by one of positions (seed 0).
    pub fn maps(self, member: u32) -> bool {
        self == Self::Image || self.of(member) == Contrasted::Position
    }

    /// What the embedder of this number counts, of 1, in the score of `members`. Those that contrast positions and those
    /// that contrast whole images have equal say, however many they are: so they have where a photo is judged by one of
    /// each that has not seen it, and the threshold rests on such photos.
    pub fn share_of_score(self, member: u32, members: u32) -> f64 {
        let alike = (0..members).filter(|other| self.of(*other) == self.of(member)).count();
        let kinds = if alike == members as usize { 1 } else { 2 };
        1.0 / (kinds * alike.max(1)) as f64
    }

    /// The same in the map.
    pub fn share_of_map(self, member: u32, members: u32) -> f64 {
        let mapping = (0..members).filter(|other| self.maps(*other)).count();
        if self.maps(member) { 1.0 / mapping.max(1) as f64 } else { 0.0 }
    }
}

/// What one embedder contrasts: see [`Contrast`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contrasted {
    /// Whole images.
    Image,
    /// Positions.
    Position,
}

/// `--decoder`: what becomes of the decoder's weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum DecoderChoice {
    /// No decoder term
    None,
    /// Random weights that stay: the paper's
    Frozen,
    /// Trained with an embedder that is not kept, then frozen
    Before,
    /// Trained with the embedder
    Trained,
}

/// `--batch-norm`: when the embedder's BatchNorm measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum BatchNormChoice {
    /// In every step
    Always,
    /// Until the end of the first epoch, as the authors' released code
    FirstEpoch,
}

/// `--clusters`: how many clusters the bank has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Clusters {
    /// As many as tell held-out good photos from their synthetic defects best.
    Auto,
    /// So many; the paper has one.
    Count(usize),
}

impl std::str::FromStr for Clusters {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("auto", _) => Ok(Self::Auto),
            (_, Ok(count @ 1..=64)) => Ok(Self::Count(count)),
            _ => Err("give auto, or a number from 1 to 64".into()),
        }
    }
}

/// Whether `method` has an embedder that is trained, rather than a statistic that is taken.
pub fn learns(method: Method) -> bool {
    matches!(method, Method::Cse | Method::Classifier)
}

/// `--centre`: what stands for a cluster in the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum CentreChoice {
    /// The mean of its members: the paper's
    Mean,
    /// The member nearest to the mean: the authors' released code
    Nearest,
}

/// How long to train.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Length {
    /// Steps.
    Steps(u32),
    /// Times that each image is seen.
    Epochs(u32),
}

/// Everything that decides the result, beside the photos and the extractor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Where it started.
    pub preset: Preset,
    /// How normality is modelled.
    pub method: Method,
    /// Feature maps that are looked at.
    pub taps: Taps,
    /// Whether features are standardised a channel before the embedder.
    pub standardise: bool,
    /// Over what the contrastive term is taken.
    pub contrast: Contrast,
    /// Vectors whose cosine is contrasted, for whole images.
    pub grouping: Grouping,
    /// Weight of the contrastive term.
    pub contrast_weight: f64,
    /// Weight of the decoder term.
    pub decoder_weight: f64,
    /// Weight of the density that is added to the embedders, whose own is 1.
    pub density_weight: f64,
    /// As [`DensityWeights::excess`](cse::comparison::DensityWeights) has it. With neither there is no density.
    pub density_excess: f32,
    /// What becomes of the decoder.
    pub decoder: DecoderChoice,
    /// When BatchNorm measures.
    pub batch_norm: BatchNormChoice,
    /// How long to train.
    pub length: Length,
    /// Pairs in a step.
    pub batch: u32,
    /// Highest rate of the one-cycle schedule.
    pub max_rate: f64,
    /// Clusters in the bank.
    pub clusters: Clusters,
    /// What stands for a cluster.
    pub centre: CentreChoice,
    /// How distances become a score.
    pub aggregation: Aggregation,
    /// Whether distances are counted in what is normal at their position.
    pub normal_range: bool,
    /// How far distances are smoothed, as a share of the window's side.
    pub smoothing: f32,
    /// Embedders whose distances are averaged.
    pub members: u32,
    /// Share of the good photos that an embedder never sees.
    pub validation_share: f64,
    /// Synthetic defects of each image; none stands for as many as are enough.
    pub defects_per_image: Option<u32>,
    /// Seed of everything random.
    pub seed: u64,
}

impl Settings {
    /// Steps for `images` images to train on, and how many of them make an epoch.
    pub fn steps(&self, images: usize) -> (usize, usize) {
        let epoch = images.div_ceil(self.batch as usize).max(1);
        match self.length {
            Length::Steps(steps) => (steps as usize, epoch),
            Length::Epochs(epochs) => (epochs as usize * epoch, epoch),
        }
    }

    /// What the embedders and the division of the photos depend on: settings that have it in common share them.
    pub fn learning(&self) -> Self {
        Self {
            density_weight: 0.0,
            density_excess: 0.0,
            clusters: Clusters::Auto,
            centre: CentreChoice::Mean,
            aggregation: Aggregation::Mean,
            normal_range: true,
            smoothing: 0.0,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_embedders_have_equal_say_in_the_score_and_one_has_the_map() {
        let shares = |contrast: Contrast, members: u32| -> (Vec<f64>, Vec<f64>) {
            let both = |member| (contrast.share_of_score(member, members), contrast.share_of_map(member, members));
            (0..members).map(both).unzip()
        };
        let third = 1.0 / 3.0;
        assert_eq!(shares(Contrast::Turns, 6).0, [0.125, 0.125, 0.25, 0.125, 0.125, 0.25]);
        assert_eq!(shares(Contrast::Turns, 6).1, [0.25, 0.25, 0.0, 0.25, 0.25, 0.0]);
        assert_eq!(shares(Contrast::Turns, 2).0, [0.5, 0.5]);
        assert_eq!(shares(Contrast::Turns, 1), (vec![1.0], vec![1.0]));
        for contrast in [Contrast::Position, Contrast::Image] {
            assert_eq!(shares(contrast, 3), (vec![third; 3], vec![third; 3]));
        }
    }
}
