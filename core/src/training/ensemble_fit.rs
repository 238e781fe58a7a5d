//! Fit of an ensemble: a bank or a classifier for each trained embedder, and its weights. Together the members are
//! trained on every photo, and each photo is scored by members that held it out.

use super::density_fit::{self, PhotoMaps};
use super::error::TrainingError;
use super::feature_store::Slot;
use super::fit::{Fit, Fitted};
use super::folds::Fold;
use super::held_out::{HeldOut, mean_distance};
use super::member::TrainedEmbedder;
use super::session::Session;
use super::spec::{Centre, TrainSpec};
use super::trainee::take_classifier;
use super::training_set;
use crate::detectors::bank::Bank;
use crate::detectors::ensemble::{Head, TrainedMember};
use crate::detectors::method::Method;
use crate::embedding::embedder::{Embedder, Statistics, fold_state_dict};
use crate::network::grid::Grid;
use crate::scoring::distances::Distances;

/// Distances of the windows of each held-out photo, by the photo's index.
type PhotoDistances = Vec<(usize, Vec<Distances>)>;

/// Embeddings `E14` of the photos by one embedder. They take 50 kB a window, so only one member's are kept at a time.
struct Embeddings {
    /// Embeddings of the windows that the member was trained on.
    train: Vec<Vec<f32>>,
    /// Embeddings of the inspection windows of the held-out photos, by photo.
    held_out: Vec<(usize, Vec<Vec<f32>>)>,
}

/// Fits heads and weights of `embedders`, one on each fold, and the density beside them.
pub(super) async fn fit(
    session: &Session<'_>,
    folds: &[Fold],
    embedders: &[TrainedEmbedder],
) -> Result<Fit, TrainingError> {
    let Session { spec, set, .. } = *session;
    // Every member has the same number. With few photos, some folds have fewer windows than others.
    let fewest = folds.iter().map(|fold| set.windows(&fold.train).len()).min().unwrap_or(1);
    let clusters = (spec.clusters as usize).min(fewest).max(1);
    let count = folds.len();
    let density = density_fit::fit(session, folds).await?;
    let (mut members, mut held_out) = (Vec::new(), HeldOut::default());
    for (index, (embedder, fold)) in embedders.iter().zip(folds).enumerate() {
        let density = density.as_ref().and_then(|fit| Some(fit.held_out.get(index)?.as_slice()));
        let (trained, photos) = fit_member(session, count, (embedder, fold), clusters, density).await?;
        members.push(trained);
        photos.into_iter().for_each(|(photo, windows)| held_out.add(photo, windows));
    }
    Ok(Fit {
        members: members.len(),
        clusters: if spec.method == Method::Classifier { 1 } else { clusters },
        density_weight: density.as_ref().map(|fit| fit.weight),
        histories: embedders.iter().map(|embedder| embedder.history.clone()).collect(),
        method: Fitted::Ensemble(members, density.map(|fit| fit.density)),
        held_out,
    })
}

async fn embed(session: &Session<'_>, by: &TrainedEmbedder, slots: &[Slot]) -> Result<Vec<Vec<f32>>, TrainingError> {
    let Session { spec, set, device, extractor } = *session;
    let channels = spec.taps.channels(extractor.info.architecture.channels());
    let embedder = Embedder::from_state_dict(by.weights.clone(), channels, device)?;
    let standardise = by.standardisation.on(device);
    let compute = |features| embedder.forward(spec.taps.concatenated(features), &standardise, Statistics::Batch);
    set.compute(slots, device, compute).await
}

async fn embed_photos(session: &Session<'_>, by: &TrainedEmbedder, fold: &Fold) -> Result<Embeddings, TrainingError> {
    let set = session.set;
    let train = embed(session, by, &training_set::normal(&set.windows(&fold.train))).await?;
    let mut held_out = Vec::with_capacity(fold.held_out.len());
    for photo in &fold.held_out {
        held_out.push((*photo, embed(session, by, &set.inspected_slots(*photo)).await?));
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
    density: Option<&[PhotoMaps]>,
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
    let photos = embeddings.held_out.iter();
    let mut photos: PhotoDistances =
        photos.map(|(photo, windows)| (*photo, windows.iter().map(distances).collect())).collect();
    // How far an embedder spreads good photos says nothing of its worth, so its distances are divided by their mean. The
    // distances of a single member without a density stay as they are: cosine distances.
    let alone = count == 1 && density.is_none();
    let windows = photos.iter().flat_map(|(_, windows)| windows);
    let mean = if alone { 1.0 } else { mean_distance(windows.map(|window| &window.score)) };
    for (number, (photo, windows)) in photos.iter_mut().enumerate() {
        for ((window, own), sample) in windows.iter_mut().enumerate().zip(set.inspected(*photo)) {
            *own = own.times((1.0 / mean) as f32);
            own.inspected.clone_from(&sample.inspected);
            own.density = density.map(|photos| photos[number][window].clone());
        }
    }
    let channels = spec.taps.channels(extractor.info.architecture.channels());
    let mut folded = fold_state_dict(weights, channels)?;
    embedder.standardisation.fold(&mut folded)?;
    let weight = (1.0 / (count as f64 * mean)) as f32;
    Ok((TrainedMember { embedder: folded, head, weight }, photos))
}

fn bank(train: &[Vec<f32>], grid: Grid, clusters: usize, spec: &TrainSpec) -> Result<Bank, TrainingError> {
    let bank = Bank::fit(train, grid, clusters, spec.seed).ok_or(TrainingError::NoFeatures)?;
    Ok(if spec.centre == Centre::Nearest { bank.nearest_members(train) } else { bank })
}
