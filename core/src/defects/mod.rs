//! Synthetic defects: what the training set, which holds normal images only, is contrasted with (paper, section
//! "Defect generation").
//!
//! A defect is a mask ([`perlin_mask`]) and a source of pixels to show inside it. The three kinds differ in the source:
//! another texture ([`textural`]), the image itself in disorder ([`structural`]), or the image itself out of focus
//! ([`blurred`]). Outside the mask the image stays as it is, to the bit.
//!
//! The ranges that the paper leaves open are those of the authors' released generator, which draws its augmentations
//! from the Python library imgaug 0.4.

use std::{fmt, str::FromStr};

use image::{GrayImage, RgbImage};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

pub mod blurred;
pub mod generated_textures;
pub mod perlin_mask;
pub mod photometric;
pub mod rotation;
pub mod structural;
pub mod textural;

/// Where the pixels inside a defect come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DefectKind {
    /// Another texture, photometrically augmented: stains, foreign bodies.
    Textural,
    /// The image itself, augmented and cut in shuffled cells: misprints, misweaves, breaks.
    Structural,
    /// The image itself, blurred: rubbed or smeared places.
    Blurred,
}

impl DefectKind {
    /// The kinds of the paper, each as likely as the others.
    pub const ALL: [Self; 3] = [Self::Textural, Self::Structural, Self::Blurred];

    /// The name in settings and on the command line: lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Textural => "textural",
            Self::Structural => "structural",
            Self::Blurred => "blurred",
        }
    }
}

impl fmt::Display for DefectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DefectKind {
    type Err = DefectError;

    fn from_str(name: &str) -> Result<Self, DefectError> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| DefectError::UnknownKind(name.to_owned()))
    }
}

/// Why defects cannot be made as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DefectError {
    /// There is nothing to draw from.
    #[error("no kind of synthetic defect was chosen; choose at least one of textural, structural, blurred")]
    NoKinds,
    /// The name of a kind is none of the three.
    #[error("unknown kind of synthetic defect \"{0}\"; known are textural, structural, blurred")]
    UnknownKind(String),
}

/// An image with a synthetic defect.
#[derive(Clone, Debug)]
pub struct Defective {
    /// 8-bit RGB, the size of the image it was made from.
    pub image: RgbImage,
    /// 255 where the defect is, 0 elsewhere; the size of `image`.
    pub mask: GrayImage,
    /// Where the pixels under the mask come from.
    pub kind: DefectKind,
}

/// Makes defective images out of normal ones.
#[derive(Clone, Debug)]
pub struct DefectMaker {
    kinds: Vec<DefectKind>,
    sources: Vec<RgbImage>,
}

impl DefectMaker {
    /// `kinds`: what to make, each entry as likely as any other. `sources`: texture images for the textural kind, best
    /// of the size of the images (others are resized at each draw); if empty, [`generated_textures`] stand in.
    ///
    /// # Errors
    /// [`DefectError::NoKinds`] if `kinds` is empty.
    pub fn new(kinds: Vec<DefectKind>, sources: Vec<RgbImage>) -> Result<Self, DefectError> {
        if kinds.is_empty() {
            return Err(DefectError::NoKinds);
        }
        Ok(Self { kinds, sources })
    }

    /// A copy of `image` with one defect; the same `image` and `seed` give the same result.
    ///
    /// Meant for images of at least 8x8 pixels. In smaller ones the mask may stay empty, and then nothing is changed.
    pub fn make(&self, image: &RgbImage, seed: u64) -> Defective {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let kind = self.kinds[rng.random_range(0..self.kinds.len())];
        let mask = perlin_mask::perlin_mask(image.width(), image.height(), rng);
        let source = match kind {
            DefectKind::Textural => textural::textural_source(&self.sources, image.dimensions(), rng),
            DefectKind::Structural => structural::structural_source(image, rng),
            DefectKind::Blurred => blurred::blurred_source(image, rng),
        };
        let mut defective = image.clone();
        for ((pixel, replacement), masked) in defective.pixels_mut().zip(source.pixels()).zip(mask.pixels()) {
            if masked.0[0] != 0 {
                *pixel = *replacement;
            }
        }
        Defective { image: defective, mask, kind }
    }
}

