//! Random scalar fields: the noise all textures are built from.
//!
//! A field is stationary: another seed is another position on the same surface, never another kind of surface.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::F32;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// Width and height in pixels, at least 1 each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Size {
    /// A size; 0 becomes 1, so that every field has a pixel.
    pub fn new(width: u32, height: u32) -> Self {
        Self { width: width.max(1) as usize, height: height.max(1) as usize }
    }

    /// A square.
    pub fn square(side: u32) -> Self {
        Self::new(side, side)
    }

    /// Number of pixels.
    pub fn pixels(self) -> usize {
        self.width * self.height
    }

    /// Length of the diagonal in pixels, rounded up.
    pub fn diagonal(self) -> usize {
        ((self.width as f32).hypot(self.height as f32)).ceil() as usize
    }
}

/// One value a pixel, rows from the top.
#[derive(Clone, Debug)]
pub struct Field {
    /// Width and height.
    pub size: Size,
    /// `size.pixels()` values.
    pub values: Vec<f32>,
}

/// Noise whose amplitude follows a power of the feature size: a sum of octaves.
#[derive(Clone, Copy, Debug)]
pub struct Fractal {
    /// Largest feature, pixels.
    pub largest: f32,
    /// Smallest feature, pixels, at least 1.
    pub smallest: f32,
    /// Amplitude grows with feature size to this power: 0 is as rough as sand, 1 rolls like hills.
    pub smoothness: f32,
    /// Features are this many times longer in x than in y.
    pub stretch: f32,
}

/// Standard deviation left of unit white noise by the Gaussian upsampling filter (sigma half a cell, in both directions).
const UPSAMPLED_DEVIATION: f32 = 0.564;

impl Field {
    /// The same value everywhere.
    pub fn constant(size: Size, value: f32) -> Self {
        Self { size, values: vec![value; size.pixels()] }
    }

    /// Independent values, zero mean, unit variance.
    pub fn white(size: Size, rng: &mut ChaCha8Rng) -> Self {
        let values = (0..size.pixels()).map(|_| rng.sample(StandardNormal)).collect();
        Self { size, values }
    }

    /// Smooth noise with features of `cell` pixels (x, y), zero mean, unit variance over all seeds.
    pub fn smooth(size: Size, cell: [f32; 2], rng: &mut ChaCha8Rng) -> Self {
        let cell = cell.map(|c| c.max(1.0));
        if cell == [1.0, 1.0] {
            return Self::white(size, rng);
        }
        // A margin of three cells on each side keeps the filter off the border of the coarse grid.
        const MARGIN: usize = 3;
        let cells = [size.width as f32 / cell[0], size.height as f32 / cell[1]];
        let grid = Size {
            width: cells[0].ceil() as usize + 2 * MARGIN + 1,
            height: cells[1].ceil() as usize + 2 * MARGIN + 1,
        };
        let offset: [f32; 2] = [rng.random(), rng.random()];
        let mut field = Self::white(grid, rng)
            .resampled(size, [offset[0] + MARGIN as f32, offset[1] + MARGIN as f32, cells[0], cells[1]]);
        let deviation = cell.map(|c| if c > 1.0 { UPSAMPLED_DEVIATION.sqrt() } else { 1.0 }).iter().product::<f32>();
        // Each direction attenuates the variance by 0.564, the deviation by its root.
        for value in &mut field.values {
            *value /= deviation;
        }
        field
    }

    /// A sum of octaves, zero mean, unit variance over all seeds.
    pub fn fractal(size: Size, fractal: Fractal, rng: &mut ChaCha8Rng) -> Self {
        let mut sum = Self::constant(size, 0.0);
        let mut power = 0.0;
        let mut cell = fractal.largest.max(1.0);
        let smallest = fractal.smallest.max(1.0);
        loop {
            let amplitude = (cell / fractal.largest.max(1.0)).powf(fractal.smoothness);
            let stretch = fractal.stretch.max(0.01).sqrt();
            let octave = Self::smooth(size, [cell * stretch, cell / stretch], rng);
            for (value, noise) in sum.values.iter_mut().zip(&octave.values) {
                *value += amplitude * noise;
            }
            power += amplitude * amplitude;
            if cell <= smallest {
                break;
            }
            cell = (cell / 2.0).max(smallest);
        }
        let scale = power.sqrt().recip();
        for value in &mut sum.values {
            *value *= scale;
        }
        sum
    }

