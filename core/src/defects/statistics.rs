//! What can be said of a defect in numbers.

use image::{GrayImage, RgbImage};

use super::Defective;

/// How large, how scattered and how strong a defect is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// Share of the pixels that is masked, 0 to 1.
    pub area: f64,
    /// 8-connected pieces of the mask.
    pub pieces: usize,
    /// Mean absolute change of the masked pixels over all channels, on the scale of 0..=255; 0 if there are none.
    pub change: f64,
}

impl Statistics {
    /// Of `defective`, which was made from `image`.
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
            pieces: pieces(&defective.mask),
            change: share(sum, 3 * masked),
        }
    }
}

/// Number of 8-connected components of the pixels above 0.
pub fn pieces(mask: &GrayImage) -> usize {
    let (mut open, mut count) = (mask.clone(), 0);
    let mut stack = Vec::new();
    for (x, y, pixel) in mask.enumerate_pixels() {
        if pixel.0[0] == 0 || open.get_pixel(x, y).0[0] == 0 {
            continue;
        }
        count += 1;
        stack.push((x, y));
        while let Some((x, y)) = stack.pop() {
            if let Some(pixel) = open.get_pixel_mut_checked(x, y).filter(|pixel| pixel.0[0] != 0) {
                pixel.0[0] = 0;
                for dy in -1..=1 {
                    stack.extend((-1..=1).map(|dx| (x.wrapping_add_signed(dx), y.wrapping_add_signed(dy))));
                }
            }
        }
    }
    count
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
        assert_eq!(Statistics::of(&image, &defective), Statistics { area: 0.0, pieces: 0, change: 0.0 });
        // Two that touch at a corner, and one by itself; one of them unchanged.
        for (x, y) in [(0, 0), (1, 1), (4, 3)] {
            defective.mask.put_pixel(x, y, Luma([255]));
        }
        defective.image.put_pixel(1, 1, Rgb([4, 20, 33]));
        defective.image.put_pixel(4, 3, Rgb([10, 20, 39]));
        assert_eq!(Statistics::of(&image, &defective), Statistics { area: 0.15, pieces: 2, change: 2.0 });
    }
}
