//! Parity with timm and PyTorch (`tests/reference/networks.py`): extractors, embedder, decoder, score, a training step.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Tensor};
use cse::embedding::decoder::Decoder;
use cse::embedding::embedder::{self, EMBEDDING_CHANNELS, Embedder, FoldedEmbedder, Statistics};
use cse::embedding::standardisation::Standardisation;
use cse::files::extractor_file::{self, Extractor};
use cse::files::state_dict::{Precision, StateDict};
use cse::network::efficientnet::Architecture;
use cse::network::features::{Channels, Features};
use cse::network::taps::Taps;
use cse::scoring::aggregation::Aggregation;
use cse::scoring::distances::cosine_distances;
use cse_tests::formula;
use cse_tests::golden::Summary;
use futures_lite::future::block_on;
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Reference {
    /// Summaries by architecture and by size of the image.
    pub(crate) extractors: BTreeMap<String, BTreeMap<String, Maps>>,
    heads: Heads,
    step: Step,
}

#[derive(Deserialize)]
pub(crate) struct Maps {
    pub(crate) stage5: Summary,
    pub(crate) stage7: Summary,
}

#[derive(Deserialize)]
struct Heads {
    e14: Summary,
    e7: Summary,
    d1: Summary,
    d2: Summary,
    scores: Vec<f32>,
}

#[derive(Deserialize)]
struct Step {
    lr: f64,
    e14: Summary,
    trained: BTreeMap<String, Summary>,
}

pub(crate) static REFERENCE: LazyLock<Reference> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../reference/networks.json")).expect("its form"));

/// Extractor with weights by formula, written to an extractor file and loaded from it.
pub(crate) fn extractor(architecture: Architecture, precision: Precision, device: &Device) -> Extractor {
    let weights = formula::weights_like(cse_tests::random_weights(architecture, 0));
    let file = extractor_file::from_state_dict(weights, architecture, "by formula".into(), precision);
    Extractor::load(file.expect("complete"), device).expect("loads")
}

/// Panics where a feature map is further from timm's than `tolerance`.
fn compare(architecture: Architecture, precision: Precision, tolerance: f64) {
    let device = Device::flex();
    let extractor = extractor(architecture, precision, &device);
    let sizes = &REFERENCE.extractors[&architecture.to_string()];
    for (size, [height, width]) in [("224x224", [224, 224]), ("160x288", [160, 288])] {
        let maps = extractor.network.forward(formula::tensor("image", [1, 3, height, width], &device));
        let ours = maps.efficient_net().expect("an EfficientNet");
        sizes[size].stage5.assert_near(ours.stage5, &format!("{architecture}, {size}, stage5"), tolerance);
        sizes[size].stage7.assert_near(ours.stage7, &format!("{architecture}, {size}, stage7"), tolerance);
    }
}

#[test]
fn feature_maps_are_those_of_timm() {
    for architecture in [Architecture::B0, Architecture::TfB0, Architecture::B3, Architecture::TfLite0] {
        compare(architecture, Precision::F32, 2e-5);
    }
}

#[test]
fn the_f16_file_costs_little() {
    compare(Architecture::B3, Precision::F16, 5e-3);
}

const MAPS: Channels = Channels { stage5: 136, stage7: 384 };
const CHANNELS: usize = MAPS.stage5 + MAPS.stage7;
const PHOTOS: usize = 3;

fn features(device: &Device) -> Features {
    Features {
        stage5: formula::tensor("stage5", [PHOTOS, MAPS.stage5, 14, 14], device),
        stage7: formula::tensor("stage7", [PHOTOS, MAPS.stage7, 7, 7], device),
    }
}

fn embedder_weights() -> StateDict {
    let weights = block_on(Embedder::init(CHANNELS, &Device::flex()).to_state_dict());
    formula::weights_like(weights.expect("read"))
}

