//! `weights import`: makes an extractor file from a local file of published weights.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use cse::files::extractor_file;
use cse::network::backbone::Backbone;
use cse::published::names::Layout;
use cse::published::{self, is_tensorflow};

use crate::files;

use super::advice::advice;
use super::state_dict::{self, ReadError};

/// Arguments of `weights import`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
FILE holds EfficientNet-B0, B1, B2 or B3 from timm or torchvision, EfficientNet-Lite0, or for PatchCore and PaDiM \
ResNet-18 or WideResNet-50. The program recognises the network from the tensors. FILE is a .safetensors or .pth file: a state dict, or a checkpoint with one under a key \
such as 'state_dict' or 'model'. OUT holds the layers up to the end of the last stage as 16-bit floats, with BatchNorm \
folded into the convolutions.

Example:
  native-train weights import efficientnet_b3_rwightman-b3899882.pth --out b3.extractor.safetensors")]
pub struct ImportArgs {
    /// Weights: a .safetensors or .pth file of timm or torchvision
    pub file: PathBuf,
    /// Path of the extractor file. It appears whole or not at all, and replaces an existing file
    #[arg(long, short, value_name = "OUT")]
    pub out: PathBuf,
    /// Read the weights as converted from TensorFlow (timm's tf_efficientnet_*), which pads images in another way.
    /// Implied if FILE's name begins with 'tf_' or its tensors have efficientnet_pytorch's names
    #[arg(long)]
    pub tensorflow: bool,
}

/// Result of `weights import`.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The extractor file.
    pub out: PathBuf,
    /// Size of the extractor file, bytes.
    pub bytes: u64,
    /// Network of the weights.
    pub architecture: Backbone,
    /// Naming scheme of the weights. None where all publishers name them alike.
    pub layout: Option<Layout>,
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { out, bytes, architecture, layout } = self;
        let size = indicatif::HumanBytes(*bytes);
        let names = layout.map(|layout| format!("from weights with {layout}'s names, ")).unwrap_or_default();
        write!(f, "{}: {architecture}, {names}{size}", out.display())
    }
}

/// Reasons why no extractor file was made.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The weights cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file is an extractor file, which needs no import.
    #[error("{} is an extractor file already: train with it, with --extractor", .0.display())]
    AlreadyExtractor(PathBuf),
    /// The weights cannot be made into an extractor.
    #[error("{} {source}", .path.display())]
    Published {
        /// The weights.
        path: PathBuf,
        /// What is wrong with them.
        source: published::ImportError,
    },
    /// The extractor file cannot be written.
    #[error("{} cannot be written: {source}{}", .path.display(), advice(.source))]
    Write {
        /// The extractor file.
        path: PathBuf,
        /// Error of the file system.
        source: io::Error,
    },
}

/// Makes the extractor file `args.out` from the weights in `args.file`.
pub fn import(args: &ImportArgs) -> Result<Imported, ImportError> {
    let name = file_name(&args.file);
    let tensorflow = args.tensorflow || is_tensorflow(&name);
    // The provenance has the name only, as the folders on the user's disk are private.
    import_as(&args.file, &args.out, &name, tensorflow)
}

/// Makes the extractor file `out` from the weights in `file`. Its provenance is `origin` and the weights' SHA-256.
pub(super) fn import_as(file: &Path, out: &Path, origin: &str, tensorflow: bool) -> Result<Imported, ImportError> {
    let tensors = state_dict::read(file)?;
    let sha256 =
        files::sha256_of(file).map_err(|source| ImportError::Read(ReadError::Io { path: file.to_owned(), source }))?;
    let provenance = format!("{origin}, SHA-256 {sha256}");
    let published::Imported { bytes, architecture, layout } = published::import(tensors, provenance, tensorflow)
        .map_err(|source| match source {
            published::ImportError::Recognise(_) if is_extractor(file) => {
                ImportError::AlreadyExtractor(file.to_owned())
            }
            source => ImportError::Published { path: file.to_owned(), source },
        })?;
    files::replace(out, &bytes).map_err(|source| ImportError::Write { path: out.to_owned(), source })?;
    Ok(Imported { out: out.to_owned(), bytes: bytes.len() as u64, architecture, layout })
}

