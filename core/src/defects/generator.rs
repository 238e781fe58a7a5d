//! Generators: the default mix of kinds, and those of published methods.

use std::ops::RangeInclusive;

use super::{DefectKind, DefectMaker, blend};
use image::RgbImage;

choices! {
    /// Mix of kinds of defect with their opacities.
    #[derive(Default)]
    #[serde(rename_all = "lowercase")]
    #[strum(serialize_all = "lowercase")]
    pub enum Generator {
        /// Textural and structural defects in equal parts
        #[default]
        Default,
        /// CSE: textural, structural and blurred defects in equal parts
        Paper,
        /// DRAEM (Zavrtanik et al., ICCV 2021): textural defects of opacity 0.1 to 1
        // Sources are augmented as in CSE, by +-10 of hue and saturation. DRAEM has +-50, and rotates the texture.
        Draem,
        /// MemSeg (Yang et al., 2022), the structural half: shuffled cells of the image, of opacity 0.15 to 1
        MemSeg,
        /// CutPaste (Li et al., CVPR 2021): patches and scars in equal parts
        CutPaste,
    }
}

impl Generator {
    /// Every generator, the default first.
    pub const ALL: [Self; 5] = [Self::Default, Self::Paper, Self::Draem, Self::MemSeg, Self::CutPaste];

    /// Kinds that it makes. Each entry is equally likely.
    pub const fn kinds(self) -> &'static [DefectKind] {
        match self {
            Self::Default => &DefectKind::DEFAULT_MIX,
            Self::Paper => &DefectKind::PAPER,
            Self::Draem => &[DefectKind::Textural],
            Self::MemSeg => &[DefectKind::Structural],
            Self::CutPaste => &[DefectKind::Patch, DefectKind::Scar],
        }
    }

    /// Maker of its defects. `sources` are those of [`DefectMaker::new`].
    pub fn maker(self, sources: Vec<RgbImage>) -> DefectMaker {
        DefectMaker { kinds: self.kinds().to_vec(), sources, opacity: self.opacity() }
    }

    fn opacity(self) -> RangeInclusive<f32> {
        match self {
            Self::Draem => 0.1..=1.0,
            Self::MemSeg => 0.15..=1.0,
            Self::Default | Self::Paper | Self::CutPaste => blend::OPAQUE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defects::tests::texture;

    #[test]
    fn generators_have_names() {
        for generator in Generator::ALL {
            assert_eq!(generator.to_string().parse(), Ok(generator));
            assert_eq!(serde_json::to_string(&generator).unwrap(), format!("\"{generator}\""));
        }
        assert!("gan".parse::<Generator>().is_err());
    }

    #[test]
    fn generators_make_their_kinds() {
        let image = texture(32, 32);
        for generator in Generator::ALL {
            let maker = generator.maker(Vec::new());
            let made: std::collections::HashSet<_> = (0..150).map(|seed| maker.make(&image, seed).kind).collect();
            assert_eq!(made, generator.kinds().iter().copied().collect(), "{generator}");
        }
    }

    /// The paper's generator gives the same defects as a maker of the three kinds.
    #[test]
    fn the_papers_generator_is_the_papers_kinds() {
        let image = texture(64, 64);
        let plain = DefectMaker::new(DefectKind::PAPER.to_vec(), Vec::new()).unwrap();
        for seed in 0..10 {
            assert_eq!(Generator::Paper.maker(Vec::new()).make(&image, seed).image, plain.make(&image, seed).image);
        }
    }

    #[test]
    fn opacities_are_those_of_the_literature() {
        assert_eq!(Generator::Draem.opacity(), 0.1..=1.0);
        assert_eq!(Generator::MemSeg.opacity(), 0.15..=1.0);
        // The source is used: augmentations of the white texture give one grey in a black image.
        let (black, white) = (RgbImage::new(64, 64), RgbImage::from_pixel(64, 64, image::Rgb([255; 3])));
        let brightest = |seed| {
            let made = Generator::Draem.maker(vec![white.clone()]).make(&black, seed);
            made.image.as_raw().iter().copied().max().unwrap_or(0)
        };
        let opacities: std::collections::HashSet<_> = (0..200).map(brightest).collect();
        assert!(opacities.len() > 60 && opacities.iter().any(|brightest| *brightest < 60), "{opacities:?}");
    }
}
