//! Predictor: every step from a decoded photo to its prediction.
//!
//! The steps are asynchronous where they wait for the device, because a browser cannot block on its GPU. On the CPU they
//! are ready at once.

use burn::tensor::{Device, Tensor};
use image::RgbImage;

use super::prediction::{PredictError, Prediction};
use crate::detectors::detector::finish;
use crate::files::category_file::CategoryModel;
use crate::files::extractor_file::Extractor;
use crate::image::inspected::Inspected;
use crate::image::photo::Photo;
use crate::image::preprocess;
use crate::image::view::Windows;

/// Extractor and category model on one device.
#[derive(Clone, Copy, Debug)]
pub struct Predictor<'a> {
    /// The frozen network.
    pub extractor: &'a Extractor,
    /// The trained model of the category.
    pub category: &'a CategoryModel,
    /// Device that holds both.
    pub device: &'a Device,
}

/// Windows in one pass of the network. More take memory and save no time.
pub const WINDOWS_AT_ONCE: usize = 8;

/// Step of a prediction, for a caller that measures times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Windows are cut out, resized and normalised.
    Preprocess,
    /// The extractor computes feature maps.
    Extractor,
    /// The detector computes embeddings or distances, which are read back from the device.
    Embedder,
    /// Distances, score and map are computed on the host.
    Score,
}

impl<'a> Predictor<'a> {
    /// Predicts score and anomaly map of a decoded photo.
    pub async fn predict(&self, photo: &Photo) -> Result<Prediction, PredictError> {
        self.predict_windows(photo, &self.windows(photo), None).await
    }

    /// Predicts as [`predict`](Self::predict) does, and calls `finished` after each step. For that the device must finish
    /// each step before the next one begins, which costs a little time.
    pub async fn predict_by_steps(
        &self,
        photo: &Photo,
        finished: &mut dyn FnMut(Step),
    ) -> Result<Prediction, PredictError> {
        self.predict_windows(photo, &self.windows(photo), Some(finished)).await
    }

    /// Predicts from the first [`WINDOWS_AT_ONCE`] windows alone.
    pub(super) async fn predict_first(&self, photo: &Photo) -> Result<Prediction, PredictError> {
        let windows = self.windows(photo);
        self.predict_windows(photo, &windows.first(WINDOWS_AT_ONCE), None).await
    }

    fn windows<'photo>(&self, photo: &'photo Photo) -> Windows<'photo> {
        let info = &self.category.info;
        info.view.windows(&photo.pixels).with_gain(info.exposure.gain(photo))
    }

    /// Inspected positions of each window. Empty for a photo that is opaque throughout.
    fn inspected(&self, photo: &Photo) -> Vec<Option<Inspected>> {
        let of_windows = |opaque| Inspected::of_windows(self.category.info.view, opaque);
        photo.opaque.as_ref().map_or_else(Vec::new, of_windows)
    }

    async fn predict_windows(
        &self,
        photo: &Photo,
        windows: &Windows<'_>,
        mut finished: Option<&mut dyn FnMut(Step)>,
    ) -> Result<Prediction, PredictError> {
        let mut tell = |step: Step| {
            if let Some(finished) = &mut finished {
                finished(step);
            }
            finished.is_some()
        };
        let CategoryModel { info, detector } = self.category;
        let inspected = self.inspected(photo);
        let mut distances = Vec::with_capacity(windows.count());
        for batch in windows.batches(WINDOWS_AT_ONCE) {
            let input = self.input(&batch);
            let waits = tell(Step::Preprocess);
            let features = self.extractor.network.forward(input);
            if waits {
                finish(features.coarsest()).await?;
            }
            tell(Step::Extractor);
            let outputs = detector.forward(features, info.taps)?.read().await?;
            tell(Step::Embedder);
            for output in &outputs {
                let own = inspected.get(distances.len()).and_then(Option::as_ref);
                distances.push(detector.distances(output, info.rule.aggregation, own));
            }
            tell(Step::Score);
        }
        let prediction = Prediction::join(&info.rule, &windows.regions(), &distances)?;
        tell(Step::Score);
        let (width, height) = photo.pixels.dimensions();
        Ok(info.with_proportions(prediction, width, height))
    }

    /// Network input `[n, 3, h, w]` of `n` windows.
    fn input(&self, windows: &[RgbImage]) -> Tensor<4> {
        preprocess::to_tensor(windows, self.device)
    }
}
