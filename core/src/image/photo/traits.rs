//! Traits that the photos of a category share, and differences of a photo from them.

use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::error::percent;
use super::profile::ColourProfile;
use super::{Facts, Levels, Samples};

/// Properties that the good photos of a category share. A model file stores them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Traits {
    /// Range of samples of more than 8 bits. None for photos of 8 bits.
    #[serde(default)]
    pub levels: Option<Levels>,
    /// True if all photos are grey, false if all are in colour. None where both occur, or nothing is known.
    #[serde(default)]
    pub grey: Option<bool>,
    /// True if all photos have more than 8 bits a channel, false if none has. None where both occur, or nothing is known.
    #[serde(default)]
    pub deep: Option<bool>,
    /// Proportions. None where nothing is known.
    #[serde(default)]
    pub proportions: Option<Proportions>,
}

/// Range of the ratio of width to height over photos.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proportions {
    /// Least ratio.
    pub narrowest: f64,
    /// Largest ratio.
    pub widest: f64,
}

impl Proportions {
    fn of<'a>(photos: impl Iterator<Item = &'a Facts> + Clone) -> Option<Self> {
        let ratios = photos.map(|facts| ratio(facts.width, facts.height));
        Some(Self { narrowest: ratios.clone().reduce(f64::min)?, widest: ratios.reduce(f64::max)? })
    }

    /// How many times as wide or as narrow a photo of `width` x `height` pixels is as the nearest of the photos. 1 within
    /// the range.
    pub fn beyond(self, width: u32, height: u32) -> f64 {
        let ratio = ratio(width, height);
        (ratio / self.widest).max(self.narrowest / ratio).max(1.0)
    }

    fn is_sound(&self) -> bool {
        let Self { narrowest, widest } = *self;
        narrowest > 0.0 && narrowest <= widest && widest.is_finite()
    }
}

fn ratio(width: u32, height: u32) -> f64 {
    f64::from(width.max(1)) / f64::from(height.max(1))
}

/// Difference of a photo from the training photos of its category, or a part of it that is not inspected. Displays as a
/// sentence.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Difference {
    /// The photo is grey, and the training photos are in colour.
    #[error("The photo is grey, and the model was trained on colour photos.")]
    Grey,
    /// The photo is in colour, and the training photos are grey.
    #[error("The photo is in colour, and the model was trained on grey photos.")]
    Colour,
    /// The photo has fewer bits a channel than the training photos.
    #[error("The photo has 8 bits a channel, and the model was trained on photos with values of {levels}.")]
    Shallow {
        /// Range of the category.
        levels: Levels,
    },
    /// The photo has more bits a channel than the training photos.
    #[error("The photo has {samples} values up to {largest}, and the model was trained on 8-bit photos.")]
    Deep {
        /// The photo's number format.
        samples: Samples,
        /// Largest value of the photo.
        largest: f32,
    },
    /// The range of the category clips values of the photo.
    #[error(
        "The photo has values from {least} to {largest}, and the model's range is {levels}: values beyond it are clipped."
    )]
    Clipped {
        /// Smallest value of the photo.
        least: f32,
        /// Largest value of the photo.
        largest: f32,
        /// Range of the category.
        levels: Levels,
    },
    /// The photo has other proportions.
    #[error("The photo is distorted {distortion:.1} times: the model was trained on photos with other proportions.")]
    Proportions {
        /// How many times as wide or as narrow it is as the view or the nearest training photo, above 1.
        distortion: f32,
    },
    /// Parts of the photo are not inspected.
    #[error("{} of the photo is transparent and was not inspected.", percent(*.share))]
    Transparent {
        /// Share of the photo's pixels, above 0 and below 1.
        share: f32,
    },
    /// The file has other pictures.
    #[error("The file holds {count} pictures, and the largest was inspected.")]
    Pages {
        /// Number of pictures, 2 or more.
        count: usize,
    },
    /// The colour profile cannot be used.
    #[error("The photo's colour profile cannot be used, and its colours are taken as sRGB.")]
    Profile,
}

impl Traits {
    /// Traits of a category's good photos.
    pub fn of<'a>(photos: impl IntoIterator<Item = &'a Facts>) -> Self {
        let photos: Vec<&Facts> = photos.into_iter().collect();
        let shared = |of: fn(&Facts) -> bool| {
            let first = of(photos.first()?);
            photos.iter().all(|facts| of(facts) == first).then_some(first)
        };
        Self {
            levels: Levels::of(photos.iter().copied()),
            grey: shared(|facts| facts.grey),
            deep: shared(is_deep),
            proportions: Proportions::of(photos.iter().copied()),
        }
    }

    /// Tells whether the values are valid in a model file.
    pub fn is_sound(&self) -> bool {
        self.levels.as_ref().is_none_or(Levels::is_sound) && self.proportions.as_ref().is_none_or(Proportions::is_sound)
    }

    /// Differences of a photo, the most severe first.
    pub fn differences(&self, facts: &Facts) -> Vec<Difference> {
        let (least, largest) = (facts.least, facts.largest);
        let depth = match (self.deep, self.levels) {
            (Some(true), Some(levels)) if !is_deep(facts) => Some(Difference::Shallow { levels }),
            (Some(false), _) if is_deep(facts) => Some(Difference::Deep { samples: facts.samples, largest }),
            (_, Some(levels)) if is_deep(facts) && (least < levels.black || largest > levels.white) => {
                Some(Difference::Clipped { least, largest, levels })
            }
            _ => None,
        };
        let colour = match self.grey {
            Some(false) if facts.grey => Some(Difference::Grey),
            Some(true) if !facts.grey => Some(Difference::Colour),
            _ => None,
        };
        let profile = (facts.profile == ColourProfile::Unusable).then_some(Difference::Profile);
        let transparent = (facts.transparent > 0.0).then_some(Difference::Transparent { share: facts.transparent });
        let pages = (facts.pages > 1).then_some(Difference::Pages { count: facts.pages });
        depth.into_iter().chain(colour).chain(transparent).chain(pages).chain(profile).collect()
    }
}

/// Tells whether samples have more than 8 bits.
fn is_deep(facts: &Facts) -> bool {
    facts.samples != Samples::Integer { bits: 8 }
}

/// Largest difference of a grey pixel's channels: JPEG rounds by as much.
const GREY: u8 = 3;

/// Tells whether the three channels of every pixel are equal, to within [`GREY`].
pub(super) fn is_grey(pixels: &RgbImage) -> bool {
    pixels.pixels().all(|pixel| {
        let [red, green, blue] = pixel.0;
        red.max(green).max(blue) - red.min(green).min(blue) <= GREY
    })
}
