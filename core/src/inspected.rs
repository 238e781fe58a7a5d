//! Positions of a window that are inspected: those that no transparent part of the photo touches.

use std::sync::Arc;

use image::{DynamicImage, GrayImage, RgbImage};

use crate::preprocess::INPUT_SIDE;
use crate::score::{GRID, POOLED_GRID};
use crate::view::View;

/// Cells around a transparent part that are left out too: its edge shows in their features.
const MARGIN: usize = 1;

/// Whether each of the 14 x 14 positions of a window is inspected, row by row. Cheap to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected(Arc<[bool]>);

impl Inspected {
    /// Positions of each window of a photo in `view`, where `opaque` is 255 for pixels to inspect and less for others. None
    /// for a window that is inspected throughout.
    pub fn of_windows(view: View, opaque: &GrayImage) -> Vec<Option<Self>> {
        let mask = DynamicImage::from(opaque.clone()).into_rgb8();
        view.windows(&mask).images().map(|window| Self::of_window(&window)).collect()
    }

    /// Positions of a window by the same window of the photo's mask, which is 255 for pixels to inspect.
    pub fn of_window(mask: &RgbImage) -> Option<Self> {
        let cell = (INPUT_SIDE as usize) / GRID;
        let mut touched = [false; GRID * GRID];
        for (x, y, pixel) in mask.enumerate_pixels() {
            if pixel[0] < u8::MAX {
                let (column, row) = (x as usize / cell, y as usize / cell);
                for row in row.saturating_sub(MARGIN)..=(row + MARGIN).min(GRID - 1) {
                    let columns = column.saturating_sub(MARGIN)..=(column + MARGIN).min(GRID - 1);
                    touched[row * GRID..(row + 1) * GRID][columns].fill(true);
                }
            }
        }
        touched.contains(&true).then(|| Self(touched.iter().map(|touched| !touched).collect()))
    }

    /// Whether any position of the coarsest grid, 7 x 7, is inspected.
    pub fn any(&self) -> bool {
        self.at(POOLED_GRID * POOLED_GRID).is_some_and(|inspected| inspected.contains(&true))
    }

    /// The values of the inspected positions of a feature map `[channels, positions]`, channel by channel. Positions whose
    /// number is not that of a grid are all left out.
    pub fn keep(&self, map: &[f32], channels: usize) -> Vec<f32> {
        let positions = map.len() / channels.max(1);
        let Some(inspected) = self.at(positions) else { return Vec::new() };
        let rows = map.chunks_exact(positions.max(1));
        rows.flat_map(|row| row.iter().zip(&inspected).filter(|(_, kept)| **kept).map(|(value, _)| *value)).collect()
    }

    /// Whether each position of a square grid of `length` values is inspected: where all of its cells are. The side of the
    /// grid divides 14; none for any other.
    pub(crate) fn at(&self, length: usize) -> Option<Vec<bool>> {
        let side = length.isqrt();
        if side == 0 || side * side != length || !GRID.is_multiple_of(side) {
            return None;
        }
        let cells = GRID / side;
        let whole = |position: usize| {
            let (row, column) = (position / side * cells, position % side * cells);
            (row..row + cells).all(|row| self.0[row * GRID + column..][..cells].iter().all(|inspected| *inspected))
        };
        Some((0..length).map(whole).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_leaves_out_its_cells_and_those_around_them() {
        let mut opaque = GrayImage::from_pixel(448, 448, image::Luma([255]));
        assert_eq!(Inspected::of_windows(View::Resize, &opaque), [None]);
        // Cells are 32 pixels of this photo: the hole lies in the sixth of the fourth row.
        for (x, y) in (170..180).flat_map(|x| (100..110).map(move |y| (x, y))) {
            opaque.put_pixel(x, y, image::Luma([0]));
        }
        let inspected = Inspected::of_windows(View::Resize, &opaque)[0].clone().unwrap();
        let fine = inspected.at(GRID * GRID).unwrap();
        let left_out: Vec<usize> = (0..GRID * GRID).filter(|position| !fine[*position]).collect();
        assert_eq!(left_out, [32, 33, 34, 46, 47, 48, 60, 61, 62]);
        let coarse = inspected.at(49).unwrap();
        assert_eq!((0..49).filter(|position| !coarse[*position]).collect::<Vec<_>>(), [9, 10, 16, 17]);
        assert_eq!(inspected.at(50), None);
    }
}
