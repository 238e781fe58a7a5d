//! Named f32 tensors and their safetensors form, with metadata: what every model file here is made of.

use std::collections::{BTreeMap, HashMap};

use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

/// Tensors by name: shape, and values in row-major order.
pub type StateDict = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// How floats are written.
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
    /// Not safetensors at all, or cut short.
    #[error("this is not a whole safetensors file ({0}); it may be cut short: fetch or copy it again")]
    Malformed(String),
    /// A tensor in a type that models here do not use.
    #[error("tensor '{name}' holds {dtype}, but only f32, f16 and bf16 can be read")]
    Type {
        /// The tensor.
        name: String,
        /// Its type.
        dtype: String,
    },
    /// A tensor that should be there is not.
    #[error("tensor '{0}' is missing")]
    Missing(String),
    /// A tensor of another shape.
    #[error("tensor '{name}' has shape {found:?} where {expected:?} is needed")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// The shape that the model has.
        expected: Vec<usize>,
    },
    /// A value that is no number.
    #[error("tensor '{0}' holds a value that is not a finite number: the file is damaged, or training diverged")]
    NotFinite(String),
}

/// The tensors and the metadata of a safetensors file.
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

/// The metadata alone, without reading the tensors.
pub fn read_metadata(bytes: &[u8]) -> Result<HashMap<String, String>, StateDictError> {
    let (_, header) =
        SafeTensors::read_metadata(bytes).map_err(|error| StateDictError::Malformed(error.to_string()))?;
    Ok(header.metadata().clone().unwrap_or_default())
}

/// A safetensors file of `tensors` and `metadata`; the same input gives the same bytes.
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

/// Takes `name` out of `tensors`, with the shape that the model has.
pub fn take(tensors: &mut StateDict, name: &str, expected: &[usize]) -> Result<Vec<f32>, StateDictError> {
    let (shape, values) = tensors.remove(name).ok_or_else(|| StateDictError::Missing(name.to_owned()))?;
    if shape != expected {
        return Err(StateDictError::Shape { name: name.to_owned(), found: shape, expected: expected.to_vec() });
    }
    Ok(values)
}

fn floats(name: &str, view: &TensorView<'_>) -> Result<Vec<f32>, StateDictError> {
    let data = view.data();
    let values: Vec<f32> = match view.dtype() {
        Dtype::F32 => data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        Dtype::F16 => data.as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
        Dtype::BF16 => data.as_chunks::<2>().0.iter().map(|b| half::bf16::from_le_bytes(*b).to_f32()).collect(),
        // BatchNorm's step counter (`num_batches_tracked`): an integer that nothing here uses.
        Dtype::I64 => return Ok(data.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b) as f32).collect()),
        other => return Err(StateDictError::Type { name: name.to_owned(), dtype: format!("{other:?}") }),
    };
    if values.iter().all(|value| value.is_finite()) {
        Ok(values)
    } else {
        Err(StateDictError::NotFinite(name.to_owned()))
    }
}
