//! Folders of photos of one texture, in one of three layouts:
//!
//! - MVTec AD's: `train/good`, `test/good`, `test/KIND`, and `ground_truth/KIND` with a mask for each photo.
//! - Plain: `good` and a folder for each kind of defect, `KIND`, whatever their names.
//! - TILDA's, as it is distributed: a folder such as `c1r1` with the good photos in `e0` and the defective ones in `e1`
//!   to `e7`, and descriptions as text files beside the photos, which are ignored.
//!
//! Only the first says which good photos to learn from. In the others, where there are defective photos to evaluate, the
//! first 70 % of the good ones in the order of their names are for learning and the rest for evaluating. Without
//! defective photos all are for learning.

use std::io;
use std::path::{Path, PathBuf};

use cse::view::View;
use image::RgbImage;

use crate::files::{self, FileError};

/// A photo to evaluate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The photo.
    pub photo: PathBuf,
    /// Kind of defect; none for a good one.
    pub defect: Option<String>,
    /// Where the defect is, if somebody drew it.
    pub mask: Option<PathBuf>,
}

/// A texture's photos.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    /// Name of the folder.
    pub name: String,
    /// Good photos to learn from.
    pub train: Vec<PathBuf>,
    /// Photos to evaluate.
    pub test: Vec<Sample>,
}

/// Why a folder is no data set.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A folder that cannot be listed.
    #[error("{path}: cannot be listed ({source})", path = .path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A folder to take images from that has none.
    #[error("{path}: no image is in it or in its folders (files that end in {endings})", path = .path.display(), endings = PHOTO_ENDINGS.join(", "))]
    NoImage {
        /// The folder.
        path: PathBuf,
    },
    /// None of the layouts.
    #[error(
        "{path}: no photos of good samples: put them in {path}/train/good (and test photos in {path}/test/good and \
         {path}/test/KIND), or in {path}/good (and defective ones in {path}/KIND); of TILDA, give one of the folders \
         that have e0 to e7, such as c1r1",
        path = .path.display()
    )]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

const PHOTO_ENDINGS: [&str; 9] = ["png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff", "jfif"];
/// Folder of the good photos, but for TILDA.
const GOOD: &str = "good";
/// Folders of TILDA: good photos, and kinds of defect.
const TILDA_GOOD: &str = "e0";
const TILDA_KINDS: [&str; 7] = ["e1", "e2", "e3", "e4", "e5", "e6", "e7"];

impl Dataset {
    /// Looks for photos below `folder`. Every list is in the order of the names, whatever order the disk has.
    pub fn open(folder: &Path) -> Result<Self, DatasetError> {
        let name = folder
            .canonicalize()
            .ok()
            .and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()))
            .unwrap_or_else(|| "texture".into());
        let (learn, test) = (folder.join("train").join(GOOD), folder.join("test"));
        let (train, test) = if learn.is_dir() || test.join(GOOD).is_dir() {
            let masks = folder.join("ground_truth");
            let test = if test.is_dir() { samples(kinds(&test)?, Some(&masks))? } else { Vec::new() };
            (if learn.is_dir() { photos(&learn)? } else { Vec::new() }, test)
        } else if folder.is_dir() {
            let kinds = kinds(folder)?;
            let has = |wanted: &str| kinds.iter().any(|kind| kind.name.eq_ignore_ascii_case(wanted));
            let kinds = if has(TILDA_GOOD) && !has(GOOD) { tilda(kinds) } else { kinds };
            split(samples(kinds, None)?)
        } else {
            (Vec::new(), Vec::new())
        };
        if train.is_empty() && test.is_empty() {
            return Err(DatasetError::Empty { path: folder.to_owned() });
        }
        Ok(Self { name, train, test })
    }
}

/// A folder of photos that are good or have one kind of defect.
struct Kind {
    folder: PathBuf,
    name: String,
    good: bool,
}

/// The folders in `folder`, each a kind by its name.
fn kinds(folder: &Path) -> Result<Vec<Kind>, DatasetError> {
    let kind = |folder: PathBuf| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Kind { folder, good: name.eq_ignore_ascii_case(GOOD), name }
    };
    Ok(entries(folder)?.into_iter().filter(|path| path.is_dir()).map(kind).collect())
}

