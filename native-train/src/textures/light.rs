//! Real-world light and camera: what stands between a surface and its photo.

use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, Rgb32FImage, RgbImage};
use palette::{LinSrgb, Srgb};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::io::Cursor;

use super::draw;

/// A camera and the room's light: one per set of photos, with small differences from photo to photo.
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
    /// Any camera and room, good and bad.
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

    /// The same camera at another photo: small changes of exposure, light and focus.
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
        let (sin, cos) = self.gradient_angle.sin_cos();
        let bytes: &mut [u8] = &mut photo;
        let values: &[f32] = scene;
        let curve = Curve::new(self.contrast);
        // Sums of four random bytes: near enough to a normal for a sensor and four times as fast to draw.
        let noise_scale = self.noise / 147.8;
        let lines =
            bytes.chunks_exact_mut(3 * width.max(1) as usize).zip(values.chunks_exact(3 * width.max(1) as usize));
        for (y, (line, row)) in lines.enumerate() {
            let v = (y as f32 + 0.5) / height as f32 - 0.5;
            for (x, (pixel, light)) in line.chunks_exact_mut(3).zip(row.chunks_exact(3)).enumerate() {
                let u = (x as f32 + 0.5) / width as f32 - 0.5;
                let spot = (u + 0.5 - self.spot[1]).powi(2) + (v + 0.5 - self.spot[2]).powi(2);
                let gain = 0.9
                    * self.exposure
                    * (1.0 + self.gradient * (u * cos + v * sin))
                    * (1.0 + self.spot[0] / (1.0 + 12.0 * spot))
                    * (1.0 - self.vignetting * 2.0 * (u * u + v * v));
                let mut rgb =
                    [light[0] * self.cast[0], light[1] * self.cast[1], light[2] * self.cast[2]].map(|c| c * gain);
                if self.monochrome {
                    rgb = [0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]; 3];
                }
                if self.noise > 0.0 {
                    let draws = if self.monochrome { [rng.random::<u32>(); 3] } else { rng.random::<[u32; 3]>() };
                    for (value, draw) in rgb.iter_mut().zip(draws) {
                        let sum = draw.to_le_bytes().iter().map(|&b| f32::from(b)).sum::<f32>() - 510.0;
                        // Shot noise grows with the root of the light; a little is there in the dark.
                        *value += noise_scale * sum * (0.15 + 1.7 * value.max(0.0)).sqrt();
                    }
                }
                pixel.copy_from_slice(&curve.encode(rgb));
            }
        }
        match self.jpeg {
            Some(quality) => recoded(photo, quality),
            None => photo,
        }
    }
}

/// Soft roll-off of highlights and the contrast exponent, as a table over the encoded value.
struct Curve {
    table: [u8; 256],
}

impl Curve {
    fn new(contrast: f32) -> Self {
        let table = std::array::from_fn(|i| (255.0 * (i as f32 / 255.0).powf(contrast)).round() as u8);
        Self { table }
    }

    fn encode(&self, linear: [f32; 3]) -> [u8; 3] {
        // Above 0.8 the response bends so that highlights keep some drawing.
        let bend = |c: f32| if c > 0.8 { 0.8 + 0.2 * (1.0 - 1.0 / (1.0 + (c - 0.8) * 5.0)) } else { c };
        let colour = LinSrgb::new(bend(linear[0]), bend(linear[1]), bend(linear[2]));
        let encoded = Srgb::<u8>::from_linear(colour);
        [encoded.red, encoded.green, encoded.blue].map(|c| self.table[c as usize])
    }
}

/// Gaussian blur of a linear image, standard deviation in pixels.
fn soften(image: &Rgb32FImage, deviation: f32) -> Rgb32FImage {
    image::imageops::blur(image, deviation)
}

/// The photo after JPEG encoding and decoding; unchanged where the encoder refuses it (a side of 0 or over 65535).
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
