//! Measures of a photo as a whole: brightness, colour, contrast and sharpness, and their ranges over good photos.

use std::collections::BTreeMap;

use image::RgbImage;
use serde::{Deserialize, Serialize};

/// Property of a photo as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Property {
    /// Mean of the grey values, 0 to 255.
    Brightness,
    /// Mean of red minus green, in grey levels.
    RedLessGreen,
    /// Mean of blue minus green, in grey levels.
    BlueLessGreen,
    /// Standard deviation of the grey values, divided by their mean. A change of exposure scales both alike.
    Contrast,
    /// Logarithm of the mean step between neighbouring grey values, in standard deviations of the grey values.
    Sharpness,
}

impl Property {
    /// All properties.
    pub const ALL: [Self; 5] =
        [Self::Brightness, Self::RedLessGreen, Self::BlueLessGreen, Self::Contrast, Self::Sharpness];

    /// Least standard deviation over photos. Photos without spread would differ by changes that nobody can see.
    pub fn least_deviation(self) -> f64 {
        match self {
            Self::Brightness | Self::RedLessGreen | Self::BlueLessGreen => 2.0,
            Self::Contrast => 0.02,
            Self::Sharpness => 0.05,
        }
    }
}

/// Properties of one photo.
#[derive(Clone, Copy, Debug)]
pub struct Measures([f64; Property::ALL.len()]);

impl Measures {
    /// Value of a property.
    pub fn get(&self, property: Property) -> f64 {
        self.0[property as usize]
    }

    /// Measures a photo of one pixel or more.
    pub fn of(photo: &RgbImage) -> Self {
        let (width, pixels) = (photo.width() as usize, f64::from(photo.width()) * f64::from(photo.height()));
        // Sums of whole numbers are the same in any order.
        let (mut sums, mut square, mut steps) = ([0u64; 3], 0u64, 0u64);
        let mut above: Vec<i32> = Vec::with_capacity(width);
        for row in photo.rows() {
            let mut left = None;
            for (x, pixel) in row.enumerate() {
                let [red, green, blue] = pixel.0.map(u64::from);
                [red, green, blue].iter().zip(&mut sums).for_each(|(value, sum)| *sum += value);
                let grey = red + green + blue;
                square += grey * grey;
                let grey = grey as i32;
                steps += u64::from(left.replace(grey).map_or(0, |left: i32| left.abs_diff(grey)));
                match above.get_mut(x) {
                    Some(above) => steps += u64::from(std::mem::replace(above, grey).abs_diff(grey)),
                    None => above.push(grey),
                }
            }
        }
        let [red, green, blue] = sums.map(|sum| sum as f64 / pixels);
        let grey = red + green + blue;
        let deviation = (square as f64 / pixels - grey * grey).max(0.0).sqrt();
        let sharpness = (steps as f64 / pixels + 1e-3) / (deviation + 1e-3);
        let contrast = deviation / grey.max(1.0);
        Self([grey / 3.0, red - green, blue - green, contrast, sharpness.ln()])
    }
}

/// Range of one property over good photos.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// Smallest value of a good photo.
    pub low: f64,
    /// Largest value of a good photo.
    pub high: f64,
}

/// Contrast below which a photo counts as one of a single colour.
const FLAT: f64 = 0.01;
/// Margin on either side of a range, as a share of its width. A photo within it is not said to lie beyond the range, because
/// twenty photos do not show all that is normal.
const WIDENED: f64 = 0.5;

impl Range {
    /// Tells on which side of the widened range `value` lies. None within it.
    fn beyond(self, property: Property, value: f64) -> Option<Side> {
        let margin = (WIDENED * (self.high - self.low)).max(2.0 * property.least_deviation());
        let below = (value < self.low - margin).then_some(Side::Below);
        below.or((value > self.high + margin).then_some(Side::Above))
    }
}

/// Side of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Less than good photos have.
    Below,
    /// More than good photos have.
    Above,
}

/// Property in which a photo lies beyond the range of the good photos.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beyond {
    /// The property.
    pub property: Property,
    /// Side of the range.
    pub side: Side,
    /// Value of the photo.
    pub value: f64,
    /// Range of the good photos.
    pub range: Range,
}

impl Beyond {
    fn words(&self) -> String {
        let Self { property, side, value, range: Range { low, high } } = *self;
        let what = match (property, side) {
            (Property::Brightness, Side::Below) => "darker",
            (Property::Brightness, Side::Above) => "brighter",
            (Property::RedLessGreen, Side::Below) => "greener or less red",
            (Property::RedLessGreen, Side::Above) => "redder",
            (Property::BlueLessGreen, Side::Below) => "yellower or less blue",
            (Property::BlueLessGreen, Side::Above) => "bluer",
            (Property::Contrast, Side::Below) => "of less contrast",
            (Property::Contrast, Side::Above) => "of more contrast",
            (Property::Sharpness, Side::Below) => "less sharp, or of coarser grain",
            (Property::Sharpness, Side::Above) => "sharper, noisier, or of finer grain",
        };
        match property {
            Property::Brightness => format!("{what} (mean grey value {value:.0}, theirs {low:.0} to {high:.0})"),
            _ => what.to_owned(),
        }
    }
}

