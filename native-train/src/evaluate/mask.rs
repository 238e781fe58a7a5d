//! Masks: where somebody drew a defect.

use std::path::Path;

use crate::files::{self, FileError};

/// Which pixels of a photo are defective, row by row.
pub struct Mask {
    /// Width and height, pixels.
    pub size: (u32, u32),
    /// Whether defective.
    pub marked: Vec<bool>,
}

impl Mask {
    /// Reads a mask file. What is brighter than half of its brightest pixel is marked: there are masks of 0 and 255, of 0
    /// and 1, and of 16 bits.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let image = files::read_photo(path, &cse::photo::Reading::default())?.pixels;
        let brightest = image.pixels().map(|pixel| pixel.0[0]).max().unwrap_or(0);
        let marked = image.pixels().map(|pixel| pixel.0[0] > brightest / 2).collect();
        Ok(Self { size: image.dimensions(), marked })
    }

    /// Of a photo without a defect.
    pub fn blank(size: (u32, u32)) -> Self {
        Self { size, marked: vec![false; size.0 as usize * size.1 as usize] }
    }

    /// Whether anything is marked.
    pub fn marks(&self) -> bool {
        self.marked.contains(&true)
    }
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};

    use super::*;

    #[test]
    fn whatever_its_brightest_value_a_mask_marks_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.png");
        for value in [0, 1, 128, 255] {
            let mut image = GrayImage::new(40, 33);
            image.put_pixel(3, 2, Luma([value]));
            image.save(&path).unwrap();
            let mask = Mask::read(&path).unwrap();
            assert_eq!((mask.size, mask.marked[2 * 40 + 3]), ((40, 33), value > 0));
            assert_eq!(mask.marked.iter().filter(|marked| **marked).count(), usize::from(value > 0));
        }
    }
}
