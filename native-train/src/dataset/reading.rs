//! Reads a data set from a folder: each file gets a role in the layout, or a reason why it is not used.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::layout::{self, Layout, Role};
use super::mask::{Marks, Mask};
use super::mask_names::{self, Masks, Place};
use super::names::{self, Split};
use super::passed_over::{PassedOver, Reason};
use super::walk::{self, File};
use super::{Dataset, DatasetError, Sample};

/// Kind of defect in a layout that does not name kinds.
const DEFECT: &str = "defect";

/// A photo before it is put into a split.
struct Found {
    sample: Sample,
    split: Option<Split>,
    place: Place,
    /// True if it lies in a subfolder of its kind's folder.
    nested: bool,
}

/// Reads the data set in `folder`.
pub fn read(folder: &Path, marks: Marks) -> Result<Dataset, DatasetError> {
    let files = if folder.is_dir() { walk::files_below(folder)? } else { Vec::new() };
    let (images, others): (Vec<File>, Vec<File>) = files.into_iter().partition(File::is_image);
    let parts: Vec<&[String]> = images.iter().map(|file| &file.parts[..]).collect();
    let Some(layout) = layout::recognise(&parts) else {
        return Err(none(folder, &parts));
    };
    let mut set = Dataset {
        name: name_of(folder),
        folder: folder.to_owned(),
        layout,
        train: Vec::new(),
        test: Vec::new(),
        marks,
        passed_over: others.into_iter().map(passed_over).collect(),
        nested: Vec::new(),
        mask_like: Vec::new(),
        unlabelled: Vec::new(),
        unused_columns: Vec::new(),
    };
    let mut photos = photos(&mut set, &images);
    if layout == Layout::MasksBeside {
        label(&mut set, &mut photos)?;
    }
    distribute(&mut set, photos);
    if set.train.is_empty() && set.test.is_empty() {
        return Err(none(folder, &parts));
    }
    set.passed_over.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(set)
}

fn name_of(folder: &Path) -> String {
    let whole = folder.canonicalize().ok();
    let name = whole.and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    name.unwrap_or_else(|| "category".into())
}

fn passed_over(file: File) -> PassedOver {
    let reason = if file.broken { Reason::BrokenLink } else { Reason::by_name(&file.parts).unwrap_or(Reason::NoImage) };
    PassedOver { path: file.path, reason }
}

/// Photos among `images` with their masks. The other images are noted as passed over.
fn photos(set: &mut Dataset, images: &[File]) -> Vec<Found> {
    let parts: Vec<&[String]> = images.iter().map(|file| &file.parts[..]).collect();
    let roles: Vec<Role> = parts.iter().map(|parts| set.layout.role(parts)).collect();
    let is_photo = |number: &usize| matches!(roles[*number], Role::Photo { .. });
    let mut beside: BTreeMap<usize, Vec<PathBuf>> = BTreeMap::new();
    let pairs = mask_names::beside(&parts);
    let mut pairs: Vec<_> = pairs.into_iter().filter(|(mask, photo)| is_photo(mask) && is_photo(photo)).collect();
    pairs.sort_unstable();
    for (mask, photo) in &pairs {
        beside.entry(*photo).or_default().push(images[*mask].path.clone());
    }
    let are_masks: HashSet<usize> = pairs.iter().map(|(mask, _)| *mask).collect();

    let mut masks = Masks::default();
    let mut photos = Vec::new();
    for (number, (file, role)) in images.iter().zip(&roles).enumerate() {
        match role {
            _ if are_masks.contains(&number) => {}
            Role::Photo { split, kind, depth } => photos.push(Found {
                sample: Sample {
                    photo: file.path.clone(),
                    defect: kind.clone(),
                    masks: beside.remove(&number).unwrap_or_default(),
                },
                split: *split,
                place: Place::new(&file.parts, *depth),
                nested: file.parts.len() > depth + 1,
            }),
            Role::Mask { depth } => masks.add(file.path.clone(), &Place::new(&file.parts, *depth)),
            Role::Not(reason) => {
                if *reason == Reason::MaskLike {
                    let folders = file.parts.iter().position(|part| names::looks_like_masks(part)).unwrap_or_default();
                    let folder = file.parts[..=folders].iter().fold(set.folder.clone(), |path, part| path.join(part));
                    if !set.mask_like.contains(&folder) {
                        set.mask_like.push(folder);
                    }
                }
                set.passed_over.push(PassedOver { path: file.path.clone(), reason: reason.clone() });
            }
        }
    }
    for defective in [true, false] {
        let wanted = |photo: &&mut Found| {
            photo.sample.masks.is_empty()
                && photo.split != Some(Split::Train)
                && photo.sample.defect.is_some() == defective
        };
        let mut photos: Vec<&mut Found> = photos.iter_mut().filter(wanted).collect();
        let places: Vec<&Place> = photos.iter().map(|photo| &photo.place).collect();
        let found = masks.of(&places, defective);
        for (photo, masks) in photos.iter_mut().zip(found) {
            photo.sample.masks = masks;
        }
    }
    let used: HashSet<&Path> =
        photos.iter().flat_map(|photo| photo.sample.masks.iter().map(PathBuf::as_path)).collect();
    let lone = masks.without(&used).map(|path| PassedOver { path: path.clone(), reason: Reason::LoneMask });
    set.passed_over.extend(lone);
    photos
}

