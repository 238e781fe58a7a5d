//! Parity with timm on ImageNet weights and real photos, which are not part of the repository.

use burn::tensor::{Device, Tensor, TensorData};
use cse::files::category_file::CategoryModel;
use cse::files::extractor_file::{self, Extractor};
use cse::files::state_dict::{Precision, StateDict};
use cse::image::photo::{self, Photo};
use cse::network::efficientnet::Architecture;
use cse::scoring::auroc::auroc;
use cse::scoring::predictor::Predictor;
use cse::training::model::TrainedModel;
use cse::training::session::Session;
use cse::training::spec::{Preset, TrainSpec};
use cse_tests::{development_data, development_tensors, relative_error};
use futures_lite::future::block_on;

use crate::training;

fn compare(precision: Precision, tolerance: f64) {
    let device = Device::flex();
    let weights = development_tensors("weights/efficientnet_b3_features_f16.safetensors");
    let golden: StateDict = development_tensors("golden/efficientnet_b3.safetensors");
    let file = extractor_file::from_state_dict(weights, Architecture::B3, "test".into(), precision).expect("complete");
    let extractor = Extractor::load(file, &device).expect("loads");
    let (shape, values) = golden["input"].clone();
    let maps = extractor.network.forward(Tensor::from_data(TensorData::new(values, shape), &device));
    let features = maps.efficient_net().expect("an EfficientNet");
    // The file has the method's names of the two maps.
    for (name, map) in [("f1", features.stage5), ("f2", features.stage7)] {
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

/// The leather of MVTec AD, by the shipped extractor and the default settings, but with fewer steps.
#[test]
#[ignore = "needs ../shared, see README"]
fn leather_is_trained_through_the_library() {
    let device = Device::flex();
    let bytes = include_bytes!("../../../www/public/models/extractor.safetensors");
    let extractor = Extractor::load(bytes.to_vec(), &device).expect("loads");
    let spec = TrainSpec::given(Preset::Default, &[("steps", "60"), ("members", "3")]);
    let spec = spec.expect("settings");
    let photos = |folder: &str| -> Vec<Photo> {
        let folder = development_data(&format!("data/leather_sample/{folder}"));
        let mut paths: Vec<_> =
            std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
        paths.sort();
        paths
            .iter()
            .map(|path| photo::decode(&std::fs::read(path).expect("readable"), None).expect("decodes"))
            .collect()
    };
    let set = training::training_set(&spec, &photos("train/good"), &extractor);
    let session = Session { spec: &spec, extractor: &extractor, set: &set, device: &device };
    let TrainedModel { info, tensors, .. } = training::train(&session, training::in_one_go);
    let category = CategoryModel::from_parts((info, tensors), &extractor.info, &device).expect("loads");
    let predictor = Predictor { extractor: &extractor, category: &category, device: &device };
    let scores = |folder: &str| -> Vec<f32> {
        photos(folder).iter().map(|photo| block_on(predictor.predict(photo)).expect("a score").score).collect()
    };
    let good = scores("test/good");
    let defective: Vec<f32> =
        ["color", "cut", "fold", "glue", "poke"].iter().flat_map(|kind| scores(&format!("test/{kind}"))).collect();
    let labels: Vec<bool> = (0..good.len() + defective.len()).map(|index| index >= good.len()).collect();
    let auroc = auroc(&[good, defective].concat(), &labels).expect("both classes");
    println!("image AUROC {auroc:.3}");
    assert!(auroc > 0.95, "{auroc}");
}
