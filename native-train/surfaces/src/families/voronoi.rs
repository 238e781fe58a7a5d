//! Fields of cells: crazed glaze, dried ground, mosaic, honeycomb, pebbles.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::cells::Cells;
use crate::draw::{self, Rgb};
use crate::field::{Field, Fractal, Size};
use crate::frame::Frame;
use crate::surface::Surface;

/// A field of cells.
#[derive(Clone, Copy, Debug)]
pub struct Voronoi {
    /// Mean width of a cell, pixels, 6..70.
    pub cell: f32,
    /// Length over width, 1..2.5.
    pub stretch: f32,
    /// Direction, radians.
    pub angle: f32,
    /// 0 is a lattice, 1 fully random.
    pub disorder: f32,
    /// Width of the borders, as a part of a cell, 0.01..0.15.
    pub border: f32,
    /// Bend of the borders, in cells, 0..0.5.
    pub bend: f32,
    /// Colours of the cells, mixed at random, and of the borders.
    pub tones: [Rgb; 3],
    /// Difference between the cells, 0..1.
    pub variation: f32,
    /// 0 is flat, 1 a dome.
    pub dome: f32,
    /// Height, as a part of the cell, 0..0.25.
    pub relief: f32,
    /// Mirror-like part, 0..0.4.
    pub gloss: f32,
}

impl Voronoi {
    /// Draws a random field of cells.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let first = draw::dye(rng);
        let second = if rng.random_bool(0.6) { draw::shade(first, draw::scale(rng, 0.6, 1.5)) } else { draw::dye(rng) };
        let border = if rng.random_bool(0.7) { draw::shade(first, rng.random_range(0.2..0.7)) } else { draw::dye(rng) };
        Self {
            cell: draw::scale(rng, 6.0, 60.0),
            stretch: draw::scale(rng, 1.0, 2.2),
            angle: draw::direction(rng),
            disorder: rng.random_range(0.2..1.0),
            border: draw::scale(rng, 0.012, 0.14),
            bend: 0.4 * rng.random::<f32>().powi(2),
            tones: [first, second, border],
            variation: rng.random(),
            dome: rng.random(),
            relief: 0.2 * rng.random::<f32>().powi(2),
            gloss: 0.35 * rng.random::<f32>().powi(2),
        }
    }

    /// Draws a piece of the surface.
    pub fn surface(&self, size: Size, rng: &mut ChaCha8Rng) -> Surface {
        let seed: u32 = rng.random();
        let frame = Frame::anywhere(size, self.angle, 100.0 * self.cell, rng);
        let bend = Fractal { largest: self.cell, smallest: 2.0, smoothness: 0.8, stretch: 1.0 };
        let bend = [Field::fractal(size, bend, rng), Field::fractal(size, bend, rng)];
        let grain = Field::fractal(size, Fractal { largest: 30.0, smallest: 1.0, smoothness: 0.3, stretch: 1.0 }, rng);
        let mut cells = Cells::new(self.disorder, seed);
        Surface::from_fn(size, self.gloss, |x, y| {
            let p = y * size.width + x;
            let [px, py] = frame.at(x as f32, y as f32);
            let u = px / (self.cell * self.stretch) + self.bend * bend[0].values[p];
            let v = py / self.cell + self.bend * bend[1].values[p];
            let cell = cells.at(u, v);
            let soft = self.border + 1.2 / self.cell;
            let inside = draw::step(self.border * 0.5, soft, cell.inside());
            let own = self.variation * cell.value(seed);
            let face = draw::shade(draw::mix(self.tones[0], self.tones[1], own), 1.0 + 0.05 * grain.values[p]);
            let dome = 1.0 - self.dome * 1.5 * cell.nearest * cell.nearest;
            let height = self.relief * self.cell * inside * dome * (0.8 + 0.4 * cell.value(seed ^ 3));
            (draw::mix(self.tones[2], face, inside), height + 0.1 * grain.values[p])
        })
    }
}