fn decoder(device: &Device) -> Decoder {
    let blocks = [
        ("decoder1.0", "decoder1.2", 64, 68),
        ("decoder1.3", "decoder1.5", 68, 136),
        ("decoder2.0", "decoder2.2", 64, 192),
        ("decoder2.4", "decoder2.6", 192, 384),
    ];
    let shapes = blocks.into_iter().flat_map(|(conv, norm, input, output)| {
        let vectors = ["weight", "bias", "running_mean", "running_var"];
        let vectors = vectors.map(|part| (format!("{norm}.{part}"), vec![output]));
        std::iter::once((format!("{conv}.weight"), vec![output, input, 1, 1])).chain(vectors)
    });
    Decoder::from_state_dict(formula::weights(shapes), MAPS, device).expect("complete")
}

/// Embeddings as an inspection computes them.
fn folded_e14(device: &Device) -> Tensor<4> {
    let mut folded = embedder::fold_state_dict(embedder_weights(), CHANNELS).expect("complete");
    let folded = FoldedEmbedder::take(&mut folded, CHANNELS, device).expect("complete");
    folded.forward(Taps::Both.concatenated(features(device)))
}

#[test]
fn embedder_and_decoder_are_those_of_the_authors() {
    let device = Device::flex();
    let embedder = Embedder::from_state_dict(embedder_weights(), CHANNELS, &device).expect("complete");
    let as_they_are = Standardisation::identity(CHANNELS).on(&device);
    let e14 = embedder.forward(Taps::Both.concatenated(features(&device)), &as_they_are, Statistics::Running);
    let decoded = decoder(&device).forward(e14.clone());
    let theirs = &REFERENCE.heads;
    for (name, theirs, ours) in [
        ("e14", &theirs.e14, e14.clone()),
        ("e14, folded", &theirs.e14, folded_e14(&device)),
        ("e7", &theirs.e7, embedder::pool(e14)),
        ("d1", &theirs.d1, decoded.stage5),
        ("d2", &theirs.d2, decoded.stage7),
    ] {
        theirs.assert_near(ours, name, 1e-5);
    }
}

#[test]
fn scores_are_those_of_the_authors() {
    let e7: Vec<f32> = embedder::pool(folded_e14(&Device::flex())).into_data().try_into_vec().expect("f32");
    let photos: Vec<&[f32]> = e7.chunks_exact(EMBEDDING_CHANNELS * 49).collect();
    assert_eq!(photos.len(), REFERENCE.heads.scores.len() + 1);
    for (photo, theirs) in photos[1..].iter().zip(&REFERENCE.heads.scores) {
        let ours = Aggregation::Mean.of(&cosine_distances(photo, photos[0], 49));
        println!("score {ours} against {theirs}");
        assert!((ours - theirs).abs() < 1e-6, "score {ours} against {theirs}");
    }
}

#[test]
fn a_step_of_learning_is_that_of_pytorch() {
    let device = Device::flex().autodiff();
    let embedder = Embedder::from_state_dict(embedder_weights(), CHANNELS, &device).expect("complete");
    let as_they_are = Standardisation::identity(CHANNELS).on(&device);
    let e14 = embedder.forward(Taps::Both.concatenated(features(&device)), &as_they_are, Statistics::Batch);
    let theirs = &REFERENCE.step;
    theirs.e14.assert_near(e14.clone(), "e14 by the batch's statistics", 1e-5);
    let loss = (e14.clone() * formula::tensor("slope", e14.dims(), &device)).mean();
    let gradients = GradientsParams::from_grads(loss.backward(), &embedder);
    let trained = SgdConfig::new().init().step(theirs.lr, embedder, gradients);
    let state = block_on(trained.to_state_dict()).expect("read");
    assert!(state.keys().eq(theirs.trained.keys()));
    for (name, (_, ours)) in &state {
        // PyTorch keeps the unbiased variance of its n values, which is n / (n - 1) of the batch's, and ours the batch's.
        let tolerance = if name.ends_with("running_var") { 1e-3 } else { 1e-5 };
        theirs.trained[name].assert_near_values(ours, name, tolerance);
    }
}