/// The folders of TILDA among `kinds`.
fn tilda(kinds: Vec<Kind>) -> Vec<Kind> {
    let known = |mut kind: Kind| {
        let name = kind.name.to_lowercase();
        kind.good = name == TILDA_GOOD;
        (kind.good || TILDA_KINDS.contains(&name.as_str())).then_some(kind)
    };
    kinds.into_iter().filter_map(known).collect()
}

/// Good photos to learn from, and the others to evaluate, of a layout that does not tell.
fn split(samples: Vec<Sample>) -> (Vec<PathBuf>, Vec<Sample>) {
    let good = samples.iter().filter(|sample| sample.defect.is_none()).count();
    let learn = if good == samples.len() { good } else { (7 * good + 5) / 10 };
    let (mut train, mut test) = (Vec::with_capacity(learn), Vec::new());
    for sample in samples {
        if sample.defect.is_none() && train.len() < learn {
            train.push(sample.photo);
        } else {
            test.push(sample);
        }
    }
    (train, test)
}

/// Every image below `folder`, squashed to what the network sees; none without a folder.
pub fn squashed_below<Error>(folder: Option<&Path>) -> Result<Vec<RgbImage>, Error>
where
    Error: From<DatasetError> + From<FileError>,
{
    match folder {
        Some(folder) => Ok(files::windows(&images_below(folder)?, View::Resize)?),
        None => Ok(Vec::new()),
    }
}

/// Every image below `folder`, in the order of the names; an error where there is none: nothing else must stand in for what
/// was asked for.
pub fn images_below(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let images = photos_below(folder)?;
    if images.is_empty() { Err(DatasetError::NoImage { path: folder.to_owned() }) } else { Ok(images) }
}

fn photos_below(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut images = photos(folder)?;
    for entry in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        images.extend(photos_below(&entry)?);
    }
    Ok(images)
}

fn samples(kinds: Vec<Kind>, masks: Option<&Path>) -> Result<Vec<Sample>, DatasetError> {
    let mut samples = Vec::new();
    for Kind { folder, name, good } in kinds {
        let drawn = masks.map(|masks| masks.join(&name)).filter(|masks| masks.is_dir());
        let drawn = drawn.as_deref().map_or_else(|| Ok(Vec::new()), photos)?;
        for photo in photos(&folder)? {
            let mask = mask_of(&photo, &drawn);
            let defect = (!good).then(|| name.clone());
            samples.push(Sample { photo, defect, mask });
        }
    }
    Ok(samples)
}

/// Of `masks` the one of `photo`: `NAME_mask`, or `NAME`.
fn mask_of(photo: &Path, masks: &[PathBuf]) -> Option<PathBuf> {
    let stem = photo.file_stem()?.to_string_lossy();
    let named =
        |name: &str| masks.iter().find(|mask| mask.file_stem().is_some_and(|stem| stem.to_string_lossy() == name));
    named(&format!("{stem}_mask")).or_else(|| named(&stem)).cloned()
}

