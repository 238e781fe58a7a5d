//! Statistics of a synthetic defect: its area, its components and its strength.

use image::{GrayImage, RgbImage};

use super::Defective;
use crate::image::components::label;

/// Area, components and strength of a synthetic defect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// Share of the pixels that is masked, 0 to 1.
    pub area: f64,
    /// Number of 8-connected components of the mask.
    pub components: usize,
    /// Mean absolute change of the masked pixels over all channels, on the scale of 0..=255. 0 for an empty mask.
    pub change: f64,
}

impl Statistics {
    /// Measures `defective`, which was made from `image`.
    pub fn of(image: &RgbImage, defective: &Defective) -> Self {
        let (mut masked, mut sum) = (0_u64, 0_u64);
        for ((old, new), mask) in image.pixels().zip(defective.image.pixels()).zip(defective.mask.pixels()) {
            if mask.0[0] != 0 {
                masked += 1;
                sum += old.0.iter().zip(new.0).map(|(old, new)| u64::from(old.abs_diff(new))).sum::<u64>();
            }
        }
        let share = |sum: u64, of: u64| if of == 0 { 0.0 } else { sum as f64 / of as f64 };
        Self {
            area: share(masked, u64::from(image.width()) * u64::from(image.height())),
            components: components(&defective.mask),
            change: share(sum, 3 * masked),
        }
    }
}

/// Number of 8-connected components of the pixels above 0.
pub fn components(mask: &GrayImage) -> usize {
    let marked: Vec<bool> = mask.pixels().map(|pixel| pixel.0[0] != 0).collect();
    label(&marked, mask.width() as usize).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defects::DefectKind;
    use image::{Luma, Rgb};

    #[test]
    fn numbers_of_a_small_defect() {
        let image = RgbImage::from_pixel(5, 4, Rgb([10, 20, 30]));
        let mut defective = Defective { image: image.clone(), mask: GrayImage::new(5, 4), kind: DefectKind::Spot };
        assert_eq!(Statistics::of(&image, &defective), Statistics { area: 0.0, components: 0, change: 0.0 });
        // Two pixels touch at a corner, and one is apart. One of them is unchanged.
        for (x, y) in [(0, 0), (1, 1), (4, 3)] {
            defective.mask.put_pixel(x, y, Luma([255]));
        }
        defective.image.put_pixel(1, 1, Rgb([4, 20, 33]));
        defective.image.put_pixel(4, 3, Rgb([10, 20, 39]));
        assert_eq!(Statistics::of(&image, &defective), Statistics { area: 0.15, components: 2, change: 2.0 });
    }
}
