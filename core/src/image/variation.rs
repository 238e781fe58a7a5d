//! Variations: slight changes of how a photo was taken, which do not make its surface defective.

use std::str::FromStr;

use image::codecs::jpeg::JpegEncoder;
use image::{RgbImage, imageops};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::exposure;
use super::photo::Photo;
use super::preprocess::resize;
use super::view::View;

/// Change of how a photo was taken.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variation {
    /// Light, as a factor of all values.
    Light(f32),
    /// Compression as JPEG of this quality, 1 to 100.
    Jpeg(u8),
    /// Scale of the surface in the photo, as a factor. Above 1, the photo's centre is cut out. Below 1, the photo is continued
    /// by its mirror image.
    Scale(f32),
    /// Blur by a Gaussian, as its standard deviation in pixels of the network's input.
    Blur(f32),
}

impl std::fmt::Display for Variation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = |factor: f32| 100.0 * (factor - 1.0);
        match *self {
            Self::Light(factor) => write!(f, "light {:+.0} %", percent(factor)),
            Self::Jpeg(quality) => write!(f, "JPEG quality {quality}"),
            Self::Scale(factor) => write!(f, "scale {:+.0} %", percent(factor)),
            Self::Blur(sigma) => write!(f, "blur {sigma:.1} pixels"),
        }
    }
}

impl Variation {
    /// The photo as it would look with this change, for an inspection by `view`.
    pub fn of(self, photo: &Photo, view: View) -> Photo {
        let pixels = &photo.pixels;
        let mut changed = photo.clone();
        match self {
            Self::Light(factor) => exposure::multiply(&mut changed.pixels, factor),
            Self::Jpeg(quality) => {
                // An encoder that refuses a photo leaves it as it is. Only a side above 65,535 pixels is refused.
                if let Some(coded) = jpeg(pixels, quality) {
                    changed.pixels = coded;
                }
            }
            Self::Scale(factor) => {
                // A view at the photo's own scale would not see a photo of fewer pixels closer.
                let of = |pixels: &RgbImage| {
                    let (scaled, (width, height)) = (scaled(pixels, factor), pixels.dimensions());
                    if view == View::Tiles { resize(&scaled, width, height).into_owned() } else { scaled }
                };
                changed.pixels = of(pixels);
                changed.opaque = photo.opaque.as_ref().map(|opaque| {
                    let opaque = of(&image::DynamicImage::from(opaque.clone()).into_rgb8());
                    image::DynamicImage::from(opaque).into_luma8()
                });
            }
            Self::Blur(sigma) => {
                changed.pixels = imageops::blur(pixels, sigma * view.pixels_each(pixels.width(), pixels.height()));
            }
        }
        changed
    }
}

/// Variations that a model is to take for good. Displays as on a command line.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tolerance {
    /// Largest change of the light, as a share, below 1.
    pub light: f32,
    /// Lowest JPEG quality, 1 to 100. 100 for photos that are not compressed again.
    pub jpeg: u8,
    /// Largest change of the scale, as a share, below 1: 0.2 for a surface from 0.8 to 1.25 times as large.
    pub scale: f32,
    /// Largest standard deviation of a blur, in pixels of the network's input.
    pub blur: f32,
}

impl Tolerance {
    /// No variation.
    pub const NONE: Self = Self { light: 0.0, jpeg: 100, scale: 0.0, blur: 0.0 };

    /// Variations within the limits, at random, in the order in which they happen when a photo is taken.
    pub fn draw(&self, rng: &mut impl Rng) -> Vec<Variation> {
        // Each is drawn even where it is not wanted, so that another limit does not change the others.
        let mut within = |limit: f32| limit * (2.0 * rng.random::<f32>() - 1.0);
        let (scale, light, blur) = (within(self.scale), within(self.light), within(self.blur).abs());
        let quality = 100.0 - within(100.0 - f32::from(self.jpeg)).abs();
        let scale = if scale < 0.0 { 1.0 + scale } else { 1.0 / (1.0 - scale) };
        let mut variations = Vec::new();
        if self.scale > 0.0 {
            variations.push(Variation::Scale(scale));
        }
        if self.light > 0.0 {
            variations.push(Variation::Light(1.0 + light));
        }
        if self.blur > 0.0 {
            variations.push(Variation::Blur(blur.max(0.05)));
        }
        if self.jpeg < 100 {
            variations.push(Variation::Jpeg(quality.round() as u8));
        }
        variations
    }
}

impl std::fmt::Display for Tolerance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if *self == Self::NONE {
            return f.write_str("none");
        }
        let Self { light, jpeg, scale, blur } = self;
        write!(f, "light={light},jpeg={jpeg},scale={scale},blur={blur}")
    }
}

impl From<Tolerance> for String {
    fn from(tolerance: Tolerance) -> Self {
        tolerance.to_string()
    }
}

impl TryFrom<String> for Tolerance {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Tolerance {
    type Err = String;

    /// Reads `light=0.2,jpeg=50`, or `none`. What is not named is not varied.
    fn from_str(text: &str) -> Result<Self, String> {
        const ALLOWED: &str = "give none, or limits such as light=0.2,jpeg=50,scale=0.2,blur=1";
        let mut tolerance = Self::NONE;
        if text == "none" {
            return Ok(tolerance);
        }
        for given in text.split(',') {
            let (name, value) = given.split_once('=').ok_or(ALLOWED)?;
            let value: f32 = value.parse().map_err(|_| ALLOWED)?;
            let within = |most: f32| {
                let fine = value >= 0.0 && value <= most;
                fine.then_some(value).ok_or_else(|| format!("give a {name} from 0 to {most}"))
            };
            match name {
                "light" => tolerance.light = within(0.5)?,
                "scale" => tolerance.scale = within(0.5)?,
                "blur" => tolerance.blur = within(5.0)?,
                "jpeg" if (5.0..=100.0).contains(&value) && value.fract() == 0.0 => tolerance.jpeg = value as u8,
                "jpeg" => return Err("give a jpeg quality from 5 to 100".into()),
                _ => return Err(ALLOWED.into()),
            }
        }
        Ok(tolerance)
    }
}

fn jpeg(pixels: &RgbImage, quality: u8) -> Option<RgbImage> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(pixels).ok()?;
    Some(image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg).ok()?.into_rgb8())
}

