//! PatchCore and PaDiM against anomalib, on the same ResNet-18 and windows (`tests/reference/baselines.py`).

use std::sync::LazyLock;

use burn::tensor::{Device, Tensor};
use cse::detectors::detector::read;
use cse::detectors::nearest_neighbours::Coreset;
use cse::detectors::padim::{self, Moments, Padim};
use cse::detectors::patch_core::{self, PatchCore};
use cse::image::inspected::Inspected;
use cse::network::grid::Grid;
use cse::network::resnet::{ResNet, ResNetArchitecture};
use cse::network::tally::Tally;
use cse::scoring::distances::Distances;
use cse_tests::formula;
use cse_tests::golden::Summary;
use futures_lite::future::block_on;
use image::{Rgb, RgbImage};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    patchcore: Judged,
    padim: Judged,
}

#[derive(Deserialize)]
struct Judged {
    good: Expected,
    defective: Expected,
}

#[derive(Deserialize)]
struct Expected {
    score: f32,
    map: Summary,
}

static REFERENCE: LazyLock<Reference> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../reference/baselines.json")).expect("its form"));

const ARCHITECTURE: ResNetArchitecture = ResNetArchitecture::ResNet18;
const SIDE: usize = 224;
const GOOD: usize = 6;
const IN_BANK: usize = 2;
/// Largest relative difference of a score, and relative error of a map.
const TOLERANCE: f32 = 1e-3;

/// A window that is half like all others, `[1, 3, 224, 224]`.
fn good(name: &str) -> Vec<f32> {
    let both = formula::noise("surface").zip(formula::noise(name));
    both.take(3 * SIDE * SIDE).map(|(surface, own)| (0.7 * surface + 0.3 * own) as f32).collect()
}

fn defective() -> Vec<f32> {
    let mut window = good("another");
    for (index, value) in window.iter_mut().enumerate() {
        let (row, column) = (index / SIDE % SIDE, index % SIDE);
        if (64..96).contains(&row) && (128..176).contains(&column) {
            *value = 1.5;
        }
    }
    window
}

/// Layers of windows by torchvision's network with weights by formula.
struct Layers {
    network: ResNet,
    device: Device,
}

impl Layers {
    fn new() -> Self {
        let device = Device::flex();
        let weights = formula::weights(ARCHITECTURE.tensors());
        Self { network: ResNet::load(ARCHITECTURE, weights, &device).expect("torchvision's tensors"), device }
    }

    fn of(&self, window: Vec<f32>) -> [Tensor<4>; 3] {
        let window = Tensor::<1>::from_floats(window.as_slice(), &self.device).reshape([1, 3, SIDE, SIDE]);
        self.network.forward(window, &Tally::default())
    }
}

fn values(tensor: Tensor<4>) -> Vec<f32> {
    block_on(read(tensor)).expect("readable").remove(0)
}

fn assert_near(ours: &Distances, theirs: &Expected, name: &str) {
    let score = ours.score.values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let difference = (score / theirs.score - 1.0).abs();
    println!("{name}: score {score}, relative difference {difference:.1e}");
    assert!(difference < TOLERANCE, "{name}: {score}, not {}", theirs.score);
    theirs.map.assert_near_values(&ours.map.values, name, TOLERANCE.into());
}

#[test]
fn patch_core_scores_as_anomalib() {
    let layers = Layers::new();
    let channels = patch_core::channels(ARCHITECTURE);
    let mut vectors = Vec::new();
    for index in 0..IN_BANK {
        let patches = values(patch_core::patches(layers.of(good(&format!("good {index}")))));
        let positions = patches.len() / channels;
        vectors.extend((0..positions).flat_map(|at| patches.iter().skip(at).step_by(positions).copied()));
    }
    let model = PatchCore::new(Coreset::of(vectors, channels), &layers.device);
    let judge =
        |window| model.distances(&values(model.forward(layers.of(window))), Grid { rows: 28, columns: 28 }, None);
    assert_near(&judge(good("another")), &REFERENCE.patchcore.good, "PatchCore, good");
    assert_near(&judge(defective()), &REFERENCE.patchcore.defective, "PatchCore, defective");
}

#[test]
fn padim_scores_as_anomalib() {
    let layers = Layers::new();
    let all: usize = ARCHITECTURE.channels().iter().sum();
    let count = padim::kept_channels(ARCHITECTURE);
    let kept: Vec<u32> = (0..count).map(|index| (index * all / count) as u32).collect();
    let on_device = padim::on_device(&kept, &layers.device);
    let grid = Grid { rows: 56, columns: 56 };
    let windows = (0..GOOD).map(|index| values(padim::features(layers.of(good(&format!("good {index}"))), &on_device)));
    let windows: Vec<Vec<f32>> = windows.collect();
    let mut moments = Moments::new(count, grid.positions()).expect("they fit into memory");
    windows.iter().for_each(|window| moments.add_to_mean(window, None));
    let mut moments = moments.centred();
    windows.iter().for_each(|window| moments.add_to_covariance(window, None));
    let model = Padim::new(moments.gaussians(kept).expect("six windows"), &layers.device);
    let judge = |window| padim::window_distances(&values(model.distances(layers.of(window))), grid, None);
    assert_near(&judge(good("another")), &REFERENCE.padim.good, "PaDiM, good");
    assert_near(&judge(defective()), &REFERENCE.padim.defective, "PaDiM, defective");
}

/// A defect in a part that is not inspected changes neither score nor map elsewhere.
#[test]
fn what_is_not_inspected_does_not_count() {
    let mask = RgbImage::from_fn(224, 224, |x, _| Rgb([if x < 112 { 0 } else { 255 }; 3]));
    let inspected = Inspected::of_window(&mask).expect("a half is left out");
    let grid = Grid { rows: 56, columns: 56 };
    let map = |left: f32| (0..grid.positions()).map(|at| if at % 56 < 28 { left } else { 2.0 }).collect::<Vec<f32>>();
    let [calm, loud] = [1.0, 900.0].map(|left| padim::window_distances(&map(left), grid, Some(&inspected)));
    assert_eq!(calm, loud);
    let highest = loud.score.values.iter().copied().fold(0.0, f32::max);
    assert!((highest - 2.0).abs() < 1e-5, "{highest}");

    // The farthest patch lies in the other half, and its neighbours do not decide the score.
    let device = Device::flex();
    let model = PatchCore::new(Coreset::of(vec![0.0, 1.0, 8.0, 9.0], 1), &device);
    let grid = Grid { rows: 28, columns: 28 };
    let output = |left: f32| {
        let patches: Vec<f32> = (0..grid.positions()).map(|at| if at % 28 < 14 { left } else { 3.0 }).collect();
        let nearest =
            |patch: &f32| [0.0f32, 1.0, 8.0, 9.0].map(|own| (own - patch).abs()).into_iter().fold(99.0, f32::min);
        patches.iter().map(nearest).chain(patches.iter().copied()).collect::<Vec<f32>>()
    };
    let [calm, loud] = [0.0, 500.0].map(|left| model.distances(&output(left), grid, Some(&inspected)));
    let right = |distances: &Distances| distances.score.values[27];
    assert_eq!(right(&calm), right(&loud));
    assert_eq!(calm.map, loud.map);
}
