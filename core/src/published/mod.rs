//! Published ImageNet weights of EfficientNets and ResNets: recognised by their tensors, and made into an extractor file.
//!
//! An EfficientNet is [recognised](recognise) by names and shapes, and its tensors are renamed as timm does ([`names`]). For a
//! ResNet see [`res_net`].

pub mod names;
pub mod recognise;
pub mod res_net;

use crate::files::extractor_file;
use crate::files::model_file::ModelFileError;
use crate::files::state_dict::{Precision, StateDict};
use crate::network::backbone::Backbone;
use crate::network::efficientnet::Architecture;
use names::Layout;
use recognise::{RecogniseError, Recognised, recognise, take_timm_named};
use res_net::recognise_res_net;

/// Extractor file made from published weights.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The file.
    pub bytes: Vec<u8>,
    /// Network of the weights.
    pub architecture: Backbone,
    /// Naming scheme of the weights. None where all publishers name them alike.
    pub layout: Option<Layout>,
}

/// Why no extractor can be made. Each message continues after the file's name.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The weights belong to a network that cannot be an extractor.
    #[error(transparent)]
    Recognise(#[from] RecogniseError),
    /// The network can be an extractor, but has TensorFlow's padding.
    #[error(
        "holds {0} as converted from TensorFlow, which pads images in another way. The feature maps would be wrong. \
         Import timm's efficientnet_b3.ra2_in1k or torchvision's efficientnet_b3"
    )]
    Tensorflow(Architecture),
    /// The weights cannot be made into an extractor file.
    #[error("cannot be made into an extractor: {0}")]
    Convert(#[from] ModelFileError),
}

/// Makes an extractor file of `tensors`, with BatchNorm folded into the convolutions and 16-bit floats. `tensorflow` says that
/// the weights were converted from TensorFlow, where their names do not. The file's description keeps `provenance`.
pub fn import(mut tensors: StateDict, provenance: String, tensorflow: bool) -> Result<Imported, ImportError> {
    if let Some(network) = recognise_res_net(&tensors) {
        let named = res_net::take_named(&mut tensors, &network)?;
        let bytes = extractor_file::from_res_net(named, network.architecture, provenance, Precision::F16)?;
        return Ok(Imported { bytes, architecture: Backbone::ResNet(network.architecture), layout: None });
    }
    let network = recognise(&tensors)?;
    let Recognised { architecture, location } = &network;
    // Lite0 exists only as converted from TensorFlow, so its architecture has that padding.
    if *architecture != Architecture::TfLite0 && (tensorflow || location.layout == Layout::EfficientNetPytorch) {
        return Err(ImportError::Tensorflow(*architecture));
    }
    let renamed = take_timm_named(&mut tensors, &network)?;
    let bytes = extractor_file::from_state_dict(renamed, *architecture, provenance, Precision::F16)?;
    Ok(Imported { bytes, architecture: (*architecture).into(), layout: Some(location.layout) })
}

/// Tells whether tensors are those of a network that can be imported.
pub fn is_known(tensors: &StateDict) -> bool {
    recognise_res_net(tensors).is_some() || recognise(tensors).is_ok()
}

/// Tells whether a file's name says that its weights were converted from TensorFlow, as timm's do.
pub fn is_tensorflow(file_name: &str) -> bool {
    file_name.starts_with("tf_")
}
