//! Contrastive pretraining: trains an extractor on generated surfaces alone, with losses like those of the method.
//!
//! A batch has two photos of different places of each surface. At both taps a projection, which is not kept, embeds each
//! position. One loss pulls positions of the same surface together and pushes those under a synthetic defect away, as in
//! the training on a category. The other loss separates the two photos from those of the other surfaces of the batch
//! (InfoNCE; van den Oord et al. 2018).

use std::path::PathBuf;

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::{Device, Tensor, activation};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use cse::embedding::embedder::EMBEDDING_CHANNELS;
use cse::files::state_dict::Precision;
use cse::image::preprocess;
use cse::network::efficientnet::{Architecture, EfficientNet, EfficientNetConfig, Normalisation};
use cse::network::features::Channels;
use cse::training::initial_weights::initial;
use cse::training::losses;
use cse::training::spec::ViewChoice;
use cse::training::suitable_view::suitable_view;

use super::batches::{Batch, Order, Pairs, Purpose};
use super::export::exported;
use super::training::{Log, Plan, Training};
use super::{Common, PretrainError};
use crate::{dataset, files};

/// Arguments of `pretrain contrast`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Network to train
    #[arg(long, default_value = "efficientnet_b0", value_parser = architectures())]
    pub architecture: Architecture,
    /// Steps to train. With 0 the weights stay random
    #[arg(long, default_value_t = 3000)]
    pub steps: u64,
    /// Surfaces in a step, each as two photos
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(2..=512))]
    pub batch: u16,
    /// Side of the photos, pixels, a multiple of 32
    #[arg(long, default_value_t = 128, value_parser = super::side)]
    pub side: u32,
    /// Highest learning rate
    #[arg(long, default_value_t = 2e-3)]
    pub rate: f64,
    /// Folder of photos for the statistics of BatchNorm at the end [default: generated surfaces]
    #[arg(long, value_name = "DIR")]
    pub statistics: Option<PathBuf>,
    /// Options of both recipes
    #[command(flatten)]
    pub common: Common,
}

/// Temperature of the softmax over surfaces.
const TEMPERATURE: f64 = 0.2;
/// Number of batches for the statistics of BatchNorm: enough to forget the earlier running mean.
const STATISTICS_BATCHES: usize = 60;
/// Number of photos in a batch for the statistics of BatchNorm.
const STATISTICS_BATCH: usize = 8;

/// Parser of the extractors' names, which are timm's.
fn architectures() -> impl TypedValueParser<Value = Architecture> {
    PossibleValuesParser::new(Architecture::EXTRACTORS.map(<&str>::from)).try_map(|name| name.parse::<Architecture>())
}

/// Network with a projection for each tap.
#[derive(Module, Debug)]
struct Learner {
    network: EfficientNet,
    projections: [Conv2d; 2],
}

impl Learner {
    fn init(architecture: Architecture, device: &Device) -> Self {
        let config = EfficientNetConfig { architecture, normalisation: Normalisation::BatchNorm };
        let Channels { stage5, stage7 } = architecture.channels();
        let projection = |channels| Conv2dConfig::new([channels, EMBEDDING_CHANNELS], [1, 1]).init(device);
        Self { network: config.init(device), projections: [stage5, stage7].map(projection) }
    }

    /// Loss of a batch, and the part of each tap in it.
    fn loss(&self, pairs: &Pairs, device: &Device) -> (Tensor<1>, [Tensor<1>; 2]) {
        let features = self.network.forward(pairs.to(device));
        let [projection1, projection2] = &self.projections;
        let of_tap = |projection: &Conv2d, map: Tensor<4>| {
            let [_, _, side, _] = map.dims();
            tap_loss(projection.forward(map), pairs.covers(side as u32, device))
        };
        let taps = [of_tap(projection1, features.stage5), of_tap(projection2, features.stage7)];
        let [stage5, stage7] = taps.clone();
        (stage5 + stage7, taps)
    }
}

/// Contrastive loss of positions and of surfaces. The embedding `[2n, c, side, side]` has the first photos and then the
/// second ones. `covers`, `[n, 1, side, side]`, is the share of each position that a defect covers in the second photos.
fn tap_loss(embedding: Tensor<4>, covers: Tensor<4>) -> Tensor<1> {
    let surfaces = embedding.dims()[0] / 2;
    let (a, b) = (embedding.clone().narrow(0, 0, surfaces), embedding.narrow(0, surfaces, surfaces));
    let by_position = losses::contrastive_by_position(a.clone(), b.clone(), covers.clone()) / surfaces as f32;
    // Positions under a defect do not show the surface.
    let of_second = mean(b * covers.neg().add_scalar(1.0));
    let similarity = mean(a).matmul(of_second.transpose()) / TEMPERATURE;
    let own = Tensor::eye(surfaces, &similarity.device());
    let surprise =
        |similarity: Tensor<2>| (activation::log_softmax(similarity, 1) * own.clone()).sum().neg() / surfaces as f32;
    by_position + (surprise(similarity.clone()) + surprise(similarity.transpose())) * 0.5
}

