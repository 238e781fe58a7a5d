//! Trainings of the members, one after another, with progress, log and checkpoints.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Instant;

use cse::training::member::{Event, MemberTraining, TrainedEmbedder, Validation};
use cse::training::session::{Division, Session};
use futures_lite::future::block_on;
use serde::Serialize;

use super::checkpoint::MemberCheckpoints;
use super::error::TrainError;
use crate::files::FileError;
use crate::interrupt::STOP;
use crate::progress;

/// One line of the log.
#[derive(Serialize)]
struct LogLine<'a> {
    category: &'a str,
    member: u32,
    step: usize,
    lr: f64,
    contrastive: f64,
    decoder: f64,
    loss: f64,
    validation_loss: f64,
    pairs_per_second: f64,
}

/// Log of the losses, as JSON lines.
pub struct Log(BufWriter<File>);

impl Log {
    /// Opens a log, and adds to it where a run is resumed.
    pub fn open(path: &Path, resume: bool) -> Result<Self, FileError> {
        let mut options = std::fs::OpenOptions::new();
        options.create(true).write(true).append(resume).truncate(!resume);
        let failed = |source| FileError::Write { path: path.to_owned(), source };
        options.open(path).map(|file| Self(BufWriter::new(file))).map_err(failed)
    }

    /// Writes a line at once, so that what led to a failure is there.
    fn write(&mut self, line: &LogLine<'_>) -> Result<(), TrainError> {
        let line = serde_json::to_string(line).map_err(|error| TrainError::Log(error.into()))?;
        writeln!(self.0, "{line}").and_then(|()| self.0.flush()).map_err(TrainError::Log)
    }
}

/// Place of the checkpoints of a category's members.
pub struct Place {
    /// Model file that the checkpoints lie beside.
    pub out: PathBuf,
    /// Settings and inputs, which a checkpoint must agree in.
    pub key: String,
    /// Whether to go on from checkpoints.
    pub resume: bool,
}

/// Trains an embedder on each fold. A method without training has none.
pub fn train(
    session: &Session<'_>,
    division: &Division,
    category: &str,
    place: Option<&Place>,
    log: &mut Option<Log>,
) -> Result<Vec<TrainedEmbedder>, TrainError> {
    let mut trained = Vec::with_capacity(division.folds.len());
    for member in session.members(division) {
        let mut training = block_on(member.begin())?;
        let what = match division.folds.len() {
            1 => "training".to_owned(),
            members => format!("training {}/{members}", training.member() + 1),
        };
        let checkpoints =
            place.map(|place| MemberCheckpoints::beside(&place.out, training.member(), place.key.clone()));
        if let (Some(checkpoints), true) = (&checkpoints, place.is_some_and(|place| place.resume))
            && let Some(checkpoint) = checkpoints.read()?
        {
            training.resume(checkpoint)?;
            println!("resumed     {what} after step {}", training.step());
        }
        run(&mut training, &what, session.spec.batch_size, category, checkpoints.as_ref(), log)?;
        let embedder = training.finish()?;
        let (step, loss) = (embedder.history.kept_step, embedder.validation_loss);
        println!("kept        {what}, step {step}, validation loss {loss:.4}");
        trained.push(embedder);
    }
    Ok(trained)
}

/// Takes every step that is left.
fn run(
    training: &mut MemberTraining<'_>,
    what: &str,
    batch_size: u32,
    category: &str,
    checkpoints: Option<&MemberCheckpoints>,
    log: &mut Option<Log>,
) -> Result<(), TrainError> {
    let bar = progress::bar(training.steps() as u64, what, "steps");
    bar.set_position(training.step() as u64);
    let (mut clock, mut steps) = (Instant::now(), 0);
    while let Some(event) = block_on(training.advance())? {
        steps += 1;
        bar.inc(1);
        let Event::Validated(validation) = event else { continue };
        let Validation { step, lr, contrastive, decoder, loss, validation_loss } = validation;
        bar.set_message(format!("contrast {contrastive:.3}, decoder {decoder:.3}, validation {validation_loss:.4}"));
        if let Some(log) = log {
            let pairs_per_second = f64::from(steps * batch_size) / clock.elapsed().as_secs_f64();
            let member = training.member();
            log.write(&LogLine {
                category,
                member,
                step,
                lr,
                contrastive,
                decoder,
                loss,
                validation_loss,
                pairs_per_second,
            })?;
        }
        if let Some(checkpoints) = checkpoints {
            checkpoints.write(training.checkpoint()?)?;
            if step < training.steps() && STOP.load(Ordering::Relaxed) {
                bar.abandon();
                return Err(TrainError::Stopped(step));
            }
        }
        (clock, steps) = (Instant::now(), 0);
    }
    bar.finish();
    Ok(())
}
