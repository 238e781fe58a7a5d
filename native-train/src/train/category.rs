//! Category: the good photos of one material, with the view and the settings that they are read with.

use std::path::{Path, PathBuf};

use cse::image::measures::Ranges;
use cse::image::photo::{IgnoreMask, Reading, Traits};
use cse::image::view::View;
use cse::training::drawing::Recipe;
use cse::training::model::CategoryFacts;
use cse::training::spec::{TrainSpec, ViewChoice};
use cse::training::suitable_view::suitable_view;

use super::args::ReadingArgs;
use super::error::TrainError;
use crate::dataset::{DatasetError, Marks, Mask};
use crate::look::{PhotoFile, Report, sizes};

/// Good photos of one material.
#[derive(Clone, Debug)]
pub struct Category {
    /// Name.
    pub name: String,
    /// Good photos.
    pub photos: Vec<PhotoFile>,
    /// Traits that the photos share, with the levels that were asked for.
    pub traits: Traits,
    /// Ranges of their brightness, colour, contrast and sharpness.
    pub ranges: Ranges,
    /// Region of every photo that is neither trained on nor inspected.
    pub ignored: Option<IgnoreMask>,
}

impl Category {
    /// The category of a data set's good photos.
    ///
    /// # Errors
    /// There are fewer than three photos, or the mask cannot be used.
    pub fn new(name: String, data: &Path, report: &Report, reading: &ReadingArgs) -> Result<Self, TrainError> {
        match report.train.len() {
            0 => return Err(DatasetError::Empty { path: data.to_owned(), found: String::new() }.into()),
            count @ 1..3 => return Err(TrainError::TooFew(count, data.to_owned())),
            _ => {}
        }
        let traits = Traits { levels: reading.levels.or(report.traits.levels), ..report.traits };
        let ignored = reading.ignore_mask.as_ref().map(ignore_mask).transpose()?;
        Ok(Self { name, photos: report.train.clone(), traits, ranges: report.ranges.clone(), ignored })
    }

    /// Settings that the photos are decoded with.
    pub fn reading(&self) -> Reading {
        Reading { levels: self.traits.levels, ignored: self.ignored.clone() }
    }

    /// The view that was chosen, or the one that suits the photos' shape, and the reason.
    pub fn view(&self, choice: ViewChoice) -> (View, String) {
        suitable_view(choice, &sizes(&self.photos))
    }

    /// What a training draws of each photo.
    pub fn recipe(&self, spec: &TrainSpec) -> Recipe {
        Recipe::new(spec, self.view(spec.view).0, &sizes(&self.photos))
    }

    /// Facts for the description of the model.
    pub fn facts(&self, view: View) -> CategoryFacts {
        CategoryFacts {
            name: self.name.clone(),
            view,
            photos: self.traits,
            ranges: self.ranges.clone(),
            ignored: self.ignored.clone(),
            program: concat!("native-train ", env!("CARGO_PKG_VERSION")).into(),
        }
    }
}

fn ignore_mask(path: &PathBuf) -> Result<IgnoreMask, TrainError> {
    let mask = Mask::read(std::slice::from_ref(path), Marks::NonZero)?.and_then(|mask| mask.region());
    mask.ok_or_else(|| TrainError::NothingIgnored(path.clone()))
}
