//! `reproduce`: the paper's protocol on its data sets, our column beside the paper's.

use std::path::{Path, PathBuf};

use clap::Parser;

use crate::devices::DeviceChoice;
use crate::evaluate::{self, EvalError};
use crate::models::ModelArgs;
use crate::train::{self, TrainError};

/// Settings of `reproduce`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Which of the paper's tables
    #[arg(value_enum)]
    pub table: Table,
    /// Folder with a folder for each texture: MVTec AD's carpet, tile, .., or TILDA's c1r1, c1r3, ..
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Folder to write the models to
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Extractor file: the paper's is ImageNet's EfficientNet-B3; without it, the shipped one
    #[arg(long, value_name = "FILE")]
    pub extractor: Option<PathBuf>,
    /// Folder of texture images for textural defects: the paper's is DTD; without it, generated ones
    #[arg(long, value_name = "DIR")]
    pub textures: Option<PathBuf>,
    /// Preset to train with
    #[arg(long, value_name = "NAME", default_value = "paper")]
    pub preset: String,
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
    /// A classifier in the place of the contrast, on the textures of MVTec AD
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
    /// A setting.
    #[error("{0}")]
    Setting(clap::Error),
    /// No folder of the table's.
    #[error("{data}: has none of the folders {names}", data = .0.display(), names = .1)]
    NoTextures(PathBuf, String),
}

/// A way to train, and the paper's image AUROC of it, in percent, in the order of the textures.
struct Row {
    name: &'static str,
    changes: &'static [&'static str],
    paper: &'static [f64],
}

const MVTEC: [&str; 5] = ["carpet", "tile", "wood", "leather", "grid"];
const TILDA: [&str; 8] = ["c1r1", "c1r3", "c2r2", "c2r3", "c3r1", "c3r3", "c4r1", "c4r3"];
const CSE_ON_MVTEC: Row = Row { name: "CSE", changes: &[], paper: &[100.0, 99.3, 100.0, 100.0, 99.6] };
const CSE_ON_TILDA: Row = Row { name: "CSE", changes: &[], paper: &[90.2, 92.0, 84.8, 80.0, 88.2, 93.0, 79.7, 68.2] };
const NO_DECODER: Row =
    Row { name: "no decoder", changes: &["--decoder", "none"], paper: &[99.5, 98.4, 99.9, 100.0, 99.3] };
const CLASSIFIER: Row =
    Row { name: "classifier", changes: &["--method", "classifier"], paper: &[99.2, 98.0, 99.1, 100.0, 94.5] };
const DECODER_BEFORE: Row =
    Row { name: "decoder trained before", changes: &["--decoder", "before"], paper: &[99.7, 98.4, 100.0, 100.0, 99.6] };
const TRAINED_DECODER: Row = Row {
    name: "decoder trained together",
    changes: &["--decoder", "trained"],
    paper: &[99.6, 98.7, 99.9, 99.9, 98.4],
};

impl Table {
    fn textures(self) -> &'static [&'static str] {
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

/// A command line of `train`, so that each number can be had again by hand.
#[derive(Parser)]
struct TrainLine {
    #[command(flatten)]
    args: train::Args,
}

/// Trains and evaluates each texture that is there in each row's way, and prints the table.
pub fn run(args: &Args) -> Result<(), ReproduceError> {
    let there: Vec<(usize, &str)> = args
        .table
        .textures()
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, texture)| args.data.join(texture).is_dir())
        .collect();
    if there.is_empty() {
        return Err(ReproduceError::NoTextures(args.data.clone(), args.table.textures().join(", ")));
    }
    let mut lines = Vec::new();
    for row in args.table.rows() {
        for (index, texture) in &there {
            let auroc = measure(args, row, texture)?.map_or(f64::NAN, |auroc| 100.0 * auroc);
            lines.push((row.name, *texture, row.paper[*index], auroc));
        }
    }
    println!("\nimage AUROC, %   preset {}, seed {}", args.preset, args.seed);
    println!("{:26} {:10} {:>7} {:>7} {:>7}", "", "texture", "paper", "ours", "differ");
    for (row, texture, paper, ours) in &lines {
        println!("{row:26} {texture:10} {paper:>7.1} {ours:>7.1} {:>+7.1}", ours - paper);
    }
    for row in args.table.rows() {
        let own: Vec<_> = lines.iter().filter(|line| line.0 == row.name).collect();
        let mean = |value: fn(&&(&str, &str, f64, f64)) -> f64| own.iter().map(value).sum::<f64>() / own.len() as f64;
        let (paper, ours) = (mean(|line| line.2), mean(|line| line.3));
        println!("{:26} {:10} {paper:>7.1} {ours:>7.1} {:>+7.1}", row.name, "mean", ours - paper);
    }
    Ok(())
}

fn measure(args: &Args, row: &Row, texture: &str) -> Result<Option<f64>, ReproduceError> {
    let data = args.data.join(texture);
    // What else decides a model is in its name, so that none is taken for another.
    let name = format!("{texture} {} {} seed {}.safetensors", row.name, args.preset, args.seed);
    let model = args.out.join(name.replace(' ', "-"));
    std::fs::create_dir_all(&args.out).map_err(|source| {
        let path = args.out.clone();
        ReproduceError::Train(texture.into(), Box::new(crate::files::FileError::Write { path, source }.into()))
    })?;
    // The paper's view of a photo is its centre.
    let seed = args.seed.to_string();
    let fixed = ["train", "--view", "crop", "--preset", &args.preset, "--seed", &seed];
    let mut line: Vec<&std::ffi::OsStr> = fixed.iter().chain(row.changes).map(|word| word.as_ref()).collect();
    let files: [(&str, Option<&Path>); 4] = [
        ("--data", Some(&data)),
        ("--out", Some(&model)),
        ("--extractor", args.extractor.as_deref()),
        ("--textures", args.textures.as_deref()),
    ];
    for (name, path) in files.iter().filter_map(|(name, path)| Some((name, (*path)?))) {
        line.extend([name.as_ref(), path.as_os_str()]);
    }
    let mut train = TrainLine::try_parse_from(&line).map_err(ReproduceError::Setting)?.args;
    (train.device, train.resume) = (args.device, args.resume);
    println!("\n{}", line.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" "));
    if args.resume && model.is_file() {
        println!("written     {} (before this run was stopped)", model.display());
    } else {
        train::run(&train).map_err(|error| ReproduceError::Train(texture.into(), Box::new(error)))?;
    }
    let model = ModelArgs { model, extractor: args.extractor.clone(), device: args.device };
    evaluate::image_auroc(&model, &data).map_err(|error| ReproduceError::Evaluate(texture.into(), Box::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_figure_of_the_paper_for_every_texture() {
        for table in [Table::Table1, Table::Table2, Table::Table4, Table::Table5] {
            assert!(table.rows().iter().all(|row| row.paper.len() == table.textures().len()));
        }
    }

    #[test]
    fn a_folder_without_the_textures_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let line = format!("x table1 --data {0} --out {0}", folder.path().display());
        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            args: Args,
        }
        let error = run(&Line::try_parse_from(line.split(' ')).unwrap().args).unwrap_err();
        assert!(error.to_string().contains("carpet, tile"), "{error}");
    }
}