/// Sentence on the properties in which a photo lies beyond the ranges. None where it lies within all of them.
pub fn sentence(beyond: &[Beyond]) -> Option<String> {
    let words: Vec<String> = beyond.iter().map(Beyond::words).collect();
    (!words.is_empty()).then(|| format!("Compared with the good photos, it is {}.", words.join("; ")))
}

/// Ranges of the properties over the good photos of a category.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ranges(BTreeMap<Property, Range>);

impl Ranges {
    /// Ranges over photos. Empty without a photo.
    pub fn of(photos: &[Measures]) -> Self {
        let range = |property: Property| {
            let values = photos.iter().map(|photo| photo.get(property));
            let low = values.clone().reduce(f64::min)?;
            Some((property, Range { low, high: values.reduce(f64::max)? }))
        };
        Self(Property::ALL.into_iter().filter_map(range).collect())
    }

    /// Properties in which a photo lies beyond the ranges. A photo of one colour is neither sharp nor blurred.
    pub fn beyond(&self, photo: &Measures) -> Vec<Beyond> {
        let is_flat = photo.get(Property::Contrast) < FLAT;
        let beyond = |(&property, &range): (&Property, &Range)| {
            if property == Property::Sharpness && is_flat {
                return None;
            }
            let value = photo.get(property);
            Some(Beyond { property, side: range.beyond(property, value)?, value, range })
        };
        self.0.iter().filter_map(beyond).collect()
    }

    /// Tells whether the values are valid in a model file.
    pub fn is_sound(&self) -> bool {
        self.0.values().all(|Range { low, high }| low.is_finite() && high.is_finite() && low <= high)
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgb, imageops};
    use rand::{RngExt, SeedableRng};

    use super::*;

    fn noise(seed: u64) -> RgbImage {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        RgbImage::from_fn(64, 64, |_, _| {
            let value = rng.random_range(0..40u8);
            Rgb([100 + value, 90 + value, 80 + value])
        })
    }

    #[test]
    fn sharpness_and_contrast_do_not_depend_on_exposure() {
        let photo = RgbImage::from_fn(60, 60, |x, y| Rgb([((x * 7 + y * 13) % 40 * 4) as u8; 3]));
        let darker = RgbImage::from_fn(60, 60, |x, y| Rgb(photo.get_pixel(x, y).0.map(|value| value / 2)));
        let [photo, darker] = [&photo, &darker].map(Measures::of);
        for property in [Property::Sharpness, Property::Contrast] {
            assert!((photo.get(property) - darker.get(property)).abs() < 0.01, "{property:?}");
        }
    }

    #[test]
    fn a_photo_is_told_by_what_was_changed() {
        let ranges = Ranges::of(&(0..20).map(|seed| Measures::of(&noise(seed))).collect::<Vec<_>>());
        let told = |change: &dyn Fn(&mut RgbImage)| {
            let mut photo = noise(99);
            change(&mut photo);
            let beyond = ranges.beyond(&Measures::of(&photo));
            beyond.into_iter().map(|beyond| (beyond.property, beyond.side)).collect::<Vec<_>>()
        };
        let values = |change: fn([u8; 3]) -> [u8; 3]| {
            told(&|photo| photo.pixels_mut().for_each(|pixel| pixel.0 = change(pixel.0)))
        };
        assert_eq!(told(&|_| ()), []);
        assert!(values(|rgb| rgb.map(|value| value / 2)).contains(&(Property::Brightness, Side::Below)));
        let bluer = values(|[red, green, blue]| [red, green - 10, blue + 10]);
        assert_eq!(bluer, [(Property::RedLessGreen, Side::Above), (Property::BlueLessGreen, Side::Above)]);
        assert!(values(|[_, green, _]| [green; 3]).contains(&(Property::RedLessGreen, Side::Below)));
        let blurred = told(&|photo| *photo = imageops::blur(photo, 1.5));
        assert!(blurred.contains(&(Property::Sharpness, Side::Below)), "{blurred:?}");
    }

    #[test]
    fn a_sentence_says_how() {
        let ranges = Ranges::of(&[Measures::of(&noise(1)), Measures::of(&noise(2))]);
        let dark = RgbImage::from_pixel(8, 8, Rgb([20; 3]));
        let told = sentence(&ranges.beyond(&Measures::of(&dark))).unwrap();
        let start = "Compared with the good photos, it is darker (mean grey value 20, theirs 10";
        assert!(told.starts_with(start) && told.ends_with("; of less contrast."), "{told}");
        assert_eq!(sentence(&ranges.beyond(&Measures::of(&noise(3)))), None);
    }
}
