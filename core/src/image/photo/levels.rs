//! Conversion of stored samples to 8 bits.

use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::stored::{Samples, Stored, Values};
use super::{Facts, PhotoError};

/// Stored values that become 0 and 255, for samples of more than 8 bits. Values beyond them are clipped.
///
/// A 12-bit camera writes 0 to 4095 into 16-bit files. A single photo does not show the range of its camera, so the range
/// is a setting of the category.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Levels {
    /// The value that becomes 0.
    pub black: f32,
    /// The value that becomes 255, above `black`.
    pub white: f32,
}

impl std::fmt::Display for Levels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.black, self.white)
    }
}

impl std::str::FromStr for Levels {
    type Err = String;

    /// `BLACK:WHITE`, such as `0:4095`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.trim().parse::<f32>().ok();
        let levels = text.split_once(':').and_then(|(black, white)| {
            Some(Self { black: number(black)?, white: number(white)? }).filter(Self::is_sound)
        });
        levels.ok_or_else(|| "give BLACK:WHITE, two numbers of which the second is larger, such as 0:4095".into())
    }
}

impl Levels {
    /// Tells whether both values are finite and white lies above black.
    pub fn is_sound(&self) -> bool {
        self.black.is_finite() && self.white.is_finite() && self.white > self.black
    }

    /// Range of the photos of a category. None where no photo has samples of more than 8 bits.
    ///
    /// Integers use the smallest range of 10, 12, 14 and 16 bits that holds all of them. Floating-point numbers between
    /// 0 and 1 use that range. Others use the range from the smallest to the largest.
    pub fn of<'a>(photos: impl IntoIterator<Item = &'a Facts>) -> Option<Self> {
        let deep = photos.into_iter().filter(|facts| facts.samples != Samples::Integer { bits: 8 });
        let join = |(least, largest, whole): (f32, f32, bool), facts: &Facts| {
            let whole = whole && facts.samples == Samples::Integer { bits: 16 };
            (least.min(facts.least), largest.max(facts.largest), whole)
        };
        let mut deep = deep.peekable();
        deep.peek()?;
        let (least, largest, whole) = deep.fold((f32::INFINITY, f32::NEG_INFINITY, true), join);
        let full = [1023.0, 4095.0, 16383.0, 65535.0];
        let levels = if whole {
            Self { black: 0.0, white: full.into_iter().find(|white| largest <= *white).unwrap_or(65535.0) }
        } else if least >= 0.0 && largest <= 1.0 {
            Self { black: 0.0, white: 1.0 }
        } else {
            Self { black: least, white: largest }
        };
        Some(levels).filter(Self::is_sound)
    }

    fn byte(&self, value: f32) -> u8 {
        let share = (value - self.black) / (self.white - self.black);
        (255.0 * share).round().clamp(0.0, 255.0) as u8
    }
}

/// 8-bit RGB, and the alpha channel where there is one.
pub(super) fn to_rgb(stored: Stored, levels: Option<Levels>) -> Result<(RgbImage, Option<Vec<u8>>), PhotoError> {
    let Stored { format, width, height, colours, alpha, values, samples, .. } = stored;
    let (bytes, opacity) = match values {
        Values::Byte(values) => spread(values, colours, alpha, |value| value, |value| value),
        Values::Word(values) => {
            // The crate `image` scales 16 bits to 8 in the same way.
            let full = |value: u16| ((u32::from(value) + 128) / 257) as u8;
            match levels {
                Some(levels) => spread(values, colours, alpha, |value| levels.byte(f32::from(value)), full),
                None => spread(values, colours, alpha, full, full),
            }
        }
        Values::Number(values) => {
            let Some(levels) = levels else {
                return Err(PhotoError::Unsupported {
                    what: format!("a {samples} {format} whose range of values is not known"),
                    remedy: "state the values of black and white with --levels when the category is trained, or save it as 8-bit PNG",
                });
            };
            if values.iter().any(|value| !value.is_finite()) {
                let detail = "a sample in it is not a finite number".into();
                return Err(PhotoError::Damaged { format, detail });
            }
            let unit = Levels { black: 0.0, white: 1.0 };
            spread(values, colours, alpha, |value| levels.byte(value), |value| unit.byte(value))
        }
    };
    let cut = || PhotoError::Damaged { format, detail: "it has fewer samples than pixels".into() };
    Ok((RgbImage::from_raw(width, height, bytes).ok_or_else(cut)?, opacity))
}

/// Three colour channels a pixel, and the alpha channel apart.
fn spread<T: Copy>(
    values: Vec<T>,
    colours: usize,
    alpha: bool,
    colour: impl Fn(T) -> u8,
    opacity: impl Fn(T) -> u8,
) -> (Vec<u8>, Option<Vec<u8>>) {
    let channels = colours + usize::from(alpha);
    let pixels = values.chunks_exact(channels);
    let alphas = alpha.then(|| pixels.clone().map(|pixel| opacity(pixel[colours])).collect());
    let bytes = match colours {
        1 => pixels.flat_map(|pixel| [colour(pixel[0]); 3]).collect(),
        _ if !alpha => values.iter().map(|value| colour(*value)).collect(),
        _ => pixels.flat_map(|pixel| [colour(pixel[0]), colour(pixel[1]), colour(pixel[2])]).collect(),
    };
    (bytes, alphas)
}
