//! Lots: sets of good photos that were taken under different conditions.
//!
//! Two lots differ if their medians are at least [`LARGE`] pooled standard deviations apart. This is Cohen's d with the
//! median and the median absolute deviation, which a few outliers do not change. The distance must also be at least
//! [`CERTAIN`] standard errors, so that small lots do not differ by chance.

use cse::image::measures::{Measures, Property};
use serde::Serialize;

/// Least effect size of a difference that is reported.
const LARGE: f64 = 1.0;
/// Least number of standard errors of a difference that is reported.
const CERTAIN: f64 = 5.0;
/// Ratio of standard deviation to median absolute deviation of a Gaussian.
const GAUSSIAN: f64 = 1.4826;
/// Fewest photos of a lot.
const FEWEST: usize = 5;
/// Properties that are compared. Contrast follows from the others in most cases.
const COMPARED: [Property; 4] =
    [Property::Brightness, Property::RedLessGreen, Property::BlueLessGreen, Property::Sharpness];

/// Name of a property in a report.
pub fn name(property: Property) -> &'static str {
    match property {
        Property::Brightness => "brightness",
        Property::RedLessGreen => "colour (red - green)",
        Property::BlueLessGreen => "colour (blue - green)",
        Property::Contrast => "contrast",
        Property::Sharpness => "sharpness (log)",
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
        let values = |lot: &[Measures]| lot.iter().map(|measures| measures.get(property)).collect::<Vec<f64>>();
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
    COMPARED.map(difference).into()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
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
}
