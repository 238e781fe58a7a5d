//! What the two kinds of model file have in common: safetensors with one metadata entry, `cse`, that holds JSON.
//!
//! One entry and not many, so that the same model is the same bytes: safetensors writes its metadata in no fixed order.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::state_dict::{self, Precision, StateDict, StateDictError};

/// The newest format that this program reads, and the one that it writes.
pub const FORMAT_VERSION: u32 = 7;

/// The oldest format of a texture file that can be read. Older ones hold long lists in their description.
const OLDEST_TEXTURE: u32 = 7;

/// Longest description, bytes. Long lists are tensors.
const LONGEST_DESCRIPTION: usize = 32 * 1024;
/// Longest text for a reader in a description, bytes.
pub const LONGEST_TEXT: usize = 8 * 1024;

const KEY: &str = "cse";

/// Which kind of model a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The frozen network, shared by all textures.
    Extractor,
    /// What was learnt of one texture.
    Texture,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Extractor => "extractor",
            Self::Texture => "texture model",
        })
    }
}

/// Why a model file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelFileError {
    /// The tensors are damaged or of another shape.
    #[error(transparent)]
    Tensors(#[from] StateDictError),
    /// A safetensors file of another program.
    #[error(
        "this safetensors file was not written by this program: to use it as an extractor, run `native-train weights import FILE`"
    )]
    Foreign,
    /// Written by a later version.
    #[error("this file has format {found}, and this program reads up to {FORMAT_VERSION}: update the program")]
    Newer {
        /// The file's format.
        found: u32,
    },
    /// A texture model written by an earlier version that held less, or on another scale.
    #[error("this file has format {found}, from before version {oldest}: train the texture again", oldest = OLDEST_TEXTURE)]
    Older {
        /// The file's format.
        found: u32,
    },
    /// The other kind of file.
    #[error("this file holds {found}, where {wanted} is needed", found = article(*found), wanted = article(*wanted))]
    WrongKind {
        /// What it is.
        found: Kind,
        /// What it should be.
        wanted: Kind,
    },
    /// A description that no version of this program writes.
    #[error(
        "the description in this model file is {0} bytes long, and at most {LONGEST_DESCRIPTION} are read: make or fetch the file again"
    )]
    Long(usize),
    /// The description does not parse, or contradicts itself.
    #[error("the description in this model file is damaged ({0}): make or fetch the file again")]
    Description(String),
    /// A texture model made with another extractor.
    #[error(
        "this texture model was trained with extractor {wanted} ({architecture}), but the extractor in use is {found}: load that extractor, or train the texture again"
    )]
    OtherExtractor {
        /// The extractor it was trained with.
        wanted: String,
        /// Its architecture.
        architecture: String,
        /// The one in use, with its architecture.
        found: String,
    },
}

/// An error where one of `checks` does not hold; the sentence says what the description claims.
pub(crate) fn check(checks: &[(bool, &str)]) -> Result<(), ModelFileError> {
    match checks.iter().find(|(holds, _)| !holds) {
        Some((_, sentence)) => Err(ModelFileError::Description((*sentence).to_owned())),
        None => Ok(()),
    }
}

fn article(kind: Kind) -> String {
    match kind {
        Kind::Extractor => format!("an {kind}"),
        Kind::Texture => format!("a {kind}"),
    }
}

/// The part of the description that every version and kind has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// At most [`FORMAT_VERSION`].
    pub format_version: u32,
    /// What the file holds.
    pub kind: Kind,
}

#[derive(Serialize)]
struct Written<'a, T> {
    #[serde(flatten)]
    header: Header,
    #[serde(flatten)]
    info: &'a T,
}

/// What kind of model file `bytes` are, and of which version, which is one that can be read.
pub fn header(bytes: &[u8]) -> Result<Header, ModelFileError> {
    Ok(description(bytes)?.1)
}

/// The description alone of a file of `wanted` kind, which has all its bytes; what its tensors hold is not looked at.
pub fn read_info<T: DeserializeOwned>(bytes: &[u8], wanted: Kind) -> Result<T, ModelFileError> {
    let (json, header) = description(bytes)?;
    if header.kind != wanted {
        return Err(ModelFileError::WrongKind { found: header.kind, wanted });
    }
    serde_json::from_str(&json).map_err(|error| ModelFileError::Description(error.to_string()))
}

/// The description and the tensors of a file of `wanted` kind.
pub fn read<T: DeserializeOwned>(bytes: &[u8], wanted: Kind) -> Result<(T, StateDict), ModelFileError> {
    Ok((read_info(bytes, wanted)?, state_dict::read(bytes)?.0))
}

/// A file with this description and these tensors.
pub fn write<T: Serialize>(
    info: &T,
    kind: Kind,
    tensors: &StateDict,
    precision: Precision,
) -> Result<Vec<u8>, ModelFileError> {
    let header = Header { format_version: FORMAT_VERSION, kind };
    let json = serde_json::to_string(&Written { header, info })
        .map_err(|error| ModelFileError::Description(error.to_string()))?;
    Ok(state_dict::write(tensors, HashMap::from([(KEY.to_owned(), json)]), precision)?)
}

fn description(bytes: &[u8]) -> Result<(String, Header), ModelFileError> {
    let json = state_dict::read_metadata(bytes)?.remove(KEY).ok_or(ModelFileError::Foreign)?;
    if json.len() > LONGEST_DESCRIPTION {
        return Err(ModelFileError::Long(json.len()));
    }
    let header: Header = serde_json::from_str(&json).map_err(|error| ModelFileError::Description(error.to_string()))?;
    if header.format_version > FORMAT_VERSION {
        return Err(ModelFileError::Newer { found: header.format_version });
    }
    if header.kind == Kind::Texture && header.format_version < OLDEST_TEXTURE {
        return Err(ModelFileError::Older { found: header.format_version });
    }
    Ok((json, header))
}