/// Three different entries of `choices`, in random order: how both the textural and the structural source are augmented.
fn three_of<T: Copy>(mut choices: impl AsMut<[T]>, rng: &mut ChaCha8Rng) -> Vec<T> {
    use rand::seq::SliceRandom;
    choices.as_mut().partial_shuffle(rng, 3).0.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A texture without symmetry, so that every source differs from it almost everywhere.
    pub(super) fn texture(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let (x, y) = (f64::from(x), f64::from(y));
            let wave = |a: f64, b: f64| (127.5 + 127.5 * (a * x + b * y + (x * y).sqrt() * 0.3).sin()) as u8;
            image::Rgb([wave(0.31, 0.17), wave(0.11, 0.43), wave(0.05, 0.29)])
        })
    }

    fn maker(kind: DefectKind) -> DefectMaker {
        DefectMaker::new(vec![kind], Vec::new()).unwrap()
    }

    #[test]
    fn the_seed_decides_everything() {
        let image = texture(64, 64);
        for kind in DefectKind::ALL {
            let (a, b, c) = (maker(kind).make(&image, 5), maker(kind).make(&image, 5), maker(kind).make(&image, 6));
            assert_eq!((&a.image, &a.mask, a.kind), (&b.image, &b.mask, b.kind));
            assert_ne!(a.mask, c.mask);
            assert_eq!(a.kind, kind);
        }
    }

    #[test]
    fn only_masked_pixels_change() {
        for (width, height) in [(224, 224), (97, 61), (8, 8), (320, 40)] {
            let image = texture(width, height);
            for kind in DefectKind::ALL {
                let (mut masked, mut changed) = (0, 0);
                for seed in 0..10 {
                    let made = maker(kind).make(&image, seed);
                    assert_eq!(made.image.dimensions(), image.dimensions());
                    assert_eq!(made.mask.dimensions(), image.dimensions());
                    for ((new, old), mask) in made.image.pixels().zip(image.pixels()).zip(made.mask.pixels()) {
                        match mask.0[0] {
                            0 => assert_eq!(new, old),
                            value => {
                                assert_eq!(value, 255);
                                masked += 1;
                                changed += u32::from(new != old);
                            }
                        }
                    }
                }
                assert!(f64::from(changed) > 0.7 * f64::from(masked), "{kind} {width}x{height}: {changed} of {masked}");
            }
        }
    }

    #[test]
    fn kinds_are_equally_likely() {
        let maker = DefectMaker::new(DefectKind::ALL.to_vec(), Vec::new()).unwrap();
        let image = texture(16, 16);
        let mut counts = [0.0; 3];
        for seed in 0..1500 {
            counts[maker.make(&image, seed).kind as usize] += 1.0;
        }
        // Chi-squared with 2 degrees of freedom: above 13.8 once in a thousand.
        let chi_squared: f64 = counts.iter().map(|count: &f64| (count - 500.0).powi(2) / 500.0).sum();
        assert!(chi_squared < 13.8, "{counts:?}");
    }

    #[test]
    fn no_size_is_fatal() {
        for (width, height) in [(0, 0), (1, 1), (3, 1), (7, 2), (1, 30), (9, 9)] {
            for kind in DefectKind::ALL {
                let made = maker(kind).make(&texture(width, height), 1);
                assert_eq!(made.image.dimensions(), (width, height));
            }
        }
    }

    #[test]
    fn textures_given_are_used() {
        // Of one colour, and kept in one colour by every augmentation.
        let maker =
            DefectMaker::new(vec![DefectKind::Textural], vec![RgbImage::from_pixel(30, 20, image::Rgb([9, 99, 200]))]);
        let made = maker.unwrap().make(&texture(64, 64), 3);
        let mut inside =
            made.image.pixels().zip(made.mask.pixels()).filter(|(_, mask)| mask.0[0] == 255).map(|(p, _)| p);
        let first = inside.next().unwrap();
        assert!(inside.all(|pixel| pixel == first));
    }

    #[test]
    fn kinds_have_names() {
        for kind in DefectKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
        assert!("dent".parse::<DefectKind>().is_err());
        assert_eq!(DefectMaker::new(Vec::new(), Vec::new()).unwrap_err(), DefectError::NoKinds);
    }
}
