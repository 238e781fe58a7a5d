//! Steps of one photo: read it, predict it, write its pictures.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use cse::image::photo::{Photo, Reading};
use cse::scoring::prediction::Prediction;
use cse::scoring::verdict::Verdict;
use sha2::{Digest, Sha256};

use super::inputs::Input;
use super::line::{Line, PredictedBy};
use super::raw_map::{self, RawFormat, Scale};
use crate::files;
use crate::heatmap;
use crate::model::Model;

/// Photo with the paths of its output files.
pub struct Task {
    /// Path of the photo.
    pub input: Input,
    /// Path for the picture with the heatmap.
    pub map: Option<PathBuf>,
    /// Path for the values of its map.
    pub raw_map: Option<PathBuf>,
}

/// Result of the last step of a photo.
pub enum Written {
    /// An earlier run wrote its line.
    Before {
        /// Its verdict.
        verdict: Verdict,
    },
    /// Its line is to be written.
    Now {
        /// The line.
        line: Box<Line>,
        /// True if a picture of it could not be written.
        without_pictures: bool,
    },
}

/// Prediction of an earlier run.
struct Known {
    sha256: String,
    verdict: Verdict,
    map: Option<String>,
    raw_map: Option<String>,
}

/// Predictions of earlier runs, by the path of the photo.
#[derive(Default)]
pub struct Earlier(HashMap<String, Known>);

impl Earlier {
    /// Adds a line of an earlier run. A later line of a photo replaces an earlier one. `false` if the line is from another
    /// model or threshold.
    pub fn add(&mut self, line: Line, by: &PredictedBy) -> bool {
        if line.by != *by {
            return false;
        }
        match (line.sha256, line.verdict) {
            (Some(sha256), Some(verdict)) => {
                let (map, raw_map) = (line.map, line.raw_map);
                self.0.insert(line.image, Known { sha256, verdict, map, raw_map });
            }
            // A photo without a verdict is tried again.
            _ => _ = self.0.remove(&line.image),
        }
        true
    }

    /// Verdict on the same file with the same pictures. None for a path outside Unicode, as lines do not hold such paths.
    fn of(&self, task: &Task, sha256: &str) -> Option<Verdict> {
        let known = self.0.get(task.input.path.to_str()?)?;
        let has = |written: &Option<String>, wanted: &Option<PathBuf>| {
            wanted.as_deref().is_none_or(|wanted| written.as_deref() == wanted.to_str() && wanted.exists())
        };
        let same = known.sha256 == sha256 && has(&known.map, &task.map) && has(&known.raw_map, &task.raw_map);
        same.then_some(known.verdict)
    }
}

/// Photo after the step of reading.
pub struct Opened {
    task: Task,
    sha256: Option<String>,
    /// The photo, or the reason why it cannot be read.
    photo: Result<Photo, String>,
    known: Option<Verdict>,
}

/// Photo after the step of prediction.
pub struct Predicted {
    opened: Opened,
    prediction: Option<Prediction>,
}

/// Model and settings that the steps of all photos share.
pub struct Steps<'a> {
    /// Model that predicts.
    pub model: &'a Model,
    /// Settings for decoding the photos.
    pub reading: Reading,
    /// Model and threshold, for the lines.
    pub by: PredictedBy,
    /// File format of raw maps.
    pub format: RawFormat,
    /// Predictions of earlier runs.
    pub before: Earlier,
}

