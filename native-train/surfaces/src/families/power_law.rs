//! Power-law noise: clouds, stains, rust and plaster; the amplitude falls with a power of the frequency.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::draw::{self, Rgb};
use crate::field::{Field, Fractal, Size};
use crate::frame::TurnedFields;
use crate::surface::Surface;

/// A surface of power-law noise.
#[derive(Clone, Copy, Debug)]
pub struct PowerLaw {
    /// Shape of the noise.
    pub noise: Fractal,
    /// Direction of the stretch, radians.
    pub angle: f32,
    /// Colours from low to high.
    pub tones: [Rgb; 3],
    /// Contrast, 0.05..0.5.
    pub contrast: f32,
    /// Independent colour variation, 0..0.5.
    pub chroma: f32,
    /// Sharpness of the borders between colours, 0 (soft) to 1 (flakes).
    pub edge: f32,
    /// Height, pixels, 0..4.
    pub relief: f32,
    /// Mirror-like part, 0..0.3.
    pub gloss: f32,
}

impl PowerLaw {
    /// Draws a random surface of this family.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let noise = Fractal {
            largest: draw::scale(rng, 6.0, 160.0),
            smallest: draw::scale(rng, 1.0, 5.0),
            smoothness: rng.random_range(0.0..1.3),
            stretch: if rng.random_bool(0.6) { 1.0 } else { draw::scale(rng, 1.2, 12.0) },
        };
        let first = draw::dye(rng);
        let tones = if rng.random_bool(0.5) {
            [draw::shade(first, 0.55), first, draw::shade(first, 1.4)]
        } else {
            [first, draw::dye(rng), draw::dye(rng)]
        };
        Self {
            noise,
            angle: draw::direction(rng),
            tones,
            contrast: draw::scale(rng, 0.06, 0.4),
            chroma: 0.4 * rng.random::<f32>().powi(2),
            edge: rng.random::<f32>().powi(2),
            relief: 2.5 * rng.random::<f32>().powi(2),
            gloss: 0.3 * rng.random::<f32>().powi(3),
        }
    }

    /// Draws a piece of the surface.
    pub fn surface(&self, size: Size, rng: &mut ChaCha8Rng) -> Surface {
        let noise = TurnedFields::new(size, self.angle, |square| [Field::fractal(square, self.noise, rng)]);
        let tint = Field::fractal(size, Fractal { stretch: 1.0, ..self.noise }, rng);
        Surface::from_fn(size, self.gloss, |x, y| {
            let [value] = noise.at(x, y);
            let t = 0.5 + self.contrast * value;
            let t = t + (draw::step(0.4, 0.6, t) - t) * self.edge;
            let colour = if t < 0.5 {
                draw::mix(self.tones[0], self.tones[1], 2.0 * t)
            } else {
                draw::mix(self.tones[1], self.tones[2], 2.0 * t - 1.0)
            };
            let shift = self.chroma * 0.3 * tint.values[y * size.width + x];
            ([colour[0] * (1.0 + shift), colour[1], colour[2] * (1.0 - shift)].map(|c| c.max(0.0)), self.relief * value)
        })
    }
}
