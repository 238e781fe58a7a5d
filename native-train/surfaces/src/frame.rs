//! Rotated coordinates: the place of a pixel on a surface, and fields whose noise follows the rotation.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::field::{Between, Field, Size};

/// Coordinate frame that is rotated about the image's middle.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    middle: [f32; 2],
    direction: [f32; 2],
    origin: [f32; 2],
}

impl Frame {
    /// Frame with an `angle` in radians. The image's middle maps to `origin`, pixels.
    pub fn new(size: Size, angle: f32, origin: [f32; 2]) -> Self {
        let middle = [size.width as f32 / 2.0, size.height as f32 / 2.0];
        Self { middle, direction: [angle.cos(), angle.sin()], origin }
    }

    /// Rotated frame with a random origin in 0..`period` pixels, which is the place of the photo on the surface.
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

/// Fields in a rotated frame: their x axis runs at an angle through the image.
#[derive(Clone, Debug)]
pub struct TurnedFields<const N: usize> {
    fields: [Field; N],
    side: u32,
    frame: Frame,
}

impl<const N: usize> TurnedFields<N> {
    /// Makes the fields with `make` on a square that covers the image at any angle.
    pub fn new(size: Size, angle: f32, make: impl FnOnce(Size) -> [Field; N]) -> Self {
        let side = size.diagonal() as u32 + 2;
        let middle = side as f32 / 2.0;
        Self { fields: make(Size::square(side)), side, frame: Frame::new(size, angle, [middle, middle]) }
    }

    /// Their values at an image pixel.
    pub fn at(&self, x: usize, y: usize) -> [f32; N] {
        let [u, v] = self.frame.at(x as f32, y as f32);
        let point = Between::new(Size::square(self.side), u, v);
        self.fields.each_ref().map(|field| point.of(&field.values))
    }
}
