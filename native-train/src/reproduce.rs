//! `reproduce`: the paper's protocol on its data sets, our column beside the paper's.

use std::path::{Path, PathBuf};

use cse::detectors::method::Method;
use cse::training::presets;
use cse::training::spec::{DecoderTraining, Preset, TrainSpec, ViewChoice};

use crate::dataset::{Dataset, Marks};
use crate::devices::{self, DeviceChoice};
use crate::evaluate::{self, EvalError};
use crate::files::FileError;
use crate::knobs::choice;
use crate::look::{self, Needs, UnreadableArgs};
use crate::models::{self, ModelArgs};
use crate::text_table::text_table;
use crate::train::{AnomalySource, Category, ReadingArgs, TrainError, Trainer};

/// Settings of `reproduce`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Which of the paper's tables
    #[arg(value_enum)]
    pub table: Table,
    /// Folder with a folder for each category: MVTec AD's carpet, tile, .., or TILDA's c1r1, c1r3, ..
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Folder to write the models to
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Extractor file. The paper's is ImageNet's EfficientNet-B3. Without it, the shipped one
    #[arg(long, value_name = "FILE")]
    pub extractor: Option<PathBuf>,
    /// Folder of images that textural defects are cut from. The paper's is DTD. Without it, generated images
    #[arg(long, value_name = "DIR")]
    pub anomaly_source: Option<PathBuf>,
    /// Preset to train with
    #[arg(long, default_value = "paper", value_parser = choice::<Preset>())]
    pub preset: Preset,
    /// Seed of everything random
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Go on from where the same command was stopped: the models that are there are not trained again
    #[arg(long)]
    pub resume: bool,
    /// Where to compute
    #[arg(long, default_value = "auto", value_enum)]
    pub device: DeviceChoice,
}

/// The paper's tables that can be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Table {
    /// Image AUROC on the textures of MVTec AD
    Table1,
    /// Image AUROC on TILDA's eight fabrics
    Table2,
    /// A classifier instead of the contrast, on the textures of MVTec AD
    Table4,
    /// What the decoder brings, on the textures of MVTec AD
    Table5,
}

/// Why a table cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum ReproduceError {
    /// A training.
    #[error("{0}: {1}")]
    Train(String, Box<TrainError>),
    /// An evaluation.
    #[error("{0}: {1}")]
    Evaluate(String, Box<EvalError>),
    /// No folder of the table's categories is there.
    #[error("{data}: has none of the folders {names}", data = .0.display(), names = .1)]
    NoCategories(PathBuf, String),
}

/// Settings to train with, and the paper's image AUROC with them, in percent, in the order of the categories.
struct Row {
    name: &'static str,
    change: fn(&mut TrainSpec),
    paper: &'static [f64],
}

const MVTEC: [&str; 5] = ["carpet", "tile", "wood", "leather", "grid"];
const TILDA: [&str; 8] = ["c1r1", "c1r3", "c2r2", "c2r3", "c3r1", "c3r3", "c4r1", "c4r3"];
const CSE_ON_MVTEC: Row = Row { name: "CSE", change: |_| (), paper: &[100.0, 99.3, 100.0, 100.0, 99.6] };
const CSE_ON_TILDA: Row = Row { name: "CSE", change: |_| (), paper: &[90.2, 92.0, 84.8, 80.0, 88.2, 93.0, 79.7, 68.2] };
const NO_DECODER: Row = Row {
    name: "no decoder",
    change: |spec| spec.decoder = DecoderTraining::None,
    paper: &[99.5, 98.4, 99.9, 100.0, 99.3],
};
const CLASSIFIER: Row = Row {
    name: "classifier",
    change: |spec| spec.method = Method::Classifier,
    paper: &[99.2, 98.0, 99.1, 100.0, 94.5],
};
const DECODER_BEFORE: Row = Row {
    name: "decoder trained before",
    change: |spec| spec.decoder = DecoderTraining::Before,
    paper: &[99.7, 98.4, 100.0, 100.0, 99.6],
};
const TRAINED_DECODER: Row = Row {
    name: "decoder trained together",
    change: |spec| spec.decoder = DecoderTraining::Trained,
    paper: &[99.6, 98.7, 99.9, 99.9, 98.4],
};

impl Table {
    fn categories(self) -> &'static [&'static str] {
        match self {
            Self::Table1 | Self::Table4 | Self::Table5 => &MVTEC,
            Self::Table2 => &TILDA,
        }
    }

    fn rows(self) -> &'static [Row] {
        match self {
            Self::Table1 => &[CSE_ON_MVTEC],
            Self::Table2 => &[CSE_ON_TILDA],
            Self::Table4 => &[CSE_ON_MVTEC, CLASSIFIER],
            Self::Table5 => &[CSE_ON_MVTEC, NO_DECODER, DECODER_BEFORE, TRAINED_DECODER],
        }
    }
}

