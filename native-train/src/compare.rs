//! `compare`: several ways to train on the same photos, with several seeds, side by side.
//!
//! Nine tenths of a training are the extractor's, and its features depend on the seed and the synthetic defects alone:
//! ways that have those in common share them, and all share the test photos'. Ways that differ in nothing that training
//! knows of, such as bank and score, share the embedders too.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::tensor::Device;
use clap::Parser;
use cse::comparison::Comparison;
use cse::defects::DefectMaker;
use cse::efficientnet::Architecture;
use cse::inspector::{self, Finding, InspectError};
use cse::model_file::ModelFileError;
use cse::photo::{Levels, Reading};
use cse::texture_file::TextureModel;
use cse::view::{Region, View};

use crate::choices::ViewChoice;
use crate::dataset::{self, Dataset};
use crate::defects::Mix;
use crate::devices::{self, DeviceChoice, DeviceError};
use crate::evaluate::{self, EvalError, Figures};
use crate::files::{self, FileError};
use crate::look::{MaskArgs, Needs, UnreadableArgs};
use crate::models::{self, LoadError};
use crate::tables::{self, Run};
use crate::train::{self, Category, Learnt, Log, Session, Settings, TrainError, TrainingSet};

/// Settings of `compare`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folder of photos, or CSV file, as for `eval`
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Settings of `train` to compare, such as "--method gaussian --taps f2"; can be given again. Without it, the default,
    /// both presets and the plain statistics
    #[arg(long = "with", value_name = "SETTINGS", allow_hyphen_values = true)]
    pub ways: Vec<String>,
    /// Seeds of each
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub seeds: u64,
    /// The first of them
    #[arg(long, value_name = "SEED", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..1 << 32))]
    pub first_seed: u64,
    /// Extractor file; without it, the shipped one
    #[arg(long, value_name = "FILE")]
    pub extractor: Option<PathBuf>,
    /// Folder of texture images for textural defects; without it, generated ones
    #[arg(long, value_name = "DIR")]
    pub textures: Option<PathBuf>,
    /// How a photo is looked at
    #[arg(long, value_enum, default_value = "auto")]
    pub view: ViewChoice,
    /// Stored values that become black and white, BLACK:WHITE, for photos with more than 8 bits a channel; without it, found
    /// over the training photos
    #[arg(long, value_name = "LEVELS")]
    pub levels: Option<Levels>,
    /// Mask of a region of every photo that is neither learned from nor inspected, as an image that is above 0 there
    #[arg(long, value_name = "FILE")]
    pub ignore_mask: Option<PathBuf>,
    /// File to write each run's figures to as they come, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Where to compute
    #[arg(long, value_enum, default_value = "auto")]
    pub device: DeviceChoice,
    /// How masks are read.
    #[command(flatten)]
    pub masks: MaskArgs,
    /// Whether unreadable files are an error.
    #[command(flatten)]
    pub unreadable: UnreadableArgs,
}

/// What is compared where nothing is said.
const WAYS: [&str; 12] = [
    "",
    "--preset paper",
    "--preset released",
    "--method gaussian --taps f1",
    "--method gaussian --taps f2",
    "--method gaussian --taps both",
    "--method nearest-neighbour --taps f1",
    "--method nearest-neighbour --taps f2",
    "--method nearest-neighbour --taps both",
    "--method mean-cosine --taps f1",
    "--method mean-cosine --taps f2",
    "--method mean-cosine --taps both",
];

/// Settings of `train` that are `compare`'s own, or that a comparison has no use for.
const COMMON: [&str; 13] = [
    "--data",
    "--out",
    "--name",
    "--extractor",
    "--textures",
    "--seed",
    "--device",
    "--log",
    "--resume",
    "--levels",
    "--ignore-mask",
    "--invert-masks",
    "--skip-unreadable",
];

