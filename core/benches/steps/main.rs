//! Times of the steps of an inspection and of a training, on the CPU with random weights: `npm run bench` prints them.

mod stopwatch;

use std::hint::black_box;

use burn::tensor::{Device, Distribution, Tensor};
use cse::defects::{DefectKind, DefectMaker};
use cse::detectors::bank::Bank;
use cse::detectors::density::DensityShape;
use cse::detectors::detector::{Detector, Shape};
use cse::detectors::ensemble::{self, Head, TrainedMember};
use cse::detectors::method::Method;
use cse::embedding::embedder::{EMBEDDING_CHANNELS, Embedder, FoldedEmbedder, fold_state_dict};
use cse::files::extractor_file::{Extractor, ExtractorInfo};
use cse::files::state_dict::StateDict;
use cse::image::photo::{Photo, decode};
use cse::image::preprocess::{INPUT_SIDE, to_tensor};
use cse::image::view::View;
use cse::network::backbone::Network;
use cse::network::efficientnet::{Architecture, EfficientNetConfig, Normalisation};
use cse::network::features::Features;
use cse::network::grid::Grid;
use cse::network::taps::Taps;
use cse::scoring::aggregation::Aggregation;
use cse::scoring::distances::Distances;
use cse::scoring::normal_range::NormalRange;
use cse::scoring::prediction::Prediction;
use cse::scoring::predictor::WINDOWS_AT_ONCE;
use cse::scoring::score_rule::ScoreRule;
use cse::training::drawing::{DrawnPart, DrawnWindow, PhotoFacts};
use cse::training::presets;
use cse::training::session::Session;
use cse::training::sketch::sketch;
use cse::training::spec::{Length, Preset, TrainSpec};
use cse::training::training_set::TrainingSet;
use futures_lite::future::block_on;
use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, RgbImage};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use stopwatch::Step;

/// The architecture of the shipped extractor.
const ARCHITECTURE: Architecture = Architecture::TfB0;
const GRID: Grid = Grid::of_input(INPUT_SIDE, INPUT_SIDE);
const MEMBERS: usize = 6;
/// Photos of a training. A step draws its pairs from all of them.
const PHOTOS: usize = 32;
const DEFECTS_EACH: usize = 2;

/// Measures the steps whose names contain the first argument that is no option. All without one.
fn main() {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let steps: [(_, fn(Step)); 7] = [
        ("decode", decoding),
        ("preprocess", preprocessing),
        ("extractor", extraction),
        ("embedder", embedding),
        ("score", scoring),
        ("defect", defects),
        ("training", training),
    ];
    Step::print_head();
    for (name, measure) in steps.into_iter().filter(|(name, _)| name.contains(&filter)) {
        measure(Step { name });
    }
}

/// A photo of a woven surface with noise, `side` x `side` pixels.
fn photo(side: u32, seed: u64) -> RgbImage {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    RgbImage::from_fn(side, side, |x, y| {
        let thread = |place: u32| (place as f32 * 0.7).sin();
        let grey = 128.0 + 40.0 * thread(x) * thread(y) + rng.random_range(-12.0..12.0f32);
        image::Rgb([grey as u8, (0.9 * grey) as u8, (0.7 * grey) as u8])
    })
}

fn megapixel() -> RgbImage {
    photo(1000, 0)
}

fn decoding(step: Step) {
    let photo = megapixel();
    let (mut jpeg, mut png) = (Vec::new(), std::io::Cursor::new(Vec::new()));
    JpegEncoder::new_with_quality(&mut jpeg, 90).encode_image(&photo).expect("a photo that JPEG can hold");
    photo.write_to(&mut png, ImageFormat::Png).expect("a photo that PNG can hold");
    for (name, bytes) in [("JPEG of 1 megapixel", jpeg), ("PNG of 1 megapixel", png.into_inner())] {
        step.time(name, 1, || decode(black_box(&bytes), None).expect("a sound photo"));
    }
}

fn preprocessing(step: Step) {
    let (photo, device) = (megapixel(), Device::flex());
    for (view, name) in [(View::Resize, "1 megapixel, one window"), (View::Tiles, "1 megapixel, tiles")] {
        step.time(name, 1, || {
            let windows = view.windows(black_box(&photo));
            windows.batches(WINDOWS_AT_ONCE).for_each(|batch| _ = black_box(to_tensor(&batch, &device)));
        });
    }
}

fn extraction(step: Step) {
    let device = Device::flex();
    let network = extractor(&device).network;
    for count in [1, 8] {
        let images: Vec<RgbImage> = (0..count).map(|seed| photo(INPUT_SIDE, seed)).collect();
        let input = to_tensor(&images, &device);
        let name = format!("one window of {count} at once");
        step.time(&name, count as u32, || network.forward(black_box(input.clone())));
    }
}

fn embedding(step: Step) {
    let device = Device::flex();
    let channels = Taps::Both.channels(ARCHITECTURE.channels());
    let embedder = FoldedEmbedder::take(&mut folded_embedder(), channels, &device).expect("complete");
    let features = features(1, &device);
    let embed = || embedder.forward(Taps::Both.concatenated(black_box(features.clone())));
    step.time("one window, both taps, one member", 1, embed);
}

