//! Report of a look: counts, warnings with advice, and errors with all their cases. `--json` writes all of it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use cse::image::measures::{Measures, Ranges};
use cse::image::photo::{Facts, Traits};
use serde::Serialize;

use super::Needs;
use super::duplicates::{self, Thumbnail};
use super::lots::{self, Difference};
use super::masks::Masks;
use super::photo::Photo;
use super::photo_file::PhotoFile;
use crate::dataset::{Dataset, Marks, Reason, lines};
use crate::files::{self, FileError};

/// Most names in a warning. The JSON has all names.
const NAMED: usize = 3;
const TRAIN: &str = "train";
const TEST: &str = "test";
const GOOD: &str = "good";

/// Results of a look.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Name of the data set.
    pub data: String,
    /// Layout that was recognised.
    pub layout: String,
    /// Properties that all good training photos share.
    #[serde(skip)]
    pub traits: Traits,
    /// Ranges of brightness, colour, contrast and sharpness over the good photos to train on.
    #[serde(skip)]
    pub ranges: Ranges,
    /// Readable training photos.
    #[serde(skip)]
    pub train: Vec<PhotoFile>,
    /// Readable test photos.
    #[serde(skip)]
    pub test: Vec<PhotoFile>,
    /// Numbers of photos of each split and kind.
    pub photos: Vec<Kind>,
    /// Photos with transparent parts, which are not inspected.
    pub transparent: Vec<String>,
    /// Files with several pictures. The largest picture is the photo.
    pub several_pictures: Vec<String>,
    /// Numbers of photos of each format, the most frequent first.
    pub formats: Vec<Format>,
    /// Results of the check of the masks.
    pub masks: Masks,
    /// Files that are not used, by reason.
    pub passed_over: Vec<PassedOver>,
    /// Numbers of photos that lie in subfolders of their kind's folder, by folder.
    pub subfolders: BTreeMap<String, usize>,
    /// Photos that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Photos with identical files in different splits or kinds.
    pub identical: Vec<Vec<String>>,
    /// Near-duplicates between training and test photos.
    pub near_identical: Vec<NearIdentical>,
    /// Comparisons of lots of good photos.
    pub lots: Vec<Difference>,
    /// Likely mistakes, with advice.
    pub warnings: Vec<String>,
    /// Errors that the commands cannot work with, with every case.
    pub errors: Vec<String>,
}

/// Number of photos of one split and kind.
#[derive(Debug, Serialize)]
pub struct Kind {
    /// `train` or `test`.
    pub split: &'static str,
    /// Kind of defect, or `good`.
    pub kind: String,
    /// Number of photos.
    pub photos: usize,
    /// Number of photos with a mask.
    pub with_mask: usize,
}

/// Number of photos of one format.
#[derive(Debug, Serialize)]
pub struct Format {
    /// Name of the file format.
    pub format: String,
    /// True if all pixels are grey.
    pub grey: bool,
    /// Number format of the samples, such as "8-bit".
    pub samples: String,
    /// Number of photos.
    pub photos: usize,
    /// Width, height and number of photos of each size, the most frequent first.
    pub sizes: Vec<(u32, u32, usize)>,
}

/// Files that are not used, for one reason.
#[derive(Debug, Serialize)]
pub struct PassedOver {
    /// Reason.
    pub reason: String,
    /// Names of the files.
    pub files: Vec<String>,
}

/// Photo that cannot be read.
#[derive(Clone, Debug, Serialize)]
pub struct Unreadable {
    /// `train` or `test`.
    pub split: &'static str,
    /// Name of the photo.
    pub photo: String,
    /// Reason, with the path of the file.
    pub why: String,
}

/// Test photo that is a near-duplicate of a training photo.
#[derive(Debug, Serialize)]
pub struct NearIdentical {
    /// Name of the training photo.
    pub train: String,
    /// Name of the test photo.
    pub test: String,
    /// Correlation of their large forms.
    pub correlation: f64,
}

/// Readable photos among `paths`.
fn files_of<'a>(paths: impl Iterator<Item = &'a PathBuf>, seen: &Seen) -> Vec<PhotoFile> {
    let file = |path: &PathBuf| {
        let photo = seen.get(path)?.as_ref().ok()?;
        Some(PhotoFile { path: path.clone(), size: photo.size(), digest: photo.digest })
    };
    paths.filter_map(file).collect()
}

