//! Metal: brushed, cast and mottled, hammered, galvanised.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::cells::Cells;
use crate::draw::{self, Rgb};
use crate::field::{Field, Fractal, Size};
use crate::frame::{Frame, TurnedFields};
use crate::surface::Surface;

/// Finish of a metal surface.
#[derive(Clone, Copy, Debug)]
pub enum Working {
    /// Fine parallel scratches of this length, pixels, 30..400.
    Brushed { length: f32 },
    /// Fine scratches about a centre, `radius` pixels from the middle of the image.
    Turned { radius: f32 },
    /// Rough cloudy skin with pits of this share of the surface, 0..0.03.
    Cast { pits: f32 },
    /// Dents of this width, pixels, 12..60.
    Hammered { width: f32 },
    /// Zinc crystals of this width, pixels, 8..60.
    Galvanised { width: f32 },
}

/// A metal sheet or casting.
#[derive(Clone, Copy, Debug)]
pub struct Metal {
    /// Finish.
    pub working: Working,
    /// Colour.
    pub tone: Rgb,
    /// Direction of the working, radians.
    pub angle: f32,
    /// Strength of its marks, 0..1.
    pub strength: f32,
    /// Cloudy stains of handling and heat, 0..0.2.
    pub cloud: f32,
    /// Mirror-like part, 0.05..0.8.
    pub gloss: f32,
}

