//! What the photos of a category have in common, and how a photo differs from it.

use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::profile::ColourProfile;
use super::{Facts, Levels, Samples, percent};

/// Properties that the good photos of a category share. A model file stores them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Traits {
    /// Range of samples of more than 8 bits. None for photos of 8 bits.
    #[serde(default)]
    pub levels: Option<Levels>,
    /// Whether all photos are grey (true) or all are in colour (false). None where both occur, or nothing is known.
    #[serde(default)]
    pub grey: Option<bool>,
    /// Whether all photos have more than 8 bits a channel (true) or none has (false). None where both occur, or nothing is
    /// known.
    #[serde(default)]
    pub deep: Option<bool>,
}

/// A way in which a photo differs from those that a category was learned from, or in which not all of it was judged. Displays
/// as a sentence.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Difference {
    /// Grey among colour.
    #[error("The photo is grey, and the model learned from colour photos.")]
    Grey,
    /// Colour among grey.
    #[error("The photo is in colour, and the model learned from grey photos.")]
    Colour,
    /// Fewer bits than the others.
    #[error("The photo has 8 bits a channel, and the model learned from photos with values of {levels}.")]
    Shallow {
        /// The category's range.
        levels: Levels,
    },
    /// More bits than the others.
    #[error("The photo has {samples} values up to {largest}, and the model learned from 8-bit photos.")]
    Deep {
        /// The photo's number format.
        samples: Samples,
        /// Its largest value.
        largest: f32,
    },
    /// Values that the category's range clips.
    #[error(
        "The photo has values from {least} to {largest}, and the model's range is {levels}: values beyond it are clipped."
    )]
    Clipped {
        /// The photo's smallest value.
        least: f32,
        /// Its largest value.
        largest: f32,
        /// The category's range.
        levels: Levels,
    },
    /// Parts that are not inspected.
    #[error("{} of the photo is transparent and was not inspected.", percent(*.share))]
    Transparent {
        /// Share of the photo's pixels, above 0 and below 1.
        share: f32,
    },
    /// Other pictures in the file.
    #[error("The file holds {count} pictures, and the largest was inspected.")]
    Pages {
        /// Pictures, 2 or more.
        count: usize,
    },
    /// A colour profile that cannot be used.
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
        Self { levels: Levels::of(photos.iter().copied()), grey: shared(|facts| facts.grey), deep: shared(is_deep) }
    }

    /// Whether a model file may hold them.
    pub fn is_sound(&self) -> bool {
        self.levels.as_ref().is_none_or(Levels::is_sound)
    }

    /// Differences of a photo, the gravest first.
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

/// Whether samples have more than 8 bits.
fn is_deep(facts: &Facts) -> bool {
    facts.samples != Samples::Integer { bits: 8 }
}

/// Largest difference of a grey pixel's channels: JPEG rounds by as much.
const GREY: u8 = 3;

/// Whether the three channels of every pixel are equal, to within [`GREY`].
pub(super) fn is_grey(pixels: &RgbImage) -> bool {
    pixels.pixels().all(|pixel| {
        let [red, green, blue] = pixel.0;
        red.max(green).max(blue) - red.min(green).min(blue) <= GREY
    })
}