type Seen = HashMap<PathBuf, Result<Photo, FileError>>;

impl Report {
    /// Makes the report for a command that needs some of the photos and may skip unreadable files.
    pub(super) fn new(
        set: &Dataset,
        path: &Path,
        seen: &Seen,
        masks: Masks,
        (needs, skip_unreadable): (Needs, bool),
    ) -> Self {
        let mut report = Self {
            data: path.display().to_string(),
            layout: set.layout.to_string(),
            traits: traits(set, seen),
            ranges: ranges(set, seen),
            train: files_of(set.train.iter(), seen),
            test: files_of(set.test.iter().map(|sample| &sample.photo), seen),
            photos: kinds(set),
            transparent: with_facts(set, seen, |facts| facts.transparent > 0.0),
            several_pictures: with_facts(set, seen, |facts| facts.pages > 1),
            formats: formats(seen),
            masks,
            passed_over: passed_over(set),
            subfolders: subfolders(set),
            unreadable: Vec::new(),
            identical: identical(set, seen),
            near_identical: near_identical(set, seen),
            lots: lots(set, seen),
            warnings: Vec::new(),
            errors: Vec::new(),
        };
        report.judge_unreadable(set, seen, needs, skip_unreadable);
        if let Some(error) = report.masks.errors() {
            if needs == Needs::Train { report.warnings.push(error) } else { report.errors.push(error) }
        }
        report.warn_of_files(set);
        report.warn_of_masks(set);
        report.warn_of_formats();
        report.warn_of_parts();
        report.warn_of_splits();
        report
    }

    /// Writes the report as JSON.
    pub fn write(&self, path: &Path) -> Result<(), FileError> {
        files::write_whole(path, serde_json::to_string_pretty(self).unwrap_or_default().as_bytes())
    }

    /// Test photos that cannot be read.
    pub fn unreadable_test(&self) -> Vec<String> {
        self.unreadable.iter().filter(|one| one.split == TEST).map(|one| one.photo.clone()).collect()
    }

    fn judge_unreadable(&mut self, set: &Dataset, seen: &Seen, needs: Needs, skip: bool) {
        let train = set.train.iter().map(|path| (TRAIN, path));
        let all = train.chain(set.test.iter().map(|sample| (TEST, &sample.photo)));
        let unreadable = |(split, path): (&'static str, &PathBuf)| {
            let why = seen.get(path)?.as_ref().err()?.to_string();
            Some(Unreadable { split, photo: set.name_of(path), why })
        };
        self.unreadable = all.filter_map(unreadable).collect();
        let needed =
            |split: &str| matches!((needs, split), (Needs::Both, _) | (Needs::Train, TRAIN) | (Needs::Test, TEST));
        let photos = self.unreadable.iter().map(|one| (one.split, &one.photo, &one.why));
        let files: Vec<_> = photos.chain(self.masks.unreadable.iter().map(|(photo, why)| (TEST, photo, why))).collect();
        let errors: Vec<&String> =
            files.iter().filter(|(split, ..)| !skip && needed(split)).map(|(.., why)| *why).collect();
        if !errors.is_empty() {
            self.errors.push(format!(
                "photos or masks that cannot be read: {}. Save them again, remove them, or leave them out with --skip-unreadable\n{}",
                errors.len(),
                lines(&errors)
            ));
        }
        let left_out = files.iter().filter(|(split, ..)| skip || !needed(split)).map(|(_, photo, _)| photo);
        let left_out: Vec<&&String> = left_out.collect();
        if !left_out.is_empty() {
            let what = if skip { "left out" } else { "not needed here" };
            self.warnings.push(format!(
                "photos or masks that cannot be read: {} {what} ({})",
                left_out.len(),
                few(left_out)
            ));
        }
    }

    fn warn_of_files(&mut self, set: &Dataset) {
        for (reason, files) in by_reason(set) {
            if let Some(remedy) = reason.remedy() {
                self.warnings.push(format!("{reason}: {} passed over ({}). {remedy}", files.len(), few(&files)));
            }
        }
        if !set.nested.is_empty() {
            let folders = self.subfolders.iter().map(|(folder, photos)| format!("{photos} in {folder}"));
            let (count, folders) = (set.nested.len(), few(folders));
            self.warnings.push(format!(
                "photos in subfolders: {count} used ({folders}). Move them out of the data set if they do not belong to it"
            ));
        }
        if !set.unlabelled.is_empty() {
            let names = few(set.unlabelled.iter().map(|path| set.name_of(path)));
            self.warnings.push(format!(
                "photos without a mask beside them: {} counted as good ({names}). Add a blank mask to each if that is right",
                set.unlabelled.len()
            ));
        }
        if !set.unused_columns.is_empty() {
            self.warnings.push(format!(
                "columns of the table that are not used: {}. Used are path, split, label and mask. A table holds one category",
                set.unused_columns.join(", ")
            ));
        }
    }

