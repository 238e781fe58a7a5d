//! Finds the photos that the arguments name, in the order in which they are predicted.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::dataset::PHOTO_ENDINGS;

/// More endings of files in a folder that count as photos, in addition to those of data sets. Most of them cannot be
/// decoded, but a photo in an unsupported format must give an error rather than be left out silently.
const OTHER_PHOTO_ENDINGS: [&str; 9] = ["apng", "dib", "heic", "heif", "avif", "jxl", "jp2", "dng", "pnm"];

/// Why the arguments give no list of photos.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// Some arguments lead to no photo. One line for each.
    #[error("no photo was predicted, because some arguments lead to no photo:\n{}", .0.join("\n"))]
    NoPhotos(Vec<String>),
    /// The list of paths cannot be read.
    #[error("the list of photos on standard input cannot be read ({0})")]
    List(String),
    /// Output pictures would count as photos of the next run.
    #[error(
        "{pictures} lies in {photos}, a folder of photos: the next run would predict these pictures too. Give a folder elsewhere",
        pictures = .pictures.display(), photos = .photos.display()
    )]
    PicturesAmongPhotos {
        /// Folder for pictures.
        pictures: PathBuf,
        /// Folder of photos.
        photos: PathBuf,
    },
}

/// Photo to predict.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Path of the photo, or of a folder that cannot be listed.
    pub path: PathBuf,
    /// Reason why the folder cannot be listed.
    pub problem: Option<String>,
}

/// Photos that the arguments name.
#[derive(Debug, Default)]
pub struct Inputs {
    /// Photos in order, each path once.
    pub photos: Vec<Input>,
    /// Numbers of entries of folders that were passed over, by kind.
    pub passed_over: BTreeMap<String, usize>,
    /// Folders that were searched.
    folders: Vec<PathBuf>,
    /// Number of photos that the arguments led to, with repetitions.
    reached: usize,
    seen: HashSet<PathBuf>,
}

impl Inputs {
    /// Finds the photos of each argument. A file is one photo, a folder is every photo below it, and `-` is the list in
    /// `standard_input`. An argument with `*`, `?` or `[` is a pattern if no such file exists.
    pub fn find(arguments: &[PathBuf], mut standard_input: impl Read) -> Result<Self, InputError> {
        let (mut inputs, mut empty) = (Self::default(), Vec::new());
        for argument in arguments {
            let before = inputs.reached;
            let mut nothing = "no photo is in this folder or in its folders";
            if argument.as_os_str() == "-" {
                nothing = "the list on standard input is empty";
                for path in listed(&mut standard_input)? {
                    inputs.add(path);
                }
            } else if let Some(pattern) = pattern(argument) {
                nothing = "no file matches this pattern";
                for path in matches(pattern) {
                    inputs.add(path);
                }
            } else {
                inputs.add(argument.clone());
            }
            if inputs.reached == before {
                empty.push(format!("  {}: {nothing}", argument.display()));
            }
        }
        if empty.is_empty() { Ok(inputs) } else { Err(InputError::NoPhotos(empty)) }
    }

    /// Fails if `pictures` is one of the folders that were searched for photos, or lies in one.
    pub fn check_pictures(&self, pictures: &Path) -> Result<(), InputError> {
        // A folder that does not exist yet has no canonical path.
        let absolute = |path: &Path| if pictures.exists() { path.canonicalize() } else { std::path::absolute(path) };
        let inside = |photos: &&PathBuf| match (absolute(pictures), absolute(photos)) {
            (Ok(pictures), Ok(photos)) => pictures.starts_with(photos),
            _ => false,
        };
        self.folders.iter().find(inside).map_or(Ok(()), |photos| {
            Err(InputError::PicturesAmongPhotos { pictures: pictures.to_owned(), photos: photos.clone() })
        })
    }

    fn add(&mut self, path: PathBuf) {
        if path.is_dir() { self.add_folder(path) } else { self.add_photo(path, None) }
    }

    fn add_photo(&mut self, path: PathBuf, problem: Option<String>) {
        self.reached += 1;
        if self.seen.insert(path.clone()) {
            self.photos.push(Input { path, problem });
        }
    }

