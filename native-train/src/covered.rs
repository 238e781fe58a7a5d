//! How much of each position of a feature map a mask covers.

use image::GrayImage;

/// Pixels of `mask` in each of `side` x `side` equal squares, row by row, and how many a square has.
pub fn covered_pixels(mask: &GrayImage, side: u32) -> (Vec<u32>, u32) {
    let cell = (mask.width() / side).max(1);
    let mut counts = vec![0; (side * side) as usize];
    for (x, y, pixel) in mask.enumerate_pixels() {
        let position = (y / cell).min(side - 1) * side + (x / cell).min(side - 1);
        counts[position as usize] += u32::from(pixel.0[0] != 0);
    }
    (counts, cell * cell)
}
