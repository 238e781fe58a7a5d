//! The extractor file: the frozen EfficientNet up to its second tap, BatchNorm folded; f16 where it ships.

use burn::store::{FloatCastAdapter, ModuleSnapshot, SafetensorsStore};
use burn::tensor::{DType, Device};
use half::f16;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::batch_norm_folding::fold;
use crate::efficientnet::{Architecture, EfficientNet, EfficientNetConfig, Normalisation};
use crate::model_file::{self, Kind, ModelFileError};
use crate::state_dict::{self, Precision, StateDict, StateDictError};

/// What an extractor file says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExtractorInfo {
    /// The member of the family.
    pub architecture: Architecture,
    /// First 16 hexadecimal digits of the SHA-256 of the weights: what a texture model is bound to.
    pub id: String,
    /// Where the weights come from, for a reader.
    pub provenance: String,
    /// Number of weights.
    pub parameters: usize,
}

/// A loaded extractor.
#[derive(Debug)]
pub struct Extractor {
    /// Its description.
    pub info: ExtractorInfo,
    /// The network.
    pub network: EfficientNet,
}

/// An extractor file from published or trained weights with timm's names. Layers after the second tap are left out.
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
    from_folded(&folded, architecture, provenance, precision)
}

/// An extractor file from the tensors of a network without BatchNorm.
pub fn from_folded(
    tensors: &StateDict,
    architecture: Architecture,
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

/// The description alone, checked.
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
        // The weights decide, not what the description claims: a texture model must never meet another extractor.
        if fingerprint(&tensors) != info.id {
            return Err(ModelFileError::Description("its weights are not the ones it names".into()));
        }
        let config = EfficientNetConfig { architecture: info.architecture, normalisation: Normalisation::Folded };
        let mut network = config.init(device);
        load_module(&mut network, bytes)?;
        Ok(Self { info, network })
    }
}

/// Fills `module` from safetensors `bytes`, in f32; every tensor of the module must be there.
pub fn load_module<M: burn::module::Module>(module: &mut M, bytes: Vec<u8>) -> Result<(), ModelFileError> {
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

/// Over names, shapes and values as f16, which is what the file keeps.
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

/// The tensors of an extractor file as they are stored.
pub fn tensors(bytes: &[u8]) -> Result<StateDict, ModelFileError> {
    Ok(state_dict::read(bytes)?.0)
}