/// The photo with its content `factor` times as large, at the same number of pixels for `factor` below 1 and fewer above.
fn scaled(pixels: &RgbImage, factor: f32) -> RgbImage {
    let side = |side: u32| ((side as f32 / factor).round() as u32).max(1);
    let (width, height) = pixels.dimensions();
    let (wide, high) = (side(width), side(height));
    if factor >= 1.0 {
        return imageops::crop_imm(pixels, (width - wide) / 2, (height - high) / 2, wide, high).to_image();
    }
    // Position in an endless row of the photo and its mirror image.
    let mirrored = |at: u32, from: u32, to: u32| {
        let shifted = (i64::from(at) - i64::from((to - from) / 2)).rem_euclid(2 * i64::from(from)) as u32;
        shifted.min(2 * from - 1 - shifted)
    };
    let continued =
        RgbImage::from_fn(wide, high, |x, y| *pixels.get_pixel(mirrored(x, width, wide), mirrored(y, height, high)));
    resize(&continued, width, height).into_owned()
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn stripes() -> Photo {
        Photo::of_pixels(RgbImage::from_fn(120, 80, |x, y| Rgb([(x * 2) as u8, (y * 3) as u8, 90])))
    }

    fn pixel(variation: Variation, x: u32, y: u32) -> [u8; 3] {
        variation.of(&stripes(), View::Resize).pixels.get_pixel(x, y).0
    }

    #[test]
    fn light_changes_every_value() {
        assert_eq!(pixel(Variation::Light(0.5), 20, 20), [20, 30, 45]);
        assert_eq!(pixel(Variation::Light(1.5), 100, 60), [255, 255, 135]);
    }

    #[test]
    fn scale_keeps_the_centre_where_it_is() {
        let closer = Variation::Scale(1.25).of(&stripes(), View::Resize).pixels;
        assert_eq!(closer.dimensions(), (96, 64));
        assert_eq!(closer.get_pixel(48, 32), stripes().pixels.get_pixel(60, 40));
        let farther = Variation::Scale(0.8).of(&stripes(), View::Resize).pixels;
        assert_eq!(farther.dimensions(), (120, 80));
        let whole = stripes().pixels;
        let (got, expected) = (farther.get_pixel(60, 40), whole.get_pixel(60, 40));
        assert!(got.0.iter().zip(expected.0).all(|(a, b)| a.abs_diff(b) <= 3), "{got:?} {expected:?}");
        // Beyond the border lies the mirror image, which is as dark as the border.
        assert!(farther.get_pixel(14, 40)[0] < 10 && farther.get_pixel(0, 40)[0] > 15);
    }

    #[test]
    fn coding_and_blur_change_little() {
        let photo = Photo::of_pixels(RgbImage::from_fn(120, 80, |x, y| Rgb([((x * 7 + y * 13) % 40 * 4) as u8; 3])));
        let mean = |pixels: &RgbImage| pixels.as_raw().iter().map(|v| f64::from(*v)).sum::<f64>() / 28_800.0;
        for variation in [Variation::Jpeg(50), Variation::Blur(1.0)] {
            let changed = variation.of(&photo, View::Resize).pixels;
            assert!((mean(&changed) - mean(&photo.pixels)).abs() < 2.0, "{variation}");
            assert!(changed != photo.pixels, "{variation}");
        }
    }

    #[test]
    fn a_tolerance_is_read_as_it_is_written() {
        for text in ["none", "light=0.2,jpeg=50,scale=0.2,blur=1"] {
            assert_eq!(text.parse::<Tolerance>().map(|tolerance| tolerance.to_string()), Ok(text.to_owned()));
        }
        let refused = ["", "light", "light=x", "light=2", "light=NaN", "jpeg=0", "jpeg=55.5", "fog=1"];
        refused.into_iter().for_each(|text| assert!(text.parse::<Tolerance>().is_err(), "{text}"));
    }

    #[test]
    fn drawn_variations_keep_the_limits() {
        use rand::SeedableRng;
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
        let tolerance = Tolerance { light: 0.2, jpeg: 50, scale: 0.2, blur: 1.0 };
        let mut smallest = f32::INFINITY;
        for _ in 0..200 {
            for variation in tolerance.draw(&mut rng) {
                match variation {
                    Variation::Light(factor) => assert!((0.8..=1.2).contains(&factor)),
                    Variation::Jpeg(quality) => assert!((50..=100).contains(&quality)),
                    Variation::Blur(sigma) => assert!((0.0..=1.0).contains(&sigma)),
                    Variation::Scale(factor) => {
                        assert!((0.8..=1.25).contains(&factor));
                        smallest = smallest.min(factor);
                    }
                }
            }
        }
        assert!(smallest < 0.85, "{smallest}");
        assert_eq!(Tolerance::NONE.draw(&mut rng), []);
    }

    #[test]
    fn names_say_kind_and_strength() {
        let names = [Variation::Light(0.8), Variation::Jpeg(50), Variation::Scale(1.25), Variation::Blur(0.5)];
        let names = names.map(|variation| variation.to_string());
        assert_eq!(names, ["light -20 %", "JPEG quality 50", "scale +25 %", "blur 0.5 pixels"]);
    }
}
