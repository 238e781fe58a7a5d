//! Trainer: from the good photos of a category to its model file.

use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;

use burn::tensor::Device;
use cse::defects::DefectMaker;
use cse::files::category_file;
use cse::files::extractor_file::{Extractor, ExtractorInfo};
use cse::scoring::threshold::{Threshold, share_above};
use cse::training::groups;
use cse::training::member::TrainedEmbedder;
use cse::training::model::TrainedModel;
use cse::training::session::{Division, Session};
use cse::training::spec::TrainSpec;
use futures_lite::future::block_on;
use sha2::{Digest, Sha256};

use super::category::Category;
use super::error::TrainError;
use super::finished::Summary;
use super::members::{self, Log, Place};
use super::{checkpoint, features};
use crate::files;
use crate::text_table::text_table;

/// Everything that the trainings of one command share.
pub struct Trainer<'a> {
    /// The frozen network.
    pub extractor: &'a Extractor,
    /// Device to compute on.
    pub device: &'a Device,
    /// Settings.
    pub spec: TrainSpec,
    /// Maker of the synthetic defects.
    pub maker: DefectMaker,
    /// SHA-256 of the images of the anomaly source, or an empty text without one.
    pub anomaly_source: String,
    /// Whether to go on from checkpoints.
    pub resume: bool,
    /// Log of the losses.
    pub log: Option<Log>,
}

impl Trainer<'_> {
    /// Trains a category, and writes its model to `out`.
    pub fn train(&mut self, category: &Category, out: &Path) -> Result<Summary, TrainError> {
        let started = Instant::now();
        // Found out before the training, and not after it.
        files::check_place(out)?;
        if !self.resume {
            // Checkpoints of an older run would be taken for this one's members.
            checkpoint::clear(out)?;
        }
        let (view, why) = category.view(self.spec.view);
        println!("view        {view} ({why})");
        if let Some(levels) = category.traits.levels {
            println!("levels      {levels}: the stored values that become black and white");
        }
        let (reading, recipe) = (category.reading(), category.recipe(&self.spec));
        let set = features::compute(self.extractor, self.device, &category.photos, &reading, recipe, &self.maker)?;
        let place = Place { out: out.to_owned(), key: self.key(category), resume: self.resume };
        let Self { spec, extractor, device, .. } = self;
        let session = Session { spec, extractor, set: &set, device };
        let division = divide(&session)?;
        let embedders = members::train(&session, &division, &category.name, Some(&place), &mut self.log)?;
        let TrainedModel { info, tensors, reviewed } = fit(&session, &division, &embedders, category)?;
        let threshold = &info.threshold;
        let held_out: HashSet<usize> =
            division.folds.iter().flat_map(|fold| set.originals_of(&fold.held_out)).collect();
        println!(
            "threshold   1: a score is a multiple of it (false-positive rate {:.1} % from {} good photos)",
            100.0 * threshold.false_positive_rate,
            held_out.len(),
        );
        print!("{}", along_the_threshold(threshold));
        println!("review      the photos that it rests on, a group a line: it is too high if they are not good");
        for group in reviewed {
            let names = group.photos.iter().filter_map(|photo| category.photos[*photo].path.file_name());
            let names: Vec<_> = names.map(|name| name.to_string_lossy()).collect();
            println!("            {:.2} {}", group.score, names.join(" "));
        }
        let model = category_file::write(&info, &tensors)?;
        files::write_whole(out, &model)?;
        println!("written     {} ({} kB)", out.display(), model.len() / 1000);
        checkpoint::clear(out)?;
        Ok(Summary { photos: category.photos.len(), seconds: started.elapsed().as_secs_f64() })
    }

    /// Key of everything that decides the model of a category.
    pub fn key(&self, category: &Category) -> String {
        let mut digest = Sha256::new();
        category.photos.iter().for_each(|photo| digest.update(photo.digest));
        if let Some(mask) = &category.ignored {
            digest.update(mask.mask().as_raw());
        }
        let ExtractorInfo { id, architecture, .. } = &self.extractor.info;
        let (view, _) = category.view(self.spec.view);
        digest.update(format!("{architecture} {id} {view} {:?} {}", category.traits.levels, self.anomaly_source));
        let spec = serde_json::to_string(&self.spec).expect("settings are numbers and names");
        format!("{spec} on {}", files::hexadecimal(&digest.finalize()[..8]))
    }
}

/// Multiples of the threshold that a training prints.
const MULTIPLES: [f32; 6] = [0.7, 0.8, 0.9, 1.0, 1.1, 1.25];

/// Shares of held-out good photos and of synthetic defects above multiples of the threshold, as a table. Empty for a method
/// without training.
fn along_the_threshold(threshold: &Threshold) -> String {
    let Threshold { value, normal_scores, synthetic_scores, .. } = threshold;
    let row = |multiple: f32| {
        let share = |scores: &[f32]| Some(format!("{:.1} %", 100.0 * share_above(scores, multiple * value)?));
        Some([format!("{:.2}", multiple * value), share(normal_scores)?, share(synthetic_scores)?])
    };
    let rows: Vec<[String; 3]> = MULTIPLES.into_iter().filter_map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    let table = text_table(["at", "good photos above it", "synthetic defects above it"], rows, 0);
    table.lines().map(|line| format!("            {line}\n")).collect()
}

/// Divides the photos, and prints how.
pub fn divide(session: &Session<'_>) -> Result<Division, TrainError> {
    let division = block_on(session.divide())?;
    let photos = session.set.originals().len();
    let distinct = groups::count(division.groups.iter().copied());
    if distinct < photos {
        println!("groups      {distinct}: photos of the same piece are held out together");
    }
    for fold in &division.folds {
        let originals = |photos: &[usize]| session.set.originals_of(photos).len();
        println!("photos      {} to train, {} held out", originals(&fold.train), originals(&fold.held_out));
    }
    Ok(division)
}

/// Fits the method, and completes it to a model.
pub fn fit(
    session: &Session<'_>,
    division: &Division,
    embedders: &[TrainedEmbedder],
    category: &Category,
) -> Result<TrainedModel, TrainError> {
    let fit = block_on(session.fit(division, embedders))?;
    let (view, _) = category.view(session.spec.view);
    Ok(session.model(division, fit, &category.facts(view))?)
}
