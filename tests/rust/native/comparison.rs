//! Networks of the comparison against torchvision and timm (`tests/reference/comparison.py`): feature maps, number of
//! weights, multiply-adds.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use burn::module::Module;
use burn::tensor::Device;
use cse::comparison::Contender;
use cse::comparison::contestant::{Contestant, pattern};
use cse::image::preprocess::INPUT_SIDE;
use cse::network::efficientnet::Architecture;
use cse::network::grid::Grid;
use cse::network::resnet::{ResNet, ResNetArchitecture};
use cse::network::tally::Tally;
use cse_tests::formula;
use cse_tests::golden::Summary;
use futures_lite::future::block_on;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    backbones: BTreeMap<String, Backbone>,
    extractors: BTreeMap<String, Cost>,
    methods: BTreeMap<String, Cost>,
}

#[derive(Deserialize)]
struct Backbone {
    /// Tensors of torchvision's network.
    shapes: BTreeMap<String, Vec<usize>>,
    maps: BTreeMap<String, Summary>,
    #[serde(flatten)]
    cost: Cost,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
struct Cost {
    parameters: usize,
    multiply_adds: u64,
}

static REFERENCE: LazyLock<Reference> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../reference/comparison.json")).expect("its form"));

fn compare(architecture: ResNetArchitecture, name: &str) {
    let (device, reference) = (Device::flex(), &REFERENCE.backbones[name]);
    let weights = formula::weights(reference.shapes.clone());
    let network = ResNet::load(architecture, weights, &device).expect("torchvision's tensors");
    let (tally, side) = (Tally::default(), INPUT_SIDE as usize);
    let layers = network.forward(formula::tensor("image", [1, 3, side, side], &device), &tally);
    for (index, layer) in layers.into_iter().enumerate() {
        let layer_name = format!("layer{}", index + 1);
        reference.maps[&layer_name].assert_near(layer, &format!("{name}, {layer_name}"), 1e-4);
    }
    let cost = Cost { parameters: network.num_params(), multiply_adds: tally.multiply_adds() };
    assert_eq!(cost, reference.cost, "{name}");
}

#[test]
fn resnet18_is_torchvisions() {
    compare(ResNetArchitecture::ResNet18, "resnet18");
}

#[test]
fn wide_resnet50_is_torchvisions() {
    compare(ResNetArchitecture::WideResNet50, "wide_resnet50_2");
}

#[test]
fn a_resnet_without_a_tensor_is_an_error_with_its_name() {
    let reference = &REFERENCE.backbones["resnet18"];
    let mut weights = formula::weights(reference.shapes.clone());
    weights.remove("layer3.1.conv2.weight");
    let error = ResNet::load(ResNetArchitecture::ResNet18, weights, &Device::flex()).unwrap_err().to_string();
    assert!(error.contains("layer3.1.conv2"), "{error}");
}

#[test]
fn multiply_adds_of_the_extractors_are_timms() {
    let fine = Grid::of_input(INPUT_SIDE, INPUT_SIDE);
    for architecture in [Architecture::B3, Architecture::TfB0] {
        let cost = REFERENCE.extractors[&architecture.to_string()];
        assert_eq!(architecture.multiply_adds(fine), cost.multiply_adds, "{architecture}");
    }
}

#[test]
fn methods_weigh_and_compute_as_much_as_in_pytorch() {
    for (row, cost) in &REFERENCE.methods {
        let contestant = Contestant::new(row.parse::<Contender>().expect("a row"), &Device::flex()).expect("complete");
        let tally = Tally::default();
        block_on(contestant.run(pattern(), &tally, &mut |_| ())).expect("a map");
        let own = Cost { parameters: contestant.weight().parameters, multiply_adds: tally.multiply_adds() };
        assert_eq!(own, *cost, "{row}");
    }
}
