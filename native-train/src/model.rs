//! Category model with its extractor on a device.

use burn::tensor::Device;
use cse::files::category_file::CategoryModel;
use cse::files::extractor_file::Extractor;
use cse::image::photo::Photo;
use cse::scoring::prediction::{PredictError, Prediction};
use cse::scoring::predictor::Predictor;
use futures_lite::future::block_on;

/// Category model with its extractor on a device.
pub struct Model {
    /// The frozen network.
    pub extractor: Extractor,
    /// The trained model.
    pub category: CategoryModel,
    /// Device that holds both.
    pub device: Device,
}

impl Model {
    /// Predicts score and anomaly map of a decoded photo.
    pub fn predict(&self, photo: &Photo) -> Result<Prediction, PredictError> {
        let predictor = Predictor { extractor: &self.extractor, category: &self.category, device: &self.device };
        block_on(predictor.predict(photo))
    }
}
