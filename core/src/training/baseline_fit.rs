//! Fit of a baseline, in one pass over the good windows.

use std::borrow::Cow;

use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::error::TrainingError;
use super::fit::{Fit, Fitted};
use super::folds::Fold;
use super::held_out::{HeldOut, HeldOutPhoto};
use super::res_net_fit;
use super::session::Session;
use super::training_set::{self, STORED_AT_ONCE, Sample};
use crate::detectors::detector::{self, Baseline, Detector};
use crate::detectors::gaussian::Moments;
use crate::detectors::mean_cosine::MeanMap;
use crate::detectors::method::Method;
use crate::detectors::nearest_neighbours;
use crate::network::grid::Grid;
use crate::network::taps::Taps;

/// Fits the baseline to each fold for the distances of its held-out photos, and then to all photos. A single fold, the
/// paper's split, is the fit itself.
pub(super) async fn fit(session: &Session<'_>, folds: &[Fold]) -> Result<Fit, TrainingError> {
    let Session { spec, set, device, .. } = *session;
    let grid = detector::grid(spec.method, spec.taps, set.store.layout().grid);
    let mut held_out = HeldOut::default();
    let mut only = None;
    for fold in folds {
        let baseline = fit_on(session, &fold.train).await?;
        // PaDiM's takes a hundred megabytes and more, so it is copied only where it is the fit.
        if folds.len() == 1 {
            only = Some(baseline.clone());
        }
        let detector = Detector::baseline(baseline, grid, device);
        for photo in &fold.held_out {
            let windows = set.distances(*photo, &detector, spec.taps, spec.aggregation, device).await?;
            held_out.add(HeldOutPhoto { photo: *photo, windows, defective: Vec::new() });
        }
    }
    let baseline = match only {
        Some(only) => only,
        None => fit_on(session, &(0..set.photos.len()).collect::<Vec<_>>()).await?,
    };
    Ok(Fit {
        method: Fitted::Baseline(baseline),
        members: 1,
        clusters: 1,
        density_weight: None,
        density_map: false,
        histories: Vec::new(),
        held_out,
    })
}

async fn fit_on(session: &Session<'_>, photos: &[usize]) -> Result<Baseline, TrainingError> {
    let Session { spec, set, device, extractor } = *session;
    let grid = spec.taps.grid(set.store.layout().grid);
    let windows = set.windows(photos);
    let channels =
        || Ok::<_, TrainingError>(spec.taps.channels(extractor.info.architecture.efficient_net()?.channels()));
    let maps = async || {
        let normal = training_set::normal(&windows);
        set.compute(&normal, device, |features| spec.taps.select(features)).await
    };
    match spec.method {
        Method::NearestNeighbours => {
            let channels = channels()?;
            let mut vectors = Vec::new();
            for (map, window) in maps().await?.iter().zip(&windows) {
                vectors.extend(transposed(&counted(window, map, grid), channels));
            }
            let rng = &mut ChaCha8Rng::seed_from_u64(spec.seed);
            let all: Vec<&[f32]> = vectors.chunks_exact(channels).collect();
            let candidates: Vec<f32> =
                all.sample(rng, nearest_neighbours::CANDIDATES).flat_map(|vector| vector.iter().copied()).collect();
            let size = nearest_neighbours::CORESET;
            Ok(Baseline::NearestNeighbours(nearest_neighbours::coreset(&candidates, channels, size, spec.seed)))
        }
        Method::Gaussian => {
            let moments = moments(session, &windows, spec.taps).await?;
            Ok(Baseline::Gaussian(moments.whitening().ok_or(TrainingError::NoFeatures)?))
        }
        Method::MeanCosine | Method::Cse | Method::Classifier => {
            let maps = maps().await?;
            Ok(Baseline::MeanCosine(MeanMap::fit(maps.iter().map(Vec::as_slice), channels()?, grid)))
        }
        Method::Patchcore => res_net_fit::patch_core(session, photos).await,
        Method::Padim => res_net_fit::padim(session, photos).await,
    }
}

/// Values of a feature map `[channels, positions]` at the positions of a window that count.
pub(super) fn counted<'m>(window: &Sample, map: &'m [f32], grid: Grid) -> Cow<'m, [f32]> {
    match &window.inspected {
        Some(inspected) => Cow::Owned(inspected.keep(map, grid)),
        None => Cow::Borrowed(map),
    }
}

/// Sums over the chosen feature maps of `windows`, from which a Gaussian is estimated.
pub(super) async fn moments(session: &Session<'_>, windows: &[&Sample], taps: Taps) -> Result<Moments, TrainingError> {
    let Session { set, device, extractor, .. } = *session;
    let grid = taps.grid(set.store.layout().grid);
    let mut moments = Moments::new(taps.channels(extractor.info.architecture.efficient_net()?.channels()));
    for batch in windows.chunks(STORED_AT_ONCE) {
        let maps = set.compute(&training_set::normal(batch), device, |features| taps.select(features)).await?;
        maps.iter().zip(batch).for_each(|(map, window)| moments.add(&counted(window, map, grid)));
    }
    Ok(moments)
}

/// `[channels, positions]` as `[positions, channels]`.
pub(super) fn transposed(map: &[f32], channels: usize) -> Vec<f32> {
    let positions = map.len() / channels.max(1);
    (0..positions).flat_map(|p| (0..channels).map(move |c| map[c * positions + p])).collect()
}
