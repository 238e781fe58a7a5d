//! Parallel bands: printed stripes, corduroy, ribbed and corrugated sheet, milling marks.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::draw::{self, Rgb};
use crate::field::{Field, Fractal, Size};
use crate::frame::Frame;
use crate::surface::Surface;

/// A surface of parallel bands.
#[derive(Clone, Copy, Debug)]
pub struct Stripes {
    /// Width of a band and its gap, pixels, 3..60.
    pub period: f32,
    /// A second, coarser period, in first periods, 1..8.
    pub beat: f32,
    /// Share of the band, 0.2..0.8.
    pub duty: f32,
    /// Sharpness of the borders, 0 (sine) to 1 (sharp).
    pub edge: f32,
    /// Direction, radians.
    pub angle: f32,
    /// Colours of band and gap.
    pub tones: [Rgb; 2],
    /// Height of the bands, as a part of the period, 0..0.3.
    pub relief: f32,
    /// Waviness, in periods, 0..0.5.
    pub wave: f32,
    /// Grain of the material, 0.01..0.15.
    pub grain: f32,
    /// Mirror-like part, 0..0.3.
    pub gloss: f32,
}

impl Stripes {
    /// Draws a random striped surface.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let first = draw::dye(rng);
        let printed = rng.random_bool(0.4);
        Self {
            period: draw::scale(rng, 3.5, 50.0),
            beat: draw::scale(rng, 1.0, 8.0),
            duty: rng.random_range(0.25..0.75),
            edge: rng.random(),
            angle: if rng.random_bool(0.5) { draw::mounting(rng) } else { draw::direction(rng) },
            tones: [first, if printed { draw::dye(rng) } else { draw::shade(first, rng.random_range(0.5..0.95)) }],
            relief: if printed { 0.0 } else { rng.random_range(0.03..0.25) },
            wave: 0.4 * rng.random::<f32>().powi(3),
            grain: rng.random_range(0.02..0.13),
            gloss: 0.3 * rng.random::<f32>().powi(3),
        }
    }

    /// Draws a piece of the surface.
    pub fn surface(&self, size: Size, rng: &mut ChaCha8Rng) -> Surface {
        let frame = Frame::anywhere(size, self.angle, 64.0 * self.period, rng);
        let cell = [4.0 * self.period; 2];
        let wave = Field::smooth(size, cell, rng);
        let grain = Field::fractal(size, Fractal { largest: 5.0, smallest: 1.0, smoothness: 0.2, stretch: 1.0 }, rng);
        let width = 0.5 + (0.04 - 0.5) * self.edge;
        Surface::from_fn(size, self.gloss, |x, y| {
            let p = y * size.width + x;
            let [_, v] = frame.at(x as f32, y as f32);
            let phase = v / self.period + self.wave * wave.values[p];
            let distance = (phase - phase.floor() - 0.5).abs();
            let band = 1.0 - draw::step(0.5 * self.duty - 0.5 * width, 0.5 * self.duty + 0.5 * width, distance);
            let slow = 1.0 + 0.12 * (std::f32::consts::TAU * phase / self.beat).sin() * (self.beat - 1.0).min(1.0);
            let colour = draw::mix(self.tones[1], self.tones[0], band);
            let noise = grain.values[p];
            (
                draw::shade(colour, slow + self.grain * noise),
                self.relief * self.period * band + 2.0 * self.grain * noise,
            )
        })
    }
}
