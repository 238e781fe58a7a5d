//! Names of files and folders, and their meaning in data sets. Upper and lower case are the same.

use std::path::Path;

/// Endings of the files that are decoded.
pub const PHOTO_ENDINGS: [&str; 10] = ["png", "jpg", "jpeg", "jpe", "jfif", "webp", "bmp", "gif", "tif", "tiff"];
/// Endings of images that are not decoded.
const OTHER_IMAGE_ENDINGS: [&str; 33] = [
    "heic", "heif", "hif", "avif", "jxl", "jp2", "j2k", "jpf", "jpx", "dng", "cr2", "cr3", "nef", "arw", "raf", "orf",
    "rw2", "raw", "psd", "svg", "tga", "ppm", "pgm", "pbm", "pnm", "exr", "hdr", "ico", "dds", "eps", "pcx", "qoi",
    "xcf",
];
const VIDEO_ENDINGS: [&str; 8] = ["mp4", "avi", "mov", "mkv", "m4v", "wmv", "webm", "mpg"];
/// Names of files and folders that systems and programs leave behind.
const SIDE_FILES: [&str; 6] =
    ["thumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "system volume information"];
/// Names of folders of good photos, as [`plain`] gives them.
const GOOD: [&str; 11] = [
    "good",
    "ok",
    "okay",
    "normal",
    "pass",
    "passed",
    "defectfree",
    "nodefect",
    "nodefects",
    "nondefective",
    "faultfree",
];
/// Suffixes of the names of masks, after a separator.
const MASK_SUFFIXES: [&str; 10] =
    ["mask", "masks", "gt", "ground_truth", "groundtruth", "label", "labels", "seg", "segmentation", "annotation"];
/// Folder of the masks.
const GROUND_TRUTH: &str = "ground_truth";

/// Split of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Split {
    /// Photos to train on.
    Train,
    /// Photos that some data sets reserve for the choice of settings.
    Validation,
    /// Photos to evaluate on.
    Test,
    /// Test photos whose labels are not published.
    Hidden,
}

/// Kind of file that a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// An image that is decoded.
    Image,
    /// A file that a system or program left behind.
    SideFile,
    /// An image that is not decoded.
    OtherImage,
    /// A video.
    Video,
    /// Anything else, such as a description.
    Other,
}

/// `name` in lower case, without the separators of its words: `Defect-Free` and `defect_free` are the same name.
pub fn plain(name: &str) -> String {
    name.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Tells whether a folder or a label of this name stands for good photos.
pub fn is_good(name: &str) -> bool {
    GOOD.contains(&plain(name).as_str())
}

/// Split that a folder or a table's cell of this name stands for.
pub fn split(name: &str) -> Option<Split> {
    match plain(name).as_str() {
        "train" | "training" => Some(Split::Train),
        "validation" | "valid" | "val" => Some(Split::Validation),
        "test" | "testing" | "testpublic" => Some(Split::Test),
        "testprivate" | "testprivatemixed" => Some(Split::Hidden),
        _ => None,
    }
}

/// Tells whether a folder of this name holds the masks.
pub fn is_ground_truth(name: &str) -> bool {
    name.eq_ignore_ascii_case(GROUND_TRUTH)
}

/// Tells whether a folder of this name was probably meant to hold the masks.
pub fn looks_like_masks(name: &str) -> bool {
    let name = plain(name);
    ["truth", "mask", "annotation", "segment"].iter().any(|word| name.contains(word))
        || ["gt", "label", "labels", "seg"].contains(&name.as_str())
}

/// Stem of a mask's name without its suffix, which is the stem of its photo. None without a suffix.
pub fn without_mask_suffix(stem: &str) -> Option<&str> {
    let stripped = |suffix: &&str| stem.strip_suffix(*suffix)?.strip_suffix(['_', '-', '.', ' ']);
    MASK_SUFFIXES.iter().find_map(stripped).filter(|stem| !stem.is_empty())
}

/// Ending of a file's name, in lower case; empty where it has none.
pub fn ending(name: &str) -> String {
    Path::new(name).extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// Kind of the file at `parts`: the names of its folders below the data set's folder, and its own name.
pub fn file_kind(parts: &[String]) -> FileKind {
    let side = |name: &String| name.starts_with('.') || SIDE_FILES.contains(&name.to_lowercase().as_str());
    if parts.iter().any(side) {
        return FileKind::SideFile;
    }
    let ending = ending(parts.last().map_or("", String::as_str));
    let among = |endings: &[&str]| endings.contains(&ending.as_str());
    if among(&PHOTO_ENDINGS) {
        FileKind::Image
    } else if among(&OTHER_IMAGE_ENDINGS) {
        FileKind::OtherImage
    } else if among(&VIDEO_ENDINGS) {
        FileKind::Video
    } else {
        FileKind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_has_synonyms_in_any_case() {
        for name in ["good", "OK", "Normal", "PASS", "defect-free", "Non_Defective"] {
            assert!(is_good(name), "{name}");
        }
        for name in ["NG", "nok", "ko", "bad", "abnormal", "fail", "defect", "anomaly", "goods in"] {
            assert!(!is_good(name), "{name}");
        }
    }

    #[test]
    fn a_mask_is_named_after_its_photo() {
        for name in ["7_mask", "7_gt", "7_label", "7_seg", "7-mask", "7.mask", "7_ground_truth"] {
            assert_eq!(without_mask_suffix(name), Some("7"), "{name}");
        }
        assert_eq!(
            [without_mask_suffix("mask"), without_mask_suffix("_mask"), without_mask_suffix("unmask")],
            [None; 3]
        );
    }
}
