//! Source of the structural defects: the augmented image itself, cut in a grid of shuffled cells.

use image::{RgbImage, imageops};
use rand::{RngExt, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::{photometric, rotation::rotate, three_of};

/// Cells along each side of the image.
const GRID: u32 = 8;

#[derive(Clone, Copy)]
enum Augmentation {
    Flip,
    Rotation,
    Value,
    Saturation,
    Hue,
}

/// Applies three different augmentations to `image`, then shuffles its 8x8 cells. The augmentations are drawn from this
/// list:
///
/// - horizontal flip, in half of the draws;
/// - rotation by +-45 degrees, with black corners;
/// - value x0.8-1.2;
/// - saturation x0.5-1.5;
/// - hue x0.5-1.5.
pub fn structural_source(image: &RgbImage, rng: &mut ChaCha8Rng) -> RgbImage {
    use Augmentation::*;
    let mut source = image.clone();
    for augmentation in three_of([Flip, Rotation, Value, Saturation, Hue], rng) {
        match augmentation {
            Flip => {
                if rng.random_bool(0.5) {
                    imageops::flip_horizontal_in_place(&mut source);
                }
            }
            Rotation => source = rotate(&source, rng.random_range(-45.0..=45.0)),
            Value => photometric::multiply_value(&mut source, rng.random_range(0.8..=1.2)),
            Saturation => photometric::multiply_saturation(&mut source, rng.random_range(0.5..=1.5)),
            Hue => photometric::multiply_hue(&mut source, rng.random_range(0.5..=1.5)),
        }
    }
    shuffled_cells(&source, rng)
}

/// Shuffles the 8x8 cells of `image`. Where a side is not a multiple of 8, the remaining pixels stay in place.
fn shuffled_cells(image: &RgbImage, rng: &mut ChaCha8Rng) -> RgbImage {
    let (width, height) = (image.width() / GRID, image.height() / GRID);
    let mut cells: Vec<u32> = (0..GRID * GRID).collect();
    cells.shuffle(rng);
    let mut shuffled = image.clone();
    for (to, from) in (0..).zip(cells) {
        let corner = |cell: u32| (cell % GRID * width, cell / GRID * height);
        let ((x, y), (to_x, to_y)) = (corner(from), corner(to));
        let cell = imageops::crop_imm(image, x, y, width, height);
        imageops::replace(&mut shuffled, &*cell, to_x.into(), to_y.into());
    }
    shuffled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defects::tests::texture;
    use rand::SeedableRng;

    #[test]
    fn shuffling_keeps_every_pixel() {
        let image = texture(67, 41);
        let shuffled = shuffled_cells(&image, &mut ChaCha8Rng::seed_from_u64(3));
        assert_ne!(shuffled, image);
        let sorted = |image: &RgbImage| {
            let mut pixels: Vec<_> = image.pixels().map(|pixel| pixel.0).collect();
            pixels.sort_unstable();
            pixels
        };
        assert_eq!(sorted(&shuffled), sorted(&image));
        for (x, y, pixel) in image.enumerate_pixels().filter(|&(x, y, _)| x >= 64 || y >= 40) {
            assert_eq!(shuffled.get_pixel(x, y), pixel);
        }
    }

    #[test]
    fn cells_move_as_a_whole() {
        // Every cell has a different colour, before and after.
        let image = RgbImage::from_fn(32, 16, |x, y| image::Rgb([(x / 4) as u8, (y / 2) as u8, 0]));
        let shuffled = shuffled_cells(&image, &mut ChaCha8Rng::seed_from_u64(4));
        for (x, y, pixel) in shuffled.enumerate_pixels() {
            assert_eq!(pixel, shuffled.get_pixel(x / 4 * 4, y / 2 * 2));
        }
    }
}
