//! Checks masks against their photos: missing, empty, unusual, or of another size.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

use crate::dataset::{Dataset, Mask, Sample, lines};
use crate::progress;

/// A mask that marks more than this share of a photo probably marks the good pixels.
const MOST: f64 = 0.5;

/// Results of the check, by the names of the photos.
#[derive(Debug, Default, Serialize)]
pub struct Masks {
    /// Defective photos with a mask.
    pub matched: usize,
    /// Defective photos without one.
    pub missing: Vec<String>,
    /// Defective photos whose mask marks nothing.
    pub empty: Vec<String>,
    /// Good photos whose mask marks something.
    pub on_good: Vec<String>,
    /// Photos whose mask marks more than half of them, with the share.
    pub mostly_marked: Vec<(String, f64)>,
    /// Photos whose mask has more than two values, with their number.
    pub several_values: Vec<(String, usize)>,
    /// Photos with more than one mask.
    pub united: Vec<String>,
    /// Photos whose mask has another size.
    pub other_size: Vec<OtherSize>,
    /// Photos whose mask cannot be read, with the reason.
    pub unreadable: Vec<(String, String)>,
}

/// Mask of another size than its photo.
#[derive(Debug, Serialize)]
pub struct OtherSize {
    /// Name of the photo.
    pub photo: String,
    /// Width and height of the mask, pixels.
    pub mask_size: (u32, u32),
    /// Width and height of the photo, pixels.
    pub photo_size: (u32, u32),
}

impl Masks {
    /// Reads all masks of the test photos. `size_of` gives the size of a photo, or none if it cannot be read.
    pub fn look(set: &Dataset, size_of: impl Fn(&Path) -> Option<(u32, u32)> + Sync) -> Self {
        let drawn: Vec<&Sample> = set.test.iter().filter(|sample| !sample.masks.is_empty()).collect();
        let bar = progress::bar(drawn.len() as u64, "looking", "masks");
        let read = |sample: &&Sample| {
            bar.inc(1);
            Mask::read(&sample.masks, set.marks)
        };
        let masks: Vec<_> = drawn.par_iter().map(read).map(|mask| mask.map(|mask| mask.map(Seen::of))).collect();
        bar.finish_and_clear();
        let mut found = Self::default();
        for (sample, mask) in drawn.into_iter().zip(masks) {
            let name = set.name_of(&sample.photo);
            match mask {
                Ok(Some(mask)) => found.add(sample, name, size_of(&sample.photo), &mask),
                Ok(None) => {}
                Err(error) => found.unreadable.push((name, error.to_string())),
            }
        }
        let lack = set.test.iter().filter(|sample| sample.defect.is_some() && sample.masks.is_empty());
        found.missing = lack.map(|sample| set.name_of(&sample.photo)).collect();
        found
    }

    fn add(&mut self, sample: &Sample, name: String, photo_size: Option<(u32, u32)>, mask: &Seen) {
        let defective = sample.defect.is_some();
        self.matched += usize::from(defective);
        if let Some(photo_size) = photo_size.filter(|size| *size != mask.size) {
            self.other_size.push(OtherSize { photo: name.clone(), mask_size: mask.size, photo_size });
        }
        if sample.masks.len() > 1 {
            self.united.push(name.clone());
        }
        if mask.values > 2 {
            self.several_values.push((name.clone(), mask.values));
        }
        if mask.share > MOST {
            self.mostly_marked.push((name.clone(), mask.share));
        }
        if defective && mask.share == 0.0 {
            self.empty.push(name);
        } else if !defective && mask.share > 0.0 {
            self.on_good.push(name);
        }
    }

    /// Error message for masks that make pixel figures impossible.
    pub fn errors(&self) -> Option<String> {
        let line = |other: &OtherSize| {
            let OtherSize { photo, mask_size: mask, photo_size: size } = other;
            format!("{photo}: its mask is {} x {} pixels, the photo {} x {}", mask.0, mask.1, size.0, size.1)
        };
        let sizes: Vec<String> = self.other_size.iter().map(line).collect();
        (!sizes.is_empty()).then(|| {
            let (count, cases) = (sizes.len(), lines(&sizes));
            format!("masks of another size than their photos: {count}. Draw them on the upright photos\n{cases}")
        })
    }
}

/// Facts of a mask, without its pixels.
struct Seen {
    size: (u32, u32),
    share: f64,
    values: usize,
}

impl Seen {
    #[expect(clippy::needless_pass_by_value, reason = "its pixels are not to be kept")]
    fn of(mask: Mask) -> Self {
        Self { size: mask.size, share: mask.share(), values: mask.values }
    }
}

/// Drops the masks that cannot be read.
pub fn drop_unreadable(set: &mut Dataset, masks: &Masks) {
    let names: Vec<PathBuf> = masks.unreadable.iter().map(|(name, _)| set.folder.join(name)).collect();
    set.test.iter_mut().filter(|sample| names.contains(&sample.photo)).for_each(|sample| sample.masks.clear());
}
