//! Parity with timm on ImageNet weights and real photos, which are not part of the repository.

use burn::tensor::{Device, Tensor, TensorData};
use cse::files::extractor_file::{self, Extractor};
use cse::files::state_dict::{Precision, StateDict};
use cse::network::efficientnet::Architecture;
use cse_tests::{development_tensors, relative_error};

fn compare(precision: Precision, tolerance: f64) {
    let device = Device::flex();
    let weights = development_tensors("weights/efficientnet_b3_features_f16.safetensors");
    let golden: StateDict = development_tensors("golden/efficientnet_b3.safetensors");
    let file = extractor_file::from_state_dict(weights, Architecture::B3, "test".into(), precision).expect("complete");
    let extractor = Extractor::load(file, &device).expect("loads");
    let (shape, values) = golden["input"].clone();
    let features = extractor.network.forward(Tensor::from_data(TensorData::new(values, shape), &device));
    for (name, map) in [("stage5", features.stage5), ("stage7", features.stage7)] {
        let ours: Vec<f32> = map.into_data().try_into_vec().expect("f32");
        let error = relative_error(&ours, &golden[name].1);
        println!("{name}: relative L2 error {error:.1e}");
        assert!(error < tolerance, "{name}: {error}");
    }
}

#[test]
#[ignore = "needs ../shared, see README"]
fn feature_maps_of_photos_are_those_of_timm() {
    compare(Precision::F32, 1e-4);
}

#[test]
#[ignore = "needs ../shared, see README"]
fn the_f16_file_costs_little_on_photos() {
    compare(Precision::F16, 5e-3);
}
