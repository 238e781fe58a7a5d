//! Finds the mask of each photo by the names of the files.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::names;

/// Pairs each mask that lies beside its photo with the photo, as `7_mask.png` and `7.png`. Both are indices in `images`.
pub fn beside(images: &[&[String]]) -> HashMap<usize, usize> {
    let key = |parts: &[String]| {
        let (name, folders) = parts.split_last()?;
        Some((folders.join("/"), stem(name)))
    };
    let by_name: HashMap<_, _> =
        images.iter().enumerate().filter_map(|(number, parts)| Some((key(parts)?, number))).collect();
    let photo_of = |(number, parts): (usize, &&[String])| {
        let (folder, stem) = key(parts)?;
        let photo = by_name.get(&(folder, names::without_mask_suffix(&stem)?.to_owned()))?;
        Some((number, *photo))
    };
    images.iter().enumerate().filter_map(photo_of).collect()
}

/// Path of an image below the folder of its kind, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Name of the kind's folder. Empty for masks that lie in no kind's folder.
    kind: String,
    /// Folders below that, and the file's name without its ending.
    path: Vec<String>,
}

impl Place {
    /// Place of the file at `parts`, below `depth` folders of the layout. The last one names the kind.
    pub fn new(parts: &[String], depth: usize) -> Self {
        let folder = depth.checked_sub(1).map_or("", |last| &parts[last]);
        let kind = if names::is_ground_truth(folder) { String::new() } else { folder.to_lowercase() };
        let mut path: Vec<String> = parts[depth..].iter().map(|part| part.to_lowercase()).collect();
        if let Some(name) = path.last_mut() {
            *name = stem(name);
        }
        Self { kind, path }
    }

    fn stem(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    fn with_stem(&self, stem: &str) -> Self {
        let mut place = self.clone();
        if let Some(last) = place.path.last_mut() {
            stem.clone_into(last);
        }
        place
    }
}

/// Masks in folders of masks, indexed by the places of their photos.
#[derive(Default)]
pub struct Masks {
    /// Candidates by the place of the photo that they may belong to. Only those with the lowest rank are used.
    by_photo: HashMap<Place, Vec<(u8, PathBuf)>>,
    all: Vec<PathBuf>,
}

impl Masks {
    /// Adds a mask. It is named after its photo, `7_mask` or `7`, or lies in a folder of that name.
    pub fn add(&mut self, path: PathBuf, place: &Place) {
        let mut belongs = vec![(1, place.clone())];
        if let Some(stem) = names::without_mask_suffix(place.stem()) {
            belongs.push((0, place.with_stem(stem)));
        }
        if place.path.len() > 1 {
            let folder = Place { kind: place.kind.clone(), path: place.path[..place.path.len() - 1].to_vec() };
            belongs.push((2, folder));
        }
        for (rank, photo) in belongs {
            self.by_photo.entry(photo).or_default().push((rank, path.clone()));
        }
        self.all.push(path);
    }

    /// Masks of each photo. All masks of the lowest rank are used, since some data sets have a separate file for each
    /// defect. `any_kind` also finds masks that lie in no kind's folder.
    pub fn of(&self, photos: &[&Place], any_kind: bool) -> Vec<Vec<PathBuf>> {
        // A mask outside of its photo's folder belongs to the only photo of that name.
        let elsewhere = |photo: &Place| {
            let stem = vec![photo.stem().to_owned()];
            let of_kind = Place { kind: photo.kind.clone(), path: stem.clone() };
            std::iter::once(of_kind).chain(any_kind.then_some(Place { kind: String::new(), path: stem }))
        };
        let mut namesakes: HashMap<Place, usize> = HashMap::new();
        for photo in photos {
            for place in elsewhere(photo) {
                *namesakes.entry(place).or_default() += 1;
            }
        }
        let best = |place: &Place| {
            let found = self.by_photo.get(place)?;
            let rank = found.iter().map(|(rank, _)| *rank).min()?;
            Some(found.iter().filter(|(of, _)| *of == rank).map(|(_, path)| path.clone()).collect())
        };
        let masks = |photo: &&Place| {
            let only = |place: &Place| namesakes.get(place) == Some(&1);
            best(photo).or_else(|| elsewhere(photo).filter(only).find_map(|place| best(&place))).unwrap_or_default()
        };
        photos.iter().map(masks).collect()
    }

    /// Masks that are not among `used`.
    pub fn without<'a>(&'a self, used: &HashSet<&Path>) -> impl Iterator<Item = &'a PathBuf> {
        self.all.iter().filter(move |path| !used.contains(path.as_path()))
    }
}

/// `name` in lower case without its ending.
pub fn stem(name: &str) -> String {
    Path::new(name).file_stem().unwrap_or_default().to_string_lossy().to_lowercase()
}