fn is_extractor(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| extractor_file::read_info(&bytes).is_ok())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use cse::files::state_dict::{Precision, StateDict};
    use cse::network::efficientnet::Architecture;
    use cse::published::recognise::{made_up, recognise, take_timm_named};

    use super::*;

    fn safetensors(path: &Path, tensors: &StateDict) {
        fs::write(path, cse::files::state_dict::write(tensors, HashMap::new(), Precision::F16).unwrap()).unwrap();
    }

    fn args(file: PathBuf, out: &Path) -> ImportArgs {
        ImportArgs { file, out: out.to_owned(), tensorflow: false }
    }

    fn reference(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference").join(name)
    }

    #[test]
    fn torchvision_names_give_the_same_extractor_as_timm_names() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Vec::new();
        for (layout, prefix) in [(Layout::Timm, ""), (Layout::Torchvision, "module.")] {
            let file = folder.path().join(format!("{layout}.safetensors"));
            let mut tensors = made_up(Architecture::B0, layout, prefix);
            tensors.insert(format!("{prefix}conv_head.weight"), (vec![1], vec![1.0]));
            safetensors(&file, &tensors);
            let out = folder.path().join(format!("{layout}.extractor.safetensors"));
            let imported = import(&args(file, &out)).unwrap();
            assert_eq!((imported.architecture, imported.layout), (Architecture::B0.into(), Some(layout)));
            let bytes = fs::read(out).unwrap();
            assert_eq!(imported.bytes, bytes.len() as u64);
            files.push((extractor_file::read_info(&bytes).unwrap(), extractor_file::tensors(&bytes).unwrap()));
        }
        assert_eq!(files[0].1, files[1].1);
        assert_eq!(files[0].0.id, files[1].0.id);
        let timm = folder.path().join("timm.extractor.safetensors");
        let error = import(&args(timm, &folder.path().join("again"))).unwrap_err();
        assert!(matches!(error, ImportError::AlreadyExtractor(_)), "{error}");
        assert!(files[1].0.provenance.starts_with("torchvision.safetensors, SHA-256 "));
    }

    /// `tests/reference/pytorch_checkpoint.py` wrote these files and filled every tensor with its index in the file.
    #[test]
    fn pytorch_checkpoints_are_read() {
        for (name, layout, prefix) in [
            ("torchvision_b0.pth", Layout::Torchvision, ""),
            ("timm_b0_checkpoint.pth", Layout::Timm, "state_dict.module."),
        ] {
            let tensors = state_dict::read(&reference(name)).unwrap();
            let network = recognise(&tensors).unwrap();
            assert_eq!((network.architecture, network.location.layout), (Architecture::B0, layout), "{name}");
            assert_eq!(network.location.prefix, prefix);
            let renamed = take_timm_named(&mut tensors.clone(), &network).unwrap();
            assert_eq!(renamed, made_up(Architecture::B0, Layout::Timm, ""), "{name}");
        }
    }

    #[test]
    fn weights_from_tensorflow_are_refused_except_lite0() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.safetensors");
        for (name, architecture, layout) in [
            ("tf_efficientnet_b0.safetensors", Architecture::B0, Layout::Timm),
            ("efficientnet-b0.safetensors", Architecture::B0, Layout::EfficientNetPytorch),
        ] {
            let file = folder.path().join(name);
            safetensors(&file, &made_up(architecture, layout, ""));
            let message = import(&args(file, &out)).unwrap_err().to_string();
            assert!(message.contains("efficientnet_b0 as converted from TensorFlow"), "{message}");
            assert!(!out.exists());
        }
        let file = folder.path().join("efficientnet-lite0.safetensors");
        safetensors(&file, &made_up(Architecture::TfLite0, Layout::EfficientNetPytorch, ""));
        assert_eq!(import(&args(file, &out)).unwrap().architecture, Architecture::TfLite0.into());
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("b0.safetensors");
        safetensors(&file, &made_up(Architecture::B0, Layout::Timm, ""));
        let error = import(&args(file, &folder.path().join("missing/out.safetensors"))).unwrap_err();
        assert!(matches!(error, ImportError::Write { .. }), "{error}");
        assert!(error.to_string().contains("Check that the path is right"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn another_network_is_said_to_be_another() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("resnet.safetensors");
        safetensors(&file, &StateDict::from([("layer1.0.conv1.weight".into(), (vec![1], vec![1.0]))]));
        let message = import(&args(file, &folder.path().join("out"))).unwrap_err().to_string();
        assert!(message.contains("resnet.safetensors holds no network"), "{message}");
    }
}
