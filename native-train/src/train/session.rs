//! From the good photos of a texture to its model.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use cse::calibration::Calibration;
use cse::defects::DefectMaker;
use cse::extractor_file::{Extractor, ExtractorInfo};
use cse::photo::{Levels, Reading, Region, Traits};
use cse::score::ScoreRule;
use cse::state_dict::StateDict;
use cse::texture_file::{self, TextureInfo};
use cse::view::View;
use sha2::{Digest, Sha256};

use super::args::Args;
use super::checkpoint::{self, Checkpoint};
use super::error::TrainError;
use super::finished::Summary;
use super::fitted::{Fitted, History};
use super::folds::{Fold, folds};
use super::normal_photos::Piece;
use super::optimisation::Log;
use super::settings::{Settings, learns};
use super::training_set::{self, Recipe, TrainingSet};
use super::{baselines, likeness, members, presets};
use crate::dataset::{Dataset, DatasetError, Marks, Mask};
use crate::files::{self, FileError};
use crate::interrupt::STOP;
use crate::learnt_from;
use crate::suitable_view::suitable_view;

/// What a training learns, before any of it is judged.
pub struct Learnt {
    folds: Vec<Fold>,
    /// Which piece each photo shows.
    pieces: Vec<usize>,
    /// One on each fold; the plain statistics have none.
    embedders: Vec<members::Trained>,
    /// As [`TextureInfo::learnt_from`] has it.
    photos: Vec<[u8; 8]>,
}

/// A model, and what to look at before it is trusted.
pub struct Judged {
    /// Its description.
    pub info: TextureInfo,
    /// Its tensors.
    pub tensors: StateDict,
    /// What looks least normal to it of what was called good.
    least_normal: Vec<Piece>,
}

/// What all textures of one call have in common.
pub struct Session<'a> {
    /// The command line.
    pub args: &'a Args,
    /// What follows of it.
    pub settings: Settings,
    /// The frozen network.
    pub extractor: &'a Extractor,
    /// Where to compute.
    pub device: &'a Device,
    /// Makes the synthetic defects.
    pub maker: &'a DefectMaker,
    /// Where the losses are written.
    pub log: Log,
}

/// How the photos of a category are read, and what the good ones have in common.
#[derive(Clone, Debug, Default)]
pub struct Category {
    /// Traits of the good photos.
    pub traits: Traits,
    /// Region of every photo that is neither learned from nor inspected.
    pub ignored: Option<Region>,
}

impl Category {
    /// The category of good photos with these traits, with the levels and the mask that were asked for.
    pub fn new(traits: Traits, levels: Option<Levels>, mask: Option<&PathBuf>) -> Result<Self, TrainError> {
        let traits = Traits { levels: levels.or(traits.levels), ..traits };
        let Some(path) = mask else { return Ok(Self { traits, ignored: None }) };
        let region = Mask::read(std::slice::from_ref(path), Marks::NonZero)?.and_then(|mask| mask.region());
        match region {
            Some(region) => Ok(Self { traits, ignored: Some(region) }),
            None => Err(TrainError::NothingIgnored(path.clone())),
        }
    }

    /// Settings that its photos are decoded with.
    pub fn reading(&self) -> Reading {
        Reading { levels: self.traits.levels, ignored: self.ignored.clone() }
    }
}

/// Whether there are photos enough to learn from.
pub fn check_count(dataset: &Dataset, data: &Path) -> Result<(), TrainError> {
    match dataset.train.len() {
        0 => Err(DatasetError::Empty { path: data.to_owned(), found: String::new() }.into()),
        count @ 1..3 => Err(TrainError::TooFew(count, data.to_owned())),
        _ => Ok(()),
    }
}

/// The view asked for, or the one that suits the photos' shape, and why.
pub fn view(args: &Args, photos: &[PathBuf]) -> Result<(View, String), TrainError> {
    if let Some(view) = args.view.view() {
        return Ok((view, "as asked".into()));
    }
    Ok(suitable_view(photos)?)
}

/// Synthetic defects of each window of `photos`; `None` where nothing learns from them.
pub fn defects_each(
    settings: &Settings,
    photos: &[PathBuf],
    view: View,
    windows: u32,
) -> Result<Option<usize>, TrainError> {
    if !learns(settings.method) {
        return Ok(None);
    }
    let count = training_set::windows_of_all(photos, view, windows as usize)?;
    Ok(Some(training_set::defects_each(settings.defects_per_image, count)))
}

