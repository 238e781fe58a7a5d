//! Fit of PatchCore and PaDiM, in one pass or two over the good windows.

use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;

use super::baseline_fit::{counted, transposed};
use super::error::TrainingError;
use super::session::Session;
use super::training_set::{self, STORED_AT_ONCE, Sample};
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
    let (all, most) = (windows.len() * grid.positions(), patch_core::CANDIDATES / channels);
    let mut kept = index::sample(&mut ChaCha8Rng::seed_from_u64(spec.seed), all, most.min(all)).into_vec();
    kept.sort_unstable();
    let mut kept = kept.into_iter().peekable();
    let mut vectors = Vec::with_capacity(most.min(all) * channels);
    let mut first = 0;
    for samples in windows.chunks(STORED_AT_ONCE) {
        let maps = set.store.batch(&training_set::normal(samples), device)?.res_net()?;
        for (map, sample) in read(patch_core::patches(maps)).await?.iter().zip(samples) {
            // Of a window with positions that do not count, the last numbers have no patch.
            let patches = transposed(&counted(sample, map, grid), channels);
            while let Some(at) = kept.next_if(|at| *at < first + grid.positions()) {
                vectors.extend(patches.chunks_exact(channels).nth(at - first).into_iter().flatten());
            }
            first += grid.positions();
        }
    }
    let patches = vectors.len() / channels;
    if patches == 0 {
        return Err(TrainingError::NoFeatures);
    }
    let size = ((patches as f64 * spec.coreset).round() as usize).max(1);
    Ok(Baseline::Patchcore(coreset(&vectors, channels, size, spec.seed)))
}

/// PaDiM's Gaussians over the windows of `photos`, of each at the positions that count.
pub(super) async fn padim(session: &Session<'_>, photos: &[usize]) -> Result<Baseline, TrainingError> {
    let Session { spec, set, device, extractor } = *session;
    let kept = padim::choose(extractor.info.architecture.res_net()?, spec.seed);
    let grid = detector::grid(Method::Padim, spec.taps, set.store.layout().grid);
    let channels = padim::on_device(&kept, device);
    let windows = set.windows(photos);
    let features = async |samples: &[&Sample]| {
        let maps = set.store.batch(&training_set::normal(samples), device)?.res_net()?;
        Ok::<_, TrainingError>(read(padim::features(maps, &channels)).await?)
    };
    let counted = |sample: &Sample| sample.inspected.as_ref().and_then(|inspected| inspected.at(grid));
    let mut moments = padim::Moments::new(kept.len(), grid.positions()).ok_or(TrainingError::Covariances)?;
    for samples in windows.chunks(STORED_AT_ONCE) {
        let maps = features(samples).await?;
        maps.iter().zip(samples).for_each(|(map, sample)| moments.add_to_mean(map, counted(sample).as_deref()));
    }
    let mut moments = moments.centred();
    for samples in windows.chunks(STORED_AT_ONCE) {
        let maps = features(samples).await?;
        maps.iter().zip(samples).for_each(|(map, sample)| moments.add_to_covariance(map, counted(sample).as_deref()));
    }
    Ok(Baseline::Padim(moments.gaussians(kept).ok_or(TrainingError::NoFeatures)?))
}
