//! Format of both kinds of model file: safetensors with one metadata entry, `cse`, that holds a description as JSON.
//!
//! There is only one entry, because safetensors writes several in no fixed order. The same model must give the same bytes.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::state_dict::{self, Precision, StateDict, StateDictError};

/// Format of the files that this program reads and writes.
pub const FORMAT_VERSION: u32 = 10;

/// Longest description, bytes. Long lists are tensors.
const LONGEST_DESCRIPTION: usize = 32 * 1024;
/// Longest text in a description, bytes.
pub const LONGEST_TEXT: usize = 8 * 1024;

const KEY: &str = "cse";

/// Kind of model file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The frozen network, which all categories share.
    Extractor,
    /// The trained model of one category.
    Category,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Extractor => "extractor",
            Self::Category => "category model",
        })
    }
}

/// Why a model file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelFileError {
    /// The tensors are damaged or have another shape.
    #[error(transparent)]
    Tensors(#[from] StateDictError),
    /// The safetensors file is of another program.
    #[error(
        "this safetensors file was not written by this program: to use it as an extractor, run `native-train weights import FILE`"
    )]
    Foreign,
    /// The file has a newer format.
    #[error("this file has format {0}, and this program reads format {FORMAT_VERSION}: update the program")]
    Newer(u32),
    /// The file has an older format.
    #[error(
        "this file has format {0}, and this program reads format {FORMAT_VERSION}: train the category model again, or import the extractor again"
    )]
    Older(u32),
    /// The file is of the other kind.
    #[error("this file holds {found}, where {wanted} is needed", found = article(*found), wanted = article(*wanted))]
    WrongKind {
        /// Kind of the file.
        found: Kind,
        /// Kind that is needed.
        wanted: Kind,
    },
    /// The description is longer than any that this program writes.
    #[error(
        "the description in this model file is {0} bytes long, and at most {LONGEST_DESCRIPTION} are read: make or fetch the file again"
    )]
    Long(usize),
    /// The description does not parse, or contradicts itself.
    #[error("the description in this model file is damaged ({0}): make or fetch the file again")]
    Description(String),
    /// The category model was trained with another extractor.
    #[error(
        "this category model was trained with extractor {wanted}, but the extractor in use is {found}: load that extractor, or train the category again"
    )]
    OtherExtractor {
        /// Extractor that it was trained with: id and architecture.
        wanted: String,
        /// Extractor in use: id and architecture.
        found: String,
    },
}

/// An error with the sentence of the first of `checks` that does not hold.
pub(crate) fn check(checks: &[(bool, &str)]) -> Result<(), ModelFileError> {
    match checks.iter().find(|(holds, _)| !holds) {
        Some((_, sentence)) => Err(ModelFileError::Description((*sentence).to_owned())),
        None => Ok(()),
    }
}

fn article(kind: Kind) -> String {
    match kind {
        Kind::Extractor => format!("an {kind}"),
        Kind::Category => format!("a {kind}"),
    }
}

/// Part of the description that both kinds of file have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Format of the file: [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Kind of the file.
    pub kind: Kind,
}

#[derive(Serialize)]
struct Written<'a, T> {
    #[serde(flatten)]
    header: Header,
    #[serde(flatten)]
    info: &'a T,
}

/// Reads kind and format of a model file.
pub fn header(bytes: &[u8]) -> Result<Header, ModelFileError> {
    Ok(description(bytes)?.1)
}

/// Reads the description of a file of `wanted` kind. Its tensors are not read.
pub fn read_info<T: DeserializeOwned>(bytes: &[u8], wanted: Kind) -> Result<T, ModelFileError> {
    let (json, header) = description(bytes)?;
    if header.kind != wanted {
        return Err(ModelFileError::WrongKind { found: header.kind, wanted });
    }
    serde_json::from_str(&json).map_err(|error| ModelFileError::Description(error.to_string()))
}

/// Reads the description and the tensors of a file of `wanted` kind.
pub fn read<T: DeserializeOwned>(bytes: &[u8], wanted: Kind) -> Result<(T, StateDict), ModelFileError> {
    Ok((read_info(bytes, wanted)?, state_dict::read(bytes)?.0))
}

/// Makes a model file of a description and tensors.
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
    match header.format_version {
        FORMAT_VERSION => Ok((json, header)),
        newer if newer > FORMAT_VERSION => Err(ModelFileError::Newer(newer)),
        older => Err(ModelFileError::Older(older)),
    }
}
