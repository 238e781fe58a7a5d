//! `compare`: several settings on the same photos, with several seeds, side by side.
//!
//! Nine tenths of a training are the extractor's, and its features depend on the seed, the windows and the synthetic defects
//! alone. Settings that agree in those share the features, and all share those of the test photos. Settings that agree in
//! everything that members depend on share the members too.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::tensor::Device;
use clap::Parser;
use cse::files::category_file::CategoryModel;
use cse::files::extractor_file::Extractor;
use cse::files::model_file::ModelFileError;
use cse::image::photo::{Facts, Reading};
use cse::image::variation::Variation;
use cse::image::view::Region;
use cse::network::backbone::Backbone;
use cse::scoring::prediction::Prediction;
use cse::scoring::verdict::Verdict;
use cse::training::drawing::Recipe;
use cse::training::knobs::SpecError;
use cse::training::member::TrainedEmbedder;
use cse::training::model::TrainedModel;
use cse::training::session::{Division, Session};
use cse::training::spec::{TrainSpec, ViewChoice};
use cse::training::training_set::TrainingSet;
use futures_lite::future::block_on;
use image::GrayImage;
use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;

use crate::dataset::{self, Dataset};
use crate::devices::{self, DeviceChoice, DeviceError};
use crate::evaluate::stress::{Answer, StressRow, VARIATIONS};
use crate::evaluate::{self, EvalError, Figures, Seen};
use crate::files::{self, FileError};
use crate::knobs::{KnobArgs, choice};
use crate::look::{MaskArgs, Needs, PhotoFile, UnreadableArgs};
use crate::models::{self, LoadError};
use crate::tables::{self, Run};
use crate::train::{self, AnomalySource, Category, ReadingArgs, TrainError, features, members};
use crate::trained_on;

/// Settings of `compare`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folder of photos, or CSV file, as for `eval`
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Settings of a training to compare, such as "--method gaussian --taps stage7". Can be given again. Without it, the
    /// default, other presets and the baselines. With a ResNet as extractor, patchcore and padim
    #[arg(long = "with", value_name = "SETTINGS", allow_hyphen_values = true)]
    pub ways: Vec<String>,
    /// Number of seeds of each
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub seeds: u64,
    /// The first seed
    #[arg(long, value_name = "SEED", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..1 << 32))]
    pub first_seed: u64,
    /// Numbers of good photos to train on, separated by commas. The photos are drawn at random. Without it, all are used
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    pub photos: Vec<usize>,
    /// Number of random draws for each number of photos
    #[arg(long, default_value_t = 1, requires = "photos", value_parser = clap::value_parser!(u64).range(1..=100))]
    pub subsets: u64,
    /// Extractor file. Without it, the shipped one
    #[arg(long, value_name = "FILE")]
    pub extractor: Option<PathBuf>,
    /// Folder of images that textural defects are cut from. Without it, generated images
    #[arg(long, value_name = "DIR")]
    pub anomaly_source: Option<PathBuf>,
    /// Windows that a photo is cut into, where the settings do not say
    #[arg(long, default_value = "auto", value_parser = choice::<ViewChoice>())]
    pub view: ViewChoice,
    /// How the photos are read.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// Evaluate the test photos also as if they had been taken a little differently, as `eval --stress`
    #[arg(long)]
    pub stress: bool,
    /// Folder of photos of other materials, to count those that are labelled as unlike the good photos. Can be given again
    #[arg(long, value_name = "DIR")]
    pub foreign: Vec<PathBuf>,
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

/// Settings that are compared by default.
const WAYS: [&str; 12] = [
    "",
    "--preset paper",
    "--preset released",
    "--method gaussian --taps stage5",
    "--method gaussian --taps stage7",
    "--method gaussian --taps both",
    "--method nearest-neighbours --taps stage5",
    "--method nearest-neighbours --taps stage7",
    "--method nearest-neighbours --taps both",
    "--method mean-cosine --taps stage5",
    "--method mean-cosine --taps stage7",
    "--method mean-cosine --taps both",
];

/// Settings that are compared by default with a ResNet.
const RES_NET_WAYS: [&str; 2] = ["--method patchcore", "--method padim"];

