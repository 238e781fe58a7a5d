//! Materials: random parameters of a family, under one lamp.

use image::RgbImage;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::families::{
    gabor, knit, leather, leaves, metal, paper, pile, power_law, program, stone, stripes, tile, turing, voronoi, weave,
    wood,
};
use crate::field::Size;
use crate::light::Camera;
use crate::surface::{Lamp, Surface};

macro_rules! families {
    ($($(#[$doc:meta])* $family:ident($parameters:path)),+ $(,)?) => {
        /// Family of materials.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Family { $($(#[$doc])* $family),+ }

        impl Family {
            /// All families, in a fixed order.
            pub const ALL: &[Self] = &[$(Self::$family),+];

            /// Draws a material of this family with random parameters.
            pub fn sample(self, rng: &mut ChaCha8Rng) -> Material {
                let pattern = match self { $(Self::$family => Pattern::$family(<$parameters>::sample(rng))),+ };
                Material { pattern, lamp: Lamp::sample(rng) }
            }
        }

        /// The parameters of a material.
        #[expect(clippy::large_enum_variant, reason = "one is there at a time, and a box could not be copied")]
        #[derive(Clone, Copy, Debug)]
        enum Pattern { $($(#[$doc])* $family($parameters)),+ }

        impl Pattern {
            /// Draws a piece of the material.
            pub fn surface(&self, size: Size, rng: &mut ChaCha8Rng) -> Surface {
                match self { $(Self::$family(parameters) => parameters.surface(size, rng)),+ }
            }
        }
    };
}

families! {
    /// Woven cloth.
    Weave(weave::Weave),
    /// Knitted fabric.
    Knit(knit::Knit),
    /// Leather and leather-like sheets.
    Leather(leather::Leather),
    /// Wood.
    Wood(wood::Wood),
    /// Tiles, mesh, perforated and tread sheet.
    Tile(tile::Tile),
    /// Brushed, turned, cast, hammered and galvanised metal.
    Metal(metal::Metal),
    /// Granite, concrete, marble, terrazzo.
    Stone(stone::Stone),
    /// Carpet, foam, grit.
    Pile(pile::Pile),
    /// Parallel bands.
    Stripes(stripes::Stripes),
    /// Oriented band-limited noise.
    Gabor(gabor::Gabor),
    /// Power-law noise.
    PowerLaw(power_law::PowerLaw),
    /// Cells and cracks.
    Voronoi(voronoi::Voronoi),
    /// Paper, felt and fleece.
    Paper(paper::Paper),
    /// Heaps of objects.
    Leaves(leaves::Leaves),
    /// Labyrinths and spots.
    Turing(turing::Turing),
    /// Random programs.
    Program(program::Program),
}

/// One material under one lamp.
#[derive(Clone, Copy, Debug)]
pub struct Material {
    /// The material.
    pattern: Pattern,
    /// The lamp over it.
    pub lamp: Lamp,
}

impl Material {
    /// Random material. Every family is equally likely.
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let family = rng.random_range(0..Family::ALL.len());
        Family::ALL[family].sample(rng)
    }

    /// Photo of the material through `camera`. Another `seed` gives another place and another shot.
    pub fn photo(&self, size: Size, camera: &Camera, seed: u64) -> RgbImage {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let scene = self.pattern.surface(size, &mut rng).lit(&self.lamp);
        camera.again(&mut rng).photo(&scene, &mut rng)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_decides_everything() {
        for family in Family::ALL {
            let mut rng = ChaCha8Rng::seed_from_u64(3);
            let material = family.sample(&mut rng);
            let photo = |seed| material.photo(Size::new(40, 30), &Camera::studio(), seed);
            assert_eq!(photo(1), photo(1), "{family:?}");
            assert_ne!(photo(1), photo(2), "{family:?}");
        }
    }

    #[test]
    fn no_size_is_fatal() {
        for family in Family::ALL {
            for seed in 0..6 {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                let (material, camera) = (family.sample(&mut rng), Camera::sample(&mut rng));
                for (width, height) in [(0, 0), (1, 1), (2, 5), (97, 3)] {
                    let photo = material.photo(Size::new(width, height), &camera, seed);
                    assert_eq!(photo.dimensions(), (width.max(1), height.max(1)), "{family:?}");
                }
            }
        }
    }

    /// A network cannot learn from a photo that is black, white or flat.
    #[test]
    fn photos_show_something() {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let mut flat = 0;
        for _ in 0..130 {
            let photo = Material::sample(&mut rng).photo(Size::square(64), &Camera::sample(&mut rng), rng.random());
            let values = photo.as_raw().iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
            flat += u32::from(variance < 4.0 || !(4.0..=251.0).contains(&mean));
        }
        assert!(flat <= 6, "{flat} of 130 photos are nearly uniform");
    }
}
