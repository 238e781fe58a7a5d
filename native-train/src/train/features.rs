//! Features of photos, on all cores: photos are read and defects drawn ahead of the device, so that it never waits.

use std::ops::Range;
use std::sync::mpsc;

use burn::tensor::Device;
use cse::defects::{DefectMaker, Defective, Generator};
use cse::files::extractor_file::Extractor;
use cse::image::photo::{Photo, Reading};
use cse::training::drawing::{Drawing, DrawnPart, Recipe};
use cse::training::training_set::{TrainingSet, extract};
use futures_lite::future::block_on;
use rayon::prelude::*;

use super::error::TrainError;
use super::temporary_file::TemporaryFile;
use crate::devices;
use crate::files;
use crate::look::{PhotoFile, sizes};
use crate::progress;

/// Parts that are drawn ahead of the device. A large photo has hundreds of windows, so that memory must be bounded.
const PARTS_AHEAD: usize = 4;

fn in_parallel(seeds: Range<u64>, make: &(dyn Fn(u64) -> Defective + Sync)) -> Vec<Defective> {
    seeds.into_par_iter().map(make).collect()
}

/// Features of photos and of their synthetic defects.
pub fn compute(
    extractor: &Extractor,
    device: &Device,
    photos: &[PhotoFile],
    reading: &Reading,
    recipe: Recipe,
    maker: &DefectMaker,
) -> Result<TrainingSet, TrainError> {
    compute_each(extractor, device, photos, reading, recipe, maker, &mut |photo| photo)
}

/// Features of the windows that an inspection has of each photo. `seen` is called with each decoded photo in turn, and gives
/// the photo to inspect.
pub fn inspected(
    extractor: &Extractor,
    device: &Device,
    photos: &[PhotoFile],
    reading: &Reading,
    recipe: Recipe,
    seen: &mut (dyn FnMut(Photo) -> Photo + Send),
) -> Result<TrainingSet, TrainError> {
    let maker = Generator::Default.maker(Vec::new());
    compute_each(extractor, device, photos, reading, recipe.of_inspection(), &maker, seen)
}

fn compute_each(
    extractor: &Extractor,
    device: &Device,
    photos: &[PhotoFile],
    reading: &Reading,
    recipe: Recipe,
    maker: &DefectMaker,
    seen: &mut (dyn FnMut(Photo) -> Photo + Send),
) -> Result<TrainingSet, TrainError> {
    let bar = progress::bar(recipe.windows(&sizes(photos)) as u64, "features", "windows");
    let mut set = TrainingSet::new(extractor, recipe.view, Box::new(TemporaryFile::new()?));
    let (send, receive) = mpsc::sync_channel::<Result<DrawnPart, TrainError>>(PARTS_AHEAD);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut drawing = Drawing::new(recipe);
            for file in photos {
                let photo = match files::read_photo(&file.path, reading) {
                    Ok(photo) => photo,
                    Err(error) => {
                        // The receiver ends at an error, and nobody else listens.
                        let _ = send.send(Err(error.into()));
                        return;
                    }
                };
                let photo = seen(photo);
                for part in drawing.photo(&photo, file.digest) {
                    if send.send(Ok(part.draw(maker, in_parallel))).is_err() {
                        // The receiver ended at an error.
                        return;
                    }
                }
            }
        });
        let mut drawn = receive.into_iter();
        // A pass of the extractor keeps little more than one core busy.
        let at_once = if devices::is_cpu(device) { rayon::current_num_threads() } else { 1 };
        let layout = set.store.layout();
        loop {
            let parts = drawn.by_ref().take(at_once).collect::<Result<Vec<_>, _>>()?;
            if parts.is_empty() {
                break;
            }
            let packed = parts.par_iter().map(|part| {
                let packed = block_on(extract(part, layout, extractor, device));
                bar.inc(part.windows.len() as u64);
                packed
            });
            let packed = packed.collect::<Result<Vec<_>, _>>()?;
            for (part, packed) in parts.into_iter().zip(packed) {
                set.add(part, &packed)?;
            }
        }
        bar.finish();
        Ok(set)
    })
}