/// Why there is no comparison.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// Settings that cannot be read.
    #[error("{0}")]
    Setting(clap::Error),
    /// A seed among the settings.
    #[error("--with \"{0}\": every setting is run with the seeds that --seeds and --first-seed say: leave --seed out")]
    Seed(String),
    /// Settings that make no training.
    #[error("--with \"{0}\": {1}")]
    Spec(String, SpecError),
    /// A number of photos that cannot be drawn.
    #[error("--photos {0}: choose from 3 to {1}, the number of good training photos")]
    Photos(usize, usize),
    /// A training fails.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// An evaluation fails.
    #[error(transparent)]
    Evaluate(#[from] EvalError),
    /// The device cannot be used.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The extractor cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A trained model cannot be loaded.
    #[error("the trained model cannot be used: {0}")]
    Model(#[from] ModelFileError),
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Settings of one way to train, as they are given.
#[derive(Parser)]
#[command(no_binary_name = true)]
struct Settings {
    #[command(flatten)]
    knobs: KnobArgs,
}

/// One way to train.
struct Way {
    /// Settings as they were given.
    words: String,
    spec: TrainSpec,
}

/// Trains, evaluates, and prints the table.
pub fn run(args: &Args) -> Result<(), CompareError> {
    let (dataset, report) = evaluate::open(&args.data, Needs::Both, args.masks, args.unreadable)?;
    let category = Category::new(dataset.name.clone(), &args.data, &report, &args.reading)?;
    let device = devices::choose(args.device)?;
    println!("device      {}", device.reason);
    let extractor = models::extractor(args.extractor.as_deref(), &device.device)?;
    println!("extractor   {} {}", extractor.info.architecture, extractor.info.id);
    // Mistakes show before hours are spent on the first.
    let by_default = match extractor.info.architecture {
        Backbone::EfficientNet(_) => WAYS.as_slice(),
        Backbone::ResNet(_) => RES_NET_WAYS.as_slice(),
    };
    let words: Vec<&str> =
        if args.ways.is_empty() { by_default.to_vec() } else { args.ways.iter().map(|way| way.trim()).collect() };
    let ways = words.into_iter().map(|words| parse(words, args.view, extractor.info.architecture));
    let ways = ways.collect::<Result<Vec<_>, _>>()?;
    let draws = draws(&category, &args.photos, args.subsets)?;
    let source = AnomalySource::read(args.anomaly_source.as_deref())?;
    if let Some(path) = &args.json {
        files::write_whole(path, b"")?;
    }
    let foreign = args.foreign.iter().map(|folder| Foreign::find(folder)).collect::<Result<_, CompareError>>()?;
    let bench = Bench {
        extractor: &extractor,
        device: &device.device,
        source,
        dataset,
        test: &report.test,
        stress: args.stress,
        foreign,
    };
    let mut runs: Vec<Run> = Vec::new();
    let mut test = None;
    for Draw { category, subset } in &draws {
        for seed in args.first_seed..args.first_seed + args.seeds {
            bench.run_seed(category, &ways, seed, &mut test, &mut |run| {
                let run = Run { photos: subset.map(|_| category.photos.len()), subset: *subset, ..run };
                if let Some(path) = &args.json {
                    append(path, &serde_json::to_string(&run).expect("figures are numbers and names"))?;
                }
                runs.push(run);
                Ok(())
            })?;
        }
    }
    // In the order in which they were asked for.
    runs.sort_by_key(|run| ways.iter().position(|way| way.words == run.settings));
    println!("\n{}", tables::markdown(&runs));
    Ok(())
}

fn parse(words: &str, view: ViewChoice, extractor: Backbone) -> Result<Way, CompareError> {
    let knobs = Settings::try_parse_from(words.split_whitespace()).map_err(CompareError::Setting)?.knobs;
    if knobs.has("seed") {
        return Err(CompareError::Seed(words.to_owned()));
    }
    let has_view = knobs.has("view");
    let wrong = |error| CompareError::Spec(words.to_owned(), error);
    let mut spec = knobs.spec().map_err(wrong)?;
    spec.check(extractor).map_err(wrong)?;
    if !has_view {
        spec.view = view;
    }
    Ok(Way { words: words.to_owned(), spec })
}

/// Photos that one training gets.
struct Draw {
    category: Category,
    /// Number of the random draw, from 0. None for all photos.
    subset: Option<u64>,
}

/// Random draws of `subsets` times each of `numbers` good photos. Without numbers, all photos once.
fn draws(category: &Category, numbers: &[usize], subsets: u64) -> Result<Vec<Draw>, CompareError> {
    if numbers.is_empty() {
        return Ok(vec![Draw { category: category.clone(), subset: None }]);
    }
    let all = category.photos.len();
    if let Some(number) = numbers.iter().find(|number| !(3..=all).contains(*number)) {
        return Err(CompareError::Photos(*number, all));
    }
    let draw = |number: usize, subset: u64| {
        let mut drawn = index::sample(&mut ChaCha8Rng::seed_from_u64(subset), all, number).into_vec();
        drawn.sort_unstable();
        let photos = drawn.into_iter().map(|photo| category.photos[photo].clone()).collect();
        Draw { category: Category { photos, ..category.clone() }, subset: Some(subset) }
    };
    Ok(numbers.iter().flat_map(|number| (0..subsets).map(move |subset| draw(*number, subset))).collect())
}

fn append(path: &Path, line: &str) -> Result<(), FileError> {
    let open = std::fs::OpenOptions::new().append(true).open(path);
    open.and_then(|mut file| writeln!(file, "{line}"))
        .map_err(|source| FileError::Append { path: path.to_owned(), source })
}

/// Whether features of `made` serve a training that needs those of `wanted`. A method without training needs no defects.
fn serves((made, made_mix): &(Recipe, String), (wanted, wanted_mix): &(Recipe, String)) -> bool {
    let windows = |recipe: &Recipe| Recipe { defects_each: 0, ..*recipe };
    let defects = wanted.defects_each == 0 || (made.defects_each, made_mix) == (wanted.defects_each, wanted_mix);
    windows(made) == windows(wanted) && defects
}

/// Everything that all runs share.
struct Bench<'a> {
    extractor: &'a Extractor,
    device: &'a Device,
    source: AnomalySource,
    dataset: Dataset,
    /// Test photos.
    test: &'a [PhotoFile],
    /// Whether to evaluate variations of the test photos.
    stress: bool,
    /// Photos of other materials.
    foreign: Vec<Foreign>,
}

/// Photos of other materials.
struct Foreign {
    /// Name of their folder.
    name: String,
    photos: Vec<PhotoFile>,
}

impl Foreign {
    fn find(folder: &Path) -> Result<Self, CompareError> {
        let photo = |path: PathBuf| {
            // They are not compared with training photos, so they need no digest.
            Ok::<_, CompareError>(PhotoFile { size: files::photo_size(&path)?, path, digest: [0; 32] })
        };
        let paths = dataset::images_below(folder).map_err(EvalError::from)?;
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { name, photos: paths.into_iter().map(photo).collect::<Result<_, _>>()? })
    }
}

