//! `predict`: predicts score, label and anomaly map of photos with a model, and writes a line for each.

mod in_flight;
mod in_order;
mod inputs;
mod line;
mod log;
mod outcome;
mod raw_map;
mod steps;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use cse::scoring::verdict::Verdict;

use crate::devices;
use crate::files::{self, FileError};
use crate::heatmap;
use crate::interrupt::{self, STOP};
use crate::model::Model;
use crate::models::{ModelArgs, OpenError};
use crate::progress;
use in_flight::InFlight;
use in_order::in_order;
use inputs::{Input, InputError, Inputs};
use line::{Line, PredictedBy};
use log::{Log, LogError};
pub use outcome::Outcome;
use raw_map::RawFormat;
use steps::{Earlier, Steps, Task, Written};

/// Settings of `predict`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = "\
Photos:
  The arguments are read in the order given. A folder is searched with its subfolders, in natural order \
(2.png before 10.png). Files in it whose ending is not that of an image are passed over and counted at the end. A pattern \
(*, ?, [a-z], ** for folders of any depth) is for shells that do not expand it. A file that you name is always tried. \
A path that occurs twice is predicted once.

JSON lines:
  image           path of the photo
  sha256          SHA-256 of the file; absent where it cannot be read
  score           anomaly score, in multiples of the model's threshold; absent where there is no verdict
  peak            place that the score comes from, as fractions of the photo's width and height
  verdict         no-defect; defect: a part of the photo is anomalous; unlike: the photo is unlike the good photos as a \
whole, for example of another material; absent where there is none
  defective       true for defect and unlike; absent where there is no verdict
  error           why there is no verdict; absent where there is one
  notes           sentences about the verdict, such as a picture that cannot be written; mostly empty
  map             picture with the heatmap, with --maps
  raw_map         file with the values of the map, with --raw-maps
  raw_map_scale   map values of the greys 1 (low) and 65535 (high), for raw maps in PNG
  threshold       threshold that was used
  model           name of the model
  model_sha256    SHA-256 of the model file
  extractor       id of the extractor
  Each line is written as soon as its photo is done. A run that is interrupted or killed keeps the lines that it wrote. \
--resume adds to them. A photo may then have several lines, of which the last one is valid.

Exit codes:
  0    every photo has a verdict
  1    the run did not start or could not go on, for example because the model is missing or the disk is full
  2    the arguments are wrong
  3    some photos have no verdict, or a picture of them could not be written
  4    every photo has a verdict, and a photo is defective (only with --fail-on-defect)
  130  the run was interrupted before the last photo")]
pub struct Args {
    /// The model and its device.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Photos: files, folders, patterns, or - for a list of paths on standard input
    ///
    /// The list has one path in each line, or NUL characters between paths (find -print0). It is read completely first.
    #[arg(required = true, value_name = "PHOTO")]
    pub photos: Vec<PathBuf>,
    /// Threshold to use instead of the model's, which is 1
    #[arg(long, value_parser = threshold)]
    pub threshold: Option<f32>,
    /// Folder for a picture of each photo with its heatmap
    #[arg(long, value_name = "DIR")]
    pub maps: Option<PathBuf>,
    /// Folder for the values of each photo's anomaly map
    #[arg(long, value_name = "DIR")]
    pub raw_maps: Option<PathBuf>,
    /// File format of the values of anomaly maps
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "png", requires = "raw_maps")]
    pub raw_maps_format: RawFormat,
    /// Write JSON lines instead of a table, to a new file, or to standard output with -
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Continue the file of --json
    ///
    /// Photos with a verdict in the file are passed over if path, content, model and threshold are the same.
    #[arg(long, requires = "json")]
    pub resume: bool,
    /// Exit with code 4 if a photo is defective
    #[arg(long)]
    pub fail_on_defect: bool,
}