impl Metal {
    /// Draws a random metal surface.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let tone = match rng.random_range(0..5) {
            0 => draw::near_hue(rng, 75.0, 12.0, [0.5, 0.8], [0.03, 0.1]),
            1 => draw::near_hue(rng, 45.0, 8.0, [0.45, 0.7], [0.04, 0.1]),
            _ => draw::tinted_grey(rng, [0.3, 0.88]),
        };
        let working = match rng.random_range(0..8) {
            0 | 1 => Working::Brushed { length: draw::scale(rng, 30.0, 400.0) },
            2 => Working::Turned { radius: rng.random_range(0.0..500.0) },
            3..=5 => Working::Cast { pits: 0.02 * rng.random::<f32>().powi(2) },
            6 => Working::Hammered { width: draw::scale(rng, 12.0, 50.0) },
            _ => Working::Galvanised { width: draw::scale(rng, 8.0, 50.0) },
        };
        Self {
            working,
            tone,
            angle: draw::mounting(rng),
            strength: rng.random_range(0.2..1.0),
            cloud: rng.random_range(0.01..0.12),
            gloss: draw::scale(rng, 0.05, 0.6),
        }
    }

    /// Draws a piece of the metal.
    pub fn surface(&self, size: Size, rng: &mut ChaCha8Rng) -> Surface {
        let seed: u32 = rng.random();
        let cloud =
            Field::fractal(size, Fractal { largest: 120.0, smallest: 15.0, smoothness: 0.7, stretch: 1.0 }, rng);
        let grit = Field::white(size, rng);
        let clouded = |p: usize| 1.0 + self.cloud * cloud.values[p];
        match self.working {
            Working::Brushed { length } => {
                let streaks = TurnedFields::new(size, self.angle, |square| {
                    let mut sum = Field::smooth(square, [length, 1.0], rng);
                    for (cell, weight) in
                        [([0.4 * length, 1.0], 0.7), ([2.0 * length, 2.5], 0.6), ([3.0 * length, 9.0], 0.35)]
                    {
                        let other = Field::smooth(square, cell, rng);
                        for (value, noise) in sum.values.iter_mut().zip(&other.values) {
                            *value += weight * noise;
                        }
                    }
                    [sum]
                });
                Surface::from_fn(size, self.gloss, |x, y| {
                    let p = y * size.width + x;
                    let [streak] = streaks.at(x, y);
                    let tone = clouded(p) + self.strength * (0.085 * streak + 0.015 * grit.values[p]);
                    (draw::shade(self.tone, tone), 0.1 * self.strength * streak)
                })
            }
            Working::Turned { radius } => {
                // Rings of a lathe: noise over the radius, slowly changing along the ring.
                let reach = radius as usize + 2 * size.diagonal();
                let rings = Field::smooth(Size::new(reach as u32, 8), [1.3, 4.0], rng);
                let bands = Field::smooth(Size::new(reach as u32, 8), [14.0, 4.0], rng);
                let frame = Frame::new(size, self.angle, [radius, 0.0]);
                Surface::from_fn(size, self.gloss, |x, y| {
                    let p = y * size.width + x;
                    let [u, v] = frame.at(x as f32, y as f32);
                    let distance = u.hypot(v);
                    let turn = v.atan2(u);
                    let row = 3.5 + 3.4 * (turn * 0.5).sin();
                    let ring = rings.at(distance, row) + 0.5 * bands.at(distance, row);
                    // The highlight of a turned surface is a pair of opposite fans.
                    let fan = (2.0 * turn).cos();
                    let tone = clouded(p) + self.strength * (0.1 * ring + 0.1 * fan + 0.015 * grit.values[p]);
                    (draw::shade(self.tone, tone), 0.12 * self.strength * ring)
                })
            }
            Working::Cast { pits } => {
                let skin = Fractal { largest: 30.0, smallest: 1.0, smoothness: 0.35, stretch: 1.0 };
                let skin = Field::fractal(size, skin, rng);
                let mottle = Fractal { largest: 40.0, smallest: 4.0, smoothness: 0.3, stretch: 1.0 };
                let mottle = Field::fractal(size, mottle, rng);
                let frame = Frame::anywhere(size, 0.0, 4000.0, rng);
                let mut cells = Cells::new(0.9, seed);
                Surface::from_fn(size, self.gloss * 0.4, |x, y| {
                    let p = y * size.width + x;
                    let [u, v] = frame.at(x as f32, y as f32);
                    let mut height = 0.7 * self.strength * skin.values[p];
                    let mut tone = clouded(p) + self.strength * 0.1 * mottle.values[p] + 0.03 * grit.values[p];
                    if pits > 0.0 {
                        let cell = cells.at(u / 9.0, v / 9.0);
                        let radius = 0.4 * (cell.value(seed) - 1.0 + 12.0 * pits).max(0.0) / (12.0 * pits);
                        let hole = 1.0 - draw::step(0.6 * radius, radius + 0.06, cell.nearest);
                        if radius > 0.05 {
                            height -= 1.5 * hole;
                            tone *= 1.0 - 0.5 * hole;
                        }
                    }
                    (draw::shade(self.tone, tone), height)
                })
            }
            Working::Hammered { width } => {
                let frame = Frame::anywhere(size, self.angle, 4000.0, rng);
                let skin =
                    Field::fractal(size, Fractal { largest: 8.0, smallest: 1.0, smoothness: 0.6, stretch: 1.0 }, rng);
                let mut cells = Cells::new(0.75, seed);
                Surface::from_fn(size, self.gloss, |x, y| {
                    let p = y * size.width + x;
                    let [u, v] = frame.at(x as f32, y as f32);
                    let cell = cells.at(u / width, v / width);
                    let bowl = cell.nearest * cell.nearest * width * 0.22 * (0.3 + self.strength);
                    (draw::shade(self.tone, clouded(p) + 0.02 * grit.values[p]), bowl + 0.12 * skin.values[p])
                })
            }
            Working::Galvanised { width } => {
                let frame = Frame::anywhere(size, 0.0, 4000.0, rng);
                let cell_size = [0.6 * width; 2];
                let bend = [Field::smooth(size, cell_size, rng), Field::smooth(size, cell_size, rng)];
                let mut cells = Cells::new(1.0, seed);
                Surface::from_fn(size, self.gloss * 0.5, |x, y| {
                    let p = y * size.width + x;
                    let [u, v] = frame.at(x as f32, y as f32);
                    let cell = cells.at(u / width + 0.18 * bend[0].values[p], v / width + 0.18 * bend[1].values[p]);
                    // Each crystal has its own brightness and faint dendrites in its own direction.
                    let turn = std::f32::consts::TAU * cell.value(seed ^ 1);
                    let along = cell.offset[0] * turn.cos() + cell.offset[1] * turn.sin();
                    let dendrite = (along * width * 0.9).sin();
                    let tone = clouded(p)
                        + self.strength * (0.55 * (cell.value(seed) - 0.5) + 0.07 * dendrite + 0.12 * along)
                        + 0.02 * grit.values[p];
                    (draw::shade(self.tone, tone), 0.5 * draw::step(0.0, 0.06, cell.inside()))
                })
            }
        }
    }
}
