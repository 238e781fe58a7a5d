//! Exports a trained network for an extractor file.

use burn::store::{BurnToPyTorchAdapter, ModuleSnapshot, SafetensorsStore};
use cse::files::state_dict::{self, StateDict};
use cse::network::efficientnet::EfficientNet;

use super::PretrainError;

/// All weights of the network by their names.
pub fn exported(network: &EfficientNet) -> Result<StateDict, PretrainError> {
    let mut store = SafetensorsStore::from_bytes(None).with_to_adapter(BurnToPyTorchAdapter);
    network.save_into(&mut store).map_err(|error| PretrainError::Export(error.to_string()))?;
    let bytes = store.get_bytes().map_err(|error| PretrainError::Export(error.to_string()))?;
    let (mut tensors, _) = state_dict::read(&bytes)?;
    tensors.retain(|_, (shape, _)| !shape.is_empty());
    Ok(tensors)
}
