//! Random scalar fields: the noise that all surfaces are built from.
//!
//! A field is stationary: another seed gives another place of the same surface, never another kind of surface.

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
    /// Field with the same value everywhere.
    pub fn constant(size: Size, value: f32) -> Self {
        Self { size, values: vec![value; size.pixels()] }
    }

    /// Independent values, zero mean, unit variance.
    pub fn white(size: Size, rng: &mut ChaCha8Rng) -> Self {
        Self::smooth(size, [1.0, 1.0], rng)
    }

    /// Smooth noise with features of `cell` pixels (x, y), zero mean, unit variance over all seeds.
    pub fn smooth(size: Size, cell: [f32; 2], rng: &mut ChaCha8Rng) -> Self {
        let mut values = Vec::new();
        let deviation = noise(&mut values, size, cell, rng);
        Self { size, values: values.into_iter().map(|value| value.0 / deviation).collect() }
    }

    /// A sum of octaves, zero mean, unit variance over all seeds.
    pub fn fractal(size: Size, fractal: Fractal, rng: &mut ChaCha8Rng) -> Self {
        let mut sum = Self::constant(size, 0.0);
        let mut power = 0.0;
        let mut cell = fractal.largest.max(1.0);
        let smallest = fractal.smallest.max(1.0);
        // One buffer for all octaves: the operating system would clear new memory of this size each time.
        let mut octave = Vec::new();
        loop {
            let amplitude = (cell / fractal.largest.max(1.0)).powf(fractal.smoothness);
            let stretch = fractal.stretch.max(0.01).sqrt();
            let deviation = noise(&mut octave, size, [cell * stretch, cell / stretch], rng);
            for (value, noise) in sum.values.iter_mut().zip(&octave) {
                *value += amplitude * (noise.0 / deviation);
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

    /// Value at a point, bilinear. Outside of the field, the value of the nearest border pixel.
    pub fn at(&self, x: f32, y: f32) -> f32 {
        Between::new(self.size, x, y).of(&self.values)
    }
}

/// A point between four pixels.
pub(super) struct Between {
    /// Upper left, upper right, lower left, lower right.
    pixels: [usize; 4],
    /// Offset of the point from the upper left pixel, 0..1 right and down.
    share: [f32; 2],
}

impl Between {
    /// Point `(x, y)` of a field of this size. Outside of the field, the nearest point of its border.
    pub(super) fn new(Size { width, height }: Size, x: f32, y: f32) -> Self {
        let x = x.clamp(0.0, (width - 1) as f32);
        let y = y.clamp(0.0, (height - 1) as f32);
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
        Self {
            pixels: [top * width + left, top * width + right, bottom * width + left, bottom * width + right],
            share: [x - left as f32, y - top as f32],
        }
    }

    /// Bilinear mean of `values`, which has one value a pixel.
    pub(super) fn of(&self, values: &[f32]) -> f32 {
        let [fx, fy] = self.share;
        let [upper_left, upper_right, lower_left, lower_right] = self.pixels.map(|pixel| values[pixel]);
        let upper = upper_left * (1.0 - fx) + upper_right * fx;
        let lower = lower_left * (1.0 - fx) + lower_right * fx;
        upper * (1.0 - fy) + lower * fy
    }
}

/// Fills `values` with smooth noise with features of `cell` pixels (x, y) and zero mean. Returns its standard deviation
/// over all seeds.
fn noise(values: &mut Vec<F32>, size: Size, cell: [f32; 2], rng: &mut ChaCha8Rng) -> f32 {
    let cell = cell.map(|c| c.max(1.0));
    let white = |values: &mut Vec<F32>, size: Size, rng: &mut ChaCha8Rng| {
        values.clear();
        values.extend((0..size.pixels()).map(|_| F32::new(rng.sample(StandardNormal))));
    };
    if cell == [1.0, 1.0] {
        white(values, size, rng);
        return 1.0;
    }
    // A margin of three cells on each side keeps the filter off the border of the coarse grid.
    const MARGIN: usize = 3;
    let cells = [size.width as f32 / cell[0], size.height as f32 / cell[1]];
    let grid =
        Size { width: cells[0].ceil() as usize + 2 * MARGIN + 1, height: cells[1].ceil() as usize + 2 * MARGIN + 1 };
    let offset: [f32; 2] = [rng.random(), rng.random()];
    let part = [offset[0] + MARGIN as f32, offset[1] + MARGIN as f32, cells[0], cells[1]];
    // Each direction attenuates the variance by 0.564, the deviation by its root.
    let deviation = cell.map(|c| if c > 1.0 { UPSAMPLED_DEVIATION.sqrt() } else { 1.0 }).iter().product::<f32>();
    let mut coarse = Vec::new();
    white(&mut coarse, grid, rng);
    resample(&coarse, grid, part, values, size);
    deviation
}

/// Local mean of `values` over about `radius` pixels: a coarse copy, upsampled again.
pub fn blurred(values: &[f32], size: Size, radius: f32) -> Field {
    let shrink = |n: usize| ((n as f32 / radius.max(1.0)).ceil() as usize).max(1);
    let coarse = Size { width: shrink(size.width), height: shrink(size.height) };
    let all = |size: Size| [0.0, 0.0, size.width as f32, size.height as f32];
    let mut fine = values.iter().map(|&value| F32::new(value)).collect::<Vec<_>>();
    let mut grid = Vec::new();
    resample(&fine, size, all(size), &mut grid, coarse);
    resample(&grid, coarse, all(coarse), &mut fine, size);
    Field { size, values: fine.into_iter().map(|value| value.0).collect() }
}

/// The part `[left, top, width, height]` (pixels of `from`, fractions allowed) at another size.
fn resample(from: &[F32], from_size: Size, part: [f32; 4], to: &mut Vec<F32>, size: Size) {
    to.clear();
    to.resize(size.pixels(), F32::new(0.0));
    let [left, top, width, height] = part.map(f64::from);
    let options =
        ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Gaussian)).crop(left, top, width, height);
    let source = TypedImageRef::new(from_size.width as u32, from_size.height as u32, from);
    let target = TypedImage::from_pixels_slice(size.width as u32, size.height as u32, to);
    // The constructors and the resizing fail only for buffers that do not match their size. These match by construction.
    if let (Ok(source), Ok(mut target)) = (source, target) {
        let resized = Resizer::new().resize_typed(&source, &mut target, &options);
        debug_assert!(resized.is_ok(), "{resized:?}");
    }
}