/// Mean over all positions of each map, scaled to length 1: `[n, c, h, w]` to `[n, c]`.
fn mean(maps: Tensor<4>) -> Tensor<2> {
    let mean: Tensor<2> = maps.flatten::<3>(2, 3).mean_dim(2).squeeze_dim(2);
    // Where a defect covers a whole photo the mean is 0, and the slope of a root at 0 is infinite.
    let norm = mean.clone().square().sum_dim(1).clamp_min(1e-16).sqrt();
    mean / norm
}

/// Trains and writes the extractor.
pub fn run(args: &Args) -> Result<(), PretrainError> {
    args.common.set_threads()?;
    let device = args.common.training_device()?;
    let (common, seed) = (&args.common, args.common.seed);
    let plan = Plan { steps: args.steps, batch: args.batch, side: args.side, rate: args.rate, seed };
    let architecture = args.architecture;
    let origin = format!("{architecture} from random weights");
    let training = Training { name: "contrast", plan, origin, purpose: Purpose::Contrast, common };
    let log = &mut Log::open(common)?;
    let learner = initial(seed, &device, |cpu| Learner::init(architecture, cpu));
    let loss = |learner: &Learner, pairs: &Pairs| learner.loss(pairs, &device);
    // Each surface is separated from all others, so the batch cannot be split into shares.
    let whole = |order: &Order| Ok(vec![Pairs::render(order)?]);
    let Learner { network, .. } = training.run(learner, log, whole, loss)?;
    let network = measure(args, network, &device)?;
    let provenance = format!(
        "{architecture} from random weights, trained on generated surfaces, without any photo, to separate them and their \
         synthetic defects, {}",
        plan.json()
    );
    let tensors = exported(&network)?;
    let file = cse::files::extractor_file::from_state_dict(tensors, architecture, provenance, Precision::F16)?;
    files::write_whole(&common.out, &file)?;
    println!("written     {}", common.out.display());
    Ok(())
}

/// Measures the statistics of BatchNorm at the photo size that the network will get.
fn measure(args: &Args, network: EfficientNet, device: &Device) -> Result<EfficientNet, PretrainError> {
    // Without gradients a pass keeps nothing. With gradients it would keep everything, as no backward pass follows.
    let network = network.no_grad();
    let photos = match args.statistics.as_deref() {
        Some(folder) => {
            let paths = dataset::images_below(folder)?;
            let sizes = paths.iter().map(|path| files::photo_size(path)).collect::<Result<Vec<_>, _>>()?;
            files::windows(&paths, suitable_view(ViewChoice::Auto, &sizes).0)?
        }
        None => Vec::new(),
    };
    let batches = photos.chunks(STATISTICS_BATCH);
    for number in 0..STATISTICS_BATCHES {
        let images = match batches.clone().cycle().nth(number) {
            Some(photos) => preprocess::to_tensor(photos, device),
            None => {
                let (seed, purpose) = (args.common.seed, Purpose::Statistics);
                let side = preprocess::INPUT_SIDE;
                let order = Order { seed, purpose, number: number as u64, photos: STATISTICS_BATCH, side };
                Batch::render(&order)?.to(device)
            }
        };
        // A forward pass of a network in training mode updates the statistics of BatchNorm.
        network.forward(images);
    }
    Ok(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loss of two surfaces, each as two photos of 2 x 2 positions. The first position of the last photo is defective.
    fn loss(surfaces: [[f32; 2]; 2], defect: [f32; 2]) -> f32 {
        let device = Device::flex();
        let photo = |surface: [f32; 2], first: [f32; 2]| {
            let channel = |c: usize| [first[c], surface[c], surface[c], surface[c]];
            [channel(0), channel(1)].concat()
        };
        let [one, other] = surfaces;
        let photos = [photo(one, one), photo(other, other), photo(one, one), photo(other, defect)].concat();
        let embedding = Tensor::<1>::from_floats(photos.as_slice(), &device).reshape([4, 2, 2, 2]);
        let covers = Tensor::<1>::from_floats([0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0], &device);
        tap_loss(embedding, covers.reshape([2, 1, 2, 2])).into_scalar::<f32>()
    }

    #[test]
    fn a_photo_that_is_covered_whole_has_a_slope() {
        let device = Device::flex().autodiff();
        let maps = Tensor::<4>::zeros([2, 3, 2, 2], &device).require_grad();
        let slopes = mean(maps.clone()).sum().backward();
        let slopes: Vec<f32> = maps.grad(&slopes).map(|slope| slope.into_data().try_into_vec()).unwrap().unwrap();
        assert!(slopes.iter().all(|slope| slope.is_finite()), "{slopes:?}");
    }

    #[test]
    fn separating_surfaces_and_defects_costs_least() {
        let best = loss([[1.0, 0.0], [0.0, 1.0]], [0.0, -1.0]);
        let no_defect = loss([[1.0, 0.0], [0.0, 1.0]], [0.0, 1.0]);
        let one_surface = loss([[1.0, 0.0], [1.0, 0.0]], [-1.0, 0.0]);
        // A defect that is not separated from its surface costs 1 a position. Two equal surfaces cost ln 2.
        assert!((no_defect - best - 0.5).abs() < 1e-2, "{no_defect} {best}");
        assert!((one_surface - (2.0f32).ln()).abs() < 1e-2, "{one_surface}");
        assert!(best < 0.05, "{best}");
    }
}
