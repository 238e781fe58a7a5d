//! Lots: sets of good photos that were taken under different conditions.
//!
//! Two lots differ if their medians are at least [`LARGE`] pooled standard deviations apart. This is Cohen's d with the
//! median and the median absolute deviation, which a few outliers do not change. The distance must also be at least
//! [`CERTAIN`] standard errors, so that small lots do not differ by chance.

use image::RgbImage;
use serde::Serialize;

/// Least effect size of a difference that is reported.
const LARGE: f64 = 1.0;
/// Least number of standard errors of a difference that is reported.
const CERTAIN: f64 = 5.0;
/// Ratio of standard deviation to median absolute deviation of a Gaussian.
const GAUSSIAN: f64 = 1.4826;
/// Fewest photos of a lot.
const FEWEST: usize = 5;
/// Least standard deviations of grey levels and of the logarithm of the sharpness. Otherwise lots without spread would
/// differ by changes that nobody can see.
const LEAST_LEVELS: f64 = 2.0;
const LEAST_SHARPNESS: f64 = 0.05;

/// Brightness, colour and sharpness of a photo.
#[derive(Clone, Copy, Debug)]
pub struct Measures {
    /// Mean of the grey values, 0 to 255.
    brightness: f64,
    /// Mean of red minus green.
    red: f64,
    /// Mean of blue minus green.
    blue: f64,
    /// Logarithm of the mean step between neighbouring grey values, in standard deviations of the grey values. A change of
    /// exposure scales both alike.
    sharpness: f64,
}

/// A property in which lots may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Property {
    /// Mean grey value.
    Brightness,
    /// Mean of red minus green.
    RedLessGreen,
    /// Mean of blue minus green.
    BlueLessGreen,
    /// Logarithm of the mean step between neighbouring pixels.
    Sharpness,
}

impl Property {
    const ALL: [Self; 4] = [Self::Brightness, Self::RedLessGreen, Self::BlueLessGreen, Self::Sharpness];

    /// Name of the property in a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Brightness => "brightness",
            Self::RedLessGreen => "colour (red - green)",
            Self::BlueLessGreen => "colour (blue - green)",
            Self::Sharpness => "sharpness (log)",
        }
    }

    fn of(self, measures: &Measures) -> f64 {
        match self {
            Self::Brightness => measures.brightness,
            Self::RedLessGreen => measures.red,
            Self::BlueLessGreen => measures.blue,
            Self::Sharpness => measures.sharpness,
        }
    }

    fn least_deviation(self) -> f64 {
        if self == Self::Sharpness { LEAST_SHARPNESS } else { LEAST_LEVELS }
    }
}

/// Comparison of two lots in one property.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// Property that is compared.
    pub property: Property,
    /// Name of the first lot.
    pub first: String,
    /// Name of the second lot.
    pub second: String,
    /// Numbers of photos of the two lots.
    pub photos: (usize, usize),
    /// Medians of the two lots.
    pub medians: (f64, f64),
    /// Difference of the medians, in pooled standard deviations.
    pub effect_size: f64,
    /// True if the difference is large and not due to chance.
    pub large: bool,
}

/// Lot of photos with its name.
pub type Lot<'a> = (&'a str, &'a [Measures]);

/// Compares two lots in every property. Empty where a lot has too few photos.
pub fn compare((first, a): Lot<'_>, (second, b): Lot<'_>) -> Vec<Difference> {
    if a.len().min(b.len()) < FEWEST {
        return Vec::new();
    }
    let difference = |property: Property| {
        let values = |lot: &[Measures]| lot.iter().map(|measures| property.of(measures)).collect::<Vec<f64>>();
        let (a, b) = (values(a), values(b));
        let (middle_a, middle_b) = (median(a.clone()), median(b.clone()));
        let from =
            |values: &[f64], middle: f64| values.iter().map(|value| (value - middle).abs()).collect::<Vec<f64>>();
        let pooled = GAUSSIAN * median([from(&a, middle_a), from(&b, middle_b)].concat());
        let effect_size = (middle_b - middle_a) / pooled.max(property.least_deviation());
        let standard_error = (1.0 / a.len() as f64 + 1.0 / b.len() as f64).sqrt();
        let large = effect_size.abs() >= LARGE && effect_size.abs() >= CERTAIN * standard_error;
        Difference {
            property,
            first: first.into(),
            second: second.into(),
            photos: (a.len(), b.len()),
            medians: (middle_a, middle_b),
            effect_size,
            large,
        }
    };
    Property::ALL.map(difference).into()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
}

impl Measures {
    /// Measures a photo.
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
        Self { brightness: grey / 3.0, red: red - green, blue: blue - green, sharpness: sharpness.ln() }
    }
}

#[cfg(test)]
mod tests {
    use image::imageops;
    use image::{Rgb, RgbImage};
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// Photos of noise around a colour. The brightness varies by a few levels from photo to photo.
    fn photos(count: usize, seed: u64, change: impl Fn(RgbImage) -> RgbImage) -> Vec<Measures> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut photo = || {
            let offset = rng.random_range(0..6u8);
            let photo = RgbImage::from_fn(64, 64, |_, _| {
                let value = rng.random_range(0..40u8) + offset;
                Rgb([100 + value, 90 + value, 80 + value])
            });
            Measures::of(&change(photo))
        };
        (0..count).map(|_| photo()).collect()
    }

    fn large(second: &[Measures]) -> Vec<Property> {
        let differences = compare(("a", &photos(30, 1, |photo| photo)), ("b", second));
        differences.iter().filter(|difference| difference.large).map(|difference| difference.property).collect()
    }

    #[test]
    fn lots_differ_in_what_was_changed() {
        let tinted = |amount: [u8; 3]| {
            move |mut photo: RgbImage| {
                photo.pixels_mut().for_each(|pixel| (0..3).for_each(|at| pixel.0[at] += amount[at]));
                photo
            }
        };
        assert_eq!(large(&photos(20, 2, tinted([12, 12, 12]))), [Property::Brightness]);
        assert!(large(&photos(20, 2, tinted([0, 0, 9]))).contains(&Property::BlueLessGreen));
        assert_eq!(large(&photos(20, 2, |photo| imageops::blur(&photo, 1.0))), [Property::Sharpness]);
        assert!(large(&photos(4, 2, tinted([12, 12, 12]))).is_empty());
    }

    #[test]
    fn lots_of_one_kind_do_not_differ() {
        for seed in 2..40 {
            assert!(large(&photos(8, seed, |photo| photo)).is_empty(), "{seed}");
        }
    }

    #[test]
    fn sharpness_does_not_depend_on_exposure() {
        let photo = RgbImage::from_fn(60, 60, |x, y| Rgb([((x * 7 + y * 13) % 40 * 4) as u8; 3]));
        let darker = RgbImage::from_fn(60, 60, |x, y| Rgb(photo.get_pixel(x, y).0.map(|value| value / 2)));
        assert!((Measures::of(&photo).sharpness - Measures::of(&darker).sharpness).abs() < 0.01);
    }
}