/// Why a run does not start, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The photos cannot be found.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file of JSON lines cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The model or the device cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A run that writes to standard output cannot be resumed.
    #[error("--resume needs a file: give its name with --json")]
    NoFile,
}

fn threshold(text: &str) -> Result<f32, String> {
    text.parse().ok().filter(|threshold: &f32| threshold.is_finite()).ok_or_else(|| "give a number".into())
}

/// Destination of the predictions.
enum Output {
    /// Table on standard output. The column of the paths has this many characters.
    Table(usize),
    /// JSON lines on standard output.
    Json,
    /// JSON lines in a file.
    File(Log),
}

impl Output {
    fn add(&mut self, line: &Line) -> Result<(), FileError> {
        let failed = |source| FileError::Append { path: "standard output".into(), source };
        match self {
            Self::File(log) => log.add(line),
            Self::Json => log::write(&mut io::stdout().lock(), line).map_err(failed),
            Self::Table(width) => match (line.score, line.verdict) {
                (Some(score), Some(verdict)) => {
                    let (image, verdict) = (&line.image, word(verdict));
                    writeln!(io::stdout(), "{image:width$}  {score:7.2}  {verdict}").map_err(failed)
                }
                _ => Ok(()),
            },
        }
    }
}

/// Verdict in the table.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NoDefect => "good",
        Verdict::Defect => "DEFECT",
        Verdict::Unlike => "UNLIKE the good photos as a whole",
    }
}

/// Predicts each photo. If a photo cannot be read or gives no score, or a picture cannot be written, the run reports this
/// and continues with the other photos.
pub fn run(args: &Args) -> Result<Outcome, RunError> {
    let Inputs { photos, passed_over, .. } = inputs(args)?;
    let mut output = match args.json.as_deref() {
        None => Output::Table(photos.iter().map(|photo| shown(&photo.path).chars().count()).max().unwrap_or(0)),
        Some(path) if path.as_os_str() != "-" => Output::File(Log::open(path, args.resume)?),
        Some(_) if args.resume => return Err(RunError::NoFile),
        Some(_) => Output::Json,
    };
    let model = args.model.open()?;
    let by = predicted_by(args, &model)?;
    let before = if args.resume { before(&mut output, &by)? } else { Earlier::default() };
    let reading = model.category.info.reading();
    let steps = Steps { model: &model, reading, by, format: args.raw_maps_format, before };
    let count = photos.len();
    let tasks = tasks(args, photos)?;
    interrupt::stop_on_interrupt("stopping after the photos in progress");
    let mut outcome = predict_all(&steps, tasks, count, &mut output)?;
    outcome.fail_on_defect = args.fail_on_defect;
    outcome.left = count - outcome.predicted - outcome.failed;
    if count > 1 || outcome.failed > 0 {
        eprintln!("{count} photos: {}", outcome.sentence());
    }
    if !passed_over.is_empty() {
        let counts: Vec<String> = passed_over.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        eprintln!("passed over in folders, because they are not photos: {}", counts.join(", "));
    }
    Ok(outcome)
}

fn inputs(args: &Args) -> Result<Inputs, InputError> {
    let inputs = Inputs::find(&args.photos, io::stdin())?;
    [&args.maps, &args.raw_maps].into_iter().flatten().try_for_each(|folder| inputs.check_pictures(folder))?;
    Ok(inputs)
}

/// Model and threshold, for the lines.
fn predicted_by(args: &Args, model: &Model) -> Result<PredictedBy, FileError> {
    let path = &args.model.model;
    let model_sha256 = files::sha256_of(path).map_err(|source| FileError::Read { path: path.clone(), source })?;
    let info = &model.category.info;
    let threshold = args.threshold.unwrap_or(info.threshold.value);
    Ok(PredictedBy { threshold, model: info.name.clone(), model_sha256, extractor: info.extractor_id.clone() })
}

