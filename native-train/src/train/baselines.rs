//! The plain statistics in the place of a trained embedder: fitted in one pass over the normal images.

use std::borrow::Cow;

use burn::tensor::Device;
use cse::comparison::Comparison;
use cse::detector::{Detector, Method, Shape};
use cse::extractor_file::Extractor;
use cse::gaussian::Moments;
use cse::state_dict::StateDict;
use cse::taps::Taps;
use cse::{mean_cosine, nearest_neighbour};
use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::error::TrainError;
use super::feature_store::Slot;
use super::fitted::Fitted;
use super::folds::{Fold, cross_fit};
use super::normal_photos::NormalPhotos;
use super::settings::Settings;
use super::training_set::{self, STORED_BATCH, Sample, TrainingSet};

/// Fits the method of `settings`, which is not CSE: on all photos, with what is normal said by fits that have not seen
/// the photo in question, as [`cross_fit`] has it.
pub fn fit(
    settings: &Settings,
    extractor: &Extractor,
    set: &TrainingSet,
    folds: &[Fold],
    device: &Device,
) -> Result<Fitted, TrainError> {
    let shape = Shape { method: settings.method, taps: settings.taps, members: 1, clusters: 1, density: false };
    let extractor_taps = extractor.info.architecture.tap_channels();
    let mut normal = NormalPhotos::default();
    let fit = |photos: &[usize]| fit_on(settings, extractor, set, photos, device);
    let look = |tensors: &StateDict, fold: &Fold| {
        let detector = Detector::take(shape, extractor_taps, &mut tensors.clone(), device)?;
        for photo in &fold.held_out {
            let read_out = |features| detector.forward(features, settings.taps);
            let read_outs = set.compute(&set.inspected(*photo), device, read_out)?;
            let seen = read_outs.iter().zip(set.counted(*photo)).map(|(read_out, inspected)| Comparison {
                inspected: inspected.cloned(),
                ..detector.compare(read_out, settings.aggregation)
            });
            normal.add(*photo, seen);
        }
        Ok::<_, TrainError>(())
    };
    let tensors = cross_fit(folds, set.photos.len(), fit, look)?;
    Ok(Fitted { tensors, members: 1, clusters: 1, density: None, histories: Vec::new(), normal })
}

fn fit_on(
    settings: &Settings,
    extractor: &Extractor,
    set: &TrainingSet,
    photos: &[usize],
    device: &Device,
) -> Result<StateDict, TrainError> {
    let channels = settings.taps.channels(extractor.info.architecture.tap_channels());
    let windows = set.windows(photos);
    let normal = training_set::normal(&windows);
    let maps = |slots: &[Slot]| set.compute(slots, device, |features| settings.taps.select(features));
    Ok(match settings.method {
        Method::NearestNeighbour => {
            let mut vectors = Vec::new();
            for (map, window) in maps(&normal)?.iter().zip(&windows) {
                vectors.extend(transposed(&counted(window, map, channels), channels));
            }
            let rng = &mut ChaCha8Rng::seed_from_u64(settings.seed);
            let all: Vec<&[f32]> = vectors.chunks_exact(channels).collect();
            let candidates: Vec<f32> =
                all.sample(rng, nearest_neighbour::CANDIDATES).flat_map(|vector| vector.iter().copied()).collect();
            nearest_neighbour::coreset(&candidates, channels, nearest_neighbour::CORESET, settings.seed)
        }
        Method::Gaussian => gaussian(extractor, set, &windows, settings.taps, device)?,
        Method::MeanCosine | Method::Cse | Method::Classifier => {
            let maps = maps(&normal)?;
            mean_cosine::mean(maps.iter().map(Vec::as_slice), channels)
        }
    })
}

/// The values of a window's feature map `[channels, positions]` at the positions that count.
fn counted<'a>(window: &Sample, map: &'a [f32], channels: usize) -> Cow<'a, [f32]> {
    match &window.inspected {
        Some(inspected) => Cow::Owned(inspected.keep(map, channels)),
        None => Cow::Borrowed(map),
    }
}

/// A Gaussian over the chosen feature maps of `windows`.
pub fn gaussian(
    extractor: &Extractor,
    set: &TrainingSet,
    windows: &[&Sample],
    taps: Taps,
    device: &Device,
) -> Result<StateDict, TrainError> {
    let channels = taps.channels(extractor.info.architecture.tap_channels());
    let mut moments = Moments::new(channels);
    for batch in windows.chunks(STORED_BATCH) {
        let maps = set.compute(&training_set::normal(batch), device, |features| taps.select(features))?;
        maps.iter().zip(batch).for_each(|(map, window)| moments.add(&counted(window, map, channels)));
    }
    moments.whitening().ok_or(TrainError::Setting("the features of the good photos are no numbers"))
}

/// Rows of channels to rows of positions.
fn transposed(map: &[f32], channels: usize) -> Vec<f32> {
    let positions = map.len() / channels.max(1);
    (0..positions).flat_map(|p| (0..channels).map(move |c| map[c * positions + p])).collect()
}
