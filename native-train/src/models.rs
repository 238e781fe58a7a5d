//! Loads model files onto a device, with the extractor that they need.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use cse::files::category_file::{self, CategoryInfo, CategoryModel};
use cse::files::extractor_file::{self, Extractor};

use crate::devices::{self, DeviceChoice, DeviceError};
use crate::files::{self, FileError};
use crate::model::Model;
use crate::weights;

/// Extractor that is built in, so that the program needs no other file. The web page ships the same one.
const SHIPPED: &[u8] = include_bytes!("../../www/public/models/extractor.safetensors");
const SHIPPED_NAME: &str = "the shipped extractor";

/// Why a model cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The extractor that the category was trained with is not known.
    #[error(
        "{path}: this category model needs extractor {id} ({architecture}), which is neither shipped nor fetched: give its file with --extractor",
        path = .path.display()
    )]
    NoExtractor {
        /// Path of the category model.
        path: PathBuf,
        /// Id of the extractor.
        id: String,
        /// Architecture of the extractor.
        architecture: String,
    },
}

/// Options of every command that works with a model.
#[derive(Clone, Debug, clap::Args)]
pub struct ModelArgs {
    /// Category model
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// Extractor file that the model was trained with [default: the shipped one, or a fetched one]
    #[arg(long, value_name = "FILE")]
    pub extractor: Option<PathBuf>,
    /// Device to compute on
    #[arg(long, value_enum, default_value = "auto")]
    pub device: DeviceChoice,
}

/// Why a command cannot open its model.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The model cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The device cannot be used.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

impl ModelArgs {
    /// Opens the model with its extractor on the device.
    pub fn open(&self) -> Result<Model, OpenError> {
        let device = devices::choose(self.device)?.device;
        let (extractor, category) = category(&self.model, self.extractor.as_deref(), &device)?;
        Ok(Model { extractor, category, device })
    }
}

/// Loads an extractor to train with: the file given, or the shipped one.
pub fn extractor(path: Option<&Path>, device: &Device) -> Result<Extractor, LoadError> {
    let (name, bytes) = match path {
        Some(path) => (path, files::read(path)?),
        None => (Path::new(SHIPPED_NAME), SHIPPED.to_vec()),
    };
    Ok(files::in_model(name, Extractor::load(bytes, device))?)
}

/// Loads a category model with its extractor: the file given, or the shipped or fetched one that it was trained with.
fn category(path: &Path, extractor: Option<&Path>, device: &Device) -> Result<(Extractor, CategoryModel), LoadError> {
    let parts = files::in_model(path, category_file::read(&files::read(path)?))?;
    let extractor = match extractor {
        Some(path) => self::extractor(Some(path), device)?,
        None => known_extractor(path, &parts.0, device)?,
    };
    let category = files::in_model(path, CategoryModel::from_parts(parts, &extractor.info, device))?;
    Ok((extractor, category))
}

fn known_extractor(path: &Path, info: &CategoryInfo, device: &Device) -> Result<Extractor, LoadError> {
    let fits = |bytes: &[u8]| extractor_file::read_info(bytes).is_ok_and(|extractor| info.fits(&extractor));
    if fits(SHIPPED) {
        return self::extractor(None, device);
    }
    for path in weights::cached_extractors() {
        // A file that cannot be read is not the extractor that is looked for.
        if let Some(bytes) = files::read(&path).ok().filter(|bytes| fits(bytes)) {
            return Ok(files::in_model(&path, Extractor::load(bytes, device))?);
        }
    }
    Err(LoadError::NoExtractor {
        path: path.to_owned(),
        id: info.extractor_id.clone(),
        architecture: info.extractor_architecture.to_string(),
    })
}