    fn add_folder(&mut self, folder: PathBuf) {
        let by_name = |a: &DirEntry, b: &DirEntry| natural_order(a.path(), b.path());
        let mut entries = WalkDir::new(&folder).follow_links(true).sort_by(by_name).into_iter();
        while let Some(entry) = entries.next() {
            match entry {
                Ok(entry) => {
                    let is_folder = entry.file_type().is_dir();
                    match passed_over(&entry) {
                        Some(kind) => {
                            *self.passed_over.entry(kind).or_default() += 1;
                            if is_folder {
                                entries.skip_current_dir();
                            }
                        }
                        None if is_folder => {}
                        None => self.add_photo(entry.into_path(), None),
                    }
                }
                Err(error) if error.loop_ancestor().is_some() => {
                    *self.passed_over.entry("links to a folder above".into()).or_default() += 1;
                }
                Err(error) => {
                    let path = error.path().unwrap_or(&folder).to_owned();
                    let problem = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                    self.add_photo(path, Some(format!("cannot be listed ({problem})")));
                }
            }
        }
        self.folders.push(folder);
    }
}

/// Name in the count for an entry of a folder that is neither a folder to search nor a photo.
fn passed_over(entry: &DirEntry) -> Option<String> {
    let is_folder = entry.file_type().is_dir();
    // On other file systems macOS leaves `._a.jpg` with `a.jpg`. A folder that the user names may be `.` or hidden.
    if entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".") {
        return Some(if is_folder { "hidden folders" } else { "hidden" }.into());
    }
    if is_folder {
        return None;
    }
    match entry.path().extension().map(|ending| ending.to_string_lossy().to_lowercase()) {
        Some(ending) if PHOTO_ENDINGS.iter().chain(&OTHER_PHOTO_ENDINGS).any(|photo| *photo == ending) => None,
        Some(ending) => Some(format!(".{ending}")),
        None => Some("without an ending".into()),
    }
}

/// Compares paths folder by folder, with numbers by their value: `a2` comes before `a10`.
fn natural_order(a: &Path, b: &Path) -> Ordering {
    let compare = |a: &OsStr, b: &OsStr| alphanumeric_sort::compare_str(a.to_string_lossy(), b.to_string_lossy());
    let by_part = a.iter().zip(b).map(|(a, b)| compare(a, b)).find(|order| order.is_ne());
    // Different names such as `1` and `01` have the same value.
    by_part.unwrap_or_else(|| a.cmp(b))
}

/// Pattern in `argument`, if it is one.
fn pattern(argument: &Path) -> Option<&str> {
    argument.to_str().filter(|text| text.contains(['*', '?', '[']) && !argument.exists())
}

/// Files and folders that match `pattern`. Empty for an invalid pattern.
fn matches(pattern: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = glob::glob(pattern).into_iter().flatten().map(path_of).collect();
    paths.sort_by(|a, b| natural_order(a, b));
    paths
}

/// Path of a match. A folder that cannot be listed is tried as a photo, so that it gets a line.
fn path_of(found: glob::GlobResult) -> PathBuf {
    found.unwrap_or_else(|error| error.path().to_owned())
}

/// Paths in a list, one in each line, or ended by NUL characters as `find -print0` writes them.
fn listed(list: &mut impl Read) -> Result<Vec<PathBuf>, InputError> {
    let mut bytes = Vec::new();
    list.read_to_end(&mut bytes).map_err(|error| InputError::List(error.to_string()))?;
    // Some programs on Windows begin a text with a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let end = if bytes.contains(&0) { 0 } else { b'\n' };
    let lines = bytes.split(|byte| *byte == end);
    let lines = lines.map(|line| line.strip_suffix(b"\r").filter(|_| end == b'\n').unwrap_or(line));
    lines.filter(|line| !line.is_empty()).map(path).collect()
}

#[cfg(unix)]
fn path(bytes: &[u8]) -> Result<PathBuf, InputError> {
    use std::os::unix::ffi::OsStrExt;
    Ok(OsStr::from_bytes(bytes).into())
}