    fn warn_of_masks(&mut self, set: &Dataset) {
        let masks = &self.masks;
        let mut warnings = Vec::new();
        for folder in &set.mask_like {
            let name = set.name_of(folder);
            let remedy = if masks.matched > 0 { "move its masks to ground_truth" } else { "rename it to ground_truth" };
            let missing = match masks.missing.len() {
                0 => String::new(),
                missing => format!("no masks for {missing} defective photos; "),
            };
            warnings.push(format!("{missing}`{name}` looks like a mask folder: {remedy}"));
        }
        if set.mask_like.is_empty() && masks.matched > 0 && !masks.missing.is_empty() {
            warnings.push(format!(
                "no masks for {} of {} defective photos ({}). Pixel figures leave them out. Name each mask after its photo, such as ground_truth/KIND/007_mask.png",
                masks.missing.len(),
                masks.missing.len() + masks.matched,
                few(&masks.missing)
            ));
        }
        if !masks.empty.is_empty() {
            warnings.push(format!(
                "masks of defective photos that mark nothing: {} ({}). Pixel figures leave these photos out. Draw the masks, or move the photos to the good ones",
                masks.empty.len(),
                few(&masks.empty)
            ));
        }
        if !masks.on_good.is_empty() {
            warnings.push(format!(
                "masks of good photos that mark something: {} ({}). Move the photos to a kind of defect, or clear the masks",
                masks.on_good.len(),
                few(&masks.on_good)
            ));
        }
        if !masks.mostly_marked.is_empty() {
            let cases = masks.mostly_marked.iter().map(|(name, share)| format!("{name} {:.0} %", 100.0 * share));
            let remedy = match set.marks {
                Marks::NonZero => "If all masks are black where the defect is, use --invert-masks",
                Marks::Zero => "If masks are black where the photo is good, leave out --invert-masks",
            };
            let count = masks.mostly_marked.len();
            warnings.push(format!("masks that mark most of their photos: {count} ({}). {remedy}", few(cases)));
        }
        self.warnings.extend(warnings);
    }

    fn warn_of_formats(&mut self) {
        let photos_of = |wanted: &dyn Fn(&Format) -> bool| -> usize {
            self.formats.iter().filter(|format| wanted(format)).map(|format| format.photos).sum()
        };
        let (grey, colour) = (photos_of(&|format| format.grey), photos_of(&|format| !format.grey));
        let mut depths: BTreeMap<String, usize> = BTreeMap::new();
        self.formats.iter().for_each(|format| *depths.entry(format.samples.clone()).or_default() += format.photos);
        if grey > 0 && colour > 0 {
            let warning = format!(
                "photos in grey and in colour: {grey} and {colour}. Take all of them with the same camera settings, or make all of them grey"
            );
            self.warnings.push(warning);
        }
        if depths.len() > 1 {
            let depths: Vec<String> = depths.iter().map(|(samples, photos)| format!("{photos} of {samples}")).collect();
            self.warnings.push(format!(
                "photos differ in bit depth: {}. Save all of them with the same bit depth",
                depths.join(", ")
            ));
        }
    }

    fn warn_of_parts(&mut self) {
        if !self.transparent.is_empty() {
            let (count, names) = (self.transparent.len(), few(&self.transparent));
            let warning = format!(
                "photos with transparent parts: {count} ({names}). These parts are not inspected. Save the photos without transparency if they should be"
            );
            self.warnings.push(warning);
        }
        if !self.several_pictures.is_empty() {
            let (count, names) = (self.several_pictures.len(), few(&self.several_pictures));
            let warning = format!(
                "files with several pictures: {count} ({names}). Only the largest is used. Save each picture as a separate file if others are meant"
            );
            self.warnings.push(warning);
        }
    }

