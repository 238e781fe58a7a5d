//! The embedders with what judges their embeddings: one on each fold, so that together they learn from every photo and
//! each photo is judged by one that has not seen it.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use burn::tensor::Device;
use cse::bank::Bank;
use cse::comparison::{Comparison, Weights};
use cse::detector::{Detector, Judge, Method, TrainedMember};
use cse::embedder::{Embedder, Statistics};
use cse::extractor_file::Extractor;
use cse::score::{self, Aggregation};
use cse::standardisation::Standardisation;
use cse::state_dict::StateDict;
use cse::texture_file;

use super::checkpoint::Checkpoint;
use super::density;
use super::error::TrainError;
use super::feature_store::Slot;
use super::fitted::{Fitted, History};
use super::folds::Fold;
use super::normal_photos::{NormalPhotos, mean_distance};
use super::optimisation::{self, Log, Samples};
use super::settings::{CentreChoice, Clusters, Settings};
use super::trainee::{self, Trainee};
use super::training_set::{self, TrainingSet};
use crate::metrics;

/// What is trained, and where it stops and goes on.
pub struct Plan<'a> {
    /// How.
    pub settings: &'a Settings,
    /// Name of the texture.
    pub texture: &'a str,
    /// The model file that checkpoints lie beside.
    pub out: &'a Path,
    /// Digest of photos and extractor.
    pub inputs: String,
    /// Whether to go on from the checkpoints.
    pub resume: bool,
    /// Where the losses are written.
    pub log: &'a Log,
    /// Set when the user wants the program to stop.
    pub stop: &'a AtomicBool,
}

/// Numbers of clusters that `--clusters auto` looks at.
const CLUSTERS: [usize; 4] = [1, 2, 4, 8];
/// What a larger number of clusters must bring on validation, in AUROC.
const WORTH_MORE_CLUSTERS: f64 = 0.002;

/// A trained embedder.
pub struct Trained {
    weights: StateDict,
    standardisation: Standardisation,
    history: History,
}

/// `E14` of the photos by one embedder. Those of one are in memory at a time: they are 50 kB a window.
struct Embeddings {
    /// Of each window that it learnt from.
    train: Vec<Vec<f32>>,
    /// Of each window of each held-out photo that an inspection looks at.
    held_out: Vec<(usize, Vec<Vec<f32>>)>,
}

/// Where photos are embedded.
#[derive(Clone, Copy)]
struct Embedding<'a> {
    settings: &'a Settings,
    set: &'a TrainingSet,
    /// Channels that an embedder takes.
    channels: usize,
    device: &'a Device,
}

impl Embedding<'_> {
    fn embed(&self, by: &Trained, slots: &[Slot]) -> Result<Vec<Vec<f32>>, TrainError> {
        let embedder = Embedder::from_state_dict(by.weights.clone(), self.channels, self.device)?;
        let standardise = by.standardisation.on(self.device);
        self.set.compute(slots, self.device, |features| {
            optimisation::embed(&embedder, &standardise, self.settings.taps, features, Statistics::Batch)
        })
    }

    fn photos(&self, by: &Trained, fold: &Fold) -> Result<Embeddings, TrainError> {
        let train = self.embed(by, &training_set::normal(&self.set.windows(&fold.train)))?;
        let held_out = fold.held_out.iter().map(|photo| Ok((*photo, self.embed(by, &self.set.inspected(*photo))?)));
        Ok(Embeddings { train, held_out: held_out.collect::<Result<_, TrainError>>()? })
    }

    /// Of the synthetic defects of what `fold` holds out.
    fn defects(&self, by: &Trained, fold: &Fold) -> Result<Vec<Vec<f32>>, TrainError> {
        let held_out = self.set.windows(&fold.held_out);
        let slots = held_out.iter().flat_map(|sample| sample.defective.iter().map(|defect| defect.slot));
        self.embed(by, &slots.collect::<Vec<_>>())
    }
}

