//! Extractor file: the frozen network, an EfficientNet up to stage 7 or a ResNet up to `layer3`. BatchNorm is folded into its
//! convolutions.

use burn::tensor::Device;
use half::f16;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::model_file::{self, Kind, ModelFileError};
use super::module_weights::load_module;
use super::state_dict::{self, Precision, StateDict, StateDictError};
use crate::network::backbone::{Backbone, Network};
use crate::network::batch_norm_folding::fold;
use crate::network::efficientnet::{Architecture, EfficientNetConfig, Normalisation};
use crate::network::resnet::{ResNet, ResNetArchitecture};

/// Description of an extractor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExtractorInfo {
    /// Architecture of the network.
    pub architecture: Backbone,
    /// First 16 hexadecimal digits of the SHA-256 of the weights. A category model names its extractor by it.
    pub id: String,
    /// Origin of the weights, as text. At most [`model_file::LONGEST_TEXT`] bytes.
    pub provenance: String,
    /// Number of weights.
    pub parameters: usize,
}

/// Extractor on a device.
#[derive(Debug)]
pub struct Extractor {
    /// Description.
    pub info: ExtractorInfo,
    /// The network.
    pub network: Network,
}

/// Makes an extractor file of published or trained weights with timm's names. Layers after stage 7 are left out.
pub fn from_state_dict(
    mut tensors: StateDict,
    architecture: Architecture,
    provenance: String,
    precision: Precision,
) -> Result<Vec<u8>, ModelFileError> {
    let epsilon = architecture.batch_norm_epsilon();
    let mut folded = StateDict::new();
    let mut move_folded = |conv: &str, norm: &str| -> Result<(), StateDictError> {
        fold(&mut tensors, conv, norm, epsilon)?;
        for part in ["weight", "bias"] {
            let name = format!("{conv}.{part}");
            if let Some(tensor) = tensors.remove(&name) {
                folded.insert(name, tensor);
            }
        }
        Ok(())
    };
    move_folded("conv_stem", "bn1")?;
    let mut squeeze_excite = Vec::new();
    for (s, stage) in architecture.stages().iter().enumerate() {
        for b in 0..stage.repeats {
            let block = format!("blocks.{s}.{b}");
            let pairs: &[(&str, &str)] = if stage.expand == 1 {
                &[("conv_dw", "bn1"), ("conv_pw", "bn2")]
            } else {
                &[("conv_pw", "bn1"), ("conv_dw", "bn2"), ("conv_pwl", "bn3")]
            };
            for (conv, norm) in pairs {
                move_folded(&format!("{block}.{conv}"), &format!("{block}.{norm}"))?;
            }
            if architecture.has_squeeze_excite() {
                for conv in ["conv_reduce", "conv_expand"] {
                    for part in ["weight", "bias"] {
                        squeeze_excite.push(format!("{block}.se.{conv}.{part}"));
                    }
                }
            }
        }
    }
    for name in squeeze_excite {
        let tensor = tensors.remove(&name).ok_or_else(|| StateDictError::Missing(name.clone()))?;
        folded.insert(name, tensor);
    }
    from_folded(&folded, architecture.into(), provenance, precision)
}

/// Makes an extractor file of published weights of a ResNet, with torchvision's names. Layers after `layer3` are left out.
pub fn from_res_net(
    tensors: StateDict,
    architecture: ResNetArchitecture,
    provenance: String,
    precision: Precision,
) -> Result<Vec<u8>, ModelFileError> {
    from_folded(&architecture.folded(tensors)?, Backbone::ResNet(architecture), provenance, precision)
}

/// Makes an extractor file of the tensors of a network whose BatchNorm is folded.
pub fn from_folded(
    tensors: &StateDict,
    architecture: Backbone,
    provenance: String,
    precision: Precision,
) -> Result<Vec<u8>, ModelFileError> {
    let info = ExtractorInfo {
        architecture,
        id: fingerprint(tensors),
        provenance,
        parameters: tensors.values().map(|(_, values)| values.len()).sum(),
    };
    model_file::write(&info, Kind::Extractor, tensors, precision)
}

/// Reads the description of an extractor file. An error where a field is out of its range.
pub fn read_info(bytes: &[u8]) -> Result<ExtractorInfo, ModelFileError> {
    let info = model_file::read_info(bytes, Kind::Extractor)?;
    check(&info)?;
    Ok(info)
}

/// An error where a field is out of its range.
fn check(info: &ExtractorInfo) -> Result<(), ModelFileError> {
    let digits = info.id.len() == 16 && info.id.bytes().all(|digit| digit.is_ascii_hexdigit());
    model_file::check(&[
        (digits, "its id is not 16 hexadecimal digits"),
        (info.provenance.len() <= model_file::LONGEST_TEXT, "its provenance is too long"),
    ])
}

impl Extractor {
    /// Loads an extractor file onto `device`, in f32.
    pub fn load(bytes: Vec<u8>, device: &Device) -> Result<Self, ModelFileError> {
        let (info, tensors): (ExtractorInfo, StateDict) = model_file::read(&bytes, Kind::Extractor)?;
        check(&info)?;
        let parameters: usize = tensors.values().map(|(_, values)| values.len()).sum();
        model_file::check(&[(parameters == info.parameters, "it has another number of weights than it states")])?;
        // The id is computed from the weights, because a category model must never run on another extractor.
        if fingerprint(&tensors) != info.id {
            return Err(ModelFileError::Description("its weights are not the ones it names".into()));
        }
        let network = match info.architecture {
            Backbone::EfficientNet(architecture) => {
                let mut network =
                    EfficientNetConfig { architecture, normalisation: Normalisation::Folded }.init(device);
                load_module(&mut network, bytes)?;
                Network::EfficientNet(Box::new(network))
            }
            Backbone::ResNet(architecture) => {
                let mut network = ResNet::new(architecture, device);
                load_module(&mut network, bytes)?;
                Network::ResNet(Box::new(network))
            }
        };
        Ok(Self { info, network })
    }
}

/// Id of an extractor: a digest of names, shapes and values as f16, the precision that files keep.
fn fingerprint(tensors: &StateDict) -> String {
    let mut hash = Sha256::new();
    for (name, (shape, values)) in tensors {
        hash.update(name.as_bytes());
        for side in shape {
            hash.update((*side as u64).to_le_bytes());
        }
        for value in values {
            hash.update(f16::from_f32(*value).to_le_bytes());
        }
    }
    hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads the tensors of an extractor file as they are stored.
pub fn tensors(bytes: &[u8]) -> Result<StateDict, ModelFileError> {
    Ok(state_dict::read(bytes)?.0)
}
