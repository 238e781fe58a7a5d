//! Cells about randomly placed points (Worley noise): grains, chips, leather, pores.

use crate::draw::cell_value;

/// Nearest cell of a point. Lengths are in mean cell widths.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// Distance to the nearest centre.
    pub nearest: f32,
    /// Distance to the second nearest centre, never below `nearest`.
    pub second: f32,
    /// Offset of the point from the nearest centre.
    pub offset: [f32; 2],
    /// Grid position of the nearest centre, which identifies the cell.
    pub name: [i32; 2],
}

/// Plane with one centre at a random place of each unit square.
#[derive(Clone, Copy, Debug)]
pub struct Cells {
    disorder: f32,
    seed: u32,
    /// Centres around the last point, kept as a cache.
    near: Option<Neighbourhood>,
}

/// Centres in a unit square and in the eight around it, row by row.
#[derive(Clone, Copy, Debug)]
struct Neighbourhood {
    square: [i32; 2],
    /// Corners of the nine squares.
    corners: [[f32; 9]; 2],
    /// Place of each centre in its square.
    places: [[f32; 9]; 2],
}

impl Cells {
    /// Plane of cells. A `disorder` of 0 gives a square lattice, 1 fully random centres.
    pub fn new(disorder: f32, seed: u32) -> Self {
        Self { disorder, seed, near: None }
    }

    /// Cell at point `(u, v)`. Fast if the last point was in the same square, as along a row of pixels.
    pub fn at(&mut self, u: f32, v: f32) -> Cell {
        let square = [floor(u), floor(v)];
        let near = match &self.near {
            Some(near) if near.square == square => near,
            _ => self.near.insert(self.about(square)),
        };
        let [us, vs] = [(u, 0), (v, 1)].map(|(point, axis)| {
            std::array::from_fn::<_, 9, _>(|i| point - near.corners[axis][i] - near.places[axis][i])
        });
        let (mut nearest, mut second, mut best) = (f32::INFINITY, f32::INFINITY, 4);
        for (i, far) in std::array::from_fn::<_, 9, _>(|i| us[i] * us[i] + vs[i] * vs[i]).into_iter().enumerate() {
            // Selects instead of branches, because no branch predictor can guess the nearest centre.
            let closer = far < nearest;
            second = if closer { nearest } else { far.min(second) };
            nearest = if closer { far } else { nearest };
            best = if closer { i } else { best };
        }
        let name = [square[0] - 1 + best as i32 % 3, square[1] - 1 + best as i32 / 3];
        Cell { nearest: nearest.sqrt(), second: second.sqrt(), offset: [us[best], vs[best]], name }
    }

    fn about(&self, square: [i32; 2]) -> Neighbourhood {
        let squares: [[i32; 2]; 9] =
            std::array::from_fn(|i| [square[0] - 1 + i as i32 % 3, square[1] - 1 + i as i32 / 3]);
        let place = |[x, y]: [i32; 2], seed| 0.5 + self.disorder * (cell_value(x, y, seed) - 0.5);
        Neighbourhood {
            square,
            corners: [0, 1].map(|axis| squares.map(|square| square[axis] as f32)),
            places: [self.seed, self.seed ^ 0x9e37_79b9].map(|seed| squares.map(|square| place(square, seed))),
        }
    }
}

/// Greatest whole number not above `x`. In a build for any x86-64 the standard library's `floor` is a function call,
/// because some processors have no instruction for it.
fn floor(x: f32) -> i32 {
    let whole = x as i32;
    whole - i32::from(whole as f32 > x)
}

impl Cell {
    /// Random number in 0..1 of this cell.
    pub fn value(&self, seed: u32) -> f32 {
        cell_value(self.name[0], self.name[1], seed)
    }

    /// Approximate distance to the border of the cell.
    pub fn inside(&self) -> f32 {
        0.5 * (self.second - self.nearest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cache changes the speed only.
    #[test]
    fn a_cell_is_the_same_from_wherever_one_comes() {
        let mut walked = Cells::new(0.9, 7);
        for step in 0..400 {
            let (u, v) = (-3.0 + 0.031 * step as f32, 2.5 * (0.1 * step as f32).sin());
            let (near, fresh) = (walked.at(u, v), Cells::new(0.9, 7).at(u, v));
            assert_eq!((near.name, near.offset), (fresh.name, fresh.offset), "at {u}, {v}");
            assert_eq!((near.nearest, near.second), (fresh.nearest, fresh.second), "at {u}, {v}");
        }
    }

    /// A disorder of 0 puts each centre in the middle of its square.
    #[test]
    fn a_lattice_has_its_cells_where_its_squares_are() {
        let mut lattice = Cells::new(0.0, 7);
        let cell = lattice.at(-1.25, 3.5);
        assert_eq!((cell.name, cell.offset), ([-2, 3], [0.25, 0.0]));
        assert_eq!((cell.nearest, cell.second, cell.inside()), (0.25, 0.75, 0.25));
    }
}
