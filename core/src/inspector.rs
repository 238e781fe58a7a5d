//! The whole path, one step a function: photo -> view -> features -> embedding -> score and grid -> map.
//!
//! The steps are apart so that a caller can time each (this crate reads no clock), and asynchronous where they wait for
//! the device, since a browser cannot block on its GPU. On the CPU they are ready at once.

use burn::tensor::{Device, ExecutionError, Tensor};
use image::RgbImage;

use crate::anomaly_map;
use crate::bank::Comparison;
use crate::efficientnet::Features;
use crate::embedder::fuse;
use crate::extractor_file::Extractor;
use crate::preprocess;
use crate::texture_file::{TextureInfo, TextureModel};

/// An extractor and a texture model on one device.
#[derive(Debug)]
pub struct Inspector<'a> {
    /// The frozen network.
    pub extractor: &'a Extractor,
    /// What good looks like.
    pub texture: &'a TextureModel,
    /// Where both are.
    pub device: &'a Device,
}

impl Inspector<'_> {
    /// The network's input for a decoded photo: `[1, 3, 224, 224]`.
    pub fn preprocess(&self, photo: &RgbImage) -> Tensor<4> {
        preprocess::to_tensor([&preprocess::view(photo, self.texture.info.view)], self.device)
    }

    /// The two taps.
    pub fn extract(&self, input: Tensor<4>) -> Features {
        self.extractor.network.forward(input)
    }

    /// `E14` of each image, read back from the device: 64 x 14 x 14 values each.
    pub async fn embed(&self, features: Features) -> Result<Vec<Vec<f32>>, ExecutionError> {
        read(self.texture.embedder.forward(fuse(features))).await
    }

    /// Score and 14 x 14 distances of one embedding.
    pub fn compare(&self, e14: &[f32]) -> Comparison {
        self.texture.bank.compare(e14, self.texture.info.aggregation)
    }

    /// Anomaly map of `size` (width, height) over a photo of `photo` pixels.
    pub fn map(&self, comparison: &Comparison, photo: (u32, u32), size: (usize, usize)) -> Vec<f32> {
        anomaly_map::spread(&comparison.grid, self.texture.info.view, photo, size)
    }

    /// The texture model's description.
    pub fn info(&self) -> &TextureInfo {
        &self.texture.info
    }
}

/// Each image's values of `[n, c, h, w]`, read back from the device.
pub async fn read(tensor: Tensor<4>) -> Result<Vec<Vec<f32>>, ExecutionError> {
    let [n, channels, height, width] = tensor.dims();
    let data = tensor.into_data_async().await?;
    let values = data.try_into_vec::<f32>().unwrap_or_default();
    debug_assert_eq!(values.len(), n * channels * height * width);
    Ok(values.chunks_exact(channels * height * width).map(<[f32]>::to_vec).collect())
}
