//! Parity with PyTorch and timm on reference tensors: the network, embedder, decoder, losses and scores.

use burn::tensor::{Device, Tensor, TensorData};
use cse::embedding::decoder::Decoder;
use cse::embedding::embedder::{self, Embedder, FoldedEmbedder, Statistics};
use cse::embedding::standardisation::Standardisation;
use cse::files::extractor_file::{self, Extractor};
use cse::files::state_dict::{Precision, StateDict};
use cse::image::preprocess;
use cse::image::view::View;
use cse::network::efficientnet::Architecture;
use cse::network::features::Features;
use cse::network::taps::Taps;
use cse::scoring::aggregation::Aggregation;
use cse::scoring::distances::cosine_distances;
use cse::training::losses::{self, Grouping};
use cse_tests::{relative_error, shared, shared_tensors};

const B3_TAPS: (usize, usize) = (136, 384);
const WEIGHTS: &str = "weights/efficientnet_b3_features_f16.safetensors";
const GOLDEN: &str = "golden/efficientnet_b3.safetensors";
const GOLDEN_HEADS: &str = "golden/embedder_decoder.safetensors";

fn tensor(tensors: &StateDict, name: &str, device: &Device) -> Tensor<4> {
    let (shape, values) = tensors[name].clone();
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().expect("f32")
}

fn extractor(device: &Device, precision: Precision) -> Option<Extractor> {
    let (weights, _) = shared_tensors(WEIGHTS)?;
    let file = extractor_file::from_state_dict(weights, Architecture::B3, "test".into(), precision).expect("complete");
    Some(Extractor::load(file, device).expect("loads"))
}

fn features(device: &Device) -> Option<Features> {
    let (golden, _) = shared_tensors(GOLDEN)?;
    Some(Features { f1: tensor(&golden, "f1", device), f2: tensor(&golden, "f2", device) })
}

/// The tensors below `prefix`, without it.
fn below(tensors: &StateDict, prefix: &str) -> StateDict {
    tensors.iter().filter_map(|(name, tensor)| Some((name.strip_prefix(prefix)?.to_owned(), tensor.clone()))).collect()
}

#[test]
fn features_are_those_of_timm() {
    let device = Device::flex();
    let (Some(extractor), Some((golden, _))) = (extractor(&device, Precision::F32), shared_tensors(GOLDEN)) else {
        return;
    };
    let features = extractor.network.forward(tensor(&golden, "input", &device));
    for (name, map) in [("f1", features.stage5), ("f2", features.stage7)] {
        let error = relative_error(&values(map), &golden[name].1);
        println!("{name}: relative L2 error {error:.1e}");
        assert!(error < 1e-4, "{name}: {error}");
    }
}

#[test]
fn the_f16_file_costs_little() {
    let device = Device::flex();
    let (Some(extractor), Some((golden, _))) = (extractor(&device, Precision::F16), shared_tensors(GOLDEN)) else {
        return;
    };
    let features = extractor.network.forward(tensor(&golden, "input", &device));
    for (name, map) in [("f1", features.stage5), ("f2", features.stage7)] {
        let error = relative_error(&values(map), &golden[name].1);
        println!("{name}: relative L2 error {error:.1e} with folded weights in f16");
        assert!(error < 5e-3, "{name}: {error}");
    }
}

#[test]
fn preprocessing_is_that_of_pillow_and_torchvision() {
    let Some((golden, metadata)) = shared_tensors(GOLDEN) else { return };
    let images: Vec<String> = serde_json::from_str(&metadata["images"]).expect("a list of paths");
    let expected = &golden["input"].1;
    for (index, image) in images.iter().enumerate() {
        let Some(path) = shared(image) else { return };
        let photo = cse::image::photo::decode(&std::fs::read(path).expect("readable"), None).expect("an image").pixels;
        let worst = |view: View| {
            let ours =
                values(preprocess::to_tensor(&view.windows(&photo).images().collect::<Vec<_>>(), &Device::flex()));
            let theirs = &expected[index * ours.len()..][..ours.len()];
            // Back to 8-bit steps: the smallest of the three standard deviations is the strictest.
            ours.iter().zip(theirs).map(|(a, b)| (a - b).abs() * 0.224 * 255.0).fold(0.0, f32::max)
        };
        let (crop, resize) = (worst(View::Crop), worst(View::Resize));
        println!("{image}: off by {crop:.3} of 255 as crop, {resize:.3} as resize");
        assert!(crop.min(resize) <= 1.05, "{image}: crop {crop}, resize {resize}");
    }
}

