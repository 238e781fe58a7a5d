//! Tools that damage a material. The pixels that they change are recorded as the mask.

use image::{GrayImage, Luma};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::draw::{self, Rgb};
use crate::families::paper::lay_fibre;
use crate::field::{Field, Fractal, Size};
use crate::surface::Surface;

/// A surface being damaged.
pub struct Damage {
    /// The surface.
    pub surface: Surface,
    touched: Vec<bool>,
}

/// Share of full strength from which a pixel counts as damaged.
const VISIBLE: f32 = 0.2;

impl Damage {
    /// Surface without any damage.
    pub fn new(surface: Surface) -> Self {
        let touched = vec![false; surface.size.pixels()];
        Self { surface, touched }
    }

    /// Mask of the damage: 255 where it is visible.
    pub fn mask(&self) -> GrayImage {
        let Size { width, height } = self.surface.size;
        GrayImage::from_fn(width as u32, height as u32, |x, y| {
            Luma([if self.touched[y as usize * width + x as usize] { 255 } else { 0 }])
        })
    }

    /// A place at least `margin` of the side away from the border.
    pub fn somewhere(&self, margin: f32, rng: &mut ChaCha8Rng) -> [f32; 2] {
        let within = |side: usize, rng: &mut ChaCha8Rng| side as f32 * rng.random_range(margin..=1.0 - margin);
        [within(self.surface.size.width, rng), within(self.surface.size.height, rng)]
    }

    /// Calls `change(surface, pixel, amount)` where `amount(x, y)` is above 0, and records the visible pixels.
    pub fn apply(&mut self, amount: impl Fn(f32, f32) -> f32, mut change: impl FnMut(&mut Surface, usize, f32)) {
        for y in 0..self.surface.size.height {
            for x in 0..self.surface.size.width {
                let strength = amount(x as f32, y as f32).min(1.0);
                if strength > 0.0 {
                    let pixel = y * self.surface.size.width + x;
                    change(&mut self.surface, pixel, strength);
                    self.touched[pixel] |= strength >= VISIBLE;
                }
            }
        }
    }

    /// A round patch with a ragged border: 1 inside, 0 outside. `ragged` 0..1.
    pub fn blob(
        &self,
        middle: [f32; 2],
        radius: f32,
        ragged: f32,
        rng: &mut ChaCha8Rng,
    ) -> impl Fn(f32, f32) -> f32 + use<> {
        let shape = Fractal { largest: radius.max(4.0), smallest: 2.0, smoothness: 0.9, stretch: 1.0 };
        let noise = Field::fractal(self.surface.size, shape, rng);
        let stretch = rng.random_range(0.75..1.33_f32);
        let soft = 1.5 / radius.max(1.0);
        move |x, y| {
            let distance = ((x - middle[0]) * stretch).hypot((y - middle[1]) / stretch) / radius.max(1.0);
            let edge = 1.0 + 0.3 * ragged * noise.at(x, y);
            1.0 - draw::step(edge - soft, edge + soft, distance)
        }
    }

    /// Curved line of varying width as short straight segments: points and half widths, pixels.
    pub fn stroke(
        &self,
        start: [f32; 2],
        heading: f32,
        length: f32,
        bend: f32,
        width: f32,
        rng: &mut ChaCha8Rng,
    ) -> Stroke {
        let mut points = Vec::new();
        let (mut point, mut heading) = (start, heading);
        let steps = length.max(1.0) as usize;
        let turn = bend / steps as f32;
        let mut drift = 0.0;
        for step in 0..steps {
            let along = step as f32 / steps as f32;
            // The line is thin at both ends, with small changes of pressure.
            let pressure = (std::f32::consts::PI * along).sin().max(0.0).sqrt();
            drift = 0.9 * drift + 0.1 * draw::normal(rng, 0.0, 1.0);
            points.push((point, 0.5 * width * pressure * (1.0 + 0.35 * drift)));
            heading += turn + 0.004 * draw::normal(rng, 0.0, 1.0);
            point = [point[0] + heading.cos(), point[1] + heading.sin()];
        }
        Stroke { points }
    }

