//! Positions of a window that are inspected. No transparent part of the photo touches them.

use std::sync::Arc;

use image::{DynamicImage, GrayImage, RgbImage};
use serde::{Deserialize, Serialize};

use super::view::View;
use crate::network::grid::{Grid, STRIDE};

/// Number of positions around a transparent part that are left out too, because its edge changes their features.
const MARGIN: usize = 1;

/// Positions of a window that are inspected. Cheap to copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(Grid, Vec<bool>)", into = "(Grid, Vec<bool>)")]
pub struct Inspected {
    grid: Grid,
    /// True for each inspected position of the grid, row by row.
    positions: Arc<[bool]>,
}

impl From<(Grid, Vec<bool>)> for Inspected {
    fn from((grid, positions): (Grid, Vec<bool>)) -> Self {
        Self { grid, positions: positions.into() }
    }
}

impl From<Inspected> for (Grid, Vec<bool>) {
    fn from(Inspected { grid, positions }: Inspected) -> Self {
        (grid, positions.to_vec())
    }
}

impl Inspected {
    /// Inspected positions of each window of a photo in `view`. `opaque` is 255 for pixels to inspect and less for others.
    /// None for a window that is inspected throughout.
    pub fn of_windows(view: View, opaque: &GrayImage) -> Vec<Option<Self>> {
        let mask = DynamicImage::from(opaque.clone()).into_rgb8();
        view.windows(&mask).images().map(|window| Self::of_window(&window)).collect()
    }

    /// Inspected positions of a window, by the same window of the photo's mask, which is 255 for pixels to inspect. None
    /// where all are inspected.
    pub fn of_window(mask: &RgbImage) -> Option<Self> {
        let grid = Grid::of_input(mask.width(), mask.height());
        let mut touched = vec![false; grid.positions()];
        for (x, y, pixel) in mask.enumerate_pixels() {
            if pixel[0] < u8::MAX {
                let (column, row) = (x as usize / STRIDE, y as usize / STRIDE);
                for row in row.saturating_sub(MARGIN)..=(row + MARGIN).min(grid.rows - 1) {
                    let columns = column.saturating_sub(MARGIN)..=(column + MARGIN).min(grid.columns - 1);
                    touched[row * grid.columns..(row + 1) * grid.columns][columns].fill(true);
                }
            }
        }
        touched.contains(&true).then(|| Self { grid, positions: touched.iter().map(|touched| !touched).collect() })
    }

    /// Tells whether any position of the pooled grid is inspected.
    pub fn any(&self) -> bool {
        self.at(self.grid.halved()).is_some_and(|inspected| inspected.contains(&true))
    }

    /// Values of the inspected positions of a feature map `[channels, positions]`, channel by channel. `grid` is the map's.
    /// Nothing is kept of a map whose grid neither divides the window's nor is divided by it.
    pub fn keep(&self, map: &[f32], grid: Grid) -> Vec<f32> {
        let Some(inspected) = self.at(grid) else { return Vec::new() };
        let rows = map.chunks_exact(grid.positions().max(1));
        rows.flat_map(|row| row.iter().zip(&inspected).filter(|(_, kept)| **kept).map(|(value, _)| *value)).collect()
    }

    /// True for each position of `grid` in which all positions of the window are inspected. None for a grid that neither
    /// divides the window's nor is divided by it.
    pub(crate) fn at(&self, grid: Grid) -> Option<Vec<bool>> {
        let divides = |part: usize, whole: usize| part > 0 && whole.is_multiple_of(part);
        let finer = grid.rows / self.grid.rows.max(1);
        if finer > 1 && grid == self.grid.times(finer) {
            let at = |position: usize| {
                let (row, column) = (position / grid.columns / finer, position % grid.columns / finer);
                self.positions[row * self.grid.columns + column]
            };
            return Some((0..grid.positions()).map(at).collect());
        }
        if !divides(grid.rows, self.grid.rows) || !divides(grid.columns, self.grid.columns) {
            return None;
        }
        let (high, wide) = (self.grid.rows / grid.rows, self.grid.columns / grid.columns);
        let whole = |position: usize| {
            let (row, column) = (position / grid.columns * high, position % grid.columns * wide);
            let mut rows = row..row + high;
            rows.all(|row| {
                self.positions[row * self.grid.columns + column..][..wide].iter().all(|inspected| *inspected)
            })
        };
        Some((0..grid.positions()).map(whole).collect())
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
        let fine = inspected.at(Grid { rows: 14, columns: 14 }).unwrap();
        let left_out: Vec<usize> = (0..14 * 14).filter(|position| !fine[*position]).collect();
        assert_eq!(left_out, [32, 33, 34, 46, 47, 48, 60, 61, 62]);
        let coarse = inspected.at(Grid { rows: 7, columns: 7 }).unwrap();
        assert_eq!((0..49).filter(|position| !coarse[*position]).collect::<Vec<_>>(), [9, 10, 16, 17]);
        let finer = inspected.at(Grid { rows: 28, columns: 28 }).unwrap();
        assert_eq!((0..28 * 28).filter(|position| !finer[*position]).count(), 4 * 9);
        assert!(!finer[2 * 32 / 14 * 28 + 2 * (32 % 14)]);
        assert_eq!(inspected.at(Grid { rows: 5, columns: 7 }), None);
    }
}
