//! Reads the tensors of a published weights file: `.safetensors`, or any form of PyTorch's `.pth`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use burn::store::pytorch_reader::{DType, PytorchError, PytorchReader, Tensor};
use cse::files::state_dict::{self, StateDict};
use half::{bf16, f16};

use super::advice::advice;

/// Largest file, bytes: 1 GiB, more than any weights that can be imported, with their optimizer's state.
const MAX_BYTES: u64 = 1 << 30;

/// Reasons why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file system refused to read.
    #[error("{} cannot be read: {source}{}", .path.display(), advice(.source))]
    Io {
        /// The file.
        path: PathBuf,
        /// Error of the file system.
        source: io::Error,
    },
    /// The file is too large for weights that can be imported.
    #[error(
        "{} holds {} MB of tensors, more than any weights that can be imported: check that it is the right file",
        .path.display(),
        .bytes >> 20
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Size, bytes.
        bytes: u64,
    },
    /// The `.safetensors` file is damaged or has an unsupported data type.
    #[error("{} cannot be used: {source}", .path.display())]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// Error of the parser.
        source: state_dict::StateDictError,
    },
    /// The file is a damaged `.pth` file, or neither `.safetensors` nor `.pth`.
    #[error(
        "{} is neither a .safetensors file nor a whole PyTorch checkpoint ({source}): check that it is the right file, \
         and copy it again if it was cut short", .path.display()
    )]
    Pytorch {
        /// The file.
        path: PathBuf,
        /// Error of the parser.
        source: PytorchError,
    },
}

/// Reads every tensor of floats in `path` as f32, with the file's names. Keys of nested dictionaries are joined with dots
/// (`state_dict.conv_stem.weight`). The content decides the file's form, not its name. Tensors of integers, such as
/// BatchNorm's step counters, may be left out.
pub fn read(path: &Path) -> Result<StateDict, ReadError> {
    let io = |source| ReadError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(io)?;
    let bytes = file.metadata().map_err(io)?.len();
    if bytes > MAX_BYTES {
        return Err(ReadError::TooLarge { path: path.to_owned(), bytes });
    }
    // A .safetensors file begins with the length of its header, 8 bytes, and the header, a JSON object.
    let mut head = Vec::new();
    file.by_ref().take(9).read_to_end(&mut head).map_err(io)?;
    if head.get(8) == Some(&b'{') {
        let whole = fs::read(path).map_err(io)?;
        let (tensors, _) =
            state_dict::read(&whole).map_err(|source| ReadError::Safetensors { path: path.to_owned(), source })?;
        return Ok(tensors);
    }
    read_pytorch(path)
}

fn read_pytorch(path: &Path) -> Result<StateDict, ReadError> {
    let reader = PytorchReader::new(path).map_err(|source| ReadError::Pytorch { path: path.to_owned(), source })?;
    // A view with stride 0 has more elements than the file holds, so the size is checked again.
    let bytes = reader.tensors().values().fold(0_u64, |sum, tensor| sum.saturating_add(tensor.byte_len() as u64));
    if bytes > MAX_BYTES {
        return Err(ReadError::TooLarge { path: path.to_owned(), bytes });
    }
    let mut tensors = StateDict::new();
    for (name, tensor) in reader.tensors() {
        let values = floats(tensor)
            .map_err(|source| ReadError::Pytorch { path: path.to_owned(), source: PytorchError::Io(source) })?;
        if let Some(values) = values {
            tensors.insert(name.clone(), (tensor.shape().to_vec(), values));
        }
    }
    Ok(tensors)
}

