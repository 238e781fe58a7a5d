//! Cells about randomly placed points (Worley noise): grains, chips, leather, pores.

use crate::draw::cell_value;

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

/// A plane with one centre per unit square, anywhere in it.
#[derive(Clone, Copy, Debug)]
pub struct Cells {
    disorder: f32,
    seed: u32,
    /// What was looked into last.
    near: Option<Neighbourhood>,
}

/// The centres in a unit square and in the eight about it, row by row.
#[derive(Clone, Copy, Debug)]
struct Neighbourhood {
    square: [i32; 2],
    /// Corners of the nine squares.
    corners: [[f32; 9]; 2],
    /// Where in its square each centre is.
    places: [[f32; 9]; 2],
}

impl Cells {
    /// `disorder`: 0 is a square lattice, 1 fully random.
    pub fn new(disorder: f32, seed: u32) -> Self {
        Self { disorder, seed, near: None }
    }

    /// The cell at point `(u, v)`; quick where the last point was in the same square, as along a row of pixels.
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
            // Chosen rather than branched to: which is nearest, nobody could predict.
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

/// The greatest whole number not above `x`. The standard library's is a function call in a build for any x86-64, of which some
/// have no instruction for it.
fn floor(x: f32) -> i32 {
    let whole = x as i32;
    whole - i32::from(whole as f32 > x)
}

impl Cell {
    /// A number in 0..1 of this cell's own.
    pub fn value(&self, seed: u32) -> f32 {
        cell_value(self.name[0], self.name[1], seed)
    }

    /// About the distance to the cell's border.
    pub fn inside(&self) -> f32 {
        0.5 * (self.second - self.nearest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was looked into before makes it faster and nothing else.
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

    /// Without disorder the centres are those of the squares.
    #[test]
    fn a_lattice_has_its_cells_where_its_squares_are() {
        let mut lattice = Cells::new(0.0, 7);
        let cell = lattice.at(-1.25, 3.5);
        assert_eq!((cell.name, cell.offset), ([-2, 3], [0.25, 0.0]));
        assert_eq!((cell.nearest, cell.second, cell.inside()), (0.25, 0.75, 0.25));
    }
}
