//! Layouts: the folders in which a data set keeps its photos, its masks and its kinds of defect.

use std::collections::HashSet;
use std::fmt;

use super::mask_names;
use super::names::{self, Split};
use super::passed_over::Reason;

/// A layout that is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// MVTec AD: `train/good`, `test/KIND`, and `ground_truth/KIND` with a mask for each photo. VisA has it once it is
    /// split.
    MvtecAd,
    /// MVTec AD 2: `test_public/KIND` and `test_public/ground_truth/KIND`.
    MvtecAd2,
    /// AutoVI and MVTec LOCO AD: `ground_truth/KIND/STEM`, a folder of masks for each photo.
    MaskFolders,
    /// BTAD: the folders of MVTec AD, with `ok` and `ko` for kinds.
    Btad,
    /// VisA as it is distributed: `Data/Images/{Normal,Anomaly}` and `Data/Masks/Anomaly`.
    Visa,
    /// KolektorSDD and KolektorSDD2: each mask lies beside its photo. The photo is good where the mask is blank.
    MasksBeside,
    /// TILDA: a folder such as `c1r1` with the good photos in `e0` and the defective ones in `e1` to `e7`.
    Tilda,
    /// A folder of good photos, and one for each kind of defect, whatever their names.
    Plain,
    /// A CSV file with the columns `path`, `split`, `label` and `mask`.
    Table,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MvtecAd => "MVTec AD (train/good, test/KIND, ground_truth/KIND)",
            Self::MvtecAd2 => "MVTec AD 2 (train/good, validation/good, test_public/KIND)",
            Self::MaskFolders => "AutoVI, MVTec LOCO AD (ground_truth/KIND/PHOTO, a folder of masks for each photo)",
            Self::Btad => "BTAD (train/ok, test/ok, test/ko, ground_truth/ko)",
            Self::Visa => "VisA (Images/Normal, Images/Anomaly, Masks/Anomaly)",
            Self::MasksBeside => "KolektorSDD (masks beside the photos, blank for good ones)",
            Self::Tilda => "TILDA (good photos in e0, defective ones in e1 to e7)",
            Self::Plain => "plain folders (one of good photos, one for each kind of defect)",
            Self::Table => "CSV table (path, split, label, mask)",
        })
    }
}

/// Role of an image in its data set.
#[derive(Debug, PartialEq, Eq)]
pub enum Role {
    /// A photo.
    Photo {
        /// Split of the photo. None where the layout has no splits.
        split: Option<Split>,
        /// Kind of defect. None for a good photo.
        kind: Option<String>,
        /// Number of folders that the layout has above it.
        depth: usize,
    },
    /// A mask in a folder of masks.
    Mask {
        /// Number of folders that the layout has above it. The last one has the name of the kind.
        depth: usize,
    },
    /// A file that is not used.
    Not(Reason),
}

const TILDA_GOOD: &str = "e0";
const TILDA_KINDS: [&str; 7] = ["e1", "e2", "e3", "e4", "e5", "e6", "e7"];

/// Recognises the layout of images by the names of their folders and files.
pub fn recognise(images: &[&[String]]) -> Option<Layout> {
    let at = |depth: usize, wanted: &dyn Fn(&str) -> bool| {
        images.iter().any(|parts| parts.len() > depth + 1 && wanted(&parts[depth]))
    };
    let any = |wanted: &dyn Fn(&[String]) -> bool| images.iter().any(|parts| wanted(parts));
    let of_split = |parts: &[String]| parts.len() > 2 && names::split(&parts[0]).is_some();
    if any(&|parts| matches!(visa(parts), Role::Photo { kind: None, .. })) {
        return Some(Layout::Visa);
    }
    let good_in_split = any(&|parts| of_split(parts) && names::is_good(&parts[1]));
    let good = at(0, &names::is_good);
    if !good_in_split && !good && !mask_names::beside(images).is_empty() {
        return Some(Layout::MasksBeside);
    }
    if good_in_split || any(&of_split) {
        let named = |name: &str| any(&|parts| parts.len() > 2 && parts[1].eq_ignore_ascii_case(name));
        let stems: HashSet<String> = images.iter().filter_map(|parts| Some(mask_names::stem(parts.last()?))).collect();
        let mask_folder = |parts: &[String]| matches!(mvtec(parts), Role::Mask { depth } if parts.len() > depth + 1 && stems.contains(&parts[depth].to_lowercase()));
        return Some(if at(0, &|name| names::plain(name) == "testpublic") {
            Layout::MvtecAd2
        } else if any(&mask_folder) {
            Layout::MaskFolders
        } else if named("ok") && named("ko") {
            Layout::Btad
        } else {
            Layout::MvtecAd
        });
    }
    if good {
        return Some(Layout::Plain);
    }
    at(0, &|name| name.eq_ignore_ascii_case(TILDA_GOOD)).then_some(Layout::Tilda)
}