#[cfg(not(unix))]
fn path(bytes: &[u8]) -> Result<PathBuf, InputError> {
    let text = std::str::from_utf8(bytes);
    text.map(PathBuf::from).map_err(|_| InputError::List("it is not UTF-8: write it as UTF-8".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: PathBuf) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, []).unwrap();
    }

    /// Paths below `folder` that the arguments lead to.
    fn found(folder: &Path, arguments: &[&str], list: &str) -> Result<Vec<String>, InputError> {
        let at = |name: &&str| if *name == "-" { "-".into() } else { folder.join(name) };
        let arguments: Vec<PathBuf> = arguments.iter().map(at).collect();
        let inputs = Inputs::find(&arguments, list.as_bytes())?;
        let below = |input: &Input| input.path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
        Ok(inputs.photos.iter().map(below).collect())
    }

    #[test]
    fn folders_patterns_and_lists_come_in_natural_order() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for name in ["lot10/1.png", "lot2/10.JPG", "lot2/9.png", "lot2/deep/3.tif", "lot2/01.png", "lot2/1.png"] {
            touch(folder.join(name));
        }
        let lot2 = ["lot2/1.png", "lot2/01.png", "lot2/9.png", "lot2/10.JPG", "lot2/deep/3.tif"];
        let all: Vec<&str> = lot2.into_iter().chain(["lot10/1.png"]).collect();
        assert_eq!(found(folder, &["."], "").unwrap().len(), all.len());
        assert_eq!(found(folder, &["lot*"], "").unwrap(), all);
        assert_eq!(
            found(folder, &["lot10", "lot2", "lot2/9.png"], "").unwrap(),
            [&["lot10/1.png"], &lot2[..]].concat()
        );
        assert_eq!(found(folder, &["**/1*.*"], "").unwrap(), ["lot2/1.png", "lot2/10.JPG", "lot10/1.png"]);
        let list = format!("{0}/lot2/9.png\r\n\n{0}/lot10\n{0}/absent.png", folder.display());
        let listed = ["lot2/9.png", "lot10/1.png", "absent.png"];
        assert_eq!(found(folder, &["-"], &list).unwrap(), listed);
        assert_eq!(found(folder, &["-"], &list.replace("\r\n\n", "\0").replace('\n', "\0")).unwrap(), listed);
    }

    #[test]
    fn what_is_no_photo_is_counted_in_folders_and_tried_when_named() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for name in ["a.png", "b.heic", "Thumbs.db", "notes.TXT", "more.txt", "README", "._a.png", ".cache/c.png"] {
            touch(folder.join(name));
        }
        let inputs = Inputs::find(&[folder.to_owned()], std::io::empty()).unwrap();
        let counts: Vec<_> = inputs.passed_over.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        assert_eq!(counts, [(".db", 1), (".txt", 2), ("hidden", 1), ("hidden folders", 1), ("without an ending", 1)]);
        assert_eq!(found(folder, &["."], "").unwrap(), ["a.png", "b.heic"]);
        assert_eq!(found(folder, &["notes.TXT", "._a.png"], "").unwrap(), ["notes.TXT", "._a.png"]);
    }

    #[test]
    fn every_argument_that_leads_to_nothing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("empty")).unwrap();
        touch(folder.path().join("a[1].png"));
        let error = found(folder.path(), &["empty", "a*.jpg", "-", "a[1].png"], "").unwrap_err().to_string();
        assert_eq!(error.lines().count(), 4, "{error}");
        assert!(["empty: no photo", "a*.jpg: no file", "-: the list"].iter().all(|part| error.contains(part)));
        // An existing file with brackets in its name is not read as a pattern.
        assert_eq!(found(folder.path(), &["a[1].png"], "").unwrap(), ["a[1].png"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_folder_above_ends_and_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        touch(folder.path().join("lot/a.png"));
        std::os::unix::fs::symlink(folder.path(), folder.path().join("lot/up")).unwrap();
        let inputs = Inputs::find(&[folder.path().to_owned()], std::io::empty()).unwrap();
        assert_eq!((inputs.photos.len(), inputs.passed_over["links to a folder above"]), (1, 1));
    }

    #[test]
    fn pictures_do_not_become_the_photos_of_the_next_run() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        touch(at("photos/a.png"));
        let inputs = Inputs::find(&[at("photos")], std::io::empty()).unwrap();
        assert!(inputs.check_pictures(&at("photos/maps")).is_err() && inputs.check_pictures(&at("photos")).is_err());
        assert!(inputs.check_pictures(&at("maps")).is_ok());
    }
}
