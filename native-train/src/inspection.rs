//! Photos through a model, natively: the core's path without waiting for a browser.

use burn::tensor::{Device, ExecutionError};
use cse::anomaly_map;
use cse::extractor_file::Extractor;
use cse::inspector::{Finding, InspectError, Inspector};
use cse::photo::Photo;
use cse::texture_file::TextureModel;

/// The device lost its way during a computation.
#[derive(Debug, thiserror::Error)]
#[error("the device failed ({0}): try --device cpu")]
pub struct DeviceFailure(String);

/// Waits for what the device computes.
pub fn wait<T>(computation: impl Future<Output = Result<T, ExecutionError>>) -> Result<T, DeviceFailure> {
    futures_lite::future::block_on(computation).map_err(|error| DeviceFailure(error.to_string()))
}

/// Anomaly map of `width` x `height` values, row by row. NaN where the photo was not inspected.
pub fn map(finding: &Finding, (width, height): (u32, u32)) -> Vec<f32> {
    anomaly_map::spread(&finding.patches, (width as usize, height as usize))
}

/// A texture model with its extractor on a device.
pub struct Model {
    /// The frozen network.
    pub extractor: Extractor,
    /// What good looks like.
    pub texture: TextureModel,
    /// Where both are.
    pub device: Device,
}

impl Model {
    /// Score and distances of a decoded photo.
    pub fn inspect(&self, photo: &Photo) -> Result<Finding, InspectError> {
        futures_lite::future::block_on(self.inspector().inspect(photo))
    }

    fn inspector(&self) -> Inspector<'_> {
        Inspector { extractor: &self.extractor, texture: &self.texture, device: &self.device }
    }
}
