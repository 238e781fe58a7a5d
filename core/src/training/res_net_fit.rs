//! Fit of PatchCore and PaDiM, in one pass or two over the good windows.

use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;

use super::baseline_fit::{counted, transposed};
use super::error::TrainingError;
use super::session::Session;
use super::training_set::{STORED_AT_ONCE, Sample};
use crate::detectors::detector::{self, Baseline, read};
use crate::detectors::method::Method;
use crate::detectors::nearest_neighbours::coreset;
use crate::detectors::{padim, patch_core};

/// PatchCore's memory bank: a coreset of the patches of `photos`.
pub(super) async fn patch_core(session: &Session<'_>, photos: &[usize]) -> Result<Baseline, TrainingError> {
    let Session { spec, set, device, extractor } = *session;
    let channels = patch_core::channels(extractor.info.architecture.res_net()?);
    let grid = detector::grid(Method::Patchcore, spec.taps, set.store.layout().grid);
    let windows = set.windows(photos);
    let rng = &mut ChaCha8Rng::seed_from_u64(spec.seed);
    let all = windows.len() * grid.positions();
    // More patches than these take gigabytes, and teach the bank little.
    let kept = (all > patch_core::CANDIDATES).then(|| {
        let mut kept = index::sample(rng, all, patch_core::CANDIDATES).into_vec();
        kept.sort_unstable();
        kept
    });
    let mut vectors = Vec::new();
    for (batch, samples) in windows.chunks(STORED_AT_ONCE).enumerate() {
        let slots: Vec<_> = samples.iter().map(|sample| sample.normal).collect();
        let patches = patch_core::patches(set.store.batch(&slots, device)?.res_net()?);
        for (index, (map, sample)) in read(patches).await?.iter().zip(samples).enumerate() {
            let patches = transposed(&counted(sample, map, grid), channels);
            match &kept {
                None => vectors.extend(patches),
                Some(kept) => {
                    let first = (batch * STORED_AT_ONCE + index) * grid.positions();
                    let range = kept.partition_point(|at| *at < first)
                        ..kept.partition_point(|at| *at < first + grid.positions());
                    let own = kept[range].iter().filter_map(|at| patches.chunks_exact(channels).nth(at - first));
                    own.for_each(|patch| vectors.extend(patch));
                }
            }
        }
    }
    let patches = vectors.len() / channels;
    if patches == 0 {
        return Err(TrainingError::NoFeatures);
    }
    let size = ((patches as f64 * spec.coreset).round() as usize).max(1);
    Ok(Baseline::Patchcore(coreset(&vectors, channels, size, spec.seed)))
}

/// PaDiM's Gaussians over the windows of `photos`. Positions that do not count have them too, and are not inspected.
pub(super) async fn padim(session: &Session<'_>, photos: &[usize]) -> Result<Baseline, TrainingError> {
    let Session { spec, set, device, extractor } = *session;
    let kept = padim::choose(extractor.info.architecture.res_net()?, spec.seed);
    let positions = detector::grid(Method::Padim, spec.taps, set.store.layout().grid).positions();
    let channels = padim::on_device(&kept, device);
    let windows = set.windows(photos);
    let features = async |samples: &[&Sample]| {
        let slots: Vec<_> = samples.iter().map(|sample| sample.normal).collect();
        Ok::<_, TrainingError>(read(padim::features(set.store.batch(&slots, device)?.res_net()?, &channels)).await?)
    };
    let mut moments = padim::Moments::new(kept.len(), positions);
    for samples in windows.chunks(STORED_AT_ONCE) {
        features(samples).await?.iter().for_each(|map| moments.add_to_mean(map));
    }
    let mut moments = moments.centred();
    for samples in windows.chunks(STORED_AT_ONCE) {
        features(samples).await?.iter().for_each(|map| moments.add_to_covariance(map));
    }
    Ok(Baseline::Padim(moments.gaussians(kept).ok_or(TrainingError::NoFeatures)?))
}
