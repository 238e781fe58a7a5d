//! Man-made lattices: laid tiles, wire mesh, perforated and embossed sheet.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::draw::{self, Rgb, cell_value};
use crate::field::{Field, Fractal, Size};
use crate::frame::Frame;
use crate::surface::Surface;

/// Repeated unit of a lattice.
#[derive(Clone, Copy, Debug)]
pub enum Lattice {
    /// Tiles with joints; every row is shifted by `bond` tile widths.
    Tiles { bond: f32 },
    /// Two crossing sets of round wires over a background.
    Mesh,
    /// Round holes.
    Perforated { staggered: bool },
    /// Raised lozenges that point left and right alternately, as on a tread plate.
    Tread,
}

/// A lattice of one material over another.
#[derive(Clone, Copy, Debug)]
pub struct Tile {
    /// Repeated unit.
    pub lattice: Lattice,
    /// Width and height of a unit, pixels, 8..110.
    pub unit: [f32; 2],
    /// Width of joints or wires, or of the bridge between holes, as a part of the unit, 0.04..0.5.
    pub line: f32,
    /// Radians; a mesh at 0.8 is diamonds.
    pub angle: f32,
    /// Colours of the raised and the lower material.
    pub tones: [Rgb; 2],
    /// Difference between units, 0..0.15.
    pub variation: f32,
    /// Speckle of the raised material, 0..0.15.
    pub speckle: f32,
    /// Height of the raised material, pixels, 0.5..5.
    pub height: f32,
    /// Irregularity of the lines, pixels, 0..0.6.
    pub rough: f32,
    /// Mirror-like part, 0..0.5.
    pub gloss: f32,
}

impl Tile {
    /// Draws a random lattice.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let lattice = match rng.random_range(0..6) {
            0 => Lattice::Tiles { bond: 0.0 },
            1 => Lattice::Tiles { bond: if rng.random_bool(0.5) { 0.5 } else { rng.random_range(0.1..0.5) } },
            2 | 3 => Lattice::Mesh,
            4 => Lattice::Perforated { staggered: rng.random() },
            _ => Lattice::Tread,
        };
        let tiles = matches!(lattice, Lattice::Tiles { .. });
        let width = if tiles { draw::scale(rng, 14.0, 110.0) } else { draw::scale(rng, 7.0, 44.0) };
        let aspect = match lattice {
            Lattice::Tiles { .. } => draw::scale(rng, 0.3, 1.0),
            Lattice::Mesh => draw::scale(rng, 0.7, 1.4),
            _ => 1.0,
        };
        let angle = if tiles || rng.random_bool(0.4) { draw::mounting(rng) } else { rng.random_range(0.5..1.0) };
        let metal = draw::tinted_grey(rng, [0.45, 0.85]);
        Self {
            lattice,
            unit: [width, width * aspect],
            line: if tiles { rng.random_range(0.03..0.12) } else { rng.random_range(0.18..0.5) },
            angle,
            tones: if tiles { [draw::dye(rng), draw::tinted_grey(rng, [0.3, 0.9])] } else { [metal, draw::dye(rng)] },
            variation: rng.random_range(0.0..0.12),
            speckle: rng.random_range(0.01..0.1),
            height: if tiles { rng.random_range(0.5..2.5) } else { 0.25 * width * rng.random_range(0.2..0.7) },
            rough: if tiles { 0.6 * rng.random::<f32>().powi(2) } else { 0.15 * rng.random::<f32>() },
            gloss: 0.5 * rng.random::<f32>().powi(2),
        }
    }

    /// Draws a piece of the lattice.
    pub fn surface(&self, size: Size, rng: &mut ChaCha8Rng) -> Surface {
        let seed: u32 = rng.random();
        let frame = Frame::anywhere(size, self.angle, 24.0 * self.unit[0], rng);
        let edge = [9.0; 2];
        let rough = [Field::smooth(size, edge, rng), Field::smooth(size, edge, rng)];
        let speckle =
            Field::fractal(size, Fractal { largest: 24.0, smallest: 1.0, smoothness: 0.25, stretch: 1.0 }, rng);
        let smaller = self.unit[0].min(self.unit[1]);
        let half_line = 0.5 * self.line * smaller;
        Surface::from_fn(size, self.gloss, |x, y| {
            let p = y * size.width + x;
            let [px, py] = frame.at(x as f32, y as f32);
            let px = px + self.rough * rough[0].values[p];
            let py = py + self.rough * rough[1].values[p];
            let row = (py / self.unit[1]).floor();
            let shift = match self.lattice {
                Lattice::Tiles { bond } => bond * row,
                Lattice::Perforated { staggered: true } | Lattice::Tread => 0.5 * row,
                _ => 0.0,
            };
            let column = (px / self.unit[0] - shift).floor();
            // Position in the unit, pixels from its middle.
            let ix = px - (column + shift + 0.5) * self.unit[0];
            let iy = py - (row + 0.5) * self.unit[1];
            let own = cell_value(column as i32, row as i32, seed) - 0.5;
            let noise = speckle.values[p];
            let face = |tone: f32| {
                draw::shade(self.tones[0], tone * (1.0 + self.variation * 2.0 * own + self.speckle * noise))
            };
            let ground = |tone: f32| draw::shade(self.tones[1], tone * (1.0 + 0.08 * noise));
            let from_border = [0.5 * self.unit[0] - ix.abs(), 0.5 * self.unit[1] - iy.abs()];
            match self.lattice {
                Lattice::Tiles { .. } => {
                    let distance = from_border[0].min(from_border[1]) - half_line;
                    let top = draw::step(-0.6, 0.6, distance);
                    let bevel = draw::step(-0.5, 2.5, distance);
                    let tilt = 0.004 * (own * ix + (own * 7.0).sin() * 0.3 * iy);
                    let colour = draw::mix(ground(1.0), face(1.0), top);
                    (colour, self.height * bevel + tilt * top + 0.06 * noise)
                }
                Lattice::Mesh => {
                    // Wires run along both unit borders and pass over and under each other alternately.
                    let over = ((column + row) as i32).rem_euclid(2) == 0;
                    let wire = |distance: f32, above: bool| {
                        let section = 1.0 - (distance / half_line).powi(2);
                        if section > 0.0 { section.sqrt() + if above { 0.35 } else { 0.0 } } else { -1.0 }
                    };
                    let top = wire(from_border[0], over).max(wire(from_border[1], !over));
                    if top < 0.0 {
                        let shade = draw::step(0.0, 3.0 * half_line, from_border[0].min(from_border[1]));
                        return (ground(0.35 + 0.65 * shade), -0.2 * self.height);
                    }
                    (face(1.0), self.height * top)
                }
                Lattice::Perforated { .. } => {
                    let distance = ix.hypot(iy) - (0.5 * smaller - half_line);
                    let solid = draw::step(-0.7, 0.7, distance);
                    (draw::mix(ground(0.3), face(1.0), solid), self.height * draw::step(-1.2, 1.0, distance))
                }
                Lattice::Tread => {
                    let sign = if ((column + row) as i32).rem_euclid(2) == 0 { 1.0 } else { -1.0 };
                    let diagonal = std::f32::consts::FRAC_1_SQRT_2;
                    let long = diagonal * (ix + sign * iy) / (0.46 * smaller);
                    let wide = diagonal * (ix - sign * iy) / (0.15 * smaller);
                    let bump = draw::step(0.0, 0.6, 1.0 - long * long - wide * wide);
                    (face(1.0 + 0.1 * bump), self.height * bump)
                }
            }
        })
    }
}
