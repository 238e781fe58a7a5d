//! `weights import`: an extractor file from a local file of EfficientNet weights.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use cse::files::extractor_file;
use cse::files::model_file::ModelFileError;
use cse::files::state_dict::Precision;
use cse::network::efficientnet::Architecture;

use crate::files;

use super::advice::advice;
use super::names::Layout;
use super::recognise::{RecogniseError, Recognised, recognise, take_timm_named};
use super::state_dict::{self, ReadError};

/// `weights import FILE --out OUT`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
EfficientNet-B0, B1, B2 and B3 as timm and torchvision publish them, and EfficientNet-Lite0, can be imported; which \
of them FILE holds is told from its tensors. FILE may be a .safetensors or a .pth: a state dict, or a checkpoint with \
one under a key such as 'state_dict' or 'model'. OUT holds the layers up to the end of the last stage, with BatchNorm \
folded into the convolutions, as 16-bit floats.

Example:
  native-train weights import efficientnet_b3_rwightman-b3899882.pth --out b3.extractor.safetensors")]
pub struct ImportArgs {
    /// The weights: a .safetensors or .pth file of timm or torchvision
    pub file: PathBuf,
    /// Where the extractor file goes. It appears there whole or not at all; one that is there already is replaced
    #[arg(long, short, value_name = "OUT")]
    pub out: PathBuf,
    /// The weights were converted from TensorFlow (timm's tf_efficientnet_*), which pads images in another way.
    /// Known without being told where FILE's name begins with 'tf_' or its tensors are named as in efficientnet_pytorch
    #[arg(long)]
    pub tensorflow: bool,
}

/// What `weights import` made.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The extractor file.
    pub out: PathBuf,
    /// Its size, bytes.
    pub bytes: u64,
    /// The network.
    pub architecture: Architecture,
    /// Whose names the weights had.
    pub layout: Layout,
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { out, bytes, architecture, layout } = self;
        let size = indicatif::HumanBytes(*bytes);
        write!(f, "{}: {architecture}, from weights with {layout}'s names, {size}", out.display())
    }
}

/// Why no extractor file was made.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The weights cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The weights are not of a network that can be an extractor.
    #[error("{} {source}", .path.display())]
    Recognise {
        /// The weights.
        path: PathBuf,
        /// What is wrong.
        source: RecogniseError,
    },
    /// An extractor file needs no import.
    #[error("{} is an extractor file already: give it to training as it is, with --extractor", .0.display())]
    AlreadyExtractor(PathBuf),
    /// The network is one of those that can be an extractor, but with TensorFlow's padding.
    #[error(
        "{} holds {architecture} as converted from TensorFlow, which pads images in another way than the extractor: its \
         feature maps would be wrong. Import timm's own efficientnet_b3.ra2_in1k or torchvision's efficientnet_b3",
        .path.display()
    )]
    Tensorflow {
        /// The weights.
        path: PathBuf,
        /// The network.
        architecture: Architecture,
    },
    /// The weights cannot be made into an extractor file.
    #[error("{} cannot be made into an extractor: {source}", .path.display())]
    Convert {
        /// The weights.
        path: PathBuf,
        /// What is wrong.
        source: ModelFileError,
    },
    /// The extractor file cannot be written.
    #[error("{} cannot be written: {source}{}", .path.display(), advice(.source))]
    Write {
        /// The extractor file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Makes the extractor file `args.out` from the weights in `args.file`.
pub fn import(args: &ImportArgs) -> Result<Imported, ImportError> {
    let name = file_name(&args.file);
    let tensorflow = args.tensorflow || name.starts_with("tf_");
    // The name only: where a file lay on someone's disk is nobody else's business.
    import_as(&args.file, &args.out, &name, tensorflow)
}

/// As [`import`]; `origin` is what the extractor file says about where its weights come from, to which their SHA-256
/// is added.
pub(super) fn import_as(file: &Path, out: &Path, origin: &str, tensorflow: bool) -> Result<Imported, ImportError> {
    let mut tensors = state_dict::read(file)?;
    let recognised = |source| ImportError::Recognise { path: file.to_owned(), source };
    let network = recognise(&tensors).map_err(|source| {
        if is_extractor(file) { ImportError::AlreadyExtractor(file.to_owned()) } else { recognised(source) }
    })?;
    let Recognised { architecture, location } = &network;
    // Lite0 exists only as converted from TensorFlow, so its architecture has that padding.
    if *architecture != Architecture::TfLite0 && (tensorflow || location.layout == Layout::EfficientNetPytorch) {
        return Err(ImportError::Tensorflow { path: file.to_owned(), architecture: *architecture });
    }
    let tensors = take_timm_named(&mut tensors, &network).map_err(recognised)?;
    let sha256 =
        files::sha256_of(file).map_err(|source| ImportError::Read(ReadError::Io { path: file.to_owned(), source }))?;
    let provenance = format!("{origin}, SHA-256 {sha256}");
    let bytes = extractor_file::from_state_dict(tensors, *architecture, provenance, Precision::F16)
        .map_err(|source| ImportError::Convert { path: file.to_owned(), source })?;
    files::replace(out, &bytes).map_err(|source| ImportError::Write { path: out.to_owned(), source })?;
    Ok(Imported {
        out: out.to_owned(),
        bytes: bytes.len() as u64,
        architecture: *architecture,
        layout: location.layout,
    })
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

    use cse::files::state_dict::StateDict;

    use super::super::recognise::made_up;
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
            assert_eq!((imported.architecture, imported.layout), (Architecture::B0, layout));
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

    /// Files that `tests/reference/pytorch_checkpoint.py` wrote: every tensor is filled with its place in the file.
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
        assert_eq!(import(&args(file, &out)).unwrap().architecture, Architecture::TfLite0);
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
        assert!(message.contains("resnet.safetensors holds no EfficientNet"), "{message}");
    }
}
