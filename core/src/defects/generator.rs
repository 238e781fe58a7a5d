//! Ways of making defects that were published under a name, beside the default.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::{DefectError, DefectKind, DefectMaker, blend, names};

/// A mix of kinds of defect, and how strongly they are laid over the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Generator {
    /// [`DefectKind::DEFAULT_MIX`].
    #[default]
    Default,
    /// CSE's: [`DefectKind::PAPER`].
    Paper,
    /// DRAEM's (Zavrtanik et al., ICCV 2021): textural only, of opacity 0.1 to 1.
    ///
    /// Its sources come from [`textural`](super::textural) as they are, with CSE's +-10 of hue and saturation: DRAEM has
    /// +-50, and turns the texture.
    Draem,
    /// The structural half of MemSeg's (Yang et al., 2022): shuffled cells of the image, of opacity 0.15 to 1.
    ///
    /// Its textural half is DRAEM's.
    MemSeg,
    /// CutPaste's (Li et al., CVPR 2021): patches and scars, each as likely as the other.
    CutPaste,
}

impl Generator {
    /// Every generator, the default one first.
    pub const ALL: [Self; 5] = [Self::Default, Self::Paper, Self::Draem, Self::MemSeg, Self::CutPaste];

    /// The name in settings and on the command line: lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Paper => "paper",
            Self::Draem => "draem",
            Self::MemSeg => "memseg",
            Self::CutPaste => "cutpaste",
        }
    }

    /// What it makes, in a line.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Default => "The paper's three kinds, scratches, spots, stains and faint defects",
            Self::Paper => "CSE's: textural, structural and blurred in equal parts",
            Self::Draem => "DRAEM's: textural, from hardly visible to opaque",
            Self::MemSeg => "MemSeg's structural ones: from hardly visible to opaque",
            Self::CutPaste => "CutPaste's: patches and scars in equal parts",
        }
    }

    /// The kinds it makes, each entry as likely as any other.
    pub const fn kinds(self) -> &'static [DefectKind] {
        match self {
            Self::Default => &DefectKind::DEFAULT_MIX,
            Self::Paper => &DefectKind::PAPER,
            Self::Draem => &[DefectKind::Textural],
            Self::MemSeg => &[DefectKind::Structural],
            Self::CutPaste => &[DefectKind::Patch, DefectKind::Scar],
        }
    }

    /// Makes defects its way; `sources` as for [`DefectMaker::new`].
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

impl fmt::Display for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Generator {
    type Err = DefectError;

    fn from_str(name: &str) -> Result<Self, DefectError> {
        Self::ALL.into_iter().find(|generator| generator.name() == name).ok_or_else(|| DefectError::UnknownGenerator {
            name: name.to_owned(),
            known: names(Self::ALL.map(Self::name)),
        })
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
        let error = "gan".parse::<Generator>().unwrap_err().to_string();
        assert_eq!(error, "unknown generator of defects \"gan\"; known are default, paper, draem, memseg, cutpaste");
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

    /// The paper's generator is what the three kinds alone always were.
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
        // And they are what is drawn from: whatever comes out of the white texture, of one grey in a black image.
        let (black, white) = (RgbImage::new(64, 64), RgbImage::from_pixel(64, 64, image::Rgb([255; 3])));
        let brightest = |seed| {
            let made = Generator::Draem.maker(vec![white.clone()]).make(&black, seed);
            made.image.as_raw().iter().copied().max().unwrap_or(0)
        };
        let opacities: std::collections::HashSet<_> = (0..200).map(brightest).collect();
        assert!(opacities.len() > 60 && opacities.iter().any(|brightest| *brightest < 60), "{opacities:?}");
    }
}