/// Trains an embedder on each fold.
pub fn train(
    plan: &Plan<'_>,
    extractor: &Extractor,
    set: &TrainingSet,
    folds: &[Fold],
    device: &Device,
) -> Result<Vec<Trained>, TrainError> {
    let taps = extractor.info.architecture.tap_channels();
    // One after the other: side by side they would keep more cores busy, but end with other weights in every run, since
    // the order in which gradients are added then depends on who comes first.
    let mut trained = Vec::with_capacity(folds.len());
    for (member, fold) in (0..).zip(folds) {
        let trainee = optimisation::untrained(plan.settings, taps, device, member);
        trained.push(train_one(plan, extractor, set, (member, fold), device, trainee)?);
    }
    Ok(trained)
}

/// Makes the judges of `trained`, one on each fold, and the density beside them.
pub fn judge(
    settings: &Settings,
    trained: &[Trained],
    extractor: &Extractor,
    set: &TrainingSet,
    folds: &[Fold],
    device: &Device,
) -> Result<Fitted, TrainError> {
    let channels = settings.taps.channels(extractor.info.architecture.tap_channels());
    let embedding = Embedding { settings, set, channels, device };
    let clusters = match settings.clusters {
        Clusters::Count(count) => count,
        Clusters::Auto => best_clusters(trained, folds, embedding)?,
    };
    // As many in each embedder's bank: of few photos, some folds learn from fewer than others.
    let fewest = folds.iter().map(|fold| set.windows(&fold.train).len()).min().unwrap_or(1);
    let clusters = clusters.min(fewest).max(1);
    let density = density::fit(settings, extractor, set, folds, device)?;
    let (mut members, mut histories, mut normal) = (Vec::new(), Vec::new(), NormalPhotos::default());
    for ((member, trained), fold) in (0..).zip(trained).zip(folds) {
        let embeddings = embedding.photos(trained, fold)?;
        let mut weights = trained.weights.clone();
        let judge = match settings.method {
            Method::Classifier => Judge::Head(trainee::take_head(&mut weights)?),
            _ => Judge::Bank(bank(&embeddings.train, clusters, settings)?),
        };
        let compare = |e14: &Vec<f32>| judge.compare(e14, settings.aggregation);
        let held_out: Vec<(usize, Vec<Comparison>)> = embeddings
            .held_out
            .iter()
            .map(|(photo, windows)| (*photo, windows.iter().map(compare).collect()))
            .collect();
        // How far an embedder spreads normal photos says nothing of what it should count; a single one's distances with
        // nothing beside them stay as they are: cosine distances.
        let alone = folds.len() == 1 && density.is_none();
        let usual = if alone {
            1.0
        } else {
            mean_distance(held_out.iter().flat_map(|(_, windows)| windows).map(|window| &window.distances))
        };
        for (index, (photo, windows)) in held_out.into_iter().enumerate() {
            let joined = windows.iter().zip(set.counted(photo)).enumerate().map(|(window, (own, inspected))| {
                let mut joined = own.times(Weights::both((1.0 / usual) as f32));
                joined.inspected = inspected.cloned();
                if !settings.contrast.maps(member) {
                    joined.grid.clear();
                }
                if let Some(fit) = &density {
                    joined.density.clone_from(&fit.held_out[member as usize][index][window]);
                }
                joined
            });
            normal.add(photo, joined);
        }
        let embedder = texture_file::folded_embedder(weights, &trained.standardisation, channels)?;
        let weights = Weights {
            score: (settings.contrast.share_of_score(member, settings.members) / usual) as f32,
            map: (settings.contrast.share_of_map(member, settings.members) / usual) as f32,
        };
        members.push(TrainedMember { embedder, judge, weights });
        histories.push(trained.history.clone());
    }
    let clusters = members.iter().find_map(|member| match &member.judge {
        Judge::Bank(bank) => Some(bank.clusters()),
        Judge::Head(_) => None,
    });
    let density_weights = density.as_ref().map(|fit| fit.weights);
    let tensors = Detector::embedded_tensors(members, density.map(|fit| fit.tensors));
    let (members, clusters) = (folds.len(), clusters.unwrap_or(1));
    Ok(Fitted { tensors, members, clusters, density: density_weights, histories, normal })
}

