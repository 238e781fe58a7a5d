//! Fit size: the one size that all photos of a category are resized to, with about their own proportions.

use serde::{Deserialize, Serialize};

use super::preprocess::INPUT_SIDE;

/// Sides are multiples of this, pixels: the stride of `stage7`.
const STEP: u32 = 32;
/// Longest side, pixels. Four times the shorter one: longer photos lose too much detail.
const LONGEST: u32 = 4 * INPUT_SIDE;

/// Size of the network's input, pixels. The shorter side is 224, and the longer one a multiple of 32 up to 896.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FitSize {
    /// Width, pixels.
    pub width: u32,
    /// Height, pixels.
    pub height: u32,
}

impl std::fmt::Display for FitSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} x {}", self.width, self.height)
    }
}

impl FitSize {
    /// Size for photos whose width divided by their height is `proportions`.
    pub fn new(proportions: f64) -> Self {
        let short = f64::from(INPUT_SIDE);
        let longer = |ratio: f64| ((short * ratio / f64::from(STEP)).round() as u32 * STEP).clamp(INPUT_SIDE, LONGEST);
        if proportions > 1.0 {
            Self { width: longer(proportions), height: INPUT_SIDE }
        } else {
            Self { width: INPUT_SIDE, height: longer(1.0 / proportions) }
        }
    }

    /// Width and height, pixels.
    pub fn sides(self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Width divided by height.
    pub fn proportions(self) -> f64 {
        f64::from(self.width) / f64::from(self.height)
    }

    /// Tells whether the sides are within their range. A file may have any.
    pub fn is_sound(self) -> bool {
        let sound = |side: u32| side.is_multiple_of(STEP) && (INPUT_SIDE..=LONGEST).contains(&side);
        sound(self.width) && sound(self.height) && self.width.min(self.height) == INPUT_SIDE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_proportions_and_their_range() {
        let sides = |proportions| FitSize::new(proportions).sides();
        assert_eq!([1.0, 1.05, 1.5, 0.5, 2.5].map(sides), [(224, 224), (224, 224), (352, 224), (224, 448), (576, 224)]);
        assert_eq!([100.0, 0.001].map(sides), [(896, 224), (224, 896)]);
        for proportions in [0.0, f64::INFINITY, f64::NAN, 0.3, 1.7] {
            assert!(FitSize::new(proportions).is_sound(), "{proportions}");
        }
        for (width, height) in [(0, 224), (224, 230), (256, 256), (224, 928), (224, 192)] {
            assert!(!FitSize { width, height }.is_sound(), "{width} x {height}");
        }
    }
}