#[test]
fn embedder_and_decoder_are_those_of_the_authors() {
    let device = Device::flex();
    let (Some(features), Some((golden, _))) = (features(&device), shared_tensors(GOLDEN_HEADS)) else { return };
    let channels = B3_TAPS.0 + B3_TAPS.1;
    let trained = below(&golden, "embedder.");
    let fused = Taps::Both.fused(features);
    let fused_again = fused.clone();
    let embedder = Embedder::from_state_dict(trained.clone(), channels, &device).expect("complete");
    let as_they_are = Standardisation::identity(channels).on(&device);
    let e14 = embedder.forward(fused.clone(), &as_they_are, Statistics::Batch);
    let decoder = Decoder::from_state_dict(below(&golden, "decoder."), B3_TAPS, &device).expect("complete");
    let decoded = decoder.forward(e14.clone());
    let mut folded = embedder::fold_state_dict(trained, channels).expect("complete");
    let folded = FoldedEmbedder::take(&mut folded, channels, &device).expect("complete");
    for (name, reference, map) in [
        ("e14", "e14", e14.clone()),
        ("e14 folded", "e14", folded.forward(fused)),
        ("e14 running", "e14", embedder.forward(fused_again, &as_they_are, Statistics::Running)),
        ("e7", "e7", embedder::pool(e14)),
        ("d1", "d1", decoded.stage5),
        ("d2", "d2", decoded.stage7),
    ] {
        let error = relative_error(&values(map), &golden[reference].1);
        println!("{name}: relative L2 error {error:.1e}");
        assert!(error < 1e-5, "{name}: {error}");
    }
    assert_eq!(embedder.to_state_dict(), below(&golden, "embedder."));
}

#[derive(serde::Deserialize)]
struct Reference {
    both_normal: f32,
    both_defective: f32,
    mixed: f32,
    decoder_all5: f32,
    scores_vs_first: Vec<f32>,
}

fn reference() -> Option<Reference> {
    let json = std::fs::read_to_string(shared("golden/losses_scores.json")?).expect("readable");
    Some(serde_json::from_str(&json).expect("the five entries"))
}

#[test]
fn losses_are_those_of_the_authors() {
    let device = Device::flex();
    let (Some(reference), Some((golden, _)), Some(features)) =
        (reference(), shared_tensors(GOLDEN_HEADS), features(&device))
    else {
        return;
    };
    let e7 = tensor(&golden, "e7", &device);
    let (a, b) = (e7.clone().narrow(0, 0, 2), e7.narrow(0, 2, 2));
    let contrastive = |defective: [f32; 2]| {
        let defective = Tensor::from_data(TensorData::from(defective), &device);
        losses::contrastive(a.clone(), b.clone(), defective, Grouping::Rows).into_scalar::<f32>()
    };
    let decoded = Features { f1: tensor(&golden, "d1", &device), f2: tensor(&golden, "d2", &device) };
    for (name, ours, theirs) in [
        ("both normal", contrastive([0.0, 0.0]), reference.both_normal),
        ("both defective", contrastive([1.0, 1.0]), reference.both_defective),
        ("mixed", contrastive([0.0, 1.0]), reference.mixed),
        ("decoder", losses::decoder(decoded, features).into_scalar::<f32>(), reference.decoder_all5),
    ] {
        println!("{name}: {ours} against {theirs}");
        assert!((ours - theirs).abs() / theirs < 1e-5, "{name}: {ours} against {theirs}");
    }
}

#[test]
fn scores_are_those_of_the_authors() {
    let (Some(reference), Some((golden, _))) = (reference(), shared_tensors(GOLDEN_HEADS)) else { return };
    let e7 = &golden["e7"].1;
    let images: Vec<&[f32]> = e7.chunks_exact(score::E7_LENGTH).collect();
    for (image, theirs) in images[1..].iter().zip(reference.scores_vs_first) {
        let ours = score::aggregate(&score::distances(image, images[0]), Aggregation::Mean);
        println!("{ours} against {theirs}");
        assert!((ours - theirs).abs() < 1e-6, "{ours} against {theirs}");
    }
}
