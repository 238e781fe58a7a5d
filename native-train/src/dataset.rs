//! Folders of photos: MVTec AD's layout, or plain `good/` and a folder for each kind of defect.

use std::io;
use std::path::{Path, PathBuf};

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
    /// Neither layout.
    #[error(
        "{path}: no photos of good samples: put them in {path}/train/good (and test photos in {path}/test/good and \
         {path}/test/KIND), or in {path}/good (and defective ones in {path}/KIND)",
        path = .path.display()
    )]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

const PHOTO_ENDINGS: [&str; 9] = ["png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff", "jfif"];
const GOOD: &str = "good";

impl Dataset {
    /// Looks for photos below `folder`. Every list is in the order of the names, whatever order the disk has.
    pub fn open(folder: &Path) -> Result<Self, DatasetError> {
        let name = folder
            .canonicalize()
            .ok()
            .and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()))
            .unwrap_or_else(|| "texture".into());
        let (train, test, masks) = if folder.join("train").join(GOOD).is_dir() {
            (folder.join("train").join(GOOD), folder.join("test"), Some(folder.join("ground_truth")))
        } else {
            (folder.join(GOOD), folder.to_owned(), None)
        };
        let train = if train.is_dir() { photos(&train)? } else { Vec::new() };
        let test = if test.is_dir() { samples(&test, masks.as_deref())? } else { Vec::new() };
        if train.is_empty() && test.is_empty() {
            return Err(DatasetError::Empty { path: folder.to_owned() });
        }
        Ok(Self { name, train, test })
    }

    /// Whether the good photos to evaluate are the ones to learn from, as in the plain layout.
    pub fn tests_what_it_trains(&self) -> bool {
        self.test.iter().any(|sample| self.train.contains(&sample.photo))
    }
}

/// Every image below `folder`, in the order of the names.
pub fn images_below(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut images = photos(folder)?;
    for entry in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        images.extend(images_below(&entry)?);
    }
    Ok(images)
}

fn samples(folder: &Path, masks: Option<&Path>) -> Result<Vec<Sample>, DatasetError> {
    let mut samples = Vec::new();
    for kind in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        let name = kind.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for photo in photos(&kind)? {
            let mask = masks.and_then(|masks| mask_of(&photo, &masks.join(&name)));
            let defect = (name != GOOD).then(|| name.clone());
            samples.push(Sample { photo, defect, mask });
        }
    }
    Ok(samples)
}

fn mask_of(photo: &Path, folder: &Path) -> Option<PathBuf> {
    let stem = photo.file_stem()?.to_string_lossy();
    [format!("{stem}_mask.png"), format!("{stem}.png")]
        .into_iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
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

    #[test]
    fn both_layouts_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        touch(at("a/train/good/2.png"));
        touch(at("a/train/good/1.JPG"));
        touch(at("a/train/good/notes.txt"));
        touch(at("a/test/good/3.png"));
        touch(at("a/test/hole/4.png"));
        touch(at("a/ground_truth/hole/4_mask.png"));
        touch(at("b/good/1.png"));
        touch(at("b/hole/2.png"));
        let mvtec = Dataset::open(&at("a")).unwrap();
        assert_eq!(mvtec.train, [at("a/train/good/1.JPG"), at("a/train/good/2.png")]);
        assert_eq!(mvtec.test.len(), 2);
        assert_eq!(mvtec.test[1].mask, Some(at("a/ground_truth/hole/4_mask.png")));
        assert!(!mvtec.tests_what_it_trains());
        let plain = Dataset::open(&at("b")).unwrap();
        assert_eq!((plain.train.len(), plain.test.len()), (1, 2));
        assert!(plain.tests_what_it_trains());
        std::fs::create_dir(at("c")).unwrap();
        assert!(matches!(Dataset::open(&at("c")), Err(DatasetError::Empty { .. })));
    }
}