impl Bench<'_> {
    /// Runs every way with one seed. Ways that share features, and of those the ways that share members, run one after the
    /// other, so that both are made once and kept no longer than that.
    fn run_seed(
        &self,
        category: &Category,
        ways: &[Way],
        seed: u64,
        test: &mut Option<(Recipe, Tests)>,
        done: &mut dyn FnMut(Run) -> Result<(), CompareError>,
    ) -> Result<(), CompareError> {
        let specs: Vec<TrainSpec> = ways.iter().map(|way| TrainSpec { seed, ..way.spec.clone() }).collect();
        let made: Vec<(Recipe, String)> =
            specs.iter().map(|spec| (category.recipe(spec), spec.defects.to_string())).collect();
        let learning: Vec<TrainSpec> = specs.iter().map(TrainSpec::learning).collect();
        let mut order: Vec<usize> = (0..ways.len()).collect();
        order.sort_by_key(|&index| {
            let (recipe, mix) = &made[index];
            let first = learning.iter().position(|one| *one == learning[index]);
            let input = (recipe.view.to_string(), recipe.exposure.to_string());
            (mix.clone(), input, recipe.windows_each, std::cmp::Reverse(recipe.defects_each), first)
        });
        let reading = category.reading();
        let mut shared: Option<(&(Recipe, String), TrainingSet)> = None;
        let mut members: Option<Members<'_>> = None;
        for index in order {
            let (words, spec) = (&ways[index].words, &specs[index]);
            println!("\nseed {seed}, {}", if words.is_empty() { "default" } else { words });
            let inspection = made[index].0.of_inspection();
            if !shared.as_ref().is_some_and(|(shared, _)| serves(shared, &made[index])) {
                let maker = self.source.maker(&spec.defects)?;
                let photos = &category.photos;
                let (recipe, _) = &made[index];
                let set = features::compute(self.extractor, self.device, photos, &reading, *recipe, &maker)?;
                (shared, members) = (Some((&made[index], set)), None);
            }
            if !test.as_ref().is_some_and(|(seen, _)| *seen == inspection) {
                *test = Some((inspection, Tests::read(self, inspection, &reading)?));
            }
            let (Some((_, set)), Some((_, test))) = (&shared, &*test) else { continue };
            let session = Session { spec, extractor: self.extractor, set, device: self.device };
            if members.as_ref().is_none_or(|members| *members.learning != learning[index]) {
                members = Some(Members::train(&session, &learning[index], &category.name)?);
            }
            let Some(Members { division, embedders, seconds, .. }) = &members else { continue };
            let started = Instant::now();
            let TrainedModel { info, tensors, .. } = train::fit(&session, division, embedders, category)?;
            let fit_seconds = seconds + started.elapsed().as_secs_f64();
            let model = CategoryModel::from_parts((info, tensors), &self.extractor.info, self.device)?;
            let figures = test.figures(self, &model)?;
            let unlike = test.unlike(self, &model)?;
            done(Run { settings: words.clone(), photos: None, subset: None, seed, fit_seconds, figures, unlike })?;
        }
        Ok(())
    }
}

