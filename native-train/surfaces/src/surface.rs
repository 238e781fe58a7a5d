//! Surface: a piece of material with colour and relief, and its light under a lamp.

use image::Rgb32FImage;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::draw::Rgb;
use crate::field::{self, Size};

/// Colour and relief of a piece of material.
#[derive(Clone, Debug)]
pub struct Surface {
    /// Width and height.
    pub size: Size,
    /// Diffuse colour of each pixel, linear light, 0..1.
    pub albedo: Vec<Rgb>,
    /// Height of each pixel above the mean plane, in pixels.
    pub relief: Vec<f32>,
    /// Strength of the mirror-like part of the reflection, 0 (chalk) to 1 (polished metal).
    pub gloss: f32,
}

/// A directional lamp with surrounding light.
#[derive(Clone, Copy, Debug)]
pub struct Lamp {
    /// Direction the light comes from, radians in the image plane.
    pub azimuth: f32,
    /// Height of the lamp above the surface, radians, 0.3 (grazing) to 1.5 (overhead).
    pub elevation: f32,
    /// Share of the light that comes from everywhere, 0..1.
    pub ambient: f32,
    /// Darkening of hollows, 0..1.
    pub occlusion: f32,
    /// Sharpness of highlights: the Blinn-Phong exponent is 2 to this power, 2..7.
    pub sharpness: u32,
}

impl Lamp {
    /// Random lamp, as over an inspection table or a workshop floor.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        Self {
            azimuth: rng.random_range(0.0..std::f32::consts::TAU),
            elevation: rng.random_range(0.55..1.35),
            ambient: rng.random_range(0.2..0.65),
            occlusion: rng.random_range(0.2..0.8),
            sharpness: rng.random_range(2..=6),
        }
    }
}

impl Surface {
    /// A surface from its colour and height at each pixel `(x, y)`.
    pub fn from_fn(size: Size, gloss: f32, mut at: impl FnMut(usize, usize) -> (Rgb, f32)) -> Self {
        let mut albedo = Vec::with_capacity(size.pixels());
        let mut relief = Vec::with_capacity(size.pixels());
        for y in 0..size.height {
            for x in 0..size.width {
                let (colour, height) = at(x, y);
                albedo.push(colour);
                relief.push(height);
            }
        }
        Self { size, albedo, relief, gloss }
    }

    /// Light that leaves the surface towards a camera straight above it. It is linear, and 1 is a white diffuser.
    pub fn lit(&self, lamp: &Lamp) -> Rgb32FImage {
        let Size { width, height } = self.size;
        let (sin, cos) = lamp.elevation.sin_cos();
        let light = [cos * lamp.azimuth.cos(), cos * lamp.azimuth.sin(), sin];
        // Half-way between the lamp and the camera.
        let norm = (2.0 + 2.0 * light[2]).sqrt().recip();
        let half = [light[0] * norm, light[1] * norm, (light[2] + 1.0) * norm];
        let surroundings = field::blurred(&self.relief, self.size, 6.0);
        let mut image = Rgb32FImage::new(width as u32, height as u32);
        let pixels: &mut [f32] = &mut image;
        // Each step runs over a whole row, so that the compiler can vectorise it.
        let mut bordered = vec![0.0; width + 2];
        let [mut mirror, mut open, mut falling] = [(); 3].map(|()| vec![0.0; width]);
        for y in 0..height {
            let row = |y: usize| &self.relief[y * width..(y + 1) * width];
            let (above, here, below) = (row(y.saturating_sub(1)), row(y), row((y + 1).min(height - 1)));
            bordered[0] = here[0];
            bordered[1..=width].copy_from_slice(here);
            bordered[width + 1] = here[width - 1];
            for x in 0..width {
                let dx = 0.5 * (bordered[x + 2] - bordered[x]);
                let dy = 0.5 * (below[x] - above[x]);
                let scale = (1.0 + dx * dx + dy * dy).sqrt().recip();
                let towards = |l: [f32; 3]| ((l[2] - dx * l[0] - dy * l[1]) * scale).max(0.0);
                // Flat ground has a brightness of 1 for every height of the lamp, as a camera's exposure would correct it.
                let diffuse = (towards(light) / light[2]).min(2.5);
                mirror[x] = towards(half);
                let depth = (surroundings.values[y * width + x] - here[x]).clamp(0.0, 4.0);
                open[x] = 1.0 / (1.0 + lamp.occlusion * depth);
                falling[x] = (lamp.ambient + (1.0 - lamp.ambient) * diffuse) * open[x];
            }
            for _ in 0..lamp.sharpness {
                mirror.iter_mut().for_each(|value| *value *= *value);
            }
            let (pixels, albedo) = (&mut pixels[3 * y * width..], &self.albedo[y * width..]);
            for x in 0..width {
                let glint = self.gloss * 0.5 * mirror[x] * open[x];
                let colour = albedo[x].map(|c| c * falling[x] + glint);
                pixels[3 * x..3 * x + 3].copy_from_slice(&colour);
            }
        }
        image
    }

    /// Colour mixed towards `colour` by `amount` (0..1) at pixel `i`.
    pub fn tint(&mut self, i: usize, colour: Rgb, amount: f32) {
        self.albedo[i] = crate::draw::mix(self.albedo[i], colour, amount);
    }
}
