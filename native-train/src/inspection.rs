//! Photos through a model, natively: the core's path without waiting for a browser.

use burn::tensor::Device;
use cse::bank::Comparison;
use cse::extractor_file::Extractor;
use cse::inspector::Inspector;
use cse::texture_file::TextureModel;
use image::RgbImage;

/// The device lost its way during a computation.
#[derive(Debug, thiserror::Error)]
#[error("the device failed ({0}): try --device cpu")]
pub struct DeviceFailure(String);

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
    /// Score and 14 x 14 distances of a decoded photo.
    pub fn compare(&self, photo: &RgbImage) -> Result<Comparison, DeviceFailure> {
        let inspector = self.inspector();
        let features = inspector.extract(inspector.preprocess(photo));
        let embeddings =
            futures_lite::future::block_on(inspector.embed(features)).map_err(|e| DeviceFailure(e.to_string()))?;
        embeddings.first().map(|e14| inspector.compare(e14)).ok_or_else(|| DeviceFailure("it gave no embedding".into()))
    }

    /// Anomaly map of the photo's own size.
    pub fn map(&self, comparison: &Comparison, photo: &RgbImage) -> Vec<f32> {
        let (width, height) = photo.dimensions();
        self.inspector().map(comparison, (width, height), (width as usize, height as usize))
    }

    fn inspector(&self) -> Inspector<'_> {
        Inspector { extractor: &self.extractor, texture: &self.texture, device: &self.device }
    }
}