    fn warn_of_splits(&mut self) {
        if !self.identical.is_empty() {
            let cases = self.identical.iter().map(|names| names.join(" = "));
            let warning = format!(
                "photos that are in several splits or kinds: {} ({}). Keep one copy of each, or the figures are too good",
                self.identical.len(),
                few(cases)
            );
            self.warnings.push(warning);
        }
        if !self.near_identical.is_empty() {
            let cases = self.near_identical.iter().map(|pair| format!("{} ~ {}", pair.train, pair.test));
            let warning = format!(
                "test photos that are near-duplicates of a training photo: {} ({}). Keep all photos of one group in one split, or the figures are too good",
                self.near_identical.len(),
                few(cases)
            );
            self.warnings.push(warning);
        }
        let large = self.lots.iter().filter(|lot| lot.large).map(|lot| {
            let Difference { property, first, second, effect_size, medians, photos, .. } = lot;
            format!(
                "{} differs between {first} and {second}: medians {:.2} and {:.2}, {effect_size:+.1} standard deviations ({} and {} photos). Take both under the same light and focus, or mix the lots",
                lots::name(*property),
                medians.0,
                medians.1,
                photos.0,
                photos.1
            )
        });
        let large: Vec<String> = large.collect();
        self.warnings.extend(large);
    }
}

/// Lists the first of `names` and the number of the others.
pub fn few<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<T> = names.into_iter().collect();
    let mut text = names.iter().take(NAMED).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        text.push_str(&format!(" and {} more", names.len() - NAMED));
    }
    text
}

fn kinds(set: &Dataset) -> Vec<Kind> {
    let mut kinds = Vec::new();
    if !set.train.is_empty() {
        kinds.push(Kind { split: TRAIN, kind: GOOD.into(), photos: set.train.len(), with_mask: 0 });
    }
    let mut of_test: BTreeMap<(bool, &str), (usize, usize)> = BTreeMap::new();
    for sample in &set.test {
        let kind = sample.defect.as_deref().unwrap_or(GOOD);
        let (photos, with_mask) = of_test.entry((sample.defect.is_some(), kind)).or_default();
        *photos += 1;
        *with_mask += usize::from(!sample.masks.is_empty());
    }
    let of_test = of_test.into_iter();
    kinds.extend(of_test.map(|((_, kind), (photos, with_mask))| Kind {
        split: TEST,
        kind: kind.into(),
        photos,
        with_mask,
    }));
    kinds
}

fn ranges(set: &Dataset, seen: &Seen) -> Ranges {
    let photos = set.train.iter().filter_map(|path| Some(seen.get(path)?.as_ref().ok()?.measures));
    Ranges::of(&photos.collect::<Vec<_>>())
}

fn traits(set: &Dataset, seen: &Seen) -> Traits {
    Traits::of(set.train.iter().filter_map(|path| seen.get(path)?.as_ref().ok()).map(|photo| &photo.facts))
}

fn formats(seen: &Seen) -> Vec<Format> {
    type Sizes = BTreeMap<(u32, u32), usize>;
    let mut counts: BTreeMap<(&str, bool, String), Sizes> = BTreeMap::new();
    for photo in seen.values().flatten() {
        let facts = &photo.facts;
        let sizes = counts.entry((facts.format, facts.grey, facts.samples.to_string())).or_default();
        *sizes.entry(photo.size()).or_default() += 1;
    }
    let mut formats = Vec::with_capacity(counts.len());
    for ((format, grey, samples), sizes) in counts {
        let mut sizes: Vec<_> = sizes.into_iter().map(|((width, height), photos)| (width, height, photos)).collect();
        sizes.sort_by_key(|(.., photos)| std::cmp::Reverse(*photos));
        let photos = sizes.iter().map(|(.., photos)| photos).sum();
        formats.push(Format { format: format.into(), grey, samples, photos, sizes });
    }
    formats.sort_by_key(|format| std::cmp::Reverse(format.photos));
    formats
}

/// Names of the photos whose facts are `wanted`, in order.
fn with_facts(set: &Dataset, seen: &Seen, wanted: impl Fn(&Facts) -> bool) -> Vec<String> {
    let is_wanted = |(path, photo): (&PathBuf, &Result<Photo, FileError>)| {
        photo.as_ref().is_ok_and(|photo| wanted(&photo.facts)).then(|| set.name_of(path))
    };
    let mut names: Vec<String> = seen.iter().filter_map(is_wanted).collect();
    names.sort();
    names
}