    /// Loose fibres from a place, in the colour given.
    pub fn fray(
        &mut self,
        place: [f32; 2],
        heading: f32,
        count: usize,
        length: f32,
        colour: Rgb,
        rng: &mut ChaCha8Rng,
    ) {
        let touched = &mut self.touched;
        for _ in 0..count {
            let start = [place[0] + draw::normal(rng, 0.0, 1.5), place[1] + draw::normal(rng, 0.0, 1.5)];
            let own_heading = heading + draw::normal(rng, 0.0, 0.45);
            let own_length = length * rng.random_range(0.5..1.3);
            let curl = draw::normal(rng, 0.0, 1.4) / own_length.max(1.0);
            let tone = draw::shade(colour, rng.random_range(0.85..1.2));
            lay_fibre(&mut self.surface, start, own_heading, own_length, curl, |surface, pixel, cover| {
                surface.tint(pixel, tone, 0.9 * cover);
                surface.relief[pixel] += 1.2 * cover;
                touched[pixel] |= cover >= VISIBLE;
            });
        }
    }

    /// Pulls the material aside: each pixel shows the place `from(x, y)`. Records the pixels that moved by a pixel or more.
    pub fn warp(&mut self, from: impl Fn(f32, f32) -> [f32; 2]) {
        let Size { width, height } = self.surface.size;
        let plane = |pick: &dyn Fn(usize) -> f32| Field {
            size: self.surface.size,
            values: (0..width * height).map(pick).collect(),
        };
        let old = &self.surface;
        let colours: [Field; 3] = std::array::from_fn(|c| plane(&|i| old.albedo[i][c]));
        let relief = plane(&|i| old.relief[i]);
        for y in 0..height {
            for x in 0..width {
                let (px, py) = (x as f32, y as f32);
                let [u, v] = from(px, py);
                let moved = (u - px).hypot(v - py);
                if moved > 0.05 {
                    let pixel = y * width + x;
                    self.surface.albedo[pixel] = colours.each_ref().map(|plane| plane.at(u, v));
                    self.surface.relief[pixel] = relief.at(u, v);
                    self.touched[pixel] |= moved >= 1.0;
                }
            }
        }
    }
}

/// A line with a varying width.
pub struct Stroke {
    /// Points a pixel apart, and the half width at each.
    pub points: Vec<([f32; 2], f32)>,
}

impl Stroke {
    /// Signed distance from the middle line in half widths at every pixel that it reaches (`None`: not reached), drawn
    /// once for the whole surface.
    pub fn profile(&self, size: Size) -> Field {
        let mut field = Field::constant(size, f32::INFINITY);
        for &([x, y], half) in &self.points {
            let half = half.max(0.45);
            // Two half widths: the raised banks of a scratch lie beside it.
            let reach = 2.0 * half + 1.0;
            let range = |middle: f32, side: usize| {
                ((middle - reach).floor().max(0.0) as usize)..((middle + reach).ceil().clamp(0.0, side as f32) as usize)
            };
            for row in range(y, size.height) {
                for column in range(x, size.width) {
                    let distance = (column as f32 - x).hypot(row as f32 - y) / half;
                    let value = &mut field.values[row * size.width + column];
                    *value = value.min(distance);
                }
            }
        }
        field
    }
}

/// Rises to 1 on the line and falls to 0 at one half width.
pub fn groove(distance: f32) -> f32 {
    1.0 - draw::step(0.55, 1.15, distance)
}

/// The bank beside a groove, 1 at 1.3 half widths.
pub fn bank(distance: f32) -> f32 {
    (1.0 - ((distance - 1.35) / 0.55).powi(2)).max(0.0)
}
