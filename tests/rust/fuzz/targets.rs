//! Readers of untrusted bytes: photos, model files, tensors, PyTorch checkpoints.

use std::collections::HashMap;

use burn::store::pytorch_reader::PytorchReader;
use burn::tensor::Device;
use cse::detectors::mean_cosine::MeanMap;
use cse::detectors::method::Method;
use cse::detectors::nearest_neighbours::Coreset;
use cse::detectors::patch_core;
use cse::files::category_file::{self, CategoryInfo, CategoryModel, MapScale};
use cse::files::extractor_file::ExtractorInfo;
use cse::files::model_file::{self, Kind};
use cse::files::provenance::Provenance;
use cse::files::state_dict::{self, Precision, StateDict};
use cse::image::exposure::Exposure;
use cse::image::measures::Ranges;
use cse::image::photo::{self, Levels, Proportions, Traits};
use cse::image::view::View;
use cse::network::backbone::Backbone;
use cse::network::efficientnet::Architecture;
use cse::network::resnet::ResNetArchitecture;
use cse::network::taps::Taps;
use cse::scoring::score_rule::ScoreRule;
use cse::scoring::threshold::Threshold;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::mutation::{change_json, changed};
use super::{Target, seeds};

/// Every target.
pub fn all() -> Vec<Target> {
    vec![photos(), mean_cosine_models(), patch_core_models(), tensors(), checkpoints()]
}

const LEVELS: Levels = Levels { black: 0.0, white: 1.0 };

/// Decodes a photo, with the range of its integer type and with a range for floats.
fn photos() -> Target {
    let seeds = seeds::photos();
    Target {
        name: "photo",
        make: Box::new(move |rng| changed(&seeds, rng)),
        read: Box::new(|bytes| photo::decode(bytes, None).is_ok() | photo::decode(bytes, Some(LEVELS)).is_ok()),
    }
}

/// Loads a model file of the method with the smallest tensors.
fn mean_cosine_models() -> Target {
    models("model", Architecture::B0.into(), Method::MeanCosine, |info| {
        let channels = Architecture::B0.channels().stage5;
        let features = vec![0.5; channels * info.grid().positions()];
        let mut tensors = StateDict::new();
        MeanMap::fit([features.as_slice()], channels, info.grid()).put(&mut tensors);
        tensors
    })
}

/// Loads a model file of PatchCore with two vectors.
fn patch_core_models() -> Target {
    models("PatchCore model", Backbone::ResNet(ResNetArchitecture::ResNet18), Method::Patchcore, |_| {
        let channels = patch_core::channels(ResNetArchitecture::ResNet18);
        let mut tensors = StateDict::new();
        Coreset::of(vec![0.5; 2 * channels], channels).put(&mut tensors);
        tensors
    })
}

/// Loads a model file. The description is changed as JSON, or the file as bytes.
fn models(
    name: &'static str,
    architecture: Backbone,
    method: Method,
    tensors: impl FnOnce(&CategoryInfo) -> StateDict,
) -> Target {
    let extractor =
        ExtractorInfo { architecture, id: "0123456789abcdef".into(), provenance: String::new(), parameters: 1 };
    let info = CategoryInfo {
        name: "cloth".into(),
        extractor_id: extractor.id.clone(),
        extractor_architecture: extractor.architecture,
        view: View::Resize,
        exposure: Exposure::Equal,
        ranges: Ranges::default(),
        photos: Traits {
            levels: Some(LEVELS),
            grey: Some(true),
            deep: Some(true),
            proportions: Some(Proportions { narrowest: 0.5, widest: 2.0 }),
        },
        method,
        taps: Taps::Stage5,
        rule: ScoreRule::default(),
        losses: Vec::new(),
        members: 1,
        clusters: 1,
        density_map: false,
        threshold: Threshold::new(vec![0.1, 0.2, 0.3], 3, 0.05).expect("scores"),
        map_scale: MapScale { low: 0.1, high: 0.9 },
        provenance: Provenance { program: "a program".into(), held_out: vec![1, 2], ..Provenance::default() },
        trained_on: vec![[7; 8]],
        ignored: None,
    };
    let seeds = vec![category_file::write(&info, &tensors(&info)).expect("a model")];
    let (mut info, tensors): (Value, StateDict) = model_file::read(&seeds[0], Kind::Category).expect("a model");
    if let Some(fields) = info.as_object_mut() {
        // Every file has these tensors.
        fields.retain(|name, _| !["format_version", "kind"].contains(&name.as_str()));
    }
    let make = move |rng: &mut ChaCha8Rng| {
        if rng.random_bool(0.4) {
            return changed(&seeds, rng);
        }
        let mut changed = info.clone();
        change_json(&mut changed, rng);
        // A file cannot hold values that JSON does not have.
        model_file::write(&changed, Kind::Category, &tensors, Precision::F32).unwrap_or_default()
    };
    let read = move |bytes: &[u8]| CategoryModel::load(bytes, &extractor, &Device::flex()).is_ok();
    Target { name, make: Box::new(make), read: Box::new(read) }
}

/// Reads a safetensors file. Its header is changed as JSON, or the file as bytes.
fn tensors() -> Target {
    let tensors = StateDict::from([
        ("a.weight".into(), (vec![20, 10], vec![0.5; 200])),
        ("a.bias".into(), (vec![3], vec![-1.0; 3])),
        ("empty".into(), (vec![0], vec![])),
    ]);
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let seeds = [Precision::F16, Precision::F32]
        .map(|precision| state_dict::write(&tensors, metadata.clone(), precision).expect("writes"))
        .to_vec();
    let make = move |rng: &mut ChaCha8Rng| {
        if rng.random_bool(0.8) {
            return changed(&seeds, rng);
        }
        let seed = &seeds[rng.random_range(0..seeds.len())];
        let length = usize::from(seed[0]) | usize::from(seed[1]) << 8;
        let (header, data) = seed[8..].split_at(length);
        let mut header = serde_json::from_slice(header).expect("a header");
        change_json(&mut header, rng);
        let header = header.to_string().into_bytes();
        [&(header.len() as u64).to_le_bytes()[..], &header, data].concat()
    };
    Target { name: "tensors", make: Box::new(make), read: Box::new(|bytes| state_dict::read(bytes).is_ok()) }
}

/// Reads a PyTorch checkpoint as `weights import` does.
fn checkpoints() -> Target {
    let seeds = seeds::checkpoints();
    let file = tempfile::NamedTempFile::new().expect("a file");
    let read = move |bytes: &[u8]| {
        std::fs::write(file.path(), bytes).expect("written");
        let Ok(reader) = PytorchReader::new(file.path()) else { return false };
        let bytes = reader.tensors().values().fold(0_u64, |sum, tensor| sum.saturating_add(tensor.byte_len() as u64));
        // `weights::state_dict` reads no more than this.
        bytes <= 1 << 30 && reader.tensors().values().all(|tensor| tensor.read().is_ok())
    };
    Target { name: "checkpoint", make: Box::new(move |rng| changed(&seeds, rng)), read: Box::new(read) }
}