fn by_reason(set: &Dataset) -> BTreeMap<&Reason, Vec<String>> {
    let mut files: BTreeMap<&Reason, Vec<String>> = BTreeMap::new();
    for file in &set.passed_over {
        files.entry(&file.reason).or_default().push(set.name_of(&file.path));
    }
    files
}

fn passed_over(set: &Dataset) -> Vec<PassedOver> {
    by_reason(set).into_iter().map(|(reason, files)| PassedOver { reason: reason.to_string(), files }).collect()
}

fn subfolders(set: &Dataset) -> BTreeMap<String, usize> {
    let mut folders = BTreeMap::new();
    for photo in &set.nested {
        *folders.entry(set.name_of(photo.parent().unwrap_or(photo))).or_default() += 1;
    }
    folders
}

fn identical(set: &Dataset, seen: &Seen) -> Vec<Vec<String>> {
    type Place<'a> = (&'static str, Option<&'a str>, &'a Path);
    let train = set.train.iter().map(|photo| (TRAIN, None, photo.as_path()));
    let test = set.test.iter().map(|sample| (TEST, sample.defect.as_deref(), sample.photo.as_path()));
    let mut same: HashMap<&[u8; 32], Vec<Place<'_>>> = HashMap::new();
    for place in train.chain(test) {
        if let Some(Ok(photo)) = seen.get(place.2) {
            same.entry(&photo.digest).or_default().push(place);
        }
    }
    let differ = |places: &&Vec<Place<'_>>| places.iter().any(|place| (place.0, place.1) != (places[0].0, places[0].1));
    let names = |places: &Vec<Place<'_>>| places.iter().map(|place| set.name_of(place.2)).collect::<Vec<_>>();
    let mut identical: Vec<Vec<String>> = same.values().filter(differ).map(names).collect();
    identical.sort();
    identical
}

fn near_identical(set: &Dataset, seen: &Seen) -> Vec<NearIdentical> {
    let read = |path: &PathBuf| seen.get(path)?.as_ref().ok();
    let train: Vec<(&PathBuf, &Photo)> = set.train.iter().filter_map(|path| Some((path, read(path)?))).collect();
    let test = set.test.iter().map(|sample| &sample.photo);
    let test: Vec<(&PathBuf, &Photo)> = test.filter_map(|path| Some((path, read(path)?))).collect();
    let train_forms: Vec<&Thumbnail> = train.iter().map(|(_, photo)| &photo.thumbnail).collect();
    let test_forms: Vec<&Thumbnail> = test.iter().map(|(_, photo)| &photo.thumbnail).collect();
    let pairs = duplicates::near(&train_forms, &test_forms).into_iter();
    // Identical files are reported already.
    let pairs = pairs.filter(|pair| train[pair.train].1.digest != test[pair.test].1.digest);
    let named = |pair: duplicates::Pair| NearIdentical {
        train: set.name_of(train[pair.train].0),
        test: set.name_of(test[pair.test].0),
        correlation: pair.correlation,
    };
    pairs.map(named).collect()
}

/// Compares good training photos with good test photos, and each subfolder of training photos with the others.
fn lots(set: &Dataset, seen: &Seen) -> Vec<Difference> {
    let measures = |path: &PathBuf| Some(seen.get(path)?.as_ref().ok()?.measures);
    let train: Vec<Measures> = set.train.iter().filter_map(measures).collect();
    let good = set.test.iter().filter(|sample| sample.defect.is_none()).map(|sample| &sample.photo);
    let test: Vec<Measures> = good.filter_map(measures).collect();
    let mut found = lots::compare(("the good training photos", &train), ("the good test photos", &test));
    let mut folders: Vec<&Path> = set.nested.iter().filter_map(|photo| photo.parent()).collect();
    folders.sort_unstable();
    folders.dedup();
    for folder in folders {
        let (inside, outside): (Vec<&PathBuf>, Vec<&PathBuf>) =
            set.train.iter().partition(|photo| photo.parent() == Some(folder));
        let all = |photos: Vec<&PathBuf>| photos.into_iter().filter_map(measures).collect::<Vec<_>>();
        let (inside, outside) = (all(inside), all(outside));
        let name = set.name_of(folder);
        found.extend(lots::compare((&name, &inside), ("the other good training photos", &outside)));
    }
    found
}
