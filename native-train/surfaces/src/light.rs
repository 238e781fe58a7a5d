//! Light and camera: the steps from a lit surface to its photo.

use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, Rgb32FImage, RgbImage};
use palette::encoding::{FromLinear, Srgb};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::io::Cursor;

use crate::draw;

/// Camera and light of the room. All photos of a material have the same, with small differences.
#[derive(Clone, Copy, Debug)]
pub struct Camera {
    /// Brightness, 0.5..1.5; 1 shows a white diffuser at 0.9 of the range.
    pub exposure: f32,
    /// White balance error: gain of red, green and blue, 0.8..1.2.
    pub cast: [f32; 3],
    /// A monochrome camera.
    pub monochrome: bool,
    /// Change of brightness from one side of the photo to the other, 0..0.6.
    pub gradient: f32,
    /// Direction of the brighter side, radians.
    pub gradient_angle: f32,
    /// Strength and place (0..1 of width and height) of a soft bright spot, strength 0..0.5.
    pub spot: [f32; 3],
    /// Loss of light at the corners, 0..0.5.
    pub vignetting: f32,
    /// Blur of the lens, standard deviation in pixels, 0..2.
    pub blur: f32,
    /// Standard deviation of the noise of a grey of 0.5, linear light, 0..0.04.
    pub noise: f32,
    /// Contrast curve, exponent on the encoded value, 0.8..1.25.
    pub contrast: f32,
    /// JPEG quality, 1..100; none: stored without loss.
    pub jpeg: Option<u8>,
}

impl Camera {
    /// Draws a random camera and room, good or bad.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let cast = 0.09 * rng.random::<f32>().powi(2);
        Self {
            exposure: draw::scale(rng, 0.65, 1.35),
            cast: std::array::from_fn(|_| draw::normal(rng, 1.0, cast).clamp(0.8, 1.2)),
            monochrome: rng.random_bool(0.15),
            gradient: 0.5 * rng.random::<f32>().powi(2),
            gradient_angle: rng.random_range(0.0..std::f32::consts::TAU),
            spot: [0.4 * rng.random::<f32>().powi(3), rng.random(), rng.random()],
            vignetting: 0.4 * rng.random::<f32>().powi(2),
            blur: 0.35 + 1.2 * rng.random::<f32>().powi(2),
            noise: 0.03 * rng.random::<f32>().powi(2),
            contrast: draw::normal(rng, 1.0, 0.06).clamp(0.8, 1.25),
            jpeg: rng.random_bool(0.5).then(|| rng.random_range(50..=96)),
        }
    }

    /// A good camera in even light, stored without loss.
    pub fn studio() -> Self {
        Self {
            exposure: 1.0,
            cast: [1.0; 3],
            monochrome: false,
            gradient: 0.05,
            gradient_angle: 0.8,
            spot: [0.0, 0.5, 0.5],
            vignetting: 0.06,
            blur: 0.5,
            noise: 0.004,
            contrast: 1.0,
            jpeg: None,
        }
    }

    /// Camera for another photo, with small changes of exposure, light and focus.
    pub fn again(&self, rng: &mut ChaCha8Rng) -> Self {
        Self {
            exposure: self.exposure * draw::normal(rng, 1.0, 0.015).clamp(0.9, 1.1),
            gradient_angle: self.gradient_angle + draw::normal(rng, 0.0, 0.15),
            gradient: self.gradient * rng.random_range(0.8..1.2),
            blur: self.blur * rng.random_range(0.9..1.15),
            jpeg: self.jpeg.map(|quality| quality.saturating_add_signed(rng.random_range(-3..=3)).clamp(30, 98)),
            ..*self
        }
    }

    /// The photo of `scene`, linear light in, encoded 8-bit sRGB out.
    pub fn photo(&self, scene: &Rgb32FImage, rng: &mut ChaCha8Rng) -> RgbImage {
        let blurred;
        let scene = if self.blur >= 0.3 {
            blurred = soften(scene, self.blur);
            &blurred
        } else {
            scene
        };
        let (width, height) = scene.dimensions();
        let mut photo = RgbImage::new(width, height);
        let bytes: &mut [u8] = &mut photo;
        let values: &[f32] = scene;
        let curve = Curve::new(self.contrast);
        let length = 3 * width.max(1) as usize;
        let (mut row, mut gains, mut noise) = (vec![0.0; length], vec![0.0; length / 3], Noise::new(length));
        for (y, (line, light)) in bytes.chunks_exact_mut(length).zip(values.chunks_exact(length)).enumerate() {
            self.gains((y as f32 + 0.5) / height as f32 - 0.5, &mut gains);
            for ((pixel, light), gain) in row.chunks_exact_mut(3).zip(light.chunks_exact(3)).zip(&gains) {
                let rgb = [0, 1, 2].map(|c| light[c] * self.cast[c] * gain);
                let grey = 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
                pixel.copy_from_slice(&if self.monochrome { [grey; 3] } else { rgb });
            }
            if self.noise > 0.0 {
                noise.add(&mut row, self.noise, self.monochrome, rng);
            }
            curve.encode(&mut row, line);
        }
        match self.jpeg {
            Some(quality) => recoded(photo, quality),
            None => photo,
        }
    }

    /// Gain of the light at each pixel of the row at `v`, where -0.5..0.5 is the photo's height.
    fn gains(&self, v: f32, gains: &mut [f32]) {
        let width = gains.len() as f32;
        let (sin, cos) = self.gradient_angle.sin_cos();
        for (x, gain) in gains.iter_mut().enumerate() {
            let u = (x as f32 + 0.5) / width - 0.5;
            let spot = (u + 0.5 - self.spot[1]).powi(2) + (v + 0.5 - self.spot[2]).powi(2);
            *gain = 0.9
                * self.exposure
                * (1.0 + self.gradient * (u * cos + v * sin))
                * (1.0 + self.spot[0] / (1.0 + 12.0 * spot))
                * (1.0 - self.vignetting * 2.0 * (u * u + v * v));
        }
    }
}