/// Labels a photo as defective where its mask marks any pixel.
fn label(set: &mut Dataset, photos: &mut [Found]) -> Result<(), DatasetError> {
    let marks = set.marks;
    let marked = |photo: &Found| Mask::read(&photo.sample.masks, marks).map(|mask| mask.map(|mask| mask.marks()));
    let (mut errors, mut labels) = (Vec::new(), Vec::with_capacity(photos.len()));
    for marked in photos.par_iter().map(marked).collect::<Vec<_>>() {
        match marked {
            Ok(label) => labels.push(label),
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(DatasetError::Masks(errors));
    }
    for (photo, marked) in photos.iter_mut().zip(labels) {
        photo.sample.defect = (marked == Some(true)).then(|| DEFECT.into());
        if marked.is_none() {
            set.unlabelled.push(photo.sample.photo.clone());
        }
    }
    Ok(())
}

/// Puts each photo into its split, or into the split that the rule for layouts without splits gives.
fn distribute(set: &mut Dataset, photos: Vec<Found>) {
    let has = |split: Split| photos.iter().any(|photo| photo.split == Some(split));
    let defective_validation =
        photos.iter().any(|photo| photo.split == Some(Split::Validation) && photo.sample.defect.is_some());
    // Where there is a test split, a validation split is only for the choice of settings. Its good photos can be
    // trained on.
    let validation_is_test = !has(Split::Test) && defective_validation;
    let mut unsaid = Vec::new();
    for Found { sample, split, nested, .. } in photos {
        let photo = sample.photo.clone();
        let good = sample.defect.is_none();
        let reason = match split {
            None => {
                unsaid.push(sample);
                None
            }
            Some(Split::Test) => {
                set.test.push(sample);
                None
            }
            Some(Split::Validation) if validation_is_test => {
                set.test.push(sample);
                None
            }
            Some(Split::Train | Split::Validation) if good => {
                set.train.push(sample.photo);
                None
            }
            Some(Split::Train) => Some(Reason::DefectiveInTrain),
            Some(Split::Validation) => Some(Reason::DefectiveInValidation),
            Some(Split::Hidden) => Some(Reason::NoTruth),
        };
        match reason {
            Some(reason) => set.passed_over.push(PassedOver { path: photo, reason }),
            None if nested => set.nested.push(photo),
            None => {}
        }
    }
    let (train, test) = super::split(unsaid);
    set.train.extend(train);
    set.test.extend(test);
}

/// Error for a `folder` of images that is not a data set.
fn none(folder: &Path, images: &[&[String]]) -> DatasetError {
    let mut folders: BTreeMap<&str, Vec<&[String]>> = BTreeMap::new();
    for parts in images.iter().filter(|parts| parts.len() > 1) {
        folders.entry(&parts[0]).or_default().push(&parts[1..]);
    }
    let sets = folders.iter().filter(|(_, images)| layout::recognise(images).is_some());
    let names: Vec<String> = sets.map(|(name, _)| (*name).to_owned()).collect();
    let path = folder.to_owned();
    if !names.is_empty() {
        return DatasetError::Several { path, names };
    }
    let beside = images.iter().filter(|parts| parts.len() == 1).count();
    let called = folders.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let found = match (folder.is_dir(), beside, folders.len()) {
        (false, ..) => " (there is no such file or folder)".into(),
        (true, 0, 0) => " (no image is in it)".into(),
        (true, 0, _) => format!(" (of its folders {called} none is called good)"),
        (true, count, 0) => format!(" ({count} images lie directly in it)"),
        (true, count, _) => {
            format!(" ({count} images lie directly in it, and none of its folders {called} is called good)")
        }
    };
    DatasetError::Empty { path, found }
}