/// Trains and evaluates each category that is there with the settings of each row, and prints the table.
pub fn run(args: &Args) -> Result<(), ReproduceError> {
    let all = args.table.categories().iter().copied().enumerate();
    let there: Vec<(usize, &str)> = all.filter(|(_, category)| args.data.join(category).is_dir()).collect();
    if there.is_empty() {
        return Err(ReproduceError::NoCategories(args.data.clone(), args.table.categories().join(", ")));
    }
    let mut lines = Vec::new();
    for row in args.table.rows() {
        for (index, category) in &there {
            let auroc = measure(args, row, category)?.map_or(f64::NAN, |auroc| 100.0 * auroc);
            lines.push((row.name, *category, row.paper[*index], auroc));
        }
    }
    let row = |row: &str, category: &str, paper: f64, ours: f64| {
        let figures = [format!("{paper:.1}"), format!("{ours:.1}"), format!("{:+.1}", ours - paper)];
        let [paper, ours, difference] = figures;
        [row.to_owned(), category.to_owned(), paper, ours, difference]
    };
    let mut rows: Vec<[String; 5]> =
        lines.iter().map(|(name, category, paper, ours)| row(name, category, *paper, *ours)).collect();
    for Row { name, .. } in args.table.rows() {
        let own: Vec<_> = lines.iter().filter(|line| line.0 == *name).collect();
        let mean = |value: fn(&&(&str, &str, f64, f64)) -> f64| own.iter().map(value).sum::<f64>() / own.len() as f64;
        rows.push(row(name, "mean", mean(|line| line.2), mean(|line| line.3)));
    }
    let table = text_table(["", "category", "paper", "ours", "difference"], rows, 2);
    println!("\nimage AUROC, %   preset {}, seed {}\n{table}", args.preset, args.seed);
    Ok(())
}

fn measure(args: &Args, row: &Row, category: &str) -> Result<Option<f64>, ReproduceError> {
    let failed = |error: TrainError| ReproduceError::Train(category.into(), Box::new(error));
    let data = args.data.join(category);
    // Everything else that decides a model is in its name, so that none is taken for another.
    let name = format!("{category} {} {} seed {}.safetensors", row.name, args.preset, args.seed);
    let model = args.out.join(name.replace(' ', "-"));
    println!("\n{category}, {}", row.name);
    if args.resume && model.is_file() {
        println!("written     {} (before this run was stopped)", model.display());
    } else {
        train(args, row, &data, &model).map_err(failed)?;
    }
    let model = ModelArgs { model, extractor: args.extractor.clone(), device: args.device };
    evaluate::image_auroc(&model, &data).map_err(|error| ReproduceError::Evaluate(category.into(), Box::new(error)))
}

fn train(args: &Args, row: &Row, data: &Path, model: &Path) -> Result<(), TrainError> {
    std::fs::create_dir_all(&args.out).map_err(|source| FileError::Write { path: args.out.clone(), source })?;
    let mut dataset = Dataset::open(data, Marks::NonZero)?;
    let report = look::first(&mut dataset, data, Needs::Train, UnreadableArgs::default())?;
    let category = Category::new(dataset.name, data, &report, &ReadingArgs::default())?;
    let device = devices::choose(args.device)?.device;
    let extractor = models::extractor(args.extractor.as_deref(), &device)?;
    let mut spec = presets::spec(args.preset);
    // The paper's view of a photo is its centre.
    (spec.view, spec.seed) = (ViewChoice::Crop, args.seed);
    (row.change)(&mut spec);
    spec.check(extractor.info.architecture)?;
    let source = AnomalySource::read(args.anomaly_source.as_deref())?;
    let mut trainer = Trainer {
        maker: source.maker(&spec.defects)?,
        extractor: &extractor,
        device: &device,
        spec,
        anomaly_source: source.digest,
        resume: args.resume,
        log: None,
    };
    trainer.train(&category, model).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_figure_of_the_paper_for_every_category() {
        for table in [Table::Table1, Table::Table2, Table::Table4, Table::Table5] {
            assert!(table.rows().iter().all(|row| row.paper.len() == table.categories().len()));
        }
    }

    #[test]
    fn a_folder_without_the_categories_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let line = format!("x table1 --data {0} --out {0}", folder.path().display());
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            args: Args,
        }
        let error = run(&<Line as clap::Parser>::try_parse_from(line.split(' ')).unwrap().args).unwrap_err();
        assert!(error.to_string().contains("carpet, tile"), "{error}");
    }
}
