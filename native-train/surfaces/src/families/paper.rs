//! Paper, felt and fleece: layers of thin curved fibres over a cloudy sheet.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::draw::{self, Rgb};
use crate::field::{Field, Fractal, Size};
use crate::surface::Surface;

/// A sheet of fibres.
#[derive(Clone, Copy, Debug)]
pub struct Paper {
    /// Colour of the sheet.
    pub tone: Rgb,
    /// Colour of the visible fibres.
    pub fibre: Rgb,
    /// Fibres per 1000 pixels, 1..14.
    pub density: f32,
    /// Length of a fibre, pixels, 10..60.
    pub length: f32,
    /// Bend of a fibre over its length, radians, 0..3.
    pub curl: f32,
    /// Preferred direction (the machine's), radians.
    pub angle: f32,
    /// Share of fibres that follow it, 0 (felt) to 1 (all).
    pub order: f32,
    /// Visibility of a fibre, 0.1..0.7.
    pub opacity: f32,
    /// Cloudiness seen against the light, 0.01..0.1.
    pub cloud: f32,
    /// Height of a fibre, pixels, 0.15..0.9.
    pub relief: f32,
}

impl Paper {
    /// Draws a random sheet of fibres.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let tone = match rng.random_range(0..3) {
            0 => draw::dye(rng),
            1 => draw::near_hue(rng, 80.0, 15.0, [0.75, 0.97], [0.0, 0.06]),
            _ => draw::near_hue(rng, 70.0, 8.0, [0.55, 0.8], [0.03, 0.08]),
        };
        Self {
            tone,
            fibre: if rng.random_bool(0.8) { draw::shade(tone, draw::scale(rng, 0.5, 1.8)) } else { draw::dye(rng) },
            density: draw::scale(rng, 1.0, 14.0),
            length: draw::scale(rng, 10.0, 50.0),
            curl: rng.random_range(0.0..2.5),
            angle: draw::direction(rng),
            order: rng.random(),
            opacity: draw::scale(rng, 0.12, 0.7),
            cloud: draw::scale(rng, 0.01, 0.08),
            relief: rng.random_range(0.15..0.9),
        }
    }

    /// Draws a piece of the sheet.
    pub fn surface(&self, size: Size, rng: &mut ChaCha8Rng) -> Surface {
        let cloud = Fractal { largest: 30.0, smallest: 5.0, smoothness: 0.4, stretch: 1.0 };
        let cloud = Field::fractal(size, cloud, rng);
        let grain = Field::fractal(size, Fractal { largest: 4.0, smallest: 1.0, smoothness: 0.2, stretch: 1.0 }, rng);
        let mut surface = Surface::from_fn(size, 0.0, |x, y| {
            let p = y * size.width + x;
            let tone = 1.0 + self.cloud * (cloud.values[p] + 0.6 * grain.values[p]);
            (draw::shade(self.tone, tone), self.relief * (0.4 * grain.values[p] + 0.5 * cloud.values[p]))
        });
        let count = (size.pixels() as f32 / 1000.0 * self.density).round() as usize;
        let spread = std::f32::consts::FRAC_PI_2 * (1.0 - self.order);
        for _ in 0..count {
            let start = [
                rng.random_range(-self.length..size.width as f32 + self.length),
                rng.random_range(-self.length..size.height as f32 + self.length),
            ];
            let heading = self.angle + draw::normal(rng, 0.0, 0.15) + rng.random_range(-1.0..=1.0) * spread;
            let length = self.length * rng.random_range(0.4..1.4);
            let curl = self.curl * draw::normal(rng, 0.0, 0.5) / length;
            let visible = self.opacity * rng.random_range(0.3..1.0);
            lay_fibre(&mut surface, start, heading, length, curl, |surface, i, cover| {
                surface.tint(i, self.fibre, visible * cover);
                surface.relief[i] += self.relief * cover;
            });
        }
        surface
    }
}

/// Walks along a curved hair-thin line and calls `paint(surface, pixel, coverage 0..1)` for the pixels it crosses.
/// `heading` in radians, `length` in pixels, `curl` in radians a pixel.
pub fn lay_fibre(
    surface: &mut Surface,
    start: [f32; 2],
    heading: f32,
    length: f32,
    curl: f32,
    mut paint: impl FnMut(&mut Surface, usize, f32),
) {
    let Size { width, height } = surface.size;
    let mut point = start;
    // The heading turns by a constant small rotation per step.
    let mut direction = [heading.cos(), heading.sin()];
    let (sin, cos) = curl.sin_cos();
    for _ in 0..length.clamp(0.0, 10_000.0) as usize {
        let (left, top) = (point[0].floor(), point[1].floor());
        let (fx, fy) = (point[0] - left, point[1] - top);
        for (dx, dy, cover) in
            [(0, 0, (1.0 - fx) * (1.0 - fy)), (1, 0, fx * (1.0 - fy)), (0, 1, (1.0 - fx) * fy), (1, 1, fx * fy)]
        {
            let (x, y) = (left as i64 + dx, top as i64 + dy);
            if (0..width as i64).contains(&x) && (0..height as i64).contains(&y) {
                paint(surface, y as usize * width + x as usize, cover);
            }
        }
        point = [point[0] + direction[0], point[1] + direction[1]];
        direction = [cos * direction[0] - sin * direction[1], sin * direction[0] + cos * direction[1]];
    }
}