/// Trained members, and the settings that they depend on.
struct Members<'a> {
    learning: &'a TrainSpec,
    division: Division,
    embedders: Vec<TrainedEmbedder>,
    /// Duration of the training.
    seconds: f64,
}

impl<'a> Members<'a> {
    fn train(session: &Session<'_>, learning: &'a TrainSpec, category: &str) -> Result<Self, TrainError> {
        let started = Instant::now();
        let division = train::divide(session)?;
        let embedders = members::train(session, &division, category, None, &mut None)?;
        Ok(Self { learning, division, embedders, seconds: started.elapsed().as_secs_f64() })
    }
}

/// All photos that a model is evaluated on.
struct Tests {
    photos: TestPhotos,
    /// The test photos under each variation.
    varied: Vec<(Variation, TestPhotos)>,
    /// Photos of other materials, by the name of their folder.
    foreign: Vec<(String, TestPhotos)>,
}

impl Tests {
    fn read(bench: &Bench<'_>, inspection: Recipe, reading: &Reading) -> Result<Self, CompareError> {
        let of = |photos: &[PhotoFile], variation| TestPhotos::read(bench, photos, inspection, reading, variation);
        let variations = VARIATIONS.iter().filter(|_| bench.stress);
        let varied = variations.map(|variation| Ok::<_, CompareError>((*variation, of(bench.test, Some(*variation))?)));
        let foreign = bench
            .foreign
            .iter()
            .map(|foreign| Ok::<_, CompareError>((foreign.name.clone(), of(&foreign.photos, None)?)));
        Ok(Self {
            photos: of(bench.test, None)?,
            varied: varied.collect::<Result<_, _>>()?,
            foreign: foreign.collect::<Result<_, _>>()?,
        })
    }

    fn figures(&self, bench: &Bench<'_>, model: &CategoryModel) -> Result<Figures, CompareError> {
        let info = &model.info;
        let see = |number: usize| {
            let TestPhoto { facts, opaque, .. } = &self.photos.photos[number];
            Ok::<_, CompareError>(Seen {
                prediction: self.photos.predict(bench, model, number, &bench.test[number].path)?,
                size: (facts.width, facts.height),
                opaque: opaque.clone(),
                trained_on: trained_on::is_among(info, &bench.test[number].digest),
                differences: info.differences(facts),
                seconds: None,
            })
        };
        let figures = evaluate::figures(info, &bench.dataset, see)?;
        let row = |(variation, photos): &(Variation, TestPhotos)| {
            let answer = |number: usize| {
                let prediction = photos.predict(bench, model, number, &bench.test[number].path)?;
                let verdict = Verdict::new(&prediction, info.threshold.value);
                let defective = bench.dataset.test[number].defect.is_some();
                Ok::<_, CompareError>(Answer { score: prediction.score, verdict, defective })
            };
            let answers = (0..bench.test.len()).map(answer).collect::<Result<Vec<_>, _>>()?;
            Ok::<_, CompareError>(StressRow::new(Some(*variation), &answers))
        };
        Ok(Figures { stress: self.varied.iter().map(row).collect::<Result<_, _>>()?, ..figures })
    }

