//! `train`: from photos of good samples to a texture file (paper, section 3).

mod args;
mod baselines;
mod checkpoint;
mod density;
mod error;
mod feature_store;
mod finished;
mod fitted;
mod folds;
mod likeness;
mod members;
mod normal_photos;
mod one_cycle;
mod optimisation;
mod presets;
mod session;
mod settings;
mod sketch;
mod trainee;
mod training_set;

use std::collections::HashSet;
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use cse::detector::Method;

use crate::dataset::{self, Dataset};
use crate::devices;
use crate::files::FileError;
use crate::interrupt;
use crate::look::{self, Report};
use crate::models;
pub use args::Args;
use checkpoint::Checkpoint;
pub use error::TrainError;
use finished::Summary;
pub use optimisation::Log;
pub use session::{Category, Learnt, Session, check_count, defects_each, view};
pub use settings::Settings;
use settings::{Contrast, learns};
pub use training_set::TrainingSet;

/// Trains and writes a model for each folder of photos.
pub fn run(args: &Args) -> Result<(), TrainError> {
    // Before minutes are spent on the first.
    let open = |data: &PathBuf| Dataset::open(data, args.masks.marks());
    let mut datasets = args.data.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let mut names = HashSet::new();
    if let Some(twice) = datasets.iter().find(|dataset| !names.insert(&dataset.name)) {
        return Err(TrainError::SameName(twice.name.clone()));
    }
    let reports = look::first_of_all(&mut datasets, &args.data, args.unreadable)?;
    let chosen = devices::choose(args.device)?;
    println!("device      {}", chosen.reason);
    let extractor = models::extractor(args.extractor.as_deref(), &chosen.device)?;
    println!("extractor   {} {}", extractor.info.architecture, extractor.info.id);
    let settings = args.settings(extractor.info.architecture);
    check(args, &settings)?;
    let sources = dataset::squashed_below::<TrainError>(args.textures.as_deref())?;
    let maker = args.defects().maker(sources)?;
    let log = Log::new(open_log(args)?);
    interrupt::stop_on_interrupt("stopping at the next checkpoint");
    let session = Session { args, settings, extractor: &extractor, device: &chosen.device, maker: &maker, log };
    if let ([data], [dataset], [report]) = (args.data.as_slice(), datasets.as_slice(), reports.as_slice()) {
        session.train(dataset, report.traits, data, &args.out)?;
        return Ok(());
    }
    train_each(&session, &datasets, &reports)
}

/// Trains on each of several folders, and prints a table of them.
fn train_each(session: &Session<'_>, datasets: &[Dataset], reports: &[Report]) -> Result<(), TrainError> {
    let args = session.args;
    let (mut table, mut written) = (Vec::new(), Vec::new());
    for ((data, dataset), report) in args.data.iter().zip(datasets).zip(reports) {
        let name = &dataset.name;
        println!("\n{name}");
        let path = args.out.join(format!("{name}.safetensors"));
        let run = session.run_key(dataset)?;
        let before = finished::summary(&path, &run).filter(|_| args.resume);
        let summary = if let Some(summary) = before {
            println!("written     {} (before this run was stopped)", path.display());
            summary
        } else {
            finished::note(&path, run, session.train(dataset, report.traits, data, &path)?)?
        };
        table.push((name, summary));
        written.push(path);
    }
    for path in written {
        Checkpoint::clear(&path)?;
    }
    let width = table.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(7);
    println!("\n{:width$} {:>7} {:>10} {:>8}", "texture", "photos", "threshold", "seconds");
    for (name, summary) in table {
        let Summary { photos, threshold, seconds } = summary;
        println!("{name:width$} {photos:>7} {threshold:>10.4} {seconds:>8.0}");
    }
    Ok(())
}

/// Whether the settings make sense.
pub fn check(args: &Args, settings: &Settings) -> Result<(), TrainError> {
    let between = |value: f64| value > 0.0 && value < 1.0;
    let weight = |value: f64| value >= 0.0 && value.is_finite();
    let of_training = [
        ("--steps", args.steps.is_some()),
        ("--epochs", args.epochs.is_some()),
        ("--batch", args.batch.is_some()),
        ("--max-rate", args.max_rate.is_some()),
        ("--contrast", args.contrast.is_some()),
        ("--grouping", args.grouping.is_some()),
        ("--contrast-weight", args.contrast_weight.is_some()),
        ("--decoder", args.decoder.is_some()),
        ("--decoder-weight", args.decoder_weight.is_some()),
        ("--density-weight", args.density_weight.is_some()),
        ("--density-excess", args.density_excess.is_some()),
        ("--batch-norm", args.batch_norm.is_some()),
        ("--standardise", args.standardise.is_some()),
        ("--generator", args.generator.is_some()),
        ("--kinds", !args.kinds.is_empty()),
        ("--defects-per-image", args.defects_per_image.is_some()),
    ];
    if !learns(settings.method)
        && let Some((name, _)) = of_training.into_iter().find(|(_, given)| *given)
    {
        return Err(TrainError::NoTraining(name));
    }
    let of_bank = args.clusters.is_some() || args.centre.is_some();
    let checks = [
        (settings.method == Method::Cse || !of_bank, "--clusters and --centre are of the bank, which --method cse has"),
        (
            settings.contrast != Contrast::Position || args.grouping.is_none(),
            "--grouping is of whole images: it needs --contrast image or turns",
        ),
        (between(settings.validation_share), "--validation-share must lie between 0 and 1"),
        (between(f64::from(args.false_alarm_rate)), "--false-alarm-rate must lie between 0 and 1"),
        (settings.max_rate > 0.0 && settings.max_rate.is_finite(), "--max-rate must be above 0"),
        (weight(settings.contrast_weight), "--contrast-weight must be 0 or more"),
        (weight(settings.decoder_weight), "--decoder-weight must be 0 or more"),
        (weight(settings.density_weight), "--density-weight must be 0 or more"),
        (weight(settings.density_excess.into()), "--density-excess must be 0 or more"),
        (
            settings.normal_range || args.density_excess.is_none_or(|weight| weight == 0.0),
            "--density-excess counts what is beyond the normal range: it needs --normal-range true",
        ),
        (args.name.is_none() || args.data.len() == 1, "--name is for one folder of photos"),
    ];
    checks.into_iter().find(|(fine, _)| !fine).map_or(Ok(()), |(_, sentence)| Err(TrainError::Setting(sentence)))
}

/// Where the losses are written, if anywhere.
fn open_log(args: &Args) -> Result<Option<BufWriter<File>>, TrainError> {
    let Some(path) = &args.log else { return Ok(None) };
    let mut options = std::fs::OpenOptions::new();
    options.create(true).write(true).append(args.resume).truncate(!args.resume);
    let file = options.open(path).map_err(|source| FileError::Write { path: path.clone(), source })?;
    Ok(Some(BufWriter::new(file)))
}
