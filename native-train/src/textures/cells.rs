//! Cells about randomly placed points (Worley noise): grains, chips, leather, pores.

use super::draw::cell_value;

/// What a point sees of the cells about it; lengths in mean cell widths.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// Distance to the nearest centre.
    pub nearest: f32,
    /// Distance to the second nearest centre, never below `nearest`.
    pub second: f32,
    /// From the nearest centre to the point.
    pub offset: [f32; 2],
    /// Grid position of the nearest centre: the cell's name.
    pub name: [i32; 2],
}

impl Cell {
    /// The cell at point `(u, v)` of a plane with one centre per unit square. `disorder`: 0 is a square lattice, 1 fully random.
    pub fn at(u: f32, v: f32, disorder: f32, seed: u32) -> Self {
        let (column, row) = (u.floor() as i32, v.floor() as i32);
        let mut nearest = f32::INFINITY;
        let mut second = f32::INFINITY;
        let mut offset = [0.0; 2];
        let mut name = [column, row];
        for y in row - 1..=row + 1 {
            for x in column - 1..=column + 1 {
                let jitter = |value: f32| 0.5 + disorder * (value - 0.5);
                let du = u - x as f32 - jitter(cell_value(x, y, seed));
                let dv = v - y as f32 - jitter(cell_value(x, y, seed ^ 0x9e37_79b9));
                let square = du * du + dv * dv;
                if square < nearest {
                    second = nearest;
                    nearest = square;
                    offset = [du, dv];
                    name = [x, y];
                } else if square < second {
                    second = square;
                }
            }
        }
        Self { nearest: nearest.sqrt(), second: second.sqrt(), offset, name }
    }

    /// A number in 0..1 of this cell's own.
    pub fn value(&self, seed: u32) -> f32 {
        cell_value(self.name[0], self.name[1], seed)
    }

    /// About the distance to the cell's border.
    pub fn inside(&self) -> f32 {
        0.5 * (self.second - self.nearest)
    }
}
