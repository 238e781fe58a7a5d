//! Features of the training images and of their synthetic defects, computed once.
//!
//! The extractor is frozen and takes nine tenths of a training step, and the normal images never change.

use burn::tensor::{Device, Tensor, TensorData};
use cse::defects::DefectMaker;
use cse::efficientnet::Features;
use cse::extractor_file::Extractor;
use cse::preprocess;
use image::RgbImage;
use indicatif::ProgressBar;
use rayon::prelude::*;

/// Images in one pass of the extractor.
const BATCH: usize = 8;

/// Both taps of one image, on the host.
#[derive(Clone, Debug)]
pub struct StoredFeatures {
    f1: Vec<f32>,
    f2: Vec<f32>,
}

/// An image's own features, and those of its defective versions.
#[derive(Clone, Debug)]
pub struct PooledImage {
    /// As photographed.
    pub normal: StoredFeatures,
    /// With a synthetic defect each.
    pub defective: Vec<StoredFeatures>,
}

/// Features of `images` and of `defects_per_image` defective versions of each; the same seed gives the same defects.
/// Defects are drawn in parallel while the device works on the batch before.
pub fn compute(
    extractor: &Extractor,
    device: &Device,
    images: &[RgbImage],
    maker: &DefectMaker,
    (defects_per_image, seed): (usize, u64),
    progress: &ProgressBar,
) -> Vec<PooledImage> {
    let normal = extract(extractor, device, images, progress);
    let mut defective = vec![Vec::with_capacity(defects_per_image); images.len()];
    let tasks: Vec<(usize, u64)> = (0..images.len() * defects_per_image)
        .map(|task| (task / defects_per_image.max(1), seed.wrapping_add(task as u64)))
        .collect();
    for chunk in tasks.chunks(8 * BATCH) {
        let inputs: Vec<RgbImage> =
            chunk.par_iter().map(|(image, seed)| maker.make(&images[*image], *seed).image).collect();
        for ((image, _), features) in chunk.iter().zip(extract(extractor, device, &inputs, progress)) {
            defective[*image].push(features);
        }
    }
    normal.into_iter().zip(defective).map(|(normal, defective)| PooledImage { normal, defective }).collect()
}

/// Features of network inputs of 224 x 224.
pub fn extract(
    extractor: &Extractor,
    device: &Device,
    inputs: &[RgbImage],
    progress: &ProgressBar,
) -> Vec<StoredFeatures> {
    let mut stored = Vec::with_capacity(inputs.len());
    for batch in inputs.chunks(BATCH) {
        let features = extractor.network.forward(preprocess::to_tensor(batch, device));
        let (f1, f2) = (rows(features.f1), rows(features.f2));
        stored.extend(f1.into_iter().zip(f2).map(|(f1, f2)| StoredFeatures { f1, f2 }));
        progress.inc(batch.len() as u64);
    }
    stored
}

fn rows(tensor: Tensor<4>) -> Vec<Vec<f32>> {
    let [n, ..] = tensor.dims();
    let values = tensor.into_data().try_into_vec::<f32>().unwrap_or_default();
    values.chunks_exact((values.len() / n.max(1)).max(1)).map(<[f32]>::to_vec).collect()
}

/// A batch on `device`, for taps of `(c1, c2)` channels.
pub fn batch(stored: &[&StoredFeatures], (c1, c2): (usize, usize), device: &Device) -> Features {
    let tensor = |channels: usize, tap: fn(&StoredFeatures) -> &Vec<f32>| {
        let values: Vec<f32> = stored.iter().flat_map(|features| tap(features)).copied().collect();
        let side = ((values.len() / (stored.len() * channels).max(1)) as f64).sqrt() as usize;
        Tensor::from_data(TensorData::new(values, [stored.len(), channels, side, side]), device)
    };
    Features { f1: tensor(c1, |features| &features.f1), f2: tensor(c2, |features| &features.f2) }
}
