//! The command line of `train`.

use std::path::PathBuf;

use cse::defects::{DefectKind, Generator};
use cse::efficientnet::Architecture;
use cse::photo::Levels;
use cse::taps::Taps;

use super::presets;
use super::settings::{
    BatchNormChoice, CentreChoice, Clusters, Contrast, DecoderChoice, Length, Preset, Settings, learns,
};
use crate::choices::{AggregationChoice, GroupingChoice, MethodChoice, TapsChoice, ViewChoice};
use crate::defects::Mix;
use crate::devices::DeviceChoice;
use crate::look::{MaskArgs, UnreadableArgs};

/// Settings of `train`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folder of photos, or CSV file, as for `data`: train/good (MVTec AD's layout), or good. Several make a model each
    #[arg(long, value_name = "DIR", required = true, num_args = 1..)]
    pub data: Vec<PathBuf>,
    /// Model file to write; with several folders of photos, the folder to write NAME.safetensors to
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Extractor file; without it, the shipped one
    #[arg(long, value_name = "FILE")]
    pub extractor: Option<PathBuf>,
    /// Folder of texture images for textural defects, searched with its subfolders; without it, generated ones
    #[arg(long, value_name = "DIR")]
    pub textures: Option<PathBuf>,
    /// Name of the texture; without it, the folder's
    #[arg(long)]
    pub name: Option<String>,
    /// Seed of everything random: the same seed on the same device gives the same model
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Where the paper, its released code and our own measurements differ; what follows changes single settings of it
    #[arg(long, value_enum, default_value = "default")]
    pub preset: Preset,
    /// How normality is modelled: the paper's method, or a plain statistic to compare it with
    #[arg(long, value_enum)]
    pub method: Option<MethodChoice>,
    /// How a photo is looked at
    #[arg(long, value_enum, default_value = "auto")]
    pub view: ViewChoice,
    /// Stored values that become black and white, BLACK:WHITE, for photos with more than 8 bits a channel; without it, found
    /// over the training photos
    #[arg(long, value_name = "LEVELS")]
    pub levels: Option<Levels>,
    /// Mask of a region of every photo that is neither learned from nor inspected, as an image that is above 0 there
    #[arg(long, value_name = "FILE")]
    pub ignore_mask: Option<PathBuf>,
    /// Windows to train on, where a photo has more than one: those that an inspection looks at, and random ones
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(2..))]
    pub windows: u32,
    /// Feature maps that are looked at
    #[arg(long, value_enum)]
    pub taps: Option<TapsChoice>,
    /// Synthetic defects to contrast with
    #[arg(long, value_parser = crate::defects::generator_parser())]
    pub generator: Option<Generator>,
    /// Kinds of synthetic defect to contrast with instead of a generator's, separated by commas
    #[arg(long, value_delimiter = ',', conflicts_with = "generator", value_parser = crate::defects::kind_parser())]
    pub kinds: Vec<DefectKind>,
    /// Synthetic defects made of each image; by default 2 to 8, about 6,400 altogether
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub defects_per_image: Option<u32>,
    /// Training steps
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: Option<u32>,
    /// Length in epochs instead of steps
    #[arg(long, conflicts_with = "steps", value_parser = clap::value_parser!(u32).range(1..))]
    pub epochs: Option<u32>,
    /// Pairs of images in a step
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub batch: Option<u32>,
    /// Highest learning rate of the one-cycle schedule
    #[arg(long)]
    pub max_rate: Option<f64>,
    /// Over what the contrastive term is taken
    #[arg(long, value_enum)]
    pub contrast: Option<Contrast>,
    /// Vectors whose cosine is contrasted, for whole images
    #[arg(long, value_enum)]
    pub grouping: Option<GroupingChoice>,
    /// Weight of the contrastive term
    #[arg(long)]
    pub contrast_weight: Option<f64>,
    /// Weight of the decoder term
    #[arg(long)]
    pub decoder_weight: Option<f64>,
    /// Weight of a density of F2 that is added to the embedders, whose own is 1. Without it 2, and with EfficientNet-B3 0
    #[arg(long, value_name = "WEIGHT")]
    pub density_weight: Option<f64>,
    /// What that density counts, and counts again, where it is beyond what is normal; with both at 0 there is none
    #[arg(long, value_name = "WEIGHT")]
    pub density_excess: Option<f32>,
    /// What becomes of the decoder's weights
    #[arg(long, value_enum)]
    pub decoder: Option<DecoderChoice>,
    /// When the embedder's BatchNorm measures
    #[arg(long, value_enum)]
    pub batch_norm: Option<BatchNormChoice>,
    /// Whether features are standardised a channel before the embedder
    #[arg(long)]
    pub standardise: Option<bool>,
    /// How the distances at the positions become a score
    #[arg(long, value_enum)]
    pub aggregation: Option<AggregationChoice>,
    /// Whether distances are counted in what is normal at their position
    #[arg(long)]
    pub normal_range: Option<bool>,
    /// How far distances are smoothed before they become score and map: standard deviation of a Gaussian, as a share of
    /// the window's side; 0 for none
    #[arg(long, value_name = "SHARE", value_parser = smoothing)]
    pub smoothing: Option<f32>,
    /// Embedders whose distances are averaged: each holds out other photos
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub members: Option<u32>,
    /// Clusters of good samples in the bank, 1 to 64; auto takes what tells held-out photos from synthetic defects best.
    /// Without it 1, and with EfficientNet-B3 4
    #[arg(long, value_name = "N|auto")]
    pub clusters: Option<Clusters>,
    /// What stands for a cluster in the bank
    #[arg(long, value_enum)]
    pub centre: Option<CentreChoice>,
    /// Share of the good photos that an embedder never sees: they choose its weights and say what is normal
    #[arg(long)]
    pub validation_share: Option<f64>,
    /// Share of good samples that may be called defective: sets the threshold
    #[arg(long, default_value_t = 0.02)]
    pub false_alarm_rate: f32,
    /// Go on from where a run with the same settings was stopped
    #[arg(long)]
    pub resume: bool,
    /// File to write the losses to, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Where to compute
    #[arg(long, value_enum, default_value = "auto")]
    pub device: DeviceChoice,
    /// How masks are read, where they tell which photos are good.
    #[command(flatten)]
    pub masks: MaskArgs,
    /// Whether unreadable files are an error.
    #[command(flatten)]
    pub unreadable: UnreadableArgs,
}

