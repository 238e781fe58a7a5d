//! The plain statistics in the place of a trained embedder: fitted in one pass over the normal images.

use burn::tensor::Device;
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
use super::training_set::{self, STORED_BATCH, TrainingSet};

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
            normal.add(*photo, read_outs.iter().map(|read_out| detector.compare(read_out, settings.aggregation)));
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
    let normal = training_set::normal(&set.windows(photos));
    let maps = |slots: &[Slot]| set.compute(slots, device, |features| settings.taps.select(features));
    Ok(match settings.method {
        Method::NearestNeighbour => {
            let mut vectors = Vec::new();
            for map in maps(&normal)? {
                vectors.extend(transposed(&map, channels));
            }
            let rng = &mut ChaCha8Rng::seed_from_u64(settings.seed);
            let all: Vec<&[f32]> = vectors.chunks_exact(channels).collect();
            let candidates: Vec<f32> =
                all.sample(rng, nearest_neighbour::CANDIDATES).flat_map(|vector| vector.iter().copied()).collect();
            nearest_neighbour::coreset(&candidates, channels, nearest_neighbour::CORESET, settings.seed)
        }
        Method::Gaussian => gaussian(extractor, set, &normal, settings.taps, device)?,
        Method::MeanCosine | Method::Cse | Method::Classifier => {
            let maps = maps(&normal)?;
            mean_cosine::mean(maps.iter().map(Vec::as_slice), channels)
        }
    })
}

/// A Gaussian over the chosen feature maps of `slots`.
pub fn gaussian(
    extractor: &Extractor,
    set: &TrainingSet,
    slots: &[Slot],
    taps: Taps,
    device: &Device,
) -> Result<StateDict, TrainError> {
    let mut moments = Moments::new(taps.channels(extractor.info.architecture.tap_channels()));
    for batch in slots.chunks(STORED_BATCH) {
        set.compute(batch, device, |features| taps.select(features))?.iter().for_each(|map| moments.add(map));
    }
    moments.whitening().ok_or(TrainError::Setting("the features of the good photos are no numbers"))
}

/// Rows of channels to rows of positions.
fn transposed(map: &[f32], channels: usize) -> Vec<f32> {
    let positions = map.len() / channels.max(1);
    (0..positions).flat_map(|p| (0..channels).map(move |c| map[c * positions + p])).collect()
}
