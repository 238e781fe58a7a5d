//! Files of a data set that are not used, and why.

use std::fmt;
use std::path::PathBuf;

use super::names::{self, FileKind};

/// A file that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// Path of the file.
    pub path: PathBuf,
    /// Reason.
    pub reason: Reason,
}

/// Reason why a file of a data set is not used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A system or a program left it behind.
    SideFile,
    /// An image in an unsupported format, with its ending.
    OtherImage(String),
    /// A video, with its ending.
    Video(String),
    /// Neither image nor video.
    NoImage,
    /// A link to a file that does not exist.
    BrokenLink,
    /// A defective photo in the training split, which is for good photos.
    DefectiveInTrain,
    /// A defective photo of a validation split in a data set that has a test split.
    DefectiveInValidation,
    /// A photo whose label is not published.
    NoTruth,
    /// An image in a folder that looks like a mask folder.
    MaskLike,
    /// A mask that belongs to no photo.
    LoneMask,
    /// An image outside of the layout's folders.
    OutOfPlace,
    /// A photo that cannot be decoded.
    Unreadable,
}

impl Reason {
    /// Reason why a file of this name is not a photo. None where it may be one.
    pub fn by_name(parts: &[String]) -> Option<Self> {
        let ending = || names::ending(parts.last().map_or("", String::as_str));
        match names::file_kind(parts) {
            FileKind::Image => None,
            FileKind::SideFile => Some(Self::SideFile),
            FileKind::OtherImage => Some(Self::OtherImage(ending())),
            FileKind::Video => Some(Self::Video(ending())),
            FileKind::Other => Some(Self::NoImage),
        }
    }

    /// Advice to the owner of the file. None where passing it over is right.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::OtherImage(_) => Some("This format is not supported: save them as PNG or remove them"),
            Self::Video(_) => Some("Save their frames as PNG or remove them"),
            Self::BrokenLink => Some("Copy the files themselves to the folder"),
            Self::DefectiveInTrain => {
                Some("Training uses good photos only: move them to test/KIND to evaluate on them")
            }
            Self::DefectiveInValidation => Some("Move them to test/KIND to evaluate on them"),
            Self::LoneMask => Some("Give each mask the name of its photo, such as 007_mask.png for 007.png"),
            Self::OutOfPlace => {
                Some("Move good ones to the folder of the good photos, and defective ones to a folder of their kind")
            }
            Self::SideFile | Self::NoImage | Self::NoTruth | Self::MaskLike | Self::Unreadable => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SideFile => f.write_str("side files of a system or program"),
            Self::OtherImage(ending) => write!(f, ".{ending} images"),
            Self::Video(ending) => write!(f, ".{ending} videos"),
            Self::NoImage => f.write_str("descriptions and other files that are no images"),
            Self::BrokenLink => f.write_str("links to files that do not exist"),
            Self::DefectiveInTrain => f.write_str("defective photos in the train split"),
            Self::DefectiveInValidation => f.write_str("defective photos in the validation split"),
            Self::NoTruth => f.write_str("test photos without published labels"),
            Self::MaskLike => f.write_str("images in a folder that looks like a mask folder"),
            Self::LoneMask => f.write_str("masks that belong to no photo"),
            Self::OutOfPlace => f.write_str("images outside of the layout's folders"),
            Self::Unreadable => f.write_str("unreadable photos"),
        }
    }
}
