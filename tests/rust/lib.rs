//! Inputs and references of the tests: numbers by formula, PyTorch's results, development data, random weights, and the
//! fuzzer's files.

pub mod formula;
pub mod fuzz;
pub mod golden;

use std::path::PathBuf;

use burn::store::{BurnToPyTorchAdapter, ModuleSnapshot, SafetensorsStore};
use burn::tensor::Device;
use cse::files::extractor_file;
use cse::files::state_dict::{self, Precision, StateDict};
use cse::network::efficientnet::{Architecture, EfficientNetConfig, Normalisation};

/// Path below the development data, which lies beside the repository and is not part of it. A test that needs the data is
/// ignored unless someone asks for it.
pub fn development_data(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(path)
}

/// Tensors of a safetensors file of the development data. Panics where it is missing.
pub fn development_tensors(path: &str) -> StateDict {
    let file = development_data(path);
    let bytes = std::fs::read(&file).unwrap_or_else(|error| panic!("{} cannot be read: {error}", file.display()));
    state_dict::read(&bytes).expect("a safetensors file").0
}

/// `|a - b| / |b|` in the L2 norm.
pub fn relative_error(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len(), "as many values");
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    square(&mut a.iter().zip(b).map(|(a, b)| f64::from(a - b))) / square(&mut b.iter().map(|b| f64::from(*b)))
}

/// Random weights under timm's names.
pub fn random_weights(architecture: Architecture, seed: u64) -> StateDict {
    let _turn = cse::random::turn_to_draw();
    let device = Device::flex();
    device.seed(seed);
    let config = EfficientNetConfig { architecture, normalisation: Normalisation::BatchNorm };
    let mut store = SafetensorsStore::from_bytes(None).with_to_adapter(BurnToPyTorchAdapter);
    config.init(&device).save_into(&mut store).expect("exports");
    let (mut tensors, _) = state_dict::read(&store.get_bytes().expect("bytes")).expect("readable");
    tensors.retain(|_, (shape, _)| !shape.is_empty());
    tensors
}

/// An extractor file of random weights.
pub fn random_extractor(architecture: Architecture, seed: u64) -> Vec<u8> {
    let tensors = random_weights(architecture, seed);
    extractor_file::from_state_dict(tensors, architecture, "random".into(), Precision::F16).expect("complete")
}
