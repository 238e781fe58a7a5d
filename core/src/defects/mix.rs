//! Mix: the kinds of synthetic defect that a training contrasts with.

use std::fmt;

use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::{DefectKind, DefectMaker, Generator, NoKinds};

/// Kinds of defect to draw from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mix {
    /// Kinds of a named generator.
    Generator(Generator),
    /// Chosen kinds. Each entry is equally likely.
    Kinds(Vec<DefectKind>),
}

impl Mix {
    /// Maker of the mix. `sources` are those of [`DefectMaker::new`].
    ///
    /// # Errors
    /// No kind was chosen.
    pub fn maker(&self, sources: Vec<RgbImage>) -> Result<DefectMaker, NoKinds> {
        match self {
            Self::Generator(generator) => Ok(generator.maker(sources)),
            Self::Kinds(kinds) => DefectMaker::new(kinds.clone(), sources),
        }
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Generator(generator) => generator.fmt(f),
            Self::Kinds(kinds) => f.write_str(&kinds.iter().map(DefectKind::to_string).collect::<Vec<_>>().join(",")),
        }
    }
}
