//! Labyrinths and spots that grow out of noise, as on etched and corroded surfaces. They approximate the patterns of
//! reaction and diffusion: activator and inhibitor are blurs of the pattern itself.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::draw::{self, Rgb};
use crate::field::{self, Field, Fractal, Size};
use crate::surface::Surface;

/// A grown pattern.
#[derive(Clone, Copy, Debug)]
pub struct Turing {
    /// Radius of the activator, pixels, 1.5..12.
    pub radius: f32,
    /// Radius of the inhibitor over that of the activator, 1.6..3.
    pub reach: f32,
    /// Kind of pattern, -0.3..0.3: spots below 0, holes above 0, a labyrinth near 0.
    pub bias: f32,
    /// Rounds of growth, 2..6: more make smoother borders.
    pub rounds: u32,
    /// Colours of both phases.
    pub tones: [Rgb; 2],
    /// Contrast between them, 0.1..1.
    pub contrast: f32,
    /// Difference of height between the two phases, pixels, 0..4.
    pub relief: f32,
    /// Mirror-like part, 0..0.35.
    pub gloss: f32,
}

impl Turing {
    /// Draws a random grown pattern.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let first = draw::dye(rng);
        let second = if rng.random_bool(0.5) { draw::dye(rng) } else { draw::shade(first, draw::scale(rng, 0.4, 2.0)) };
        Self {
            radius: draw::scale(rng, 1.5, 12.0),
            reach: rng.random_range(1.6..3.0),
            bias: rng.random_range(-0.3..0.3),
            rounds: rng.random_range(2..=6),
            tones: [first, second],
            contrast: draw::scale(rng, 0.1, 1.0),
            relief: 4.0 * rng.random::<f32>().powi(2),
            gloss: 0.35 * rng.random::<f32>().powi(2),
        }
    }

    /// Draws a piece of the surface.
    pub fn surface(&self, size: Size, rng: &mut ChaCha8Rng) -> Surface {
        let mut pattern = Field::smooth(size, [self.radius; 2], rng);
        for _ in 0..self.rounds {
            let activator = field::blurred(&pattern.values, size, self.radius);
            let inhibitor = field::blurred(&pattern.values, size, self.radius * self.reach);
            for (value, (near, far)) in pattern.values.iter_mut().zip(activator.values.iter().zip(&inhibitor.values)) {
                *value = (6.0 * (near - far) + self.bias).tanh();
            }
        }
        let grain = Field::fractal(size, Fractal { largest: 30.0, smallest: 1.0, smoothness: 0.4, stretch: 1.0 }, rng);
        Surface::from_fn(size, self.gloss, |x, y| {
            let p = y * size.width + x;
            let colour = draw::mix(self.tones[0], self.tones[1], 0.5 + 0.5 * self.contrast * pattern.values[p]);
            let shade = 1.0 + 0.05 * grain.values[p];
            (draw::shade(colour, shade), self.relief * 0.5 * pattern.values[p] + 0.1 * grain.values[p])
        })
    }
}