fn smoothing(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(share) if (0.0..=0.5).contains(&share) => Ok(share),
        _ => Err("give a share from 0 to 0.5".into()),
    }
}

impl Args {
    /// The preset with its changes, for an extractor of `architecture`.
    pub fn settings(&self, architecture: Architecture) -> Settings {
        let preset = presets::settings(self.preset, architecture);
        let length = match (self.steps, self.epochs) {
            (Some(steps), _) => Length::Steps(steps),
            (None, Some(epochs)) => Length::Epochs(epochs),
            (None, None) => preset.length,
        };
        let method = self.method.map_or(preset.method, Into::into);
        // The plain statistics are taken on F1 unless asked otherwise: on both taps F2's many channels would drown it.
        let taps = if learns(method) { preset.taps } else { Taps::F1 };
        Settings {
            method,
            taps: self.taps.map_or(taps, Into::into),
            standardise: self.standardise.unwrap_or(preset.standardise),
            contrast: self.contrast.unwrap_or(preset.contrast),
            grouping: self.grouping.map_or(preset.grouping, Into::into),
            contrast_weight: self.contrast_weight.unwrap_or(preset.contrast_weight),
            decoder_weight: self.decoder_weight.unwrap_or(preset.decoder_weight),
            density_weight: self.density_weight.unwrap_or(preset.density_weight),
            density_excess: self.density_excess.unwrap_or(preset.density_excess),
            decoder: self.decoder.unwrap_or(preset.decoder),
            batch_norm: self.batch_norm.unwrap_or(preset.batch_norm),
            length,
            batch: self.batch.unwrap_or(preset.batch),
            max_rate: self.max_rate.unwrap_or(preset.max_rate),
            clusters: self.clusters.unwrap_or(preset.clusters),
            centre: self.centre.unwrap_or(preset.centre),
            aggregation: self.aggregation.map_or(preset.aggregation, Into::into),
            normal_range: self.normal_range.unwrap_or(preset.normal_range),
            smoothing: self.smoothing.unwrap_or(preset.smoothing),
            members: self.members.unwrap_or(preset.members),
            validation_share: self.validation_share.unwrap_or(preset.validation_share),
            defects_per_image: self.defects_per_image.or(preset.defects_per_image),
            seed: self.seed,
            preset: self.preset,
        }
    }

    /// The synthetic defects asked for, or the preset's.
    pub fn defects(&self) -> Mix {
        let of_preset = match self.preset {
            Preset::Default => Generator::Default,
            Preset::Paper | Preset::Released => Generator::Paper,
        };
        Mix::of(self.generator.unwrap_or(of_preset), &self.kinds)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn what_is_asked_for_comes_before_the_preset_and_what_suits_the_extractor() {
        let settings = |words: &str, architecture| {
            let fixed = ["train", "--data", ".", "--out", "."];
            Line::try_parse_from(fixed.into_iter().chain(words.split_whitespace())).unwrap().args.settings(architecture)
        };
        let of = |settings: Settings| (settings.contrast, settings.density_weight, settings.clusters);
        let shipped = (Contrast::Turns, 2.0, Clusters::Count(1));
        assert_eq!(of(settings("", Architecture::TfB0)), shipped);
        assert_eq!(of(settings("", Architecture::B3)), (Contrast::Turns, 0.0, Clusters::Count(4)));
        let asked = "--contrast image --density-weight 0.5 --clusters auto";
        for architecture in [Architecture::TfB0, Architecture::B3] {
            assert_eq!(of(settings(asked, architecture)), (Contrast::Image, 0.5, Clusters::Auto));
            assert_eq!(of(settings("--preset paper", architecture)), (Contrast::Image, 0.0, Clusters::Count(1)));
        }
    }
}
