//! Fills a module with the weights of a file.

use burn::module::Module;
use burn::store::{FloatCastAdapter, ModuleSnapshot, SafetensorsStore};
use burn::tensor::DType;

use super::model_file::ModelFileError;
use super::state_dict::StateDictError;

/// Fills `module` from safetensors `bytes`, in f32. An error where a tensor of the module is missing.
pub fn load_module<M: Module>(module: &mut M, bytes: Vec<u8>) -> Result<(), ModelFileError> {
    let mut store = SafetensorsStore::from_bytes(Some(bytes))
        .with_from_adapter(FloatCastAdapter::to(DType::F32))
        .allow_partial(true)
        .validate(false);
    let result = module.load_from(&mut store).map_err(|error| StateDictError::Malformed(error.to_string()))?;
    if let Some((name, _)) = result.missing.first() {
        return Err(StateDictError::Missing(name.clone()).into());
    }
    match result.errors.first() {
        Some(error) => Err(ModelFileError::Description(error.to_string())),
        None => Ok(()),
    }
}
