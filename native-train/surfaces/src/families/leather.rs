//! Leather and leather-like sheets: cells of raised grain, creases between them, wrinkles, pores.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::cells::Cells;
use crate::draw::{self, Rgb};
use crate::field::{Field, Fractal, Size};
use crate::frame::Frame;
use crate::surface::Surface;

/// A leather.
#[derive(Clone, Copy, Debug)]
pub struct Leather {
    /// Mean width of a grain cell, pixels, 4..26.
    pub cell: f32,
    /// Length of a cell over its width, 1..2.
    pub stretch: f32,
    /// Direction of the stretch, radians.
    pub angle: f32,
    /// 0 is a regular lattice, 1 fully random.
    pub disorder: f32,
    /// Width of the creases, as a part of a cell, 0.08..0.3.
    pub crease: f32,
    /// Height of a cell above its creases, as a part of its width, 0.03..0.2.
    pub height: f32,
    /// Strength of wrinkles across many cells, 0..1.
    pub wrinkles: f32,
    /// Distortion of the cells, 0..0.6 cells.
    pub bend: f32,
    /// Colour of the grain.
    pub dye: Rgb,
    /// Brightness in the creases, 0.4..0.9 of the grain's.
    pub wax: f32,
    /// Cloudy variation of colour, 0..0.15.
    pub cloud: f32,
    /// Mirror-like part, 0.02..0.4.
    pub gloss: f32,
}

impl Leather {
    /// Draws a random leather.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let dye = match rng.random_range(0..4) {
            0 => draw::dye(rng),
            1 => draw::tinted_grey(rng, [0.2, 0.5]),
            _ => draw::near_hue(rng, 50.0, 14.0, [0.3, 0.8], [0.02, 0.11]),
        };
        Self {
            cell: draw::scale(rng, 4.0, 24.0),
            stretch: draw::scale(rng, 1.0, 1.8),
            angle: draw::direction(rng),
            disorder: rng.random_range(0.6..1.0),
            crease: rng.random_range(0.1..0.3),
            height: draw::scale(rng, 0.04, 0.16),
            wrinkles: rng.random::<f32>().powi(2),
            bend: rng.random_range(0.1..0.5),
            dye,
            wax: rng.random_range(0.5..0.95),
            cloud: rng.random_range(0.02..0.12),
            gloss: draw::scale(rng, 0.02, 0.3),
        }
    }

    /// Draws a piece of the leather.
    pub fn surface(&self, size: Size, rng: &mut ChaCha8Rng) -> Surface {
        let seed: u32 = rng.random();
        let frame = Frame::anywhere(size, self.angle, 100.0 * self.cell, rng);
        let wide = [2.0 * self.cell; 2];
        let bend = [Field::smooth(size, wide, rng), Field::smooth(size, wide, rng)];
        let wrinkle = Fractal { largest: 9.0 * self.cell, smallest: 3.0 * self.cell, smoothness: 0.9, stretch: 1.0 };
        let wrinkle = Field::fractal(size, wrinkle, rng);
        let cloud = Field::fractal(size, Fractal { largest: 90.0, smallest: 12.0, smoothness: 0.7, stretch: 1.0 }, rng);
        let pores = Field::fractal(size, Fractal { largest: 3.0, smallest: 1.0, smoothness: 0.2, stretch: 1.0 }, rng);
        let mut cells = Cells::new(self.disorder, seed);
        Surface::from_fn(size, self.gloss, |x, y| {
            let p = y * size.width + x;
            let [px, py] = frame.at(x as f32, y as f32);
            let u = px / (self.cell * self.stretch) + self.bend * bend[0].values[p];
            let v = py / self.cell + self.bend * bend[1].values[p];
            let cell = cells.at(u, v);
            let crown = draw::step(0.0, self.crease, cell.inside());
            // Cells differ in height and are slightly domed.
            let dome = crown * (0.75 + 0.4 * cell.value(seed)) + 0.25 * (1.0 - cell.nearest * cell.nearest).max(0.0);
            // Wrinkles are valleys along the zero line of a smooth field.
            let valley = 1.0 - draw::step(0.0, 0.35, wrinkle.values[p].abs());
            let fine = pores.values[p];
            let height = self.cell * self.height * (dome + 0.07 * fine - 0.9 * self.wrinkles * valley);
            let tone = (1.0 + self.cloud * cloud.values[p] + 0.02 * fine)
                * (self.wax + (1.0 - self.wax) * crown)
                * (1.0 - 0.25 * self.wrinkles * valley);
            (draw::shade(self.dye, tone), height)
        })
    }
}
