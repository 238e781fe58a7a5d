//! Mixtures of oriented band-limited noise, as in Gabor noise: wave packets of a few frequencies and directions.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::draw::{self, Rgb};
use crate::field::{Field, Size};
use crate::frame::Frame;
use crate::surface::Surface;

/// One band: waves of one frequency and direction whose amplitude and phase drift.
#[derive(Clone, Copy, Debug)]
pub struct Band {
    /// Wavelength, pixels, 3..50.
    pub wavelength: f32,
    /// Direction of the waves, radians.
    pub angle: f32,
    /// Length over which waves stay in step, in wavelengths, 1..10.
    pub coherence: f32,
    /// Amplitude, 0..1.
    pub amplitude: f32,
}

/// A mixture of three bands.
#[derive(Clone, Copy, Debug)]
pub struct Gabor {
    /// The bands.
    pub bands: [Band; 3],
    /// Colours between which the sum moves.
    pub tones: [Rgb; 2],
    /// Contrast, 0.05..0.5.
    pub contrast: f32,
    /// Height of the waves, pixels, 0..3.
    pub relief: f32,
    /// Mirror-like part, 0..0.4.
    pub gloss: f32,
}

impl Gabor {
    /// Draws a random mixture.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let bands = std::array::from_fn(|i| Band {
            wavelength: draw::scale(rng, 3.0, 40.0),
            angle: draw::direction(rng),
            coherence: draw::scale(rng, 0.8, 8.0),
            amplitude: if i == 0 { 1.0 } else { rng.random::<f32>().powi(2) },
        });
        let first = draw::dye(rng);
        let second = if rng.random_bool(0.5) { draw::dye(rng) } else { draw::shade(first, draw::scale(rng, 0.4, 1.0)) };
        Self {
            bands,
            tones: [first, second],
            contrast: draw::scale(rng, 0.05, 0.4),
            relief: rng.random_range(0.0..2.0),
            gloss: 0.3 * rng.random::<f32>().powi(2),
        }
    }

    /// Draws a piece of the surface.
    pub fn surface(&self, size: Size, rng: &mut ChaCha8Rng) -> Surface {
        let mut sum = vec![0.0; size.pixels()];
        let mut power = 0.0;
        for band in &self.bands {
            let frame = Frame::anywhere(size, band.angle, band.wavelength, rng);
            let cell = [band.wavelength * band.coherence; 2];
            let parts = [Field::smooth(size, cell, rng), Field::smooth(size, cell, rng)];
            power += band.amplitude * band.amplitude;
            let frequency = std::f32::consts::TAU / band.wavelength;
            for y in 0..size.height {
                for x in 0..size.width {
                    let p = y * size.width + x;
                    let [u, _] = frame.at(x as f32, y as f32);
                    let (sin, cos) = (frequency * u).sin_cos();
                    sum[p] += band.amplitude * (parts[0].values[p] * cos + parts[1].values[p] * sin);
                }
            }
        }
        let scale = power.max(1e-6).sqrt().recip();
        Surface::from_fn(size, self.gloss, |x, y| {
            let value = scale * sum[y * size.width + x];
            (draw::mix(self.tones[0], self.tones[1], 0.5 + self.contrast * value), self.relief * value)
        })
    }
}