fn photos(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let is_photo = |path: &PathBuf| {
        path.is_file()
            && path
                .extension()
                .is_some_and(|ending| PHOTO_ENDINGS.contains(&ending.to_string_lossy().to_lowercase().as_str()))
    };
    Ok(entries(folder)?.into_iter().filter(is_photo).collect())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let failed = |source| DatasetError::List { path: folder.to_owned(), source };
    let mut entries = std::fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    entries.sort();
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: PathBuf) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, []).unwrap();
    }

    fn names(dataset: &Dataset) -> (Vec<String>, Vec<(String, Option<&str>)>) {
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        let test = dataset.test.iter().map(|sample| (name(&sample.photo), sample.defect.as_deref()));
        (dataset.train.iter().map(|path| name(path)).collect(), test.collect())
    }

    #[test]
    fn mvtec_layout_says_what_to_learn_from() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        touch(at("a/train/good/2.png"));
        touch(at("a/train/good/1.JPG"));
        touch(at("a/train/good/notes.txt"));
        touch(at("a/test/good/3.png"));
        touch(at("a/test/hole/4.png"));
        touch(at("a/ground_truth/hole/4_mask.png"));
        touch(at("a/test/scratch/5.png"));
        touch(at("a/ground_truth/scratch/5.BMP"));
        let mvtec = Dataset::open(&at("a")).unwrap();
        assert_eq!(mvtec.train, [at("a/train/good/1.JPG"), at("a/train/good/2.png")]);
        assert_eq!(mvtec.test.len(), 3);
        assert_eq!(mvtec.test[0].defect, None);
        assert_eq!(mvtec.test[1].mask, Some(at("a/ground_truth/hole/4_mask.png")));
        assert_eq!(mvtec.test[2].mask, Some(at("a/ground_truth/scratch/5.BMP")));

        // To evaluate alone.
        std::fs::remove_dir_all(at("a/train")).unwrap();
        let test = Dataset::open(&at("a")).unwrap();
        assert_eq!((test.train.len(), test.test), (0, mvtec.test));
    }

    #[test]
    fn plain_layout_keeps_good_photos_apart_to_evaluate() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for number in 0..9 {
            touch(at(&format!("cloth/good/{number}.png")));
        }
        let only_good = Dataset::open(&at("cloth")).unwrap();
        assert_eq!((only_good.train.len(), only_good.test.len()), (9, 0));

        // As a hand writes it.
        touch(at("other/Good/1.png"));
        touch(at("other/hole/1.png"));
        assert_eq!(Dataset::open(&at("other")).unwrap().train.len(), 1);

        std::fs::create_dir(at("cloth/empty")).unwrap();
        assert_eq!(Dataset::open(&at("cloth")).unwrap().train.len(), 9);

        // The folders of a re-upload of TILDA; "objects" sorts after "good", "hole" before "oil spot".
        for kind in ["hole", "objects", "oil spot", "thread error"] {
            touch(at(&format!("cloth/{kind}/x.jpg")));
        }
        let plain = Dataset::open(&at("cloth")).unwrap();
        let (train, test) = names(&plain);
        assert_eq!(plain.name, "cloth");
        assert_eq!(train, ["0.png", "1.png", "2.png", "3.png", "4.png", "5.png"]);
        assert_eq!(test[..3], [("6.png".into(), None), ("7.png".into(), None), ("8.png".into(), None)]);
        let kinds: Vec<_> = test[3..].iter().map(|(_, kind)| kind.unwrap()).collect();
        assert_eq!(kinds, ["hole", "objects", "oil spot", "thread error"]);
    }

    #[test]
    fn tilda_is_read_as_it_is_distributed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for number in 1..=10 {
            touch(at(&format!("c1r1/e0/c1r1e0n{number}.tif")));
            touch(at(&format!("c1r1/e0/c1r1e0n{number}.txt")));
        }
        touch(at("c1r1/e1/c1r1e1n1.TIFF"));
        touch(at("c1r1/e7/c1r1e7n1.png"));
        touch(at("c1r1/e7/c1r1e7n1.txt"));
        touch(at("c1r1/notes/page.jpg"));
        let tilda = Dataset::open(&at("c1r1")).unwrap();
        let (train, test) = names(&tilda);
        assert_eq!(tilda.name, "c1r1");
        let name = |number: u32| format!("c1r1e0n{number}.tif");
        assert_eq!(train, [1, 10, 2, 3, 4, 5, 6].map(name));
        assert_eq!(
            test,
            [
                (name(7), None),
                (name(8), None),
                (name(9), None),
                ("c1r1e1n1.TIFF".into(), Some("e1")),
                ("c1r1e7n1.png".into(), Some("e7"))
            ]
        );
        // The folder above is no texture.
        assert!(matches!(Dataset::open(folder.path()), Err(DatasetError::Empty { .. })));
    }

    #[test]
    fn a_folder_without_photos_is_no_data_set() {
        let folder = tempfile::tempdir().unwrap();
        let empty = Dataset::open(folder.path()).unwrap_err();
        assert!(matches!(empty, DatasetError::Empty { .. }));
        let text = empty.to_string();
        assert!(["train/good", "/good", "e0 to e7"].iter().all(|layout| text.contains(layout)), "{text}");
        assert!(matches!(Dataset::open(&folder.path().join("absent")), Err(DatasetError::Empty { .. })));
    }
}