/// Why there is no comparison.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// Settings that are none.
    #[error("{0}")]
    Setting(clap::Error),
    /// A setting that no way has of its own.
    #[error(
        "--with \"{0}\": {1} is the same for all ways; what compare itself can be told of it, `compare --help` says"
    )]
    Common(String, &'static str),
    /// A training.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// An evaluation.
    #[error(transparent)]
    Evaluate(#[from] EvalError),
    /// The device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The extractor.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A trained model.
    #[error("the trained model cannot be used: {0}")]
    Model(#[from] ModelFileError),
    /// The figures' file.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A command line of `train`.
#[derive(Parser)]
struct TrainLine {
    #[command(flatten)]
    args: train::Args,
}

/// Trains, evaluates, prints the table.
pub fn run(args: &Args) -> Result<(), CompareError> {
    let (dataset, report) = evaluate::open(&args.data, Needs::Both, args.masks, args.unreadable)?;
    train::check_count(&dataset, &args.data)?;
    let ways: Vec<&str> =
        if args.ways.is_empty() { WAYS.to_vec() } else { args.ways.iter().map(|way| way.trim()).collect() };
    let device = devices::choose(args.device)?;
    println!("device      {}", device.reason);
    let device = device.device;
    let extractor = models::extractor(args.extractor.as_deref(), &device)?;
    let architecture = extractor.info.architecture;
    println!("extractor   {architecture} {}", extractor.info.id);
    // All of them are read before hours are spent on the first.
    let parsed = ways.into_iter().map(|way| Ok((way, parse(args, way, architecture)?)));
    let ways = parsed.collect::<Result<Vec<_>, CompareError>>()?;
    let sources = dataset::squashed_below::<TrainError>(args.textures.as_deref())?;
    let mut makers: HashMap<Mix, DefectMaker> = HashMap::new();
    for (_, way) in &ways {
        if let Entry::Vacant(place) = makers.entry(way.defects()) {
            let maker = place.key().maker(sources.clone()).map_err(TrainError::from)?;
            place.insert(maker);
        }
    }
    if let Some(path) = &args.json {
        files::write_whole(path, b"")?;
    }

    let category = Category::new(report.traits, args.levels, args.ignore_mask.as_ref())?;
    let made =
        ways.iter().map(|(_, way)| Made::by(way, architecture, &dataset.train)).collect::<Result<Vec<_>, _>>()?;
    let learning: Vec<Settings> = ways.iter().map(|(_, way)| way.settings(architecture).learning()).collect();
    // Ways with the same features, and of those with the same embedders, one after the other, so that they are made once
    // and kept no longer than that.
    let mut order: Vec<usize> = (0..ways.len()).collect();
    order.sort_by_key(|index| {
        let made = &made[*index];
        let first = learning.iter().position(|one| *one == learning[*index]);
        (made.mix.to_string(), made.windows, std::cmp::Reverse(made.defects), first)
    });
    let mut test: Option<(View, TestPhotos)> = None;
    let mut runs: Vec<Run> = Vec::new();
    for seed in args.first_seed..args.first_seed + args.seeds {
        let mut shared: Option<(Made, TrainingSet)> = None;
        let mut learnt: Option<(&Settings, Learnt, f64)> = None;
        for &index in &order {
            let (words, way) = &ways[index];
            println!("\nseed {seed}, {}", name(words));
            let way = train::Args { seed, ..way.clone() };
            let session = Session {
                args: &way,
                settings: way.settings(architecture),
                log: Log::default(),
                extractor: &extractor,
                device: &device,
                maker: &makers[&made[index].mix],
            };
            let view = made[index].view;
            if !shared.as_ref().is_some_and(|(shared, _)| shared.serves(&made[index])) {
                shared = Some((made[index].clone(), session.features(&dataset.train, view, category.reading())?));
                learnt = None;
            }
            if !test.as_ref().is_some_and(|(seen, _)| *seen == view) {
                test = Some((view, TestPhotos::look(&session, &dataset, view, category.reading())?));
            }
            let (Some((_, set)), Some((_, test))) = (&shared, &test) else { continue };
            if learnt.as_ref().is_none_or(|(known, ..)| **known != learning[index]) {
                let started = Instant::now();
                let scratch = tempfile::tempdir().map_err(TrainError::Store)?;
                let new = session.learn(&dataset, view, set, &scratch.path().join("model"))?;
                learnt = Some((&learning[index], new, started.elapsed().as_secs_f64()));
            }
            let Some((_, learnt, learning_seconds)) = &learnt else { continue };
            let started = Instant::now();
            let judged = session.judge(&dataset, view, &category, set, learnt)?;
            let fit_seconds = learning_seconds + started.elapsed().as_secs_f64();
            let model = TextureModel::from_parts((judged.info, judged.tensors), &extractor.info, &device)?;
            let figures = test.figures(&dataset, &model, &device)?;
            let run = Run { settings: (*words).to_owned(), seed, fit_seconds, figures };
            if let Some(path) = &args.json {
                append(path, &serde_json::to_string(&run).unwrap_or_default())?;
            }
            runs.push(run);
        }
    }
    // As they were asked for.
    runs.sort_by_key(|run| ways.iter().position(|(words, _)| *words == run.settings));
    println!("\n{}", tables::markdown(&runs));
    Ok(())
}

fn name(words: &str) -> &str {
    if words.is_empty() { "default" } else { words }
}

fn parse(args: &Args, words: &str, architecture: Architecture) -> Result<train::Args, CompareError> {
    let fixed = ["train", "--data", ".", "--out", "."];
    let line = fixed.into_iter().chain(words.split_whitespace());
    let given = |name: &str| words.split_whitespace().any(|word| word.split('=').next() == Some(name));
    if let Some(name) = COMMON.iter().find(|name| given(name)) {
        return Err(CompareError::Common(words.to_owned(), name));
    }
    let mut way = TrainLine::try_parse_from(line).map_err(CompareError::Setting)?.args;
    way.data = vec![args.data.clone()];
    if !given("--view") {
        way.view = args.view;
    }
    train::check(&way, &way.settings(architecture))?;
    Ok(way)
}

fn append(path: &Path, line: &str) -> Result<(), FileError> {
    let open = std::fs::OpenOptions::new().append(true).open(path);
    open.and_then(|mut file| writeln!(file, "{line}"))
        .map_err(|source| FileError::Append { path: path.to_owned(), source })
}

/// What the features of the good photos depend on, beside the seed.
#[derive(Clone)]
struct Made {
    view: View,
    mix: Mix,
    windows: u32,
    /// Of each window, for what learns from them.
    defects: Option<usize>,
}

impl Made {
    fn by(way: &train::Args, architecture: Architecture, photos: &[PathBuf]) -> Result<Self, CompareError> {
        let (view, _) = train::view(way, photos)?;
        let settings = way.settings(architecture);
        let defects = train::defects_each(&settings, photos, view, way.windows)?;
        Ok(Self { view, mix: way.defects(), windows: way.windows, defects })
    }

    fn serves(&self, wanted: &Self) -> bool {
        let defects = wanted.defects.is_none() || (self.defects, &self.mix) == (wanted.defects, &wanted.mix);
        (self.view, self.windows) == (wanted.view, wanted.windows) && defects
    }
}

/// The test photos as features, and where their windows lie.
struct TestPhotos {
    set: TrainingSet,
    regions: Vec<Vec<Region>>,
}

impl TestPhotos {
    fn look(session: &Session<'_>, dataset: &Dataset, view: View, reading: Reading) -> Result<Self, CompareError> {
        let photos: Vec<PathBuf> = dataset.test.iter().map(|sample| sample.photo.clone()).collect();
        let mut regions = Vec::with_capacity(photos.len());
        for path in &photos {
            let (width, height) = files::photo_size(path)?;
            regions.push(view.regions(width, height));
        }
        let set = TrainingSet::inspected_only(session.extractor, session.device, &photos, view, reading)?;
        Ok(Self { set, regions })
    }

    fn figures(&self, dataset: &Dataset, model: &TextureModel, device: &Device) -> Result<Figures, CompareError> {
        let slots: Vec<_> = self.set.samples.iter().map(|sample| sample.normal).collect();
        let taps = model.info.taps;
        let read_outs = self.set.compute(&slots, device, |features| model.detector.forward(features, taps))?;
        let find = |number: usize, _: &cse::photo::Photo| -> Result<Finding, InspectError> {
            let photo = &self.set.photos[number];
            let compare = |(index, read_out): (usize, &Vec<f32>)| {
                let seen = model.detector.compare(read_out, model.info.rule.aggregation);
                Comparison { inspected: self.set.samples[photo.inspected.start + index].inspected.clone(), ..seen }
            };
            let comparisons: Vec<_> = read_outs[photo.inspected.clone()].iter().enumerate().map(compare).collect();
            inspector::join(&model.info.rule, &self.regions[number], &comparisons)
        };
        Ok(evaluate::figures(&model.info, dataset, find)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_a_command_line_of_train() {
        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            args: Args,
        }
        let line = |words: &[&str]| Line::try_parse_from(["x", "--data", "."].iter().chain(words)).unwrap().args;
        for way in WAYS {
            assert!(parse(&line(&[]), way, Architecture::B0).is_ok(), "{way}");
        }
        let refused = |words: &str| {
            let wrong = line(&["--with", words]);
            parse(&wrong, &wrong.ways[0], Architecture::B0).unwrap_err().to_string()
        };
        assert!(refused("--members nine").contains("nine"));
        assert!(refused("--validation-share 2").contains("--validation-share"));
        // Else its row would bear the name of something that was not done.
        assert!(refused("--method gaussian --seed=7").contains("--seed"));
        let own = line(&["--view", "crop", "--with", "--view tiles"]);
        assert!(matches!(parse(&own, &own.ways[0], Architecture::B0).unwrap().view, ViewChoice::Tiles));
    }
}
