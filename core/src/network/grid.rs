//! Grids of positions: the shape of a feature map, and one value at each of its positions.

use serde::{Deserialize, Serialize};

/// Rows and columns of a feature map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grid {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
}

/// Stride of stage 5, pixels: the distance of neighbouring positions of its feature map.
pub const STRIDE: usize = 16;

impl Grid {
    /// Grid of `stage5` for a network input of `width` x `height` pixels: 14 x 14 for 224 x 224.
    pub const fn of_input(width: u32, height: u32) -> Self {
        Self { rows: height as usize / STRIDE, columns: width as usize / STRIDE }
    }

    /// Number of positions.
    pub const fn positions(self) -> usize {
        self.rows * self.columns
    }

    /// Grid with `factor` times as many rows and columns.
    pub const fn times(self, factor: usize) -> Self {
        Self { rows: factor * self.rows, columns: factor * self.columns }
    }

    /// Grid after pooling 2 x 2 positions: that of `stage7`, and of a pooled embedding.
    pub const fn halved(self) -> Self {
        Self { rows: self.rows / 2, columns: self.columns / 2 }
    }
}

/// One value at each position of a grid.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GridMap {
    /// Shape of the map.
    pub grid: Grid,
    /// Values row by row, as many as the grid has positions.
    pub values: Vec<f32>,
}

impl GridMap {
    /// A map with the same value everywhere.
    pub fn filled(grid: Grid, value: f32) -> Self {
        Self { grid, values: vec![value; grid.positions()] }
    }

    /// Whether the map has no position.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// A map of the same grid with `of` applied to every value.
    pub fn map(&self, of: impl Fn(f32) -> f32) -> Self {
        Self { grid: self.grid, values: self.values.iter().map(|value| of(*value)).collect() }
    }
}

/// Means of 2 x 2 positions of each plane `[rows, columns]` of `planes`, at the halved grid.
pub fn pool(planes: &[f32], grid: Grid) -> Vec<f32> {
    let half = grid.halved();
    let mut pooled = Vec::with_capacity(planes.len() / 4);
    for plane in planes.chunks_exact(grid.positions().max(1)) {
        for y in 0..half.rows {
            for x in 0..half.columns {
                let at = |dy: usize, dx: usize| plane[(2 * y + dy) * grid.columns + 2 * x + dx];
                pooled.push((at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4.0);
            }
        }
    }
    pooled
}