    /// Local mean over about `radius` pixels: a coarse copy, upsampled again.
    pub fn blurred(&self, radius: f32) -> Self {
        let shrink = |n: usize| ((n as f32 / radius.max(1.0)).ceil() as usize).max(1);
        let coarse = Size { width: shrink(self.size.width), height: shrink(self.size.height) };
        let all = |size: Size| [0.0, 0.0, size.width as f32, size.height as f32];
        self.resampled(coarse, all(self.size)).resampled(self.size, all(coarse))
    }

    /// The part `[left, top, width, height]` (pixels of `self`, fractions allowed) at another size.
    fn resampled(&self, size: Size, part: [f32; 4]) -> Self {
        let mut field = Self::constant(size, 0.0);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Gaussian)).crop(
            part[0].into(),
            part[1].into(),
            part[2].into(),
            part[3].into(),
        );
        let source = self.values.iter().map(|&v| F32::new(v)).collect::<Vec<_>>();
        let mut target = vec![F32::new(0.0); size.pixels()];
        let source = TypedImageRef::new(self.size.width as u32, self.size.height as u32, &source);
        let image = TypedImage::<F32>::from_pixels_slice(size.width as u32, size.height as u32, &mut target);
        // Both fail only for buffers that do not match their size; these do, by construction.
        if let (Ok(source), Ok(mut image)) = (source, image)
            && Resizer::new().resize_typed(&source, &mut image, &options).is_ok()
        {
            drop(image);
            for (value, pixel) in field.values.iter_mut().zip(&target) {
                *value = pixel.0;
            }
        }
        field
    }

    /// Value at a point, bilinear; outside, the nearest border pixel's.
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let (w, h) = (self.size.width, self.size.height);
        let x = x.clamp(0.0, (w - 1) as f32);
        let y = y.clamp(0.0, (h - 1) as f32);
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = ((left + 1).min(w - 1), (top + 1).min(h - 1));
        let (fx, fy) = (x - left as f32, y - top as f32);
        let upper = self.values[top * w + left] * (1.0 - fx) + self.values[top * w + right] * fx;
        let lower = self.values[bottom * w + left] * (1.0 - fx) + self.values[bottom * w + right] * fx;
        upper * (1.0 - fy) + lower * fy
    }
}

/// A field in a turned frame: its x axis runs at `angle` through the image.
#[derive(Clone, Debug)]
pub struct TurnedField {
    field: Field,
    frame: Frame,
}

impl TurnedField {
    /// Makes the field with `make` on a square that covers the image at any angle.
    pub fn new(size: Size, angle: f32, make: impl FnOnce(Size) -> Field) -> Self {
        let side = size.diagonal() as u32 + 2;
        let middle = side as f32 / 2.0;
        Self { field: make(Size::square(side)), frame: Frame::new(size, angle, [middle, middle]) }
    }

    /// Value at an image pixel.
    pub fn at(&self, x: usize, y: usize) -> f32 {
        let [u, v] = self.frame.at(x as f32, y as f32);
        self.field.at(u, v)
    }
}

/// A coordinate frame turned about the image's middle.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    middle: [f32; 2],
    direction: [f32; 2],
    origin: [f32; 2],
}

impl Frame {
    /// `angle` in radians; `origin` is what the image's middle maps to, pixels.
    pub fn new(size: Size, angle: f32, origin: [f32; 2]) -> Self {
        let middle = [size.width as f32 / 2.0, size.height as f32 / 2.0];
        Self { middle, direction: [angle.cos(), angle.sin()], origin }
    }

    /// Turned, with a random origin in 0..`period` pixels: where on the surface the photo is taken.
    pub fn anywhere(size: Size, angle: f32, period: f32, rng: &mut ChaCha8Rng) -> Self {
        Self::new(size, angle, [rng.random::<f32>() * period, rng.random::<f32>() * period])
    }

    /// Frame coordinates of an image point, pixels.
    pub fn at(&self, x: f32, y: f32) -> [f32; 2] {
        let (x, y) = (x - self.middle[0], y - self.middle[1]);
        let [cos, sin] = self.direction;
        [cos * x + sin * y + self.origin[0], cos * y - sin * x + self.origin[1]]
    }
}
