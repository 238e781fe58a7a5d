//! Named f32 tensors, and safetensors files of them.

use std::collections::{BTreeMap, HashMap};

use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

/// Tensors by name: shape, and values in row-major order.
pub type StateDict = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// Number format of the tensors in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 16-bit IEEE floats.
    F16,
    /// 32-bit IEEE floats.
    F32,
}

/// Why bytes are not a usable safetensors file.
#[derive(Debug, thiserror::Error)]
pub enum StateDictError {
    /// The bytes are not a whole safetensors file.
    #[error("this is not a whole safetensors file ({0}); it may be cut short: fetch or copy it again")]
    Malformed(String),
    /// A tensor has a number format that no model here uses.
    #[error("tensor '{name}' holds {dtype}, but only f32, f16 and bf16 can be read")]
    Type {
        /// The tensor.
        name: String,
        /// Its type.
        dtype: String,
    },
    /// A tensor is missing.
    #[error("tensor '{0}' is missing")]
    Missing(String),
    /// A tensor has another shape than the model.
    #[error("tensor '{name}' has shape {found:?} where {expected:?} is needed")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// The shape that the model has.
        expected: Vec<usize>,
    },
    /// A value is NaN or infinite.
    #[error("tensor '{0}' holds a value that is not a finite number: the file is damaged, or training diverged")]
    NotFinite(String),
}

/// Reads the tensors and the metadata of a safetensors file.
pub fn read(bytes: &[u8]) -> Result<(StateDict, HashMap<String, String>), StateDictError> {
    let malformed = |error: safetensors::SafeTensorError| StateDictError::Malformed(error.to_string());
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(malformed)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(malformed)?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let mut state = StateDict::new();
    for (name, view) in tensors.iter() {
        state.insert(name.to_owned(), (view.shape().to_vec(), floats(name, &view)?));
    }
    Ok((state, metadata))
}

/// Reads the metadata of a safetensors file, without its tensors.
pub fn read_metadata(bytes: &[u8]) -> Result<HashMap<String, String>, StateDictError> {
    let (_, header) =
        SafeTensors::read_metadata(bytes).map_err(|error| StateDictError::Malformed(error.to_string()))?;
    Ok(header.metadata().clone().unwrap_or_default())
}

/// Makes a safetensors file of `tensors` and `metadata`. The same input gives the same bytes.
pub fn write(
    tensors: &StateDict,
    metadata: HashMap<String, String>,
    precision: Precision,
) -> Result<Vec<u8>, StateDictError> {
    let encode = |values: &[f32]| -> Vec<u8> {
        match precision {
            Precision::F32 => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Precision::F16 => values.iter().flat_map(|value| f16::from_f32(*value).to_le_bytes()).collect(),
        }
    };
    let dtype = match precision {
        Precision::F32 => Dtype::F32,
        Precision::F16 => Dtype::F16,
    };
    let encoded: Vec<_> = tensors.iter().map(|(name, (shape, values))| (name, shape, encode(values))).collect();
    let mut views = Vec::with_capacity(encoded.len());
    for (name, shape, bytes) in &encoded {
        let view = TensorView::new(dtype, shape.to_vec(), bytes)
            .map_err(|error| StateDictError::Malformed(error.to_string()))?;
        views.push((name.as_str(), view));
    }
    safetensors::serialize(views, Some(metadata)).map_err(|error| StateDictError::Malformed(error.to_string()))
}

/// Takes the values of tensor `name` out of `tensors`. An error where it is missing or its shape is not `expected`.
pub fn take(tensors: &mut StateDict, name: &str, expected: &[usize]) -> Result<Vec<f32>, StateDictError> {
    let (shape, values) = tensors.remove(name).ok_or_else(|| StateDictError::Missing(name.to_owned()))?;
    if shape != expected {
        return Err(StateDictError::Shape { name: name.to_owned(), found: shape, expected: expected.to_vec() });
    }
    Ok(values)
}

/// Takes the tensors whose names begin with `prefix` out of `tensors`, and removes the prefix from their names.
pub(crate) fn take_below(tensors: &mut StateDict, prefix: &str) -> StateDict {
    let names: Vec<String> = tensors.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
    let own = names.into_iter().filter_map(|name| Some((name[prefix.len()..].to_owned(), tensors.remove(&name)?)));
    own.collect()
}

fn floats(name: &str, view: &TensorView<'_>) -> Result<Vec<f32>, StateDictError> {
    let data = view.data();
    let values: Vec<f32> = match view.dtype() {
        Dtype::F32 => data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        Dtype::F16 => data.as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
        Dtype::BF16 => data.as_chunks::<2>().0.iter().map(|b| half::bf16::from_le_bytes(*b).to_f32()).collect(),
        // The step counter of BatchNorm (`num_batches_tracked`), which nothing here uses.
        Dtype::I64 => return Ok(data.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b) as f32).collect()),
        other => return Err(StateDictError::Type { name: name.to_owned(), dtype: format!("{other:?}") }),
    };
    if values.iter().all(|value| value.is_finite()) {
        Ok(values)
    } else {
        Err(StateDictError::NotFinite(name.to_owned()))
    }
}