/// Trains one embedder.
fn train_one(
    plan: &Plan<'_>,
    extractor: &Extractor,
    set: &TrainingSet,
    (member, fold): (u32, &Fold),
    device: &Device,
    trainee: Trainee,
) -> Result<Trained, TrainError> {
    let settings = plan.settings;
    let channels = settings.taps.channels(extractor.info.architecture.tap_channels());
    let (train, validation) = (set.windows(&fold.train), set.windows(&fold.held_out));
    let standardisation = if settings.standardise {
        let maps =
            set.compute(&training_set::normal(&train), device, |features| settings.taps.select_fine(features))?;
        Standardisation::fit(maps.iter().map(Vec::as_slice), channels)
            .ok_or(TrainError::Setting("no features came out of the extractor"))?
    } else {
        Standardisation::identity(channels)
    };
    let checkpoint = Checkpoint::beside(plan.out, member, plan.inputs.clone());
    let run = optimisation::Run {
        texture: plan.texture,
        member,
        checkpoint: &checkpoint,
        resume: plan.resume,
        log: plan.log,
        stop: plan.stop,
    };
    let samples = Samples { store: &set.store, train: &train, validation: &validation };
    let (weights, history) = optimisation::run(settings, samples, &standardisation, device, trainee, &run)?;
    Ok(Trained { weights, standardisation, history })
}

fn bank(train: &[Vec<f32>], clusters: usize, settings: &Settings) -> Result<Bank, TrainError> {
    let bank = Bank::fit(train, clusters, settings.seed)
        .ok_or(TrainError::Setting("no embedding came out of the extractor"))?;
    Ok(if settings.centre == CentreChoice::Nearest { bank.nearest_members(train) } else { bank })
}

/// The number of clusters with which the held-out photos' distances and those of their synthetic defects are told apart
/// best, over all embedders; the smallest of those that are about as good.
fn best_clusters(trained: &[Trained], folds: &[Fold], embedding: Embedding<'_>) -> Result<usize, TrainError> {
    let settings = embedding.settings;
    let mut sums = [0.0; CLUSTERS.len()];
    for (trained, fold) in trained.iter().zip(folds) {
        let (photos, defective) = (embedding.photos(trained, fold)?, embedding.defects(trained, fold)?);
        for (sum, clusters) in sums.iter_mut().zip(CLUSTERS) {
            let bank = bank(&photos.train, clusters, settings)?;
            let good = photos.held_out.iter().flat_map(|(_, windows)| windows);
            *sum += auroc(&bank, good, &defective, settings.aggregation);
        }
    }
    let mut best = (1, f64::NEG_INFINITY);
    for (clusters, sum) in CLUSTERS.into_iter().zip(sums) {
        let auroc = sum / trained.len().max(1) as f64;
        println!("clusters    {clusters}: validation AUROC {auroc:.4}");
        if auroc > best.1 + WORTH_MORE_CLUSTERS {
            best = (clusters, auroc);
        }
    }
    Ok(best.0)
}

fn auroc<'a>(
    bank: &Bank,
    good: impl Iterator<Item = &'a Vec<f32>>,
    defective: &'a [Vec<f32>],
    aggregation: Aggregation,
) -> f64 {
    let score = |e14: &Vec<f32>| score::aggregate(&bank.compare(e14, aggregation).distances, aggregation);
    let mut scores: Vec<f32> = good.map(score).collect();
    let mut labels = vec![false; scores.len()];
    scores.extend(defective.iter().map(score));
    labels.resize(scores.len(), true);
    metrics::roc_auc(&scores, &labels).unwrap_or(0.0)
}
