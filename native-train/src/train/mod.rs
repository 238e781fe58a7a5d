//! `train`: from good photos of a material to its category file (paper, section 3).

mod args;
mod category;
mod checkpoint;
mod error;
pub mod features;
mod finished;
pub mod members;
mod temporary_file;
mod trainer;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use cse::defects::Mix;
use image::RgbImage;
use sha2::{Digest, Sha256};

pub use args::{Args, ReadingArgs};
pub use category::Category;
pub use error::TrainError;
use finished::Summary;
use members::Log;
pub use trainer::{Trainer, divide, fit};

use crate::dataset::{self, Dataset};
use crate::devices;
use crate::files;
use crate::interrupt;
use crate::look;
use crate::models;
use crate::text_table::text_table;

/// Trains and writes a model for each folder of photos.
pub fn run(args: &Args) -> Result<(), TrainError> {
    if args.name.is_some() && args.data.len() > 1 {
        return Err(TrainError::NameOfSeveral);
    }
    // Mistakes show before minutes are spent on the first folder.
    let open = |data: &PathBuf| Dataset::open(data, args.masks.marks());
    let mut datasets = args.data.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let mut names = HashSet::new();
    if let Some(twice) = datasets.iter().find(|dataset| !names.insert(&dataset.name)) {
        return Err(TrainError::SameName(twice.name.clone()));
    }
    let reports = look::first_of_all(&mut datasets, &args.data, args.unreadable)?;
    let category = |((data, dataset), report): ((&PathBuf, &Dataset), &look::Report)| {
        let name = args.name.clone().unwrap_or_else(|| dataset.name.clone());
        Category::new(name, data, report, &args.reading)
    };
    let categories = args.data.iter().zip(&datasets).zip(&reports).map(category).collect::<Result<Vec<_>, _>>()?;
    let chosen = devices::choose(args.device)?;
    println!("device      {}", chosen.reason);
    let extractor = models::extractor(args.extractor.as_deref(), &chosen.device)?;
    println!("extractor   {} {}", extractor.info.architecture, extractor.info.id);
    let spec = args.knobs.spec()?;
    spec.check(extractor.info.architecture)?;
    let source = AnomalySource::read(args.anomaly_source.as_deref())?;
    let log = args.log.as_ref().map(|path| Log::open(path, args.resume)).transpose()?;
    interrupt::stop_on_interrupt("stopping at the next checkpoint");
    let mut trainer = Trainer {
        maker: source.maker(&spec.defects)?,
        extractor: &extractor,
        device: &chosen.device,
        spec,
        anomaly_source: source.digest,
        resume: args.resume,
        log,
    };
    match categories.as_slice() {
        [category] => trainer.train(category, &args.out).map(drop),
        _ => train_each(&mut trainer, &categories, &args.out),
    }
}

/// Trains each of several categories, and prints a table of them. A resumed run passes over those that are done.
fn train_each(trainer: &mut Trainer<'_>, categories: &[Category], out: &Path) -> Result<(), TrainError> {
    let (mut rows, mut written) = (Vec::new(), Vec::new());
    for category in categories {
        let name = &category.name;
        println!("\n{name}");
        let path = out.join(format!("{name}.safetensors"));
        let key = trainer.key(category);
        let before = finished::summary(&path, &key).filter(|_| trainer.resume);
        let Summary { photos, seconds } = if let Some(summary) = before {
            println!("written     {} (before this run was stopped)", path.display());
            summary
        } else {
            finished::note(&path, key, trainer.train(category, &path)?)?
        };
        rows.push([name.clone(), photos.to_string(), format!("{seconds:.0}")]);
        written.push(path);
    }
    for path in written {
        checkpoint::clear(&path)?;
    }
    println!("\n{}", text_table(["category", "photos", "seconds"], rows, 1));
    Ok(())
}

/// Images that textural defects are cut from.
pub struct AnomalySource {
    images: Vec<RgbImage>,
    /// SHA-256 of the images, or an empty text where there are none.
    pub digest: String,
}

impl AnomalySource {
    /// Reads the images below a folder. Without a folder there are none, and generated images are used.
    pub fn read(folder: Option<&Path>) -> Result<Self, TrainError> {
        let images = dataset::squashed_below::<TrainError>(folder)?;
        let mut digest = Sha256::new();
        images.iter().for_each(|image| digest.update(image.as_raw()));
        let digest = if images.is_empty() { String::new() } else { files::hexadecimal(&digest.finalize()[..8]) };
        Ok(Self { images, digest })
    }

    /// A maker of the defects of `mix`.
    pub fn maker(&self, mix: &Mix) -> Result<cse::defects::DefectMaker, TrainError> {
        Ok(mix.maker(self.images.clone())?)
    }
}
