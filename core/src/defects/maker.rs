//! Maker of synthetic defects: draws a kind, and applies a defect of this kind to an image.

use std::ops::RangeInclusive;

use image::{GrayImage, RgbImage};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{DefectKind, blend, blurred, cutpaste, scratch, spot, stain, structural, textural};

/// No kind of defect was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no kind of synthetic defect was chosen: choose at least one")]
pub struct NoKinds;

/// Image with a synthetic defect.
#[derive(Clone, Debug)]
pub struct Defective {
    /// 8-bit RGB, of the size of the good image.
    pub image: RgbImage,
    /// Mask of the size of `image`: 255 in the defect and 0 elsewhere. See [`DefectKind::has_soft_edges`].
    pub mask: GrayImage,
    /// Kind of the defect.
    pub kind: DefectKind,
}

/// Maker of defective images from good ones.
#[derive(Clone, Debug)]
pub struct DefectMaker {
    pub(super) kinds: Vec<DefectKind>,
    pub(super) sources: Vec<RgbImage>,
    /// Opacity of textural, structural and blurred defects.
    pub(super) opacity: RangeInclusive<f32>,
}

impl DefectMaker {
    /// Maker of `kinds`. Each entry is equally likely, so a kind may be listed more than once. `sources` are the images
    /// of the anomaly source, for the textural kind. Images of another size are resized at each draw. Without any,
    /// [`generated_textures`](super::generated_textures) are used.
    ///
    /// # Errors
    /// `kinds` is empty.
    pub fn new(kinds: Vec<DefectKind>, sources: Vec<RgbImage>) -> Result<Self, NoKinds> {
        if kinds.is_empty() {
            return Err(NoKinds);
        }
        Ok(Self { kinds, sources, opacity: blend::OPAQUE })
    }

    /// Share of each kind among the defects, 0 to 1, in the order of [`DefectKind::ALL`].
    pub fn shares(&self) -> Vec<(DefectKind, f64)> {
        let share = |kind| self.kinds.iter().filter(|&&made| made == kind).count() as f64 / self.kinds.len() as f64;
        DefectKind::ALL.into_iter().map(|kind| (kind, share(kind))).filter(|(_, share)| *share > 0.0).collect()
    }

    /// Makes a copy of `image` with one defect. The same `image` and `seed` give the same result.
    ///
    /// Images have at least 8x8 pixels. In a smaller one the mask may be empty, and then nothing is changed. Marks and
    /// CutPaste's scars have sizes in pixels that suit the network's input.
    pub fn make(&self, image: &RgbImage, seed: u64) -> Defective {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let kind = self.kinds[rng.random_range(0..self.kinds.len())];
        self.draw(image, kind, rng)
    }

    /// Makes a copy of `image` with one defect of `kind`, even if that kind is not among the maker's kinds.
    pub fn make_kind(&self, image: &RgbImage, kind: DefectKind, seed: u64) -> Defective {
        self.draw(image, kind, &mut ChaCha8Rng::seed_from_u64(seed))
    }

    fn draw(&self, image: &RgbImage, kind: DefectKind, rng: &mut ChaCha8Rng) -> Defective {
        let textural = |rng: &mut _| textural::textural_source(&self.sources, image.dimensions(), rng);
        let structural = |rng: &mut _| structural::structural_source(image, rng);
        let opacity = self.opacity.clone();
        let (image, mask) = match kind {
            DefectKind::Textural => blend::under_perlin_mask(image, opacity, rng, textural),
            DefectKind::Structural => blend::under_perlin_mask(image, opacity, rng, structural),
            DefectKind::Blurred => {
                blend::under_perlin_mask(image, opacity, rng, |rng| blurred::blurred_source(image, rng))
            }
            DefectKind::Faint => blend::under_perlin_mask(image, blend::FAINT, rng, |rng| {
                if rng.random_bool(0.5) { textural(rng) } else { structural(rng) }
            }),
            DefectKind::Scratch => scratch::scratch(image, rng),
            DefectKind::Spot => spot::spot(image, rng),
            DefectKind::Stain => stain::stain(image, rng),
            DefectKind::Patch => cutpaste::patch(image, rng),
            DefectKind::Scar => cutpaste::scar(image, rng),
        };
        Defective { image, mask, kind }
    }
}