/// A sensor's noise, row by row.
struct Noise {
    draws: Vec<u32>,
}

impl Noise {
    /// Noise for rows of `length` values.
    fn new(length: usize) -> Self {
        Self { draws: vec![0; length] }
    }

    /// Adds noise to a row. `deviation` is that of a grey of 0.5. With `monochrome` the channels have the same noise.
    fn add(&mut self, row: &mut [f32], deviation: f32, monochrome: bool, rng: &mut ChaCha8Rng) {
        // A sum of four random bytes is close enough to normal noise, and four times as fast to draw.
        let scale = deviation / 147.8;
        let noisy = |value: f32, draw: u32| {
            let pairs = (draw & 0x00ff_00ff) + ((draw >> 8) & 0x00ff_00ff);
            let sum = ((pairs & 0xffff) + (pairs >> 16)) as i32 - 510;
            // Shot noise grows with the root of the light. A little noise remains in the dark.
            value + scale * sum as f32 * (0.15 + 1.7 * value.max(0.0)).sqrt()
        };
        if monochrome {
            let draws = &mut self.draws[..row.len() / 3];
            rng.fill(draws);
            for (pixel, draw) in row.chunks_exact_mut(3).zip(draws) {
                pixel.fill(noisy(pixel[0], *draw));
            }
        } else {
            rng.fill(&mut self.draws[..]);
            for (value, draw) in row.iter_mut().zip(&self.draws) {
                *value = noisy(*value, *draw);
            }
        }
    }
}

/// Soft roll-off of highlights and the contrast exponent, as a table over the encoded value.
struct Curve {
    table: [u8; 256],
}

impl Curve {
    fn new(contrast: f32) -> Self {
        let table = std::array::from_fn(|i| (255.0 * (i as f32 / 255.0).powf(contrast) + 0.5) as u8);
        Self { table }
    }

    /// Converts linear light to bytes, and applies the roll-off to `row` in place.
    fn encode(&self, row: &mut [f32], line: &mut [u8]) {
        // Above 0.8 the response is flatter, so that highlights keep some detail.
        for c in row.iter_mut() {
            let bent = 0.8 + 0.2 * (1.0 - 1.0 / (1.0 + (*c - 0.8) * 5.0));
            *c = if *c > 0.8 { bent } else { *c };
        }
        for (byte, c) in line.iter_mut().zip(row) {
            let encoded: u8 = Srgb::from_linear(*c);
            *byte = self.table[encoded as usize];
        }
    }
}

/// Gaussian blur of a linear image, standard deviation in pixels.
fn soften(image: &Rgb32FImage, deviation: f32) -> Rgb32FImage {
    image::imageops::blur(image, deviation)
}

/// Photo after JPEG encoding and decoding. Unchanged where the encoder refuses it (a side of 0 or over 65535).
pub fn recoded(photo: RgbImage, quality: u8) -> RgbImage {
    let mut bytes = Vec::new();
    let encoded = photo.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality.clamp(1, 100)));
    if encoded.is_err() {
        return photo;
    }
    match image::ImageReader::with_format(Cursor::new(bytes), ImageFormat::Jpeg).decode() {
        Ok(decoded) => decoded.into_rgb8(),
        Err(_) => photo,
    }
}