fn scoring(step: Step) {
    let device = Device::flex();
    let detector = detector(&device);
    let output = detector.forward(features(1, &device).into(), Taps::Both).expect("its network");
    let output = block_on(output.read()).expect("readable").remove(0);
    let distances = || detector.distances(&output, Aggregation::Max, None);
    let held_out: Vec<Distances> = (0..100).map(|_| distances()).collect();
    let held_out: Vec<&Distances> = held_out.iter().collect();
    step.time("distances of one window, 6 members", 1, distances);
    step.time("normal range of 100 windows", 1, || NormalRange::fit(black_box(&held_out), 0.0));
    let rule = ScoreRule {
        aggregation: Aggregation::Max,
        normal_range: NormalRange::fit(&held_out, 0.0),
        smoothing_sigma: presets::spec(Preset::Default).smoothing_sigma,
        ..ScoreRule::default()
    };
    let (regions, distances) = (View::Resize.regions(1000, 1000), [distances()]);
    step.time("score and 512 x 512 map of one window", 1, || {
        Prediction::join(&rule, &regions, black_box(&distances)).expect("finite distances").map(512, 512)
    });
}

fn defects(step: Step) {
    let window = photo(INPUT_SIDE, 0);
    for kind in DefectKind::ALL {
        let maker = DefectMaker::new(vec![kind], Vec::new()).expect("a kind");
        let mut seeds = 0..;
        step.time(kind.into(), 1, || maker.make(black_box(&window), seeds.next().unwrap_or(0)));
    }
}

fn training(step: Step) {
    let device = Device::flex();
    let extractor = extractor(&device);
    // With so large a number of steps no validation falls into a measured one.
    let spec = TrainSpec { members: 2, length: Length::Steps(1_000_000), ..presets::spec(Preset::Default) };
    let set = training_set(&extractor, &device);
    let session = Session { spec: &spec, extractor: &extractor, set: &set, device: &device };
    let division = block_on(session.divide()).expect("divisible");
    let beginning = session.members(&division).next().expect("a member");
    let mut member = block_on(beginning.begin()).expect("features");
    let name = format!("one step of {} pairs", spec.batch_size);
    step.time(&name, 1, || block_on(member.advance()).expect("a step"));
}

/// An extractor with random weights.
fn extractor(device: &Device) -> Extractor {
    device.seed(0);
    let config = EfficientNetConfig { architecture: ARCHITECTURE, normalisation: Normalisation::Folded };
    let network = config.init(device);
    let info = ExtractorInfo {
        architecture: ARCHITECTURE.into(),
        id: String::new(),
        provenance: String::new(),
        parameters: 0,
    };
    Extractor { info, network: Network::EfficientNet(Box::new(network)) }
}

/// Features of `count` windows, random numbers.
fn features(count: usize, device: &Device) -> Features {
    let channels = ARCHITECTURE.channels();
    let random = |channels, grid: Grid| {
        Tensor::random([count, channels, grid.rows, grid.columns], Distribution::Normal(0.0, 1.0), device)
    };
    Features { stage5: random(channels.stage5, GRID), stage7: random(channels.stage7, GRID.halved()) }
}

fn folded_embedder() -> StateDict {
    let channels = Taps::Both.channels(ARCHITECTURE.channels());
    let weights = block_on(Embedder::init(channels, &Device::flex()).to_state_dict()).expect("readable");
    fold_state_dict(weights, channels).expect("complete")
}

/// The default method with random weights: embedders with a bank of one cluster each.
fn detector(device: &Device) -> Detector {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let length = EMBEDDING_CHANNELS * GRID.positions();
    let members = (0..MEMBERS).map(|_| {
        let centre = (0..length).map(|_| rng.random_range(-1.0..1.0)).collect();
        let head = Head::Bank(Bank::from_e14(vec![centre], GRID));
        TrainedMember { embedder: folded_embedder(), head, weight: 1.0 / MEMBERS as f32 }
    });
    let mut tensors = StateDict::new();
    ensemble::put(members.collect(), &mut tensors);
    let shape = Shape {
        method: Method::Cse,
        taps: Taps::Both,
        members: MEMBERS,
        clusters: 1,
        density: DensityShape::default(),
        grid: GRID,
    };
    Detector::take(shape, ARCHITECTURE.into(), &mut tensors, device).expect("complete")
}

/// Random features of photos of one window each, and of their synthetic defects, in memory.
fn training_set(extractor: &Extractor, device: &Device) -> TrainingSet {
    let maker = DefectMaker::new(DefectKind::DEFAULT_MIX.to_vec(), Vec::new()).expect("kinds");
    let mut set = TrainingSet::new(extractor, View::Resize, Box::new(Vec::new()));
    for index in 0..PHOTOS as u64 {
        let normal = Photo::of_pixels(photo(INPUT_SIDE, index)).pixels;
        let begins = Some(PhotoFacts { inspected: 1, sketch: sketch(&normal), digest: [index as u8; 32], copy: false });
        let defective = (0..DEFECTS_EACH as u64).map(|seed| maker.make(&normal, seed)).collect();
        let windows = vec![DrawnWindow { normal, inspected: None, defective }];
        let packed = block_on(set.store.layout().pack(features(1 + DEFECTS_EACH, device).into())).expect("finite");
        set.add(DrawnPart { begins, windows }, &[packed]).expect("memory");
    }
    set
}