/// Predictions that earlier runs wrote into the file.
fn before(output: &mut Output, by: &PredictedBy) -> Result<Earlier, LogError> {
    let (mut earlier, mut others) = (Earlier::default(), 0);
    if let Output::File(log) = output {
        log.read(|line| others += usize::from(!earlier.add(line, by)))?;
    }
    if others > 0 {
        eprintln!("{others} lines in the file are from another model or threshold: they stay, but are not counted");
    }
    Ok(earlier)
}

/// Photos with the paths of their output files.
fn tasks(args: &Args, photos: Vec<Input>) -> Result<impl Iterator<Item = Task> + Send, FileError> {
    let folders = [&args.maps, &args.raw_maps];
    for folder in folders.into_iter().flatten() {
        std::fs::create_dir_all(folder).map_err(|source| FileError::Write { path: folder.clone(), source })?;
    }
    let wanted = folders.into_iter().any(Option::is_some);
    let names = if wanted { heatmap::names(photos.iter().map(|photo| photo.path.as_path())) } else { Vec::new() };
    let (maps, raw_maps, ending) = (args.maps.clone(), args.raw_maps.clone(), args.raw_maps_format.ending());
    Ok(photos.into_iter().enumerate().map(move |(index, input)| Task {
        input,
        map: maps.as_ref().map(|folder| folder.join(format!("{}_map.png", names[index]))),
        raw_map: raw_maps.as_ref().map(|folder| folder.join(format!("{}_raw.{ending}", names[index]))),
    }))
}

/// Takes each photo through all steps and writes its line, in order. The CPU computes as many photos at once as it has
/// cores. Another device computes one at a time, while other threads decode photos and write pictures.
fn predict_all(
    steps: &Steps<'_>,
    tasks: impl Iterator<Item = Task> + Send,
    count: usize,
    output: &mut Output,
) -> Result<Outcome, FileError> {
    let bar = match output {
        Output::File(_) => progress::bar(count as u64, "photos", "photos"),
        _ => indicatif::ProgressBar::hidden(),
    };
    let mut outcome = Outcome::default();
    let in_flight = InFlight::new();
    let tasks = tasks.take_while(|_| !STOP.load(Ordering::Relaxed)).map(|task| {
        // A file without a size will be refused before it takes memory. A pipe can be read only once, so its size is
        // not read.
        let path = Some(&task.input.path).filter(|path| path.is_file());
        let (width, height) = path.and_then(|path| files::photo_size(path).ok()).unwrap_or_default();
        (task, in_flight.share(u64::from(width) * u64::from(height)))
    });
    let threads = rayon::current_num_threads();
    std::thread::scope(|scope| {
        let written: Box<dyn Iterator<Item = Written>> = if devices::is_cpu(&steps.model.device) {
            let all = |(task, _share)| steps.write(steps.predict(steps.read(task)));
            Box::new(in_order(scope, threads, tasks, all))
        } else {
            // This thread alone uses the device, and passes the predictions to the threads that write.
            let opened = in_order(scope, threads, tasks, |(task, share)| (steps.read(task), share));
            let predicted = opened.map(|(opened, share)| (steps.predict(opened), share));
            Box::new(in_order(scope, threads, predicted, |(predicted, _share)| steps.write(predicted)))
        };
        for written in written {
            bar.inc(1);
            match written {
                Written::Before { verdict } => {
                    outcome.before += 1;
                    outcome.count(verdict);
                }
                Written::Now { line, without_pictures } => {
                    for problem in line.error.iter().chain(&line.notes) {
                        bar.suspend(|| eprintln!("{}: {problem}", line.image));
                    }
                    match line.verdict {
                        Some(verdict) => outcome.count(verdict),
                        None => outcome.failed += 1,
                    }
                    outcome.without_pictures += usize::from(without_pictures);
                    output.add(&line)?;
                }
            }
        }
        bar.finish_and_clear();
        Ok(outcome)
    })
}

fn shown(path: &Path) -> std::borrow::Cow<'_, str> {
    path.to_string_lossy()
}
