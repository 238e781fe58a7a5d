//! Fit of an ensemble: a bank or a classifier for each trained embedder, and its weights. Together the members are
//! trained on every photo, and each photo is scored by members that held it out.

use super::density_fit::{DensityFit, PhotoMaps};
use super::error::TrainingError;
use super::fit::{Fit, Fitted};
use super::folds::Fold;
use super::held_out::{HeldOut, HeldOutPhoto, mean_distance};
use super::member::TrainedEmbedder;
use super::session::{Division, Session};
use super::spec::{Centre, MapSource, TrainSpec};
use super::trainee::take_classifier;
use super::training_set::{self, PhotoValues};
use crate::detectors::bank::Bank;
use crate::detectors::density::FittedDensity;
use crate::detectors::ensemble::{Head, TrainedMember};
use crate::detectors::method::Method;
use crate::embedding::embedder::{Embedder, Statistics, fold_state_dict};
use crate::network::grid::{Grid, GridMap};
use crate::network::taps::Taps;
use crate::scoring::distances::Distances;

/// Distances of the held-out photos.
type PhotoDistances = Vec<HeldOutPhoto>;

/// Embeddings `E14` of the photos by one embedder. They take 50 kB a window, so only one member's are kept at a time.
struct Embeddings {
    /// Embeddings of the windows that the member was trained on.
    train: Vec<Vec<f32>>,
    /// Embeddings of each held-out photo.
    held_out: Vec<PhotoValues<Vec<f32>>>,
}

/// Fits heads and weights of `embedders`, one on each fold, and the density.
pub(super) async fn fit(
    session: &Session<'_>,
    division: &Division,
    embedders: &[TrainedEmbedder],
) -> Result<Fit, TrainingError> {
    let Session { spec, set, .. } = *session;
    let Division { groups, folds } = division;
    // Every member has the same number. With few photos, some folds have fewer windows than others.
    let fewest = folds.iter().map(|fold| set.windows(&fold.train).len()).min().unwrap_or(1);
    let clusters = (spec.clusters as usize).min(fewest).max(1);
    let count = folds.len();
    let score = match spec.density_weight {
        0.0 => None,
        _ => Some(DensityFit::new(session, groups, Taps::Stage7).await?),
    };
    let map = match spec.map {
        MapSource::Embedders => None,
        MapSource::Density => Some(DensityFit::new(session, groups, Taps::Stage5).await?),
    };
    // The distances are divided by their mean, so that a weight of 1 equals that of the embedders.
    let density_weight = score.as_ref().map(|fit| (spec.density_weight / fit.mean()) as f32);
    let (mut members, mut held_out) = (Vec::new(), HeldOut::default());
    for (embedder, fold) in embedders.iter().zip(folds) {
        let density = [&score, &map].map(|fit| fit.as_ref().map(|fit| fit.held_out.as_slice()));
        let (trained, photos) = fit_member(session, count, (embedder, fold), clusters, density).await?;
        members.push(trained);
        photos.into_iter().for_each(|photo| held_out.add(photo));
    }
    Ok(Fit {
        members: members.len(),
        clusters: if spec.method == Method::Classifier { 1 } else { clusters },
        density_weight,
        density_map: map.is_some(),
        histories: embedders.iter().map(|embedder| embedder.history.clone()).collect(),
        method: Fitted::Ensemble(
            members,
            FittedDensity { score: score.map(|fit| fit.fitted), map: map.map(|fit| fit.fitted) },
        ),
        held_out,
    })
}

async fn embed_photos(session: &Session<'_>, by: &TrainedEmbedder, fold: &Fold) -> Result<Embeddings, TrainingError> {
    let Session { spec, set, device, extractor } = *session;
    let channels = spec.taps.channels(extractor.info.architecture.efficient_net()?.channels());
    let embedder = Embedder::from_state_dict(by.weights.clone(), channels, device)?;
    let standardise = by.standardisation.on(device);
    let embed = |features| embedder.forward(spec.taps.concatenated(features), &standardise, Statistics::Batch);
    let train = set.compute(&training_set::normal(&set.windows(&fold.train)), device, embed).await?;
    let mut held_out = Vec::with_capacity(fold.held_out.len());
    for photo in &fold.held_out {
        held_out.push(set.compute_photo(*photo, device, embed).await?);
    }
    Ok(Embeddings { train, held_out })
}

/// Fits head and weight of one of `count` embedders. Gives the distances of its held-out photos too, completed by those of
/// the density.
async fn fit_member(
    session: &Session<'_>,
    count: usize,
    (embedder, fold): (&TrainedEmbedder, &Fold),
    clusters: usize,
    [density, map]: [Option<&[PhotoMaps]>; 2],
) -> Result<(TrainedMember, PhotoDistances), TrainingError> {
    let Session { spec, set, extractor, .. } = *session;
    let grid = set.store.layout().grid;
    let embeddings = embed_photos(session, embedder, fold).await?;
    let mut weights = embedder.weights.clone();
    let head = match spec.method {
        Method::Classifier => Head::Classifier(take_classifier(&mut weights)?),
        _ => Head::Bank(bank(&embeddings.train, grid, clusters, spec)?),
    };
    let distances = |e14: &Vec<f32>| head.distances(e14, grid, spec.aggregation);
    let of_photo = |(photo, PhotoValues { good, defective }): (&usize, &PhotoValues<Vec<f32>>)| {
        let windows = set.defective_slots(*photo).into_iter().map(|(window, _)| window);
        let defective = windows.zip(defective.iter().map(distances)).collect();
        HeldOutPhoto { photo: *photo, windows: good.iter().map(distances).collect(), defective }
    };
    let mut photos: PhotoDistances = fold.held_out.iter().zip(&embeddings.held_out).map(of_photo).collect();
    // How far an embedder spreads good photos says nothing of its worth, so its distances are divided by their mean. The
    // distances of a single member without a density stay as they are: cosine distances.
    let alone = count == 1 && density.is_none();
    let windows = photos.iter().flat_map(|photo| &photo.windows);
    let mean = if alone { 1.0 } else { mean_distance(windows.map(|window| &window.score)) };
    for HeldOutPhoto { photo, windows, defective } in &mut photos {
        let samples = set.inspected(*photo);
        let density = density.map(|photos| &photos[*photo]);
        let complete = |own: &mut Distances, window: usize, density: Option<&GridMap>| {
            *own = own.times((1.0 / mean) as f32);
            own.inspected.clone_from(&samples[window].inspected);
            own.density = density.cloned();
        };
        for (window, own) in windows.iter_mut().enumerate() {
            complete(own, window, density.map(|density| &density.good[window]));
            if let Some(map) = map {
                own.map = map[*photo].good[window].clone();
            }
        }
        for (index, (window, own)) in defective.iter_mut().enumerate() {
            complete(own, *window, density.map(|density| &density.defective[index]));
        }
    }
    let channels = spec.taps.channels(extractor.info.architecture.efficient_net()?.channels());
    let mut folded = fold_state_dict(weights, channels)?;
    embedder.standardisation.fold(&mut folded)?;
    let weight = (1.0 / (count as f64 * mean)) as f32;
    Ok((TrainedMember { embedder: folded, head, weight }, photos))
}

fn bank(train: &[Vec<f32>], grid: Grid, clusters: usize, spec: &TrainSpec) -> Result<Bank, TrainingError> {
    let bank = Bank::fit(train, grid, clusters, spec.seed).ok_or(TrainingError::NoFeatures)?;
    Ok(if spec.centre == Centre::Nearest { bank.nearest_members(train) } else { bank })
}