impl Steps<'_> {
    /// Reads and decodes a photo, unless an earlier run predicted it.
    pub fn read(&self, task: Task) -> Opened {
        let bytes = match &task.input.problem {
            Some(problem) => Err(problem.clone()),
            None => std::fs::read(&task.input.path).map_err(|error| format!("cannot be read ({error})")),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => return Opened { task, sha256: None, photo: Err(error), known: None },
        };
        let sha256 = files::hexadecimal(&Sha256::digest(&bytes));
        let known = self.before.of(&task, &sha256);
        let photo = match known {
            Some(_) => Err(String::new()),
            None => self.reading.decode(&bytes).map_err(|error| error.to_string()),
        };
        Opened { task, sha256: Some(sha256), photo, known }
    }

    /// Computes the score and the map of a photo that was read.
    pub fn predict(&self, mut opened: Opened) -> Predicted {
        let predicted = match &opened.photo {
            Ok(photo) => self.model.predict(photo).map_err(|error| error.to_string()),
            Err(error) => Err(error.clone()),
        };
        match predicted {
            Ok(prediction) => Predicted { opened, prediction: Some(prediction) },
            Err(error) => {
                opened.photo = Err(error);
                Predicted { opened, prediction: None }
            }
        }
    }

    /// Writes the pictures of a photo, and makes its line.
    pub fn write(&self, Predicted { opened, prediction }: Predicted) -> Written {
        let Opened { task, sha256, photo, known } = opened;
        if let Some(verdict) = known {
            return Written::Before { verdict };
        }
        let score = prediction.as_ref().map(|prediction| prediction.score);
        let verdict = prediction.as_ref().map(|prediction| Verdict::new(prediction, self.by.threshold));
        let mut line = Line {
            image: named(&task.input.path),
            sha256,
            score,
            peak: prediction.as_ref().map(|prediction| prediction.peak),
            verdict,
            defective: verdict.map(Verdict::is_called),
            error: photo.as_ref().err().cloned(),
            notes: photo.as_ref().map(|photo| self.notes(photo, verdict)).unwrap_or_default(),
            map: None,
            raw_map: None,
            raw_map_scale: None,
            by: self.by.clone(),
        };
        if let (Ok(photo), Some(prediction)) = (&photo, &prediction) {
            self.write_pictures(&task, photo, prediction, &mut line);
        }
        let missing = |wanted: &Option<PathBuf>, written: &Option<String>| wanted.is_some() && written.is_none();
        let without_pictures =
            prediction.is_some() && (missing(&task.map, &line.map) || missing(&task.raw_map, &line.raw_map));
        Written::Now { line: Box::new(line), without_pictures }
    }

    /// Sentences about the verdict on a photo.
    fn notes(&self, photo: &Photo, verdict: Option<Verdict>) -> Vec<String> {
        let info = &self.model.category.info;
        let beyond = (verdict == Some(Verdict::Unlike)).then(|| info.beyond(photo)).flatten();
        beyond.into_iter().chain(info.differences(&photo.facts).iter().map(ToString::to_string)).collect()
    }

    /// Writes the pictures of a photo. A failure becomes a note.
    fn write_pictures(&self, task: &Task, photo: &Photo, prediction: &Prediction, line: &mut Line) {
        if task.map.is_none() && task.raw_map.is_none() {
            return;
        }
        let pixels = &photo.pixels;
        let map = prediction.map(pixels.width() as usize, pixels.height() as usize);
        let model = self.model.category.info.map_scale;
        if let Some(path) = &task.map {
            let mut picture = heatmap::overlay(pixels, &map, model);
            if line.verdict == Some(Verdict::Defect) {
                heatmap::ring(&mut picture, prediction.peak);
            }
            match files::write_png(path, &picture) {
                Ok(()) => line.map = Some(named(path)),
                Err(error) => line.notes.push(error.to_string()),
            }
        }
        if let Some(path) = &task.raw_map {
            let scale = (self.format == RawFormat::Png).then(|| Scale::of(model, &map));
            let bytes = match scale {
                Some(scale) => raw_map::png(&map, pixels.dimensions(), scale),
                None => raw_map::tiff(&map, pixels.dimensions()),
            };
            let failed = |source| files::FileError::Write { path: path.clone(), source };
            match bytes.map_err(failed).and_then(|bytes| files::write_whole(path, &bytes)) {
                Ok(()) => (line.raw_map, line.raw_map_scale) = (Some(named(path)), scale),
                Err(error) => line.notes.push(error.to_string()),
            }
        }
    }
}

fn named(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
