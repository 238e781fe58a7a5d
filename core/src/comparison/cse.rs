//! CSE with random weights: the program's own extractor, detector and score.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::detectors::bank::Bank;
use crate::detectors::density::DensityShape;
use crate::detectors::detector::{Detector, Shape};
use crate::detectors::ensemble::{self, Head, TrainedMember};
use crate::detectors::method::Method;
use crate::embedding::embedder::{self, EMBEDDING_CHANNELS};
use crate::files::model_file::ModelFileError;
use crate::files::state_dict::StateDict;
use crate::image::preprocess::INPUT_SIDE;
use crate::image::view::View;
use crate::network::efficientnet::{Architecture, EfficientNet, EfficientNetConfig, Normalisation};
use crate::network::features::Features;
use crate::network::grid::Grid;
use crate::network::tally::Tally;
use crate::network::taps::Taps;
use crate::scoring::aggregation::Aggregation;
use crate::scoring::prediction::{PredictError, Prediction};
use crate::scoring::score_rule::ScoreRule;

const GRID: Grid = Grid::of_input(INPUT_SIDE, INPUT_SIDE);

/// Extractor and detector.
#[derive(Debug)]
pub(super) struct Cse {
    architecture: Architecture,
    network: EfficientNet,
    detector: Detector,
    members: usize,
    density: DensityShape,
    rule: ScoreRule,
}

impl Cse {
    /// The paper's: one embedder.
    pub(super) fn of_paper(device: &Device) -> Result<Self, ModelFileError> {
        Self::new(Architecture::B3, 1, DensityShape::default(), ScoreRule::default(), device)
    }

    /// As the page's own models are.
    pub(super) fn shipped(device: &Device) -> Result<Self, ModelFileError> {
        let rule = ScoreRule {
            aggregation: Aggregation::Max,
            smoothing_sigma: 0.13,
            density_weight: Some(0.01),
            ..ScoreRule::default()
        };
        Self::new(Architecture::TfB0, 3, DensityShape { score: true, map: true }, rule, device)
    }

    fn new(
        architecture: Architecture,
        members: usize,
        density: DensityShape,
        rule: ScoreRule,
        device: &Device,
    ) -> Result<Self, ModelFileError> {
        let extractor = architecture.channels();
        let channels = Taps::Both.channels(extractor);
        let mut random = Random(ChaCha8Rng::seed_from_u64(0));
        let each = (0..members).map(|_| {
            let centre = random.numbers(EMBEDDING_CHANNELS * GRID.positions(), 1.0);
            let head = Head::Bank(Bank::from_e14(vec![centre], GRID));
            TrainedMember { embedder: random.embedder(channels), head, weight: 1.0 / members as f32 }
        });
        let each: Vec<TrainedMember> = each.collect();
        let mut tensors = StateDict::new();
        ensemble::put(each, &mut tensors);
        for (wanted, tap, channels) in
            [(density.score, "stage7", extractor.stage7), (density.map, "stage5", extractor.stage5)]
        {
            if wanted {
                let prefix = format!("density.{tap}.gaussian");
                random.put(&mut tensors, format!("{prefix}.weight"), &[channels, channels, 1, 1]);
                random.put(&mut tensors, format!("{prefix}.bias"), &[channels]);
            }
        }
        let shape = Shape { method: Method::Cse, taps: Taps::Both, members, clusters: 1, density, grid: GRID };
        let config = EfficientNetConfig { architecture, normalisation: Normalisation::Folded };
        Ok(Self {
            architecture,
            network: config.init(device),
            detector: Detector::take(shape, architecture.into(), &mut tensors, device)?,
            members,
            density,
            rule,
        })
    }

    pub(super) fn network(&self) -> &EfficientNet {
        &self.network
    }

    /// Weights of the networks, and numbers in bank and densities.
    pub(super) fn sizes(&self) -> (usize, usize) {
        let channels = self.architecture.channels();
        let widths = embedder::widths(Taps::Both.channels(channels));
        let layers = widths.windows(2).map(|pair| (pair[0] + 1) * pair[1]);
        let embedder = layers.sum::<usize>() + 2 * EMBEDDING_CHANNELS;
        let densities = [(self.density.score, channels.stage7), (self.density.map, channels.stage5)];
        let of_densities = densities.map(|(wanted, channels)| if wanted { (channels + 1) * channels } else { 0 });
        let bank = self.members * EMBEDDING_CHANNELS * GRID.positions();
        (self.network.num_params() + self.members * embedder, bank + of_densities.iter().sum::<usize>())
    }

    pub(super) fn features(&self, window: Tensor<4>, tally: &Tally) -> Features {
        tally.add(&[self.architecture.multiply_adds(GRID) as usize]);
        self.network.forward(window)
    }

    /// Anomaly map of `side` x `side` values.
    pub(super) async fn anomaly_map(
        &self,
        features: Features,
        side: usize,
        tally: &Tally,
    ) -> Result<Vec<f32>, PredictError> {
        let channels = self.architecture.channels();
        let widths = embedder::widths(Taps::Both.channels(channels));
        let embedder: usize = widths.windows(2).map(|pair| pair[0] * pair[1]).sum();
        tally.add(&[self.members, embedder, GRID.positions()]);
        if self.density.score {
            tally.add(&[channels.stage7, channels.stage7, GRID.halved().positions()]);
        }
        if self.density.map {
            tally.add(&[channels.stage5, channels.stage5, GRID.positions()]);
        }
        let outputs = self.detector.forward(features.into(), Taps::Both)?.read().await?;
        let distances: Vec<_> =
            outputs.iter().map(|output| self.detector.distances(output, self.rule.aggregation, None)).collect();
        let regions = View::Resize.regions(INPUT_SIDE, INPUT_SIDE);
        Ok(Prediction::join(&self.rule, &regions, &distances)?.map(side, side))
    }
}

/// Random weights.
struct Random(ChaCha8Rng);

impl Random {
    fn numbers(&mut self, count: usize, size: f32) -> Vec<f32> {
        (0..count).map(|_| self.0.random_range(-size..size)).collect()
    }

    fn put(&mut self, tensors: &mut StateDict, name: String, shape: &[usize]) {
        let inputs: usize = shape.iter().skip(1).product();
        let values = self.numbers(shape.iter().product(), (3.0 / inputs.max(1) as f32).sqrt());
        tensors.insert(name, (shape.to_vec(), values));
    }

    fn embedder(&mut self, channels: usize) -> StateDict {
        let mut tensors = StateDict::new();
        for (index, pair) in embedder::widths(channels).windows(2).enumerate() {
            self.put(&mut tensors, format!("embedder.{index}.weight"), &[pair[1], pair[0], 1, 1]);
            self.put(&mut tensors, format!("embedder.{index}.bias"), &[pair[1]]);
        }
        for part in ["scale", "shift"] {
            self.put(&mut tensors, format!("embedder.{part}"), &[EMBEDDING_CHANNELS]);
        }
        tensors
    }
}
