//! Heaps of objects such as chips, flakes, gravel, shreds or pills. This is the dead leaves model: the sizes of the
//! objects follow a power law, and each object hides those below it.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::draw::{self, Rgb};
use crate::field::{Field, Fractal, Size};
use crate::surface::Surface;

/// A heap of objects.
#[derive(Clone, Copy, Debug)]
pub struct Leaves {
    /// Least and largest radius, pixels, 2..90.
    pub radii: [f32; 2],
    /// Power of the radius with which the number of objects falls, 1..3.
    pub power: f32,
    /// Length over width, 1..8.
    pub stretch: f32,
    /// Mean direction of the long side and its largest deviation, radians.
    pub angle: [f32; 2],
    /// 2 is an ellipse, more a rounded box, less a diamond: 1..8.
    pub roundness: f32,
    /// Colours, mixed at random.
    pub tones: [Rgb; 4],
    /// Bands on each object: their contrast, 0..0.4, and their wavelength, pixels, 3..40.
    pub bands: [f32; 2],
    /// 0 is flat, 1 a dome.
    pub dome: f32,
    /// Height of an object, as a part of its radius, 0..0.4.
    pub relief: f32,
    /// Mirror-like part, 0..0.4.
    pub gloss: f32,
}

/// Mean number of objects that cover a pixel.
const LAYERS: f32 = 2.5;
/// Most objects that are painted. Smaller ones would be too many.
const MOST: usize = 6000;

impl Leaves {
    /// Draws a random heap.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let least = draw::scale(rng, 2.5, 14.0);
        let tone = draw::dye(rng);
        let alike = rng.random_bool(0.5);
        let tones = std::array::from_fn(|number| match (number, alike) {
            (0, _) => tone,
            (_, true) => draw::shade(tone, draw::scale(rng, 0.5, 1.6)),
            (_, false) => draw::dye(rng),
        });
        Self {
            radii: [least, least * draw::scale(rng, 1.2, 10.0)],
            power: rng.random_range(1.0..3.0),
            stretch: if rng.random_bool(0.5) { draw::scale(rng, 1.0, 1.6) } else { draw::scale(rng, 1.5, 8.0) },
            angle: [draw::direction(rng), if rng.random_bool(0.6) { 3.2 } else { rng.random_range(0.0..0.8) }],
            roundness: draw::scale(rng, 1.0, 8.0),
            tones,
            bands: [0.4 * rng.random::<f32>().powi(2), draw::scale(rng, 3.0, 40.0)],
            dome: rng.random(),
            relief: 0.4 * rng.random::<f32>().powi(2),
            gloss: 0.4 * rng.random::<f32>().powi(2),
        }
    }

    fn radius(&self, rng: &mut ChaCha8Rng) -> f32 {
        // A power law between two radii, by the inverse of its distribution function.
        let [least, largest] = self.radii.map(|radius| radius.powf(-self.power));
        (least + (largest - least) * rng.random::<f32>()).powf(-1.0 / self.power)
    }

    /// Draws a piece of the heap.
    pub fn surface(&self, size: Size, rng: &mut ChaCha8Rng) -> Surface {
        let fractal = Fractal { largest: 40.0, smallest: 1.0, smoothness: 0.5, stretch: 1.0 };
        let grain = Field::fractal(size, fractal, rng);
        let mut surface = Surface::from_fn(size, self.gloss, |_, _| (draw::shade(self.tones[0], 0.6), 0.0));
        // Random numbers of an object must not depend on the places of the objects before it.
        let mut things = ChaCha8Rng::seed_from_u64(rng.random());
        let margin = self.radii[1] * self.stretch.sqrt();
        let [width, height] = [size.width as f32 + 2.0 * margin, size.height as f32 + 2.0 * margin];
        let mut left = LAYERS * width * height;
        for _ in 0..MOST {
            if left <= 0.0 {
                break;
            }
            let radius = self.radius(&mut things);
            let middle = [things.random::<f32>() * width - margin, things.random::<f32>() * height - margin];
            left -= std::f32::consts::PI * radius * radius;
            self.paint(&mut surface, radius, middle, &mut things);
        }
        for (p, value) in grain.values.iter().enumerate() {
            surface.albedo[p] = draw::shade(surface.albedo[p], 1.0 + 0.05 * value);
            surface.relief[p] += 0.08 * value;
        }
        surface
    }

    fn paint(&self, surface: &mut Surface, radius: f32, middle: [f32; 2], rng: &mut ChaCha8Rng) {
        let Size { width, height } = surface.size;
        let (sin, cos) = (self.angle[0] + self.angle[1] * rng.random_range(-0.5..0.5f32)).sin_cos();
        let axes = [radius * self.stretch.sqrt(), radius / self.stretch.sqrt()];
        let of = rng.random_range(0..self.tones.len());
        let colour = draw::mix(self.tones[of], self.tones[(of + 1) % self.tones.len()], rng.random());
        let (slope, band, phase) =
            (rng.random_range(-0.2..0.2f32), draw::direction(rng).sin_cos(), rng.random::<f32>() * 6.3);
        let reach = axes[0].max(axes[1]) * 1.42;
        let range = |middle: f32, most: usize| {
            (middle - reach).max(0.0) as usize..((middle + reach).ceil().max(0.0) as usize).min(most)
        };
        for y in range(middle[1], height) {
            for x in range(middle[0], width) {
                let (dx, dy) = (x as f32 - middle[0], y as f32 - middle[1]);
                let (u, v) = ((cos * dx + sin * dy) / axes[0], (cos * dy - sin * dx) / axes[1]);
                // Gives the same as the power below at a tenth of its cost.
                if u.abs() >= 1.0 || v.abs() >= 1.0 {
                    continue;
                }
                let far = u.abs().powf(self.roundness) + v.abs().powf(self.roundness);
                if far >= 1.0 {
                    continue;
                }
                let p = y * width + x;
                let wave = (std::f32::consts::TAU * (band.0 * dx + band.1 * dy) / self.bands[1] + phase).sin();
                let shade = 1.0 + slope * u + self.bands[0] * wave;
                // The border is soft over one pixel, against aliasing.
                let inside = ((1.0 - far) * axes[1].min(axes[0])).clamp(0.0, 1.0);
                surface.tint(p, draw::shade(colour, shade), inside);
                let dome = 1.0 - self.dome * (u * u + v * v).min(1.0);
                surface.relief[p] += inside * (self.relief * radius.min(20.0) * dome - surface.relief[p]);
            }
        }
    }
}