impl Session<'_> {
    /// From the photos in one folder, whose good ones have these traits, to one model file.
    pub fn train(&self, dataset: &Dataset, traits: Traits, data: &Path, out: &Path) -> Result<Summary, TrainError> {
        let started = std::time::Instant::now();
        check_count(dataset, data)?;
        // Rather than find out after the training.
        files::check_place(out)?;
        if !self.args.resume {
            // Of a run that was stopped and is not gone on with: its later members must not be taken for this one's.
            Checkpoint::clear(out)?;
        }
        let (view, why) = view(self.args, &dataset.train)?;
        println!("view        {} ({why})", format!("{view:?}").to_lowercase());
        let category = Category::new(traits, self.args.levels, self.args.ignore_mask.as_ref())?;
        if let Some(levels) = category.traits.levels {
            println!("levels      {levels}: the stored values that become black and white");
        }
        let set = self.features(&dataset.train, view, category.reading())?;
        let learnt = self.learn(dataset, view, &set, out)?;
        let Judged { info, tensors, least_normal } = self.judge(dataset, view, &category, &set, &learnt)?;
        let threshold = info.calibration.threshold;
        println!(
            "threshold   {threshold:.4} (false-alarm rate {:.1} % from {} good photos)",
            100.0 * info.calibration.false_alarm_rate,
            info.calibration.normal_scores.len(),
        );
        println!("look at     the photos that it rests on, a piece a line: it is too high if they are not good");
        for piece in least_normal {
            let names = piece.photos.iter().filter_map(|photo| dataset.train[*photo].file_name());
            let names: Vec<_> = names.map(|name| name.to_string_lossy()).collect();
            println!("            {:.4} {}", piece.score, names.join(" "));
        }
        let model = texture_file::write(&info, &tensors)?;
        files::write_whole(out, &model)?;
        println!("written     {} ({} kB)", out.display(), model.len() / 1000);
        Checkpoint::clear(out)?;
        Ok(Summary { photos: dataset.train.len(), threshold, seconds: started.elapsed().as_secs_f64() })
    }

    /// Windows, synthetic defects and features of the good photos.
    pub fn features(&self, photos: &[PathBuf], view: View, reading: Reading) -> Result<TrainingSet, TrainError> {
        let each = defects_each(&self.settings, photos, view, self.args.windows)?;
        let defects = each.map(|each| (each, self.maker));
        let (windows, seed) = (self.args.windows as usize, self.settings.seed);
        let recipe = Recipe { view, windows, defects, seed, reading };
        TrainingSet::make(self.extractor, self.device, photos, &recipe)
    }

    /// Trains embedders on the features of `dataset`'s good photos, where the method has any; checkpoints lie beside `out`.
    pub fn learn(&self, dataset: &Dataset, view: View, set: &TrainingSet, out: &Path) -> Result<Learnt, TrainError> {
        let settings = &self.settings;
        let pieces = likeness::pieces(set, self.device)?;
        let distinct = pieces.iter().collect::<HashSet<_>>().len();
        if distinct < pieces.len() {
            println!("pieces      {distinct}: photos of the same one are held out together");
        }
        let folds = folds(&pieces, settings.members as usize, settings.validation_share, settings.seed);
        for fold in &folds {
            println!("photos      {} to train, {} held out", fold.train.len(), fold.held_out.len());
        }
        let mut embedders = Vec::new();
        if learns(settings.method) {
            let inputs = self.inputs_digest(set.photos.iter().map(|photo| photo.digest), view);
            let (texture, resume) = (dataset.name.as_str(), self.args.resume);
            let plan = members::Plan { settings, texture, out, inputs, resume, log: &self.log, stop: &STOP };
            embedders = members::train(&plan, self.extractor, set, &folds, self.device)?;
        }
        let photos = set.photos.iter().map(|photo| learnt_from::mark(&photo.digest)).collect();
        Ok(Learnt { folds, pieces, embedders, photos })
    }

    /// Makes a model of what was learnt by these settings, or by any of the same [`Settings::learning`].
    pub fn judge(
        &self,
        dataset: &Dataset,
        view: View,
        category: &Category,
        set: &TrainingSet,
        learnt: &Learnt,
    ) -> Result<Judged, TrainError> {
        let (settings, folds) = (&self.settings, learnt.folds.as_slice());
        let fitted = if learns(settings.method) {
            members::judge(settings, &learnt.embedders, self.extractor, set, folds, self.device)?
        } else {
            baselines::fit(settings, self.extractor, set, folds, self.device)?
        };
        self.calibrate(dataset, (view, category), fitted, learnt)
    }

    /// What decides the model of `dataset`'s photos.
    pub fn run_key(&self, dataset: &Dataset) -> Result<String, TrainError> {
        let (view, _) = view(self.args, &dataset.train)?;
        let digest = |path: &PathBuf| Ok(Sha256::digest(files::read(path)?));
        let photos = dataset.train.iter().map(digest).collect::<Result<Vec<_>, FileError>>()?;
        let inputs = self.inputs_digest(photos, view);
        Ok(format!("{} at {}", checkpoint::key(&self.settings, &inputs), self.args.false_alarm_rate))
    }

    /// What a resumed run must have in common with the one that stopped, beside the settings: SHA-256 of the photos, and
    /// what is made of them.
    fn inputs_digest(&self, photos: impl IntoIterator<Item = impl AsRef<[u8]>>, view: View) -> String {
        let mut digest = Sha256::new();
        photos.into_iter().for_each(|photo| digest.update(photo));
        let ExtractorInfo { id, architecture, .. } = &self.extractor.info;
        let Args { textures, windows, levels, ignore_mask, .. } = self.args;
        let defects = self.args.defects();
        digest.update(format!(
            "{architecture} {id} {view:?} {defects} {windows} {textures:?} {levels:?} {ignore_mask:?}"
        ));
        files::hexadecimal(&digest.finalize()[..8])
    }

    /// Completes `fitted` by score rule, threshold and description, from the held-out photos.
    fn calibrate(
        &self,
        dataset: &Dataset,
        (view, category): (View, &Category),
        fitted: Fitted,
        learnt: &Learnt,
    ) -> Result<Judged, TrainError> {
        let settings = &self.settings;
        let rule = ScoreRule {
            aggregation: settings.aggregation,
            normal_range: None,
            smoothing: settings.smoothing,
            density: fitted.density,
        };
        let normal = fitted.normal.said(&rule, settings.normal_range, &learnt.pieces).ok_or(TrainError::NoScores)?;
        // A single fold, the paper's split, holds out some pieces and not all.
        let held_out = learnt.folds.iter().flat_map(|fold| &fold.held_out).map(|photo| learnt.pieces[*photo]);
        let pieces = held_out.collect::<HashSet<_>>().len();
        let scores = normal.scores.iter().map(|(_, score)| *score).collect();
        let calibration = Calibration::new(scores, pieces, self.args.false_alarm_rate).ok_or(TrainError::NoScores)?;
        let least_normal = normal.least_normal(&learnt.pieces, calibration.threshold);
        let info = TextureInfo {
            name: self.args.name.clone().unwrap_or_else(|| dataset.name.clone()),
            extractor_id: self.extractor.info.id.clone(),
            extractor_architecture: self.extractor.info.architecture,
            view,
            photos: category.traits,
            ignored: category.ignored.clone(),
            method: settings.method,
            taps: settings.taps,
            rule: normal.rule,
            members: fitted.members,
            clusters: fitted.clusters,
            calibration,
            map_scale: normal.map_scale,
            provenance: format!(
                "native-train {}: {} good photos, {} of them held out; {} defects; {}{}",
                env!("CARGO_PKG_VERSION"),
                dataset.train.len(),
                learnt.folds.iter().map(|fold| fold.held_out.len().to_string()).collect::<Vec<_>>().join(", "),
                self.args.defects(),
                kept(&fitted.histories),
                presets::provenance(settings, self.extractor.info.architecture),
            ),
            learnt_from: learnt.photos.clone(),
            losses: fitted.histories.iter().map(|history| history.losses.clone()).collect(),
        };
        Ok(Judged { info, tensors: fitted.tensors, least_normal })
    }
}

/// The steps whose weights were kept, for the reader.
fn kept(histories: &[History]) -> String {
    let steps: Vec<String> = histories.iter().map(|history| history.kept_step.to_string()).collect();
    if steps.is_empty() { String::new() } else { format!("kept steps {}; ", steps.join(", ")) }
}