/// Returns the values as f32, or `None` for integers.
fn floats(tensor: &Tensor) -> io::Result<Option<Vec<f32>>> {
    let decode: fn(&[u8]) -> Vec<f32> = match tensor.dtype() {
        DType::F64 => |data| data.as_chunks::<8>().0.iter().map(|b| f64::from_ne_bytes(*b) as f32).collect(),
        DType::F32 => |data| data.as_chunks::<4>().0.iter().map(|b| f32::from_ne_bytes(*b)).collect(),
        DType::F16 => |data| data.as_chunks::<2>().0.iter().map(|b| f16::from_ne_bytes(*b).to_f32()).collect(),
        DType::BF16 => |data| data.as_chunks::<2>().0.iter().map(|b| bf16::from_ne_bytes(*b).to_f32()).collect(),
        _ => return Ok(None),
    };
    Ok(Some(decode(&tensor.read()?)))
}

#[cfg(test)]
mod tests {
    use cse_tests::fuzz;

    use super::*;

    #[test]
    fn what_is_neither_form_is_said_to_be_neither() {
        let folder = tempfile::tempdir().unwrap();
        for content in [&b""[..], b"x", b"<!DOCTYPE html><html>", b"\x80\x02}q\x00.", b"PK\x03\x04", &[0x80; 4096]] {
            let path = folder.path().join("weights.pth");
            fs::write(&path, content).unwrap();
            // An empty dictionary is a checkpoint without tensors; everything else is an error.
            let message = match read(&path) {
                Ok(tensors) => {
                    assert!(tensors.is_empty());
                    continue;
                }
                Err(error) => error.to_string(),
            };
            assert!(message.contains("weights.pth is neither"), "{message}");
        }
    }

    #[test]
    fn changed_checkpoints_are_read_or_refused() {
        let (seeds, file) = (fuzz::seeds::checkpoints(), tempfile::NamedTempFile::new().unwrap());
        let path = file.path().to_owned();
        let read = move |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            read(&path).is_ok()
        };
        let make = Box::new(move |rng: &mut _| fuzz::changed(&seeds, rng));
        let target = fuzz::Target { name: "weights import", make, read: Box::new(read) };
        let report = fuzz::run(&target, 0..2000, None);
        assert!(report.panics.is_empty() && report.slow.is_none(), "{:?} {:?}", report.panics, report.slow);
        assert!(report.accepted_share() > 0.1, "{report}");
    }

    #[test]
    fn a_safetensors_file_cut_short_is_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let tensors = StateDict::from([("a".to_owned(), (vec![2, 3], vec![0.5; 6]))]);
        let bytes = state_dict::write(&tensors, Default::default(), state_dict::Precision::F32).unwrap();
        fs::write(&path, &bytes).unwrap();
        assert_eq!(read(&path).unwrap(), tensors);
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert!(matches!(read(&path), Err(ReadError::Safetensors { .. })));
    }

    /// `tests/reference/checkpoints.py` wrote these files with PyTorch.
    #[test]
    fn older_checkpoints_have_the_numbers_that_were_saved() {
        for name in ["checkpoint_before_1.6.pth", "checkpoint_protocol_4.pth"] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference").join(name);
            let counted = |numbers: std::ops::Range<u8>| numbers.map(f32::from).collect::<Vec<_>>();
            let turned = vec![0.0, 3.0, 6.0, 9.0, 1.0, 4.0, 7.0, 10.0, 2.0, 5.0, 8.0, 11.0];
            let expected = [
                ("weight", vec![2, 3, 2], counted(0..12)),
                ("turned", vec![3, 4], turned),
                ("tail", vec![4], counted(8..12)),
                ("half", vec![2], vec![0.5, -2.0]),
                ("brain", vec![2], vec![1.5, 3.0]),
                ("double", vec![2], vec![0.25, 8.0]),
                ("with_state", vec![2], counted(0..2)),
            ];
            let expected = expected.map(|(key, shape, values)| (format!("state_dict.{key}"), (shape, values)));
            let mut tensors = read(&path).unwrap();
            tensors.retain(|key, _| key.starts_with("state_dict."));
            assert_eq!(tensors, StateDict::from(expected), "{name}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let message = read(Path::new("/nowhere/model.pth")).unwrap_err().to_string();
        assert!(message.starts_with("/nowhere/model.pth cannot be read: "), "{message}");
    }
}