    /// Share of the photos of other materials that are labelled as unlike the good photos, by the name of their folder.
    fn unlike(&self, bench: &Bench<'_>, model: &CategoryModel) -> Result<BTreeMap<String, f64>, CompareError> {
        let of = |(number, (name, photos)): (usize, &(String, TestPhotos))| {
            let mut unlike = 0;
            for (index, file) in bench.foreign[number].photos.iter().enumerate() {
                let prediction = photos.predict(bench, model, index, &file.path)?;
                unlike += usize::from(Verdict::new(&prediction, model.info.threshold.value) == Verdict::Unlike);
            }
            Ok((name.clone(), unlike as f64 / photos.photos.len().max(1) as f64))
        };
        self.foreign.iter().enumerate().map(of).collect()
    }
}

/// Photos as features, with all that an evaluation needs of them.
struct TestPhotos {
    set: TrainingSet,
    photos: Vec<TestPhoto>,
}

struct TestPhoto {
    /// Region of each window in the photo.
    regions: Vec<Region>,
    facts: Facts,
    opaque: Option<GrayImage>,
}

impl TestPhotos {
    fn read(
        bench: &Bench<'_>,
        files: &[PhotoFile],
        inspection: Recipe,
        reading: &Reading,
        variation: Option<Variation>,
    ) -> Result<Self, CompareError> {
        let mut photos = Vec::with_capacity(files.len());
        let set = features::inspected(bench.extractor, bench.device, files, reading, inspection, &mut |photo| {
            let photo = match variation {
                Some(variation) => variation.of(&photo, inspection.view),
                None => photo,
            };
            let (width, height) = photo.pixels.dimensions();
            let regions = inspection.view.regions(width, height);
            photos.push(TestPhoto { regions, facts: photo.facts.clone(), opaque: photo.opaque.clone() });
            photo
        })?;
        Ok(Self { set, photos })
    }

    /// Prediction of the photo with an index. An error names its `path`.
    fn predict(
        &self,
        bench: &Bench<'_>,
        model: &CategoryModel,
        number: usize,
        path: &Path,
    ) -> Result<Prediction, CompareError> {
        let (info, detector) = (&model.info, &model.detector);
        let distances = self.set.distances(number, detector, info.taps, info.rule.aggregation, bench.device);
        let distances = block_on(distances).map_err(TrainError::from)?;
        let TestPhoto { regions, facts, .. } = &self.photos[number];
        let prediction = Prediction::join(&info.rule, regions, &distances);
        let prediction = prediction.map_err(|source| EvalError::Predict { path: path.to_owned(), source })?;
        Ok(info.with_proportions(prediction, facts.width, facts.height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cse::network::efficientnet::Architecture;
    use cse::network::resnet::ResNetArchitecture;

    const B0: Backbone = Backbone::EfficientNet(Architecture::B0);

    #[test]
    fn every_way_is_a_training() {
        for way in WAYS {
            assert!(parse(way, ViewChoice::Auto, B0).is_ok(), "{way}");
        }
        for way in RES_NET_WAYS {
            let res_net = Backbone::ResNet(ResNetArchitecture::ResNet18);
            assert!(parse(way, ViewChoice::Auto, res_net).is_ok(), "{way}");
            assert!(parse(way, ViewChoice::Auto, B0).is_err(), "{way}");
        }
        let refused = |words: &str| match parse(words, ViewChoice::Auto, B0) {
            Err(error) => error.to_string(),
            Ok(way) => panic!("{} is none", way.words),
        };
        assert!(refused("--members nine").contains("members"));
        assert!(refused("--val-split-ratio 2").contains("--val-split-ratio"));
        // Else its row would bear the name of something that was not done.
        assert!(refused("--method gaussian --seed=7").contains("--seed"));
        assert!(refused("--out there").contains("--out"));
        let own = parse("--view tiles", ViewChoice::Crop, B0).unwrap();
        assert_eq!(own.spec.view, ViewChoice::Tiles);
        assert_eq!(parse("", ViewChoice::Crop, B0).unwrap().spec.view, ViewChoice::Crop);
    }
}