impl Layout {
    /// Role of the image at `parts`: the names of its folders below the data set's folder, and its own name.
    pub fn role(self, parts: &[String]) -> Role {
        match self {
            Self::MvtecAd | Self::MvtecAd2 | Self::MaskFolders | Self::Btad => mvtec(parts),
            Self::Visa => visa(parts),
            Self::MasksBeside => masks_beside(parts),
            Self::Tilda => tilda(parts),
            Self::Plain | Self::Table => plain(parts),
        }
    }
}

fn mvtec(parts: &[String]) -> Role {
    if let [folder, rest @ ..] = parts
        && !rest.is_empty()
        && names::is_ground_truth(folder)
    {
        return Role::Mask { depth: rest.len().min(2) };
    }
    match parts {
        [split, folder, _, rest @ ..] if names::split(split).is_some() => {
            let split = names::split(split);
            if names::is_ground_truth(folder) {
                Role::Mask { depth: 2 + rest.len().min(1) }
            } else if names::looks_like_masks(folder) {
                Role::Not(Reason::MaskLike)
            } else if split == Some(Split::Hidden) {
                Role::Not(Reason::NoTruth)
            } else {
                Role::Photo { split, kind: kind(folder), depth: 2 }
            }
        }
        [split, _] if names::split(split) == Some(Split::Hidden) => Role::Not(Reason::NoTruth),
        [folder, _, ..] if names::looks_like_masks(folder) => Role::Not(Reason::MaskLike),
        _ => Role::Not(Reason::OutOfPlace),
    }
}

fn visa(parts: &[String]) -> Role {
    let data = usize::from(parts.first().is_some_and(|folder| folder.eq_ignore_ascii_case("data")));
    match &parts[data..] {
        [images, folder, _, ..] if images.eq_ignore_ascii_case("images") => {
            Role::Photo { split: None, kind: kind(folder), depth: data + 2 }
        }
        [masks, _, _, ..] if masks.eq_ignore_ascii_case("masks") => Role::Mask { depth: data + 2 },
        _ => Role::Not(Reason::OutOfPlace),
    }
}

/// Role of an image in the layout with masks beside the photos. A photo gets its kind later, from its mask.
fn masks_beside(parts: &[String]) -> Role {
    let split = if parts.len() > 1 { names::split(&parts[0]) } else { None };
    match split {
        Some(Split::Hidden) => Role::Not(Reason::NoTruth),
        split => Role::Photo { split, kind: None, depth: parts.len() - 1 },
    }
}

fn tilda(parts: &[String]) -> Role {
    let known = |name: &str| name == TILDA_GOOD || TILDA_KINDS.contains(&name);
    match parts {
        [folder, _, ..] if known(&folder.to_lowercase()) => {
            let kind = (!folder.eq_ignore_ascii_case(TILDA_GOOD)).then(|| folder.clone());
            Role::Photo { split: None, kind, depth: 1 }
        }
        _ => Role::Not(Reason::OutOfPlace),
    }
}

fn plain(parts: &[String]) -> Role {
    match parts {
        [folder, rest @ ..] if names::is_ground_truth(folder) && !rest.is_empty() => {
            Role::Mask { depth: rest.len().min(2) }
        }
        [folder, _, ..] if names::looks_like_masks(folder) => Role::Not(Reason::MaskLike),
        [folder, _, ..] => Role::Photo { split: None, kind: kind(folder), depth: 1 },
        _ => Role::Not(Reason::OutOfPlace),
    }
}

/// Kind of defect that a folder of this name stands for.
fn kind(folder: &str) -> Option<String> {
    (!names::is_good(folder)).then(|| folder.to_owned())
}
